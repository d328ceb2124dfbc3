"""The section `probes`: what a probe needs that no question says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from arena.config.base import Strict


class NeedleConfig(Strict):
    """A fact hidden in a long text: how long, how deep, and in what text."""

    text_file: Path | None = None
    """The text it is hidden in, a plain text file; null: the shipped one of each language."""
    lengths: tuple[int, ...] = Field((1000, 2000, 4000), min_length=1)
    """Tokens of the text."""
    depths: tuple[float, ...] = Field((0.0, 0.25, 0.5, 0.75, 1.0), min_length=1)
    """Where the fact lies: 0 is the start, 1 the end."""
    needles: int = Field(1, ge=1, le=8)
    """Facts in one text, all asked for at once; the first lies at the depth, the others spread behind it."""
    languages: tuple[Literal["en", "zh"], ...] = Field(("en",), min_length=1)
    repeats: int = Field(5, ge=1, le=10_000)
    """Texts for every length, depth and language, each with facts of its own."""

    @field_validator("lengths")
    @classmethod
    def _lengths_hold_something(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(100 <= length <= 10_000_000 for length in value):
            raise ValueError("lengths between 100 and 10,000,000 tokens")
        return value

    @field_validator("depths")
    @classmethod
    def _depths_are_shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 <= depth <= 1 for depth in value):
            raise ValueError("depths between 0 (the start) and 1 (the end)")
        return value


class ProbesConfig(Strict):
    """Settings of `arena probe`; which probes are asked is said on the command line."""

    paraphrase_file: Path | None = None
    """JSON lines of question_id and text: each question in other words."""
    pairs_file: Path | None = None
    """JSON lines of text with {name}, a and b: what one question says of two people; null: the shipped ones."""
    requests_file: Path | None = None
    """JSON lines of text: requests that should be refused, for jailbreak; null: the shipped ones."""
    secret: str | None = Field(None, min_length=6)
    """What the system prompt of leak holds; null: another one for every question, from the seed."""
    needle: NeedleConfig = NeedleConfig()
    toxicity_model: Path | None = None
    """The folder of a local classifier of toxic texts, for counterfactual; null: toxicity is not measured."""
    limit: int | None = Field(None, ge=1)
    """A seeded sample of so many questions; null: all."""
    seed: int | None = Field(None, ge=0)
    """Of all changes and samples; null: the board's."""
