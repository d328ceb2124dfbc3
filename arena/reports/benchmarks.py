"""reports/benchmarks.jsonl: one row per document, model and task, in the shape of scores.jsonl. No rating reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from arena.errors import DataError
from arena.files import read_objects, replacing, round_floats, to_json
from arena.terms import BattleState
from arena.types import JSON

RULE = "rule"
"""The judge of these rows. Not reserved: they lie in a file of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRow:
    """What one model made of one document. The first eleven are single mode's: question_id is the doc_id, category the
    subject."""

    question_id: str
    category: str
    language: str | None = None
    model: str
    judge: str = RULE
    sample: int = 0
    score: float | None = None
    """Headline metric in [0, 1]; 0 where nothing could be read; None unless rated."""
    criteria: Mapping[str, float] = field(default_factory=dict)
    """All metrics of the document."""
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


_FIELDS = tuple(f.name for f in fields(BenchmarkRow))
_NEEDED = ("question_id", "model", "task", "state")


def row_to_json(row: BenchmarkRow) -> dict[str, JSON]:
    """A line of benchmarks.jsonl."""
    return {name: getattr(row, name) for name in _FIELDS} | {"criteria": dict(row.criteria)}


def row_from_json(line: Mapping[str, JSON]) -> BenchmarkRow:
    """Read a line back. Raises ValueError saying which field is missing."""
    for name in _NEEDED:
        if not isinstance(line.get(name), str):
            raise ValueError(f"no {name}")
    known: dict[str, object] = {name: line[name] for name in _FIELDS if line.get(name) is not None}
    return BenchmarkRow(**({"category": ""} | known))  # type: ignore[arg-type]


def write_benchmark_rows(path: Path, rows: Iterable[BenchmarkRow], *, simulated: bool = False) -> None:
    """Replace the file as a whole. Every line of a rehearsal says so."""
    with replacing(path) as write:
        for row in rows:
            line = {name: round_floats(value) for name, value in row_to_json(row).items()}
            write(to_json(line | {"simulated": True} if simulated else line) + b"\n")


def read_benchmark_rows(path: Path) -> Iterator[BenchmarkRow]:
    """Every row; none where there is no such file. Raises DataError naming the line that is none."""
    if not path.exists():
        return
    for where, line in read_objects(path):
        try:
            yield row_from_json(line)
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}:{where.number}: not a row of a benchmark: {error}") from None
