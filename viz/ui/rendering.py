"""Hostile text made showable: what a model wrote is parsed, and only structure that we write ourselves comes out.

Every character of the text is escaped, so nothing in it can become an image, a link, HTML, a Streamlit directive or an
icon, whatever the browser's Markdown parser makes of odd cases. Independent of the content security policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

LIMIT = 20_000
"""Characters shown before "show all"."""
_MATH_LIMIT = 200
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$^&:=@/'\"])")
_SHORTCODE = re.compile(r":(?=[\w+-]+(?:/[\w-]+)?:)")
_JOINER = "\u2060"
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_MATH_START = re.compile(r"\\\[|\\\(|\$\$|(?<![\\$\w])\$(?![\s$])")
_MATH_END = {"\\[": "\\]", "\\(": "\\)", "$$": "$$"}
_DOLLAR = re.compile(r"\$([^$\n]+)(?<![\s\\$])\$(?![\w$])")
_PROSE = re.compile(r"(?<![A-Za-z])[A-Za-z]{4,}\s+[A-Za-z]{2,}|^\d[\d.,]*(\s+\w|$)")
_MATH_FORBIDDEN = re.compile(
    r"\\(?:rule|kern|mkern|hskip|hspace|mskip|mspace|raise(?:box)?|lower|vcenter|llap|rlap|clap|math[lrc]lap|smash"
    r"|href|url|includegraphics|html\w*|color\w*|textcolor|fcolorbox|def|gdef|xdef|edef|let|newcommand|renewcommand"
    r"|providecommand|Huge|huge|LARGE|Large|above|genfrac|[hv]?phantom|tag|operatorname\*?\{\})(?![A-Za-z])"
)
_CODE_LANGUAGE = re.compile(r"^[A-Za-z0-9+#_.-]{1,20}$")
_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
_BREAK = re.compile(r"[-/_.: ]")
_MATH_MARK = "\ue000{}\ue001"
_MARK = re.compile("\ue000(\\d+)\ue001")


def plain(text: object) -> str:
    """A text as one line for widget labels, captions and messages: everything Markdown could read is escaped."""
    line = " ".join(_visible(str(text)).split())
    return _escape(line)


def shortened(text: str, width: int) -> str:
    """The beginning of a text on one line, with an ellipsis when there was more."""
    line = " ".join(_visible(text[: width * 4]).split())
    return line if len(line) <= width and len(text) <= width * 4 else f"{line[: width - 1].rstrip()}…"


def distinct(names: Iterable[str], width: int) -> dict[str, str]:
    """Every name short enough for a label, and no two alike.

    Long ones lose their middle; where that makes two alike they lose what all of them begin with instead.
    """
    lines = {name: shortened(name, len(name) + 1) for name in names}
    short = {name: _without_middle(line, width) for name, line in lines.items()}
    if len(set(short.values())) < len(short):
        long = {name: line for name, line in lines.items() if len(line) > width}
        start = _shared_words(list(long.values()))
        short |= {name: shortened(f"…{line[start:]}", width) for name, line in long.items() if start}
    apart: dict[str, str] = {}
    for name, label in short.items():
        unique, number = label, 1
        while unique in apart.values():
            number += 1
            mark = f" ({number})"
            unique = shortened(label, width - len(mark)) + mark
        apart[name] = unique
    return apart


def _shared_words(lines: Sequence[str]) -> int:
    """How many characters all of them begin with, up to the end of a word."""
    first, last = min(lines, default=""), max(lines, default="")
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return max((match.end() for match in _BREAK.finditer(first[:same])), default=0)


def _without_middle(line: str, width: int) -> str:
    tail = width * 3 // 5
    return line if len(line) <= width else f"{line[: width - tail - 1]}…{line[-tail:]}"


def as_html(text: str) -> str:
    """A text as HTML that is nothing but text."""
    return escape(_visible(text), quote=True)


def safe_markdown(text: str) -> str:
    """Markdown of our own writing that looks like what the model meant."""
    found: list[str] = []
    marked = _MARK.sub("", _visible(text).replace("\ue000", "").replace("\ue001", ""))
    marked = _set_math_aside(marked, found)
    return "\n\n".join(_Writer(found).blocks(_PARSER.parse(marked))).strip()


def _visible(text: str) -> str:
    """Without controls, and without the marks that make text run backwards over its neighbours."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return "".join(c if c in "\n\t" or (c >= " " and c != "\x7f") else "\ufffd" for c in _BIDI.sub("", text))


def _escape(text: str) -> str:
    """Every character with a meaning in Markdown loses it; so do `:material/x:` and `:smile:`."""
    return _SPECIAL.sub(r"\\\1", _SHORTCODE.sub(f":{_JOINER}", text))


def _set_math_aside(text: str, found: list[str]) -> str:
    """Formulas replaced by marks that Markdown does not touch. Code is left as it is."""
    pieces = re.split(r"((?:^|\n)[ >]*(?:```|~~~).*?(?:\n[ >]*(?:```|~~~)|\Z)|`+[^`\n]*`+)", text, flags=re.S)
    return "".join(piece if n % 2 else "".join(_math_marked(piece, found)) for n, piece in enumerate(pieces))


def _math_marked(text: str, found: list[str]) -> Iterator[str]:
    """A text in pieces, every formula a mark. Each end is looked for once, whatever is repeated before it."""
    at = written = 0
    absent: set[str] = set()
    while start := _MATH_START.search(text, at):
        opening, at = start.group(), start.end()
        if opening == "$":
            match = _DOLLAR.match(text, start.start())
            body, end = (match.group(1), match.end()) if match else ("", 0)
        else:
            closing = _MATH_END[opening]
            stop = -1 if opening in absent else text.find(closing, start.end() + 1)
            if stop < 0:
                absent.add(opening)
            body, end = (text[start.end() : stop], stop + 2) if stop >= 0 else ("", 0)
        if not end:
            at = start.start() + 1
            continue
        at = end
        if mark := _math_mark(body.strip(), opening, found):
            yield text[written : start.start()] + mark
            written = end
    yield text[written:]


def _math_mark(body: str, opening: str, found: list[str]) -> str | None:
    """The mark of a formula, which is kept; None where it is no formula, or one too many."""
    if not body or len(found) >= _MATH_LIMIT or (opening == "$" and _PROSE.search(body)):
        return None
    found.append(_formula(body, opening in ("\\[", "$$")))
    return _MATH_MARK.format(len(found) - 1)


def _formula(body: str, display: bool) -> str:
    """A formula for KaTeX; as code when it could move, colour or size anything outside itself."""
    body = re.sub(r"\s+", " ", body.replace("$", "").replace("`", "'"))
    if _MATH_FORBIDDEN.search(body) or len(body) > 1000 or body.count("{") != body.count("}"):
        return _inline_code(body)
    if display:
        return f"\n\n$$\n{body}\n$$\n\n"
    barless = body.replace("\\|", "\\Vert ").replace("|", "\\vert ")  # a bar would end a table's cell
    return f"${barless}$"


def _inline_code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if text.strip() else ""


@dataclass(slots=True)
class _Writer:
    """Writes parsed tokens as Markdown again."""

    formulas: Sequence[str]

    def blocks(self, tokens: Sequence[Token]) -> Iterator[str]:
        """One text per block."""
        at = 0
        while at < len(tokens):
            end = _closing(tokens, at)
            yield from filter(None, [self._block(tokens[at], tokens[at + 1 : end])])
            at = end + 1

    def _block(self, token: Token, inner: Sequence[Token]) -> str:
        match token.type:
            case "paragraph_open":
                return self._inline(inner[0])
            case "heading_open":
                return f"**{bold}**" if (bold := " ".join(self._inline(inner[0], breaks=False).split())) else ""
            case "fence" | "code_block":
                return self._code(token)
            case "bullet_list_open":
                return self._list(inner, None)
            case "ordered_list_open":
                return self._list(inner, int(token.attrs.get("start", 1)))
            case "blockquote_open":
                return _indent("\n\n".join(self.blocks(inner)), "> ", "> ")
            case "table_open":
                return self._table(inner)
            case "hr":
                return "---"
            case "inline":
                return self._inline(token)
            case _:
                return _escape(token.content)

    def _code(self, token: Token) -> str:
        content = self._restore(token.content.rstrip("\n"))
        longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
        language = (token.info or "").split(" ")[0].strip()
        known = bool(_CODE_LANGUAGE.match(language)) and language.lower() != "mermaid"
        fence = "`" * max(3, longest + 1)
        return f"{fence}{language if known else ''}\n{content}\n{fence}"

    def _list(self, tokens: Sequence[Token], start: int | None) -> str:
        items, at, number = [], 0, start or 1
        while at < len(tokens):
            end = _closing(tokens, at)
            mark = "- " if start is None else f"{min(number, 999_999_999)}. "
            body = "\n\n".join(self.blocks(tokens[at + 1 : end]))
            items.append(_indent(body, mark, " " * len(mark)))
            at, number = end + 1, number + 1
        return "\n".join(items)

    def _table(self, tokens: Sequence[Token]) -> str:
        rows: list[list[str]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(self._inline(token, breaks=False).replace("\n", " "))
        if not rows:
            return ""
        width = len(rows[0])
        lines = ["| " + " | ".join((row + [""] * width)[:width]) + " |" for row in rows]
        return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])

    def _inline(self, token: Token, *, breaks: bool = True) -> str:
        written: list[str] = []
        targets: list[str] = []
        for child in token.children or ():
            match child.type:
                case "text" | "html_inline":
                    written.append(self._text(child.content))
                case "softbreak" | "hardbreak":
                    written.append(("  \n" if child.type == "hardbreak" else "\n") if breaks else " ")
                case "code_inline":
                    written.append(_inline_code(self._restore(child.content)))
                case "strong_open" | "strong_close":
                    written.append("**")
                case "em_open" | "em_close":
                    written.append("*")
                case "s_open" | "s_close":
                    written.append("~~")
                case "link_open":
                    targets.append(str(child.attrs.get("href", "")))
                case "link_close":
                    written.append(_target(targets.pop()))
                case "image":
                    written.append(_escape(f"[image: {child.content}]") + _target(str(child.attrs.get("src", ""))))
                case _:
                    written.append(_escape(child.content))
        return "".join(written)

    def _text(self, text: str) -> str:
        """Escaped text with its formulas put back."""
        pieces = _MARK.split(text)
        return "".join(self._known(p) if n % 2 else _escape(p.replace("\t", " ")) for n, p in enumerate(pieces))

    def _known(self, number: str) -> str:
        return self.formulas[int(number)] if int(number) < len(self.formulas) else ""

    def _restore(self, code: str) -> str:
        """Inside code a formula is source text."""
        return _MARK.sub(lambda m: self._known(m.group(1)).strip(), code)


def _target(url: str) -> str:
    """Where a link would have led, as text."""
    return " " + _inline_code(url[:200]) if url else ""


def _indent(text: str, first: str, rest: str) -> str:
    lines = text.split("\n") or [""]
    return "\n".join((first if n == 0 else rest if line or rest.strip() else "") + line for n, line in enumerate(lines))


def _closing(tokens: Sequence[Token], at: int) -> int:
    """The index of the token that closes the one at `at`; itself when it opens nothing."""
    if tokens[at].nesting != 1:
        return at
    depth = 0
    for index in range(at, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1
