"""What an answer looks like, apart from what it says: the features of style control."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    a, b = style(turns_a), style(turns_b)
    return {f"{name}_{side}": value[name] for name in a for side, value in (("a", a), ("b", b))}
