"""What an answer looks like, apart from what it says: the features of style control."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

FEATURES = ("length", "headers", "lists", "bold")
"""What `style` finds, and battles can be controlled for."""

_CODE = re.compile(r"```.*?(?:```|\Z)", re.S)
_HEADER = re.compile(r"^#{1,6}\s", re.M)
_LIST = re.compile(r"^[^\S\n]*(?:[-*+]|\d+\.)\s", re.M)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


def style(turns: Sequence[str]) -> dict[str, float]:
    """length (characters), headers, lists (items) and bold of an answer. Code blocks count for the length only."""
    text = "\n".join(turns)
    prose = _CODE.sub("", text)
    return {
        "length": float(sum(len(turn) for turn in turns)),
        "headers": float(len(_HEADER.findall(prose))),
        "lists": float(len(_LIST.findall(prose))),
        "bold": float(len(_BOLD.findall(prose))),
    }


def battle_style(turns_a: Sequence[str], turns_b: Sequence[str]) -> dict[str, float]:
    """The features of both answers, as `length_a`, `length_b` and so on."""
    a, b = _style(tuple(turns_a)), _style(tuple(turns_b))
    found: dict[str, float] = {}
    for (name_a, name_b), value_a, value_b in zip(_SIDES, a, b, strict=True):
        found[name_a], found[name_b] = value_a, value_b
    return found


@lru_cache(maxsize=1024)
def _style(turns: tuple[str, ...]) -> tuple[float, ...]:
    """The features of an answer, which has one battle after another."""
    return tuple(style(turns).values())


_SIDES = tuple((f"{name}_a", f"{name}_b") for name in FEATURES)
