"""`models[].scores` of leaderboard.json: what stands beside the judges and in no rating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from arena.reports.probes import ProbeScore

if TYPE_CHECKING:
    from arena.types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPart:
    """What a model's answers come to by one metric, on the whole board or a part of it."""

    score: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Answers that count."""
    n_questions: int = 0
    n_empty: int = 0
    """Of these, answers in which nothing is said."""
    excluded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScore(MetricPart):
    """A model's number by one metric, and by what way of comparing."""

    lower_is_better: bool = False
    share: bool = True
    """Whether it lies in [0, 1] and is shown in per cent."""
    signature: str = ""
    n_pending: int = 0
    categories: Mapping[str, MetricPart] = field(default_factory=dict)
    languages: Mapping[str, MetricPart] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Perplexity:
    """How likely a local model finds given texts."""

    bits_per_byte: float | None = None
    low: float | None = None
    high: float | None = None
    token_perplexity: float | None = None
    token_low: float | None = None
    token_high: float | None = None
    n_documents: int = 0
    n_tokens: int = 0
    n_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallPart:
    """One part of a weighted number."""

    value: float | None = None
    weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """One number from many, by weights that the config states."""

    value: float | None = None
    parts: Mapping[str, OverallPart] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Numbers of a model's answers by rule, beside the judges."""

    metrics: Mapping[str, MetricScore] = field(default_factory=dict)
    perplexity: Perplexity | None = None
    overall: Overall | None = None
    probes: Mapping[str, ProbeScore] = field(default_factory=dict)
    """Without their parts, which stand in probes.json."""
    stored: Mapping[str, JSON] = field(default_factory=dict)


NOT_SCORED = Scores()
