"""Who won: the words for it, and P(model_a wins)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from arena.types import Winner


Choice = Literal["model_a", "model_b", "tie", "both_bad", "skip"]
"""What a person may say of two answers."""
Side = Literal["model_a", "model_b"]
Cell = tuple[str, Side | None]
"""What stands for a winner, and which of the row's two models has that name."""
OUTCOMES: Mapping[Choice, float] = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "both_bad": 0.5}
"""P(model_a wins); a skip says nothing."""
WORDS: Mapping[str, Choice] = {
    "model_a": "model_a", "a": "model_a", "model_b": "model_b", "b": "model_b", "tie": "tie", "both_bad": "both_bad",
    "bothbad": "both_bad", "tie (bothbad)": "both_bad", "tie (inconsistent)": "tie", "skip": "skip", "none": "skip",
    "null": "skip", "nan": "skip", "na": "skip",
}  # fmt: skip
"""What files write, ours and those of other tools, in any case; a name of the row's two models goes first."""
ALLOWED = f"{', '.join(word for word, choice in WORDS.items() if choice != 'skip')}, skip, or one of the row's models"
_SIDES = ("model_a", "model_b")


class Readings(NamedTuple):
    """What the cells of one column mean."""

    choices: Mapping[Cell, Choice]
    refused: Mapping[Cell, str]
    """Cells that mean nothing, or two things, and what is to be said of them."""


def winner_of(outcome: float) -> Winner:
    """Who won: model_a above ½, model_b below, a tie at ½."""
    if outcome == 0.5:
        return "tie"
    return "model_a" if outcome > 0.5 else "model_b"


def side_of(text: str, model_a: str, model_b: str) -> Side | None:
    """Which of two models has this name."""
    return "model_a" if text == model_a else "model_b" if text == model_b else None


def read_winners(cells: Collection[Cell]) -> Readings:
    """The different cells of a column: names of the row's models, or words.

    Models may be called A, b or tie. A cell that means one thing as a name and another as a word is refused, unless
    every other cell of the column can be read as one of the two alone: a column has names or words.
    """
    words = {cell: WORDS.get(cell[0].strip().lower()) for cell in cells}
    read: dict[Cell, Choice | None] = {cell: cell[1] or word for cell, word in words.items()}
    choices: dict[Cell, Choice] = {cell: choice for cell, choice in read.items() if choice is not None}
    refused = {cell: f"found {cell[0]!r}, allowed: {ALLOWED}" for cell in cells if cell not in choices}
    doubtful = [cell for cell in choices if None not in (cell[1], words[cell]) and cell[1] != words[cell]]
    only_names = any(word is None and cell[1] is not None for cell, word in words.items())
    only_words = any(word in _SIDES and cell[1] is None for cell, word in words.items())
    without_winner = any(word is not None and word not in _SIDES and cell[1] is None for cell, word in words.items())
    for cell in doubtful:
        word = words[cell]
        assert word is not None
        names = not only_words and (word in _SIDES or not without_winner)
        if names == (not only_names):
            del choices[cell]
            refused[cell] = (
                f"found {cell[0]!r}, which names {cell[1]} and is a word for {word}: write model_a or model_b"
            )
        elif not names:
            choices[cell] = word
    return Readings(choices, refused)
