"""Reading replies as text: what the judge said aloud, where its label stands, and numbers as they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from typing import NamedTuple

_THINK = re.compile(r"\s*<(think|thinking)>", re.IGNORECASE)
_LABEL = re.compile(r"\[\[([^\[\]\n]{1,2000})\]\]")
BRACKETS = {**str.maketrans("［］【】", "[][]"), **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))}
"""Spellings of a square bracket, and characters nobody sees. `plain` sees through them, for verdicts and for flags."""
_DECORATION = " *_`\"'“”"
_MARKUP = re.compile(r"[*`\"'“”]|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,30})?")
_CODE = "\ue000"
"""Stands for the nonce, however a reply spells it."""
_FENCE = re.compile(rf"\[?(?:BEGIN|END) [A-Z ]{{1,40}}(?: \(turn \d{{1,6}} of \d{{1,6}}\))? {_CODE}\]?")
_OPENED = re.compile(r"[\[({<«‹「『〔〖〈《⟦“\"'*_`:=→–—-]$")
_CLOSED = "])}>»›」』〕〗〉》⟧”\"'*_`"
_AROUND = " *_`\"'“”.:,;!$[](){}\\"
_EDGES = _AROUND + "<>|~#«»‹›「」『』〔〕〖〗〈〉《》⟦⟧⟨⟩‖=→–—-\t"
_LEAD_IN = 60
"""Characters that a line may have and still be a verdict with a word before it, not a sentence with a letter in it."""
_WORD_NEXT = re.compile(r"[\s-]\s*\w")
_SINGLE = re.compile(r"(?:[\[「『]|\\boxed\{)([^\[\]「」『』{}\n]{1,60})[\]」』}]")
_SET_APART = re.compile(r"[:>→=*`(<“\"]\s*([^:→*`()“”\"\n]{1,60}?)[\s*`)>”\".!]*$")
"""What a line ends with behind a sign or in a pair of them."""
_TAIL = 200
"""Characters from its end in which it is looked for."""
_PLAIN_LABEL = re.compile(r"[A-Za-z0-9]+(?:[<>=]{1,2}[A-Za-z0-9]+)?")
_MARKS = re.compile(r"[^\x00-\x7f\w]{31}")
_MOST_MARKS = 30
"""Marks on one letter beyond which a text is noise (Unicode's stream-safe limit): sorting them takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A reply that holds no verdict, and why. Never a tie, never a zero."""

    reason: str


def visible(text: str) -> str | Unparsed:
    """The reply without its leading reasoning block: `<think>…</think>` in front is taken off.

    One that is never closed means that the reply broke off. A closing tag without an opening one is left alone: an
    answer may have been quoted with it.
    """
    opening = _THINK.match(text)
    if opening is None:
        return text
    _, closing, rest = text[opening.end() :].partition(f"</{opening.group(1)}>")
    return rest if closing else Unparsed("the reasoning never ends: cut off")


class Deciding(NamedTuple):
    """The line of a reply that decides."""

    payloads: list[str]
    """What stands in double square brackets there, the nonce taken off."""
    line: str
    """As it was written; empty when no line decides."""
    loose: tuple[str, ...] = ()
    """What stands there where a label would, in other brackets or in none; with a nonce only where it stands twice."""


def deciding_line(text: str, nonce: str | None, label: re.Pattern[str]) -> Deciding:
    """The last line that is not empty; with a nonce the last one on which the nonce stands with something to say.

    Full-width or escaped brackets, invisible characters and Markdown around a label are seen through. A line decides
    as well when the brackets around its label are wrong or missing (`label` finds what looks like one): else a verdict
    that was taken back would count. A quoted border of the prompt, and the nonce without a label, decide nothing.
    """
    if nonce is not None and (plainly := _last_as_asked(text, nonce)) is not None:
        return plainly
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if nonce is None:
        last = lines[-1] if lines else ""
        bare_last = plain(last)
        single = [
            *_SINGLE.findall(_LABEL.sub(" ", bare_last)),
            *_SET_APART.findall(bare_last.rpartition("]]")[2][-_TAIL:]),
        ]
        loose = tuple(found for found in single if label.fullmatch(found.strip(_EDGES).upper()))
        return Deciding([payload.strip(_DECORATION) for payload in _labels(bare_last)], last, loose)
    bare = [_coded(line, nonce) for line in lines]
    for at in reversed(range(len(lines))):
        if _CODE not in bare[at]:
            continue
        payloads = [_without(_CODE, payload) for payload in _labels(bare[at]) if _CODE in payload]
        around = (bare[at - 1] if at else "", bare[at + 1] if at + 1 < len(bare) else "")
        if payloads or _says_more(bare[at], around, label):
            beside = _LABEL.sub(" ", bare[at])
            return Deciding(payloads, lines[at], (beside.replace(_CODE, " "),) if _CODE in beside else ())
    return Deciding([], "")


def _last_as_asked(text: str, nonce: str) -> Deciding | None:
    """A last line that is the label and nothing else, to the letter as it was asked for: most replies end so."""
    line = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
    opening = f"[[{nonce} "
    if not line.startswith(opening) or not line.endswith("]]"):
        return None
    label = line[len(opening) : -2]
    return Deciding([label], line) if _PLAIN_LABEL.fullmatch(label) else None


def closes(text: str, nonce: str | None) -> bool:
    """Whether a text ends with a closed label, with the nonce in it; without one it must be nothing else."""
    bare = plain(nfkc(text)).strip(f"{_DECORATION}.$}}\r\n\t")
    last = bare[bare.rfind("[[") :] if "[[" in bare else ""
    if _LABEL.fullmatch(last) is None:
        return False
    return nonce.lower() in last.lower() if nonce is not None else last == bare


def decided_before(text: str, nonce: str) -> list[str]:
    """The payloads that version 0.1 took from a reply: it knew a line with wrong brackets by its first one alone."""
    for line in reversed(re.split(r"\r\n|\r|\n", text)):
        if nonce in line or nonce.upper() in line:
            bare = plain(line).replace(nonce.upper(), nonce)
            payloads = [_without(nonce, payload) for payload in _labels(bare) if nonce in payload]
            if payloads or any(before.rstrip(f"{_DECORATION}<").endswith("[") for before in bare.split(nonce)[:-1]):
                return payloads
    return []


def label_line(payload: str, nonce: str | None) -> str:
    """A label as it is asked for: the nonce, a space, the label, in double square brackets."""
    return f"[[{payload}]]" if nonce is None else f"[[{nonce} {payload}]]"


def hide_nonce(text: str, nonce: str | None) -> str:
    """A text for reports and keys: with NONCE for the nonce, so that it is the same for every board's salt."""
    return text.replace(nonce, "NONCE").replace(nonce.upper(), "NONCE") if nonce else text


def normal(text: str) -> str:
    """A label's spelling made comparable: full-width signs become plain ones, runs of white space one space."""
    return " ".join(nfkc(text.replace("≫", ">>").replace("≪", "<<").replace("、", ",")).split())


def nfkc(text: str) -> str:
    """Unicode's compatibility form, in linear time: marks beyond the 30th on one letter are left out."""
    if text.isascii():
        return text
    if _MARKS.search(text):
        kept, marks = [], 0
        for char in text:
            marks = marks + 1 if unicodedata.combining(char) else 0
            if marks <= _MOST_MARKS:
                kept.append(char)
        text = "".join(kept)
    return unicodedata.normalize("NFKC", text)


def plain(text: str) -> str:
    """The text with every spelling of a square bracket as one, and without invisible characters."""
    return text.translate(BRACKETS).replace("\\[", "[").replace("\\]", "]")


def plain_labels(text: str) -> str:
    """The text with what stands in its double square brackets as the parsers read it: no Markdown, no quotes."""
    return _LABEL.sub(lambda m: unescape(_MARKUP.sub("", m.group()).lower()), text)


def read_number(text: str) -> float | None:
    """A plain decimal number; None for anything else (no exponents, no infinities, no words)."""
    return float(text) if _NUMBER.fullmatch(text) and text.isascii() else None


def write_number(value: float) -> str:
    """The shortest plain decimal that `read_number` turns back into the same number."""
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _coded(line: str, nonce: str) -> str:
    """The line in plain brackets and letters, one sign for the nonce, quoted borders of the prompt taken out."""
    bare = plain(nfkc(line)).replace(_CODE, "")
    if nonce not in bare.lower():
        return bare
    return _FENCE.sub(" ", re.sub(re.escape(nonce), _CODE, bare, flags=re.IGNORECASE))


def _says_more(bare: str, around: tuple[str, str], label: re.Pattern[str]) -> bool:
    """Whether a line with the nonce but without a proper label looks like a verdict all the same.

    It does when something like a label stands on it or ends the next line, when it ends with the nonce and the line
    before it ends with a label, when a square bracket stands right before the nonce and is not closed behind it, and
    when the line, a bracket, a mark or a colon begins with the nonce and goes on.
    """
    before, *rest = bare.split(_CODE)
    if _mentions(bare.replace(_CODE, " "), label) or _ends_with_label(around[1], label):
        return True
    if not rest[-1].strip(_AROUND) and len(before) <= _LEAD_IN and _ends_with_label(around[0], label):
        return True
    for said in rest:
        if before.rstrip(f"{_DECORATION}<").endswith("[") and not said.lstrip(_DECORATION).startswith("]"):
            return True
        opened = not before.strip(_DECORATION) or _OPENED.search(before.rstrip())
        if opened and said.strip(_AROUND) and not said.lstrip().startswith(tuple(_CLOSED)):
            return True
        if label.fullmatch(said.strip(_AROUND).upper()):
            return True
        before = said
    return False


def _mentions(text: str, label: re.Pattern[str]) -> list[str]:
    """What looks like a label in a text, in small letters too; but a small `a` that goes on is a word."""
    found = [match.group() for match in label.finditer(text)]
    small = label.finditer(text.upper()) if len(text.upper()) == len(text) else ()
    return found + [match.group() for match in small if match.group() != "A" or not _WORD_NEXT.match(text, match.end())]


def _ends_with_label(line: str, label: re.Pattern[str]) -> bool:
    """Whether a short line without the nonce ends with a label: `Verdict: **B**`, `- B`, `Actually B`."""
    said = line.strip().strip(_EDGES).upper()
    if _CODE in line or len(said) > _LEAD_IN:
        return False
    return any(found.group().strip() and found.end() == len(said) for found in label.finditer(said))


def stray(texts: Iterable[str], label: re.Pattern[str], payload: str) -> bool:
    """Whether something like another label than `payload` stands in one of these texts."""
    said = {re.sub(r"\s", "", found).strip(_AROUND).upper() for text in texts for found in _mentions(text, label)}
    same = re.sub(r"\s", "", payload).upper().partition("/")[0]
    return any(other and other.partition("/")[0] != same for other in said)


def _labels(bare: str) -> list[str]:
    return [normal(label) for label in _LABEL.findall(bare)]


def _without(nonce: str, label: str) -> str:
    """The label without its nonce. What stands in front of the nonce stays."""
    before, _, after = label.partition(nonce)
    return f"{before.strip(_DECORATION)} {after.lstrip(f'{_DECORATION}:,').rstrip(f'{_DECORATION}.')}".strip()
