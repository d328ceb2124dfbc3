"""Accuracy: the choice letter or the number that a text ends up with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from arena.metrics.exact import normal

_CHOICE = re.compile(r"\(?([A-Ja-j])\)?[.:]?")
_STATED_CHOICE = re.compile(
    r"(?:answer|option|choice|答案|选项?)\s*(?:(?:is|:|：|为|是)\s*)?\(?([A-J])\)?(?![A-Za-z])", re.I
)
_LONE_LETTER = re.compile(r"(?<![A-Za-z])\(?([A-J])\)?(?![A-Za-z'])")
_NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def accuracy(said: str, references: Sequence[str], language: str = "en") -> float:
    """1 where the text's choice, number or whole is a reference's."""
    return float(any(normal(said) == normal(right) or settled(said, right) for right in references))


def settled(said: str, right: str) -> bool | None:
    """Whether a text gives the same letter or number as the right one; None where that is neither of them."""
    if _CHOICE.fullmatch(right.strip()):
        return choice(said) == normal(right).strip("().:").upper()
    if (number := _as_number(right.strip())) is not None:
        found = last_number(said)
        return found is not None and abs(found - number) <= 1e-9 * max(1.0, abs(number))
    return None


def last_number(said: str) -> float | None:
    """The number a text ends up with."""
    found = _NUMBER.findall(said)
    return _to_float(found[-1]) if found else None


def choice(said: str) -> str | None:
    """The letter a text settles on: all of it, the last one it states, or the last that stands alone."""
    if match := _CHOICE.fullmatch(said.strip()):
        return match.group(1).upper()
    found = _STATED_CHOICE.findall(said) or _LONE_LETTER.findall(said)
    return found[-1].upper() if found else None


def _as_number(text: str) -> float | None:
    return _to_float(text) if _NUMBER.fullmatch(text) else None


def _to_float(text: str) -> float:
    return float(text.replace(",", ""))
