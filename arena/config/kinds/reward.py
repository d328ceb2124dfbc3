"""Kinds of which some models are reward models: those score an answer in place of writing one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from arena.config.kinds.entry import BackendConfig, Identifies, NotInKeys
from arena.types import JSON


class RewardTask(BackendConfig):
    """What an entry has that may name a reward model."""

    task: Identifies[Literal["generate", "reward"]] = "generate"
    """reward: as a judge, a sequence-classification model with one label, which gives each answer a score."""
    temperature: NotInKeys[float | None] = Field(None, gt=0)
    """Of a reward model in pairs: P(a wins) = σ((score_a − score_b) / temperature). Null: the higher score wins."""

    @property
    def rewards(self) -> bool:
        """By its task."""
        return self.task == "reward"

    @property
    def score_temperature(self) -> float | None:
        """The entry's own."""
        return self.temperature

    def identity(self, name: str) -> dict[str, JSON]:
        """To generate is what every entry did before there was another task."""
        known = super().identity(name)
        if self.task == "generate":
            del known["task"]
        return known
