"""reports/metrics.jsonl: one row per model, question, sample and metric, in the shape of scores.jsonl. No rating reads
it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arena.reports.benchmarks import RULE
from arena.reports.typed import Misread, read_typed_rows
from arena.terms import BattleState


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """What one answer comes to by one metric. All but `metric` and `signature` are single mode's.

    Raises Misread where it is rated without a score, or has one unrated.
    """

    question_id: str
    category: str = ""
    language: str | None = None
    model: str
    judge: str = RULE
    sample: int = 0
    score: float | None = None
    """In the metric's own unit, the mean over turns that have something to compare with; None unless rated."""
    explanation: str | None = None
    state: BattleState = "rated"
    reason: str | None = None
    """`answer_empty`: rated as the metric rates nothing said. Excluded: `no_reference` (the question has nothing to
    compare with), `answer_error`, `not_applicable` (the metric says nothing of such a text)."""
    key: str | None = None
    """Of the answer, what it is compared with and the metric's signature: the same key is the same number."""
    metric: str
    signature: str = ""
    criteria: Mapping[str, float] = field(default_factory=dict)
    """Numbers that it is made of, where it has any."""

    def __post_init__(self) -> None:
        if (self.state == "rated") != (self.score is not None):
            raise Misread(f"{self.state}, and its score is {self.score}")


def read_metric_rows(path: Path) -> Iterator[MetricRow]:
    """Every row; none where there is no such file. Raises DataError naming the line that is none."""
    return read_typed_rows(MetricRow, path, "a row of a metric")
