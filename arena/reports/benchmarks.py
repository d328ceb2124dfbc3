"""reports/benchmarks.jsonl: one row per document, model and task, in the shape of scores.jsonl. No rating reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arena.reports.typed import Misread, read_typed_rows
from arena.terms import BattleState
from arena.types import JSON

RULE = "rule"
"""The judge of these rows. Not reserved: they lie in a file of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRow:
    """What one model made of one document. The first eleven are single mode's: question_id is the doc_id, category the
    subject. Raises Misread where it is rated without a score."""

    question_id: str
    category: str = ""
    language: str | None = None
    model: str
    judge: str = RULE
    sample: int = 0
    score: float | None = None
    """Headline metric in [0, 1]; 0 where nothing could be read; None unless rated."""
    criteria: Mapping[str, float | None] = field(default_factory=dict)
    """All metrics of the document; None where one is no number."""
    explanation: str | None = None
    state: BattleState = "rated"
    reason: str | None = None
    """`unparsed`: rated 0, since no answer could be read. Excluded: `call_failed`, or `no_loglikelihoods` where
    the task cannot be scored with what the endpoint tells."""
    key: str | None = None
    task: str
    metric: str = "acc"
    item: str = ""
    """The same document has the same, in every run and on every board: what pairs are matched by."""
    cluster: str | None = None
    """What documents that depend on each other share (an article's questions); None: the document itself."""
    mode: str = ""
    shots: int | None = None
    chat_template: bool | None = None
    version: str | None = None
    parsed: JSON = None
    gold: JSON = None

    def __post_init__(self) -> None:
        if self.state == "rated" and self.score is None:
            raise Misread("rated, and its score is None")


def read_benchmark_rows(path: Path) -> Iterator[BenchmarkRow]:
    """Every row; none where there is no such file. Raises DataError naming the line that is none."""
    return read_typed_rows(BenchmarkRow, path, "a row of a benchmark")
