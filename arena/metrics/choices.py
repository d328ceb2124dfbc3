"""The choice letter or the number that a text gives as its answer, in English or Chinese.

A reply often goes on after its answer ("The answer is A. Option B is wrong because …"), so what is said to be the
answer counts before what is only mentioned, and nothing counts where two are left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from arena.formats.text import nfkc
from arena.metrics.exact import normal

LETTERS = ascii_uppercase[:10]
"""What can be a choice where nobody says how many there are."""

_MARKUP = re.compile(r"[*_`#>$]+|\\(?:text|mathrm|textbf|mathbf)\b|<\|?/?[a-z_/]+\|?>", re.I)
_OPEN, _CLOSE = r"[(\[{\"'“‘「【]*\s*", r"\s*[)\]}\"'”’」】]*"
_IS = r"(?:\s*(?:would|must|should|has\s+to)\s+be|\s+is|\s+was|\s*[=:—-]){0,4}"
_LEAD = r"(?:\s+(?:clearly|therefore|thus|most\s+likely|probably|definitely)){0,2}"
_NAMED = r"(?:\s*:?\s*(?:the\s+)?(?:option|choice|letter|answer))?\s*:?\s*"
_BARE = r"(?P<letter>[A-Z])(?![A-Za-z0-9'’])"
_X = _OPEN + _BARE
_AFFIRMED = [
    re.compile(pattern, re.I)
    for pattern in (
        rf"\banswers?{_IS}{_LEAD}{_NAMED}{_X}",
        rf"\b(?:correct|right|best|final)\s+(?:option|choice|letter|one){_IS}{_LEAD}\s*:?\s*{_X}",
        rf"\b(?:i|i'd|i\s+would|we)\s+(?:choose|pick|select|go\s+with){_NAMED}{_X}",
        rf"\b(?:it|this|that)(?:\s+(?:is|must\s+be|has\s+to\s+be|should\s+be)|'s){_NAMED}{_X}(?={_CLOSE}\s*(?:[.,;!]|$))",
        rf"(?:^|[.;,!?\n])\s*(?:so|thus|hence|therefore|所以|因此|故)[\s,，:]*{_NAMED}{_X}(?={_CLOSE}\s*[.。!]?\s*$)",
        rf"(?<![A-Za-z]){_BARE}{_CLOSE}\s+(?:is|was)\s+(?:(?:clearly|thus|therefore)\s+)?(?:the\s+)?(?:correct|right|best|answer)\b",
        rf"(?<!不)(?:答案|(?:正确|最佳)(?:的)?(?:选项|答案|是|为|的是)|应选|(?<![不别])选(?!项)(?:择)?)"
        rf"(?:应该|应当|应|就)?(?:是|为|选|:|\s){{0,4}}(?:选项)?\s*{_X}",
        rf"(?<![A-Za-z]){_BARE}{_CLOSE}\s*(?:项|选项)?(?:是|才是|为)?(?:正确|对)(?:的|答案)",
        rf"\\boxed\s*{_X}",
    )
]
"""Ways to say which letter is the answer."""
_MENTIONED = re.compile(rf"(?:\boption|\bchoice|选项){_NAMED}{_X}", re.I)
_ALONE = re.compile(rf"^\s*{_OPEN}(?P<letter>[A-Za-z]){_CLOSE}[.,:。、;!]*\s*$")
_LONE = re.compile(r"(?<![A-Za-z'’])\(?(?P<letter>[A-Z])\)?(?![A-Za-z'’])")
_OR = re.compile(rf"{_CLOSE}\s*(?:or|and|/|&|、|,|或|和)\s*(?:option\s+|choice\s+)?{_X}", re.I)

_CHOICE = re.compile(r"\(?([A-Ja-j])\)?[.:]?")
_NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_STATED_NUMBER = re.compile(
    rf"(?:####|\\boxed\s*{{|\banswers?{_IS}|答案(?:是|为|:|：){{0,2}})[\s$:¥€£约]*({_NUMBER.pattern})", re.I
)


def accuracy(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where the text's choice, number or whole is a reference's."""
    return float(any(normal(said) == normal(right) or settled(said, right) for right in references))


def settled(said: str, right: str) -> bool | None:
    """Whether a text gives the same letter or number as the right one; None where that is neither of them."""
    if _CHOICE.fullmatch(right.strip()):
        return choice(said) == normal(right).strip("().:").upper()
    if (number := _as_number(right.strip())) is not None:
        found = said_number(said)
        return found is not None and abs(found - number) <= 1e-9 * max(1.0, abs(number))
    return None


def said_number(said: str) -> float | None:
    """The number a text gives as its answer ("the answer is 42", `#### 42`), else the last in it."""
    found = _STATED_NUMBER.findall(said) or _NUMBER.findall(said)
    return _to_float(found[-1]) if found else None


def choice(said: str) -> str | None:
    """The letter a text gives as its answer, or the only one that stands alone anywhere in it."""
    text = plain_choice_text(said)
    found = {match["letter"] for match in _LONE.finditer(text) if not _is_word(match, text)}
    return said_letter(text, LETTERS) or (found.pop() if len(found) == 1 else None)


def plain_choice_text(reply: str) -> str:
    """A reply as `said_letter` reads it: Unicode's compatibility forms, no markup, no white space of more than one."""
    text = _MARKUP.sub("", nfkc(reply))
    return re.sub(r"\s+", lambda space: "\n" if "\n" in space[0] else " ", text).strip()


def said_letter(text: str, letters: str) -> str | None:
    """The letter a text gives as its answer, one of `letters`; None where it gives none, or two at once.

    In this order: the last that is said to be the answer ("the answer is C", "C is correct", 答案是C, 选C, a boxed C);
    the text, its last or its first line as a letter alone; the only option it mentions ("option C").
    """
    affirmed = [
        (match.start("letter"), match)
        for pattern in _AFFIRMED
        for match in pattern.finditer(text)
        if match["letter"].upper() in letters and not _is_word(match, text)
    ]
    if affirmed:
        last = max(affirmed, key=lambda found: found[0])[1]
        other = _OR.match(text, last.end("letter"))
        two = other is not None and other["letter"].upper() in letters and not _is_word(other, text)
        return None if two else last["letter"].upper()
    lines = [line for line in text.splitlines() if line.strip()]
    for line in dict.fromkeys((text, *lines[-1:], *lines[:1])):
        if (alone := _ALONE.match(line)) is not None:
            letter = alone["letter"].upper()
            return letter if letter in letters else None
    mentioned = {match["letter"].upper() for match in _MENTIONED.finditer(text) if not _is_word(match, text)}
    return mentioned.pop() if len(mentioned) == 1 and mentioned <= set(letters) else None


def _is_word(match: re.Match[str], text: str) -> bool:
    """Whether it is an article or a pronoun: `the answer is a cat`, but not `the answer is A because`."""
    rest = text[match.end("letter") :]
    return match["letter"].upper() in "AI" and (
        re.match(r" +(?!because|since|as\b|for\b|which|is\b|was\b|and\b|or\b|not\b)[a-z]", rest) is not None
    )


def _as_number(text: str) -> float | None:
    return _to_float(text) if _NUMBER.fullmatch(text) else None


def _to_float(text: str) -> float:
    return float(text.replace(",", ""))
