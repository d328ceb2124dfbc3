"""What an answer looks like, apart from what it says: the features of style control."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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


class Sides(Mapping[str, float]):
    """The features of both answers of a battle, as `length_a`, `length_b` and so on."""

    __slots__ = ("a", "b")

    def __init__(self, a: tuple[float, ...], b: tuple[float, ...]) -> None:
        self.a, self.b = a, b
        """Each in the order of FEATURES."""

    def __getitem__(self, name: str) -> float:
        place, of_b = _PLACES[name]
        return (self.b if of_b else self.a)[place]

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


def battle_style(turns_a: Sequence[str], turns_b: Sequence[str]) -> Sides:
    """The features of both answers."""
    return Sides(features_of(tuple(turns_a)), features_of(tuple(turns_b)))


@lru_cache(maxsize=1024)
def features_of(turns: tuple[str, ...]) -> tuple[float, ...]:
    """The features of an answer, which has one battle after another, in the order of FEATURES."""
    return tuple(style(turns).values())


_PLACES = {f"{name}_{side}": (place, side == "b") for place, name in enumerate(FEATURES) for side in "ab"}
