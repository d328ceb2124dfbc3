"""reports/metrics.jsonl: one row per model, question, sample and metric, in the shape of scores.jsonl. No rating reads
it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from arena.errors import DataError
from arena.files import read_objects, replacing, round_floats, to_json
from arena.reports.benchmarks import RULE
from arena.reports.typed import Misread, read_as
from arena.terms import BattleState
from arena.types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """What one answer comes to by one metric. The first eleven are single mode's."""

    question_id: str
    category: str = ""
    language: str | None = None
    model: str
    judge: str = RULE
    sample: int = 0
    score: float | None = None
    """In the metric's own unit, the mean over turns that have something to compare with; None unless rated."""
    criteria: Mapping[str, float] = field(default_factory=dict)
    """Numbers that it is made of, where it has any."""
    explanation: str | None = None
    state: BattleState = "rated"
    reason: str | None = None
    """`answer_empty`: rated as the metric rates nothing said. Excluded: `no_reference` (the question has nothing to
    compare with), `answer_error`, `not_applicable` (the metric says nothing of such a text)."""
    key: str | None = None
    """Of the answer, what it is compared with and the metric's signature: the same key is the same number."""
    metric: str
    signature: str = ""


_FIELDS = tuple(f.name for f in fields(MetricRow))


def write_metric_rows(path: Path, rows: Iterable[MetricRow], *, simulated: bool = False) -> None:
    """Replace the file as a whole. Every line of a rehearsal says so."""
    with replacing(path) as write:
        for row in rows:
            line: dict[str, JSON] = {name: round_floats(getattr(row, name)) for name in _FIELDS if name != "criteria"}
            line |= {"criteria": round_floats(dict(row.criteria))}
            write(to_json(line | {"simulated": True} if simulated else line) + b"\n")


def read_metric_rows(path: Path) -> Iterator[MetricRow]:
    """Every row; none where there is no such file. Raises DataError naming the line that is none."""
    if not path.exists():
        return
    for where, line in read_objects(path):
        try:
            row = read_as(MetricRow, line)
        except Misread as error:
            raise DataError(f"{path}:{where.number}: not a row of a metric: {error}") from None
        if (row.state == "rated") != (row.score is not None):
            raise DataError(f"{path}:{where.number}: not a row of a metric: {row.state}, and its score is {row.score}")
        yield row
