"""Numbers of a board's answers by rule: every model's, what they say of it, and the answers behind a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from arena.errors import DataError
from arena.files import from_json
from arena.reports.metrics import MetricRow, read_metric_rows
from arena.reports.scores import MetricPart, MetricScore, Perplexity
from arena.reports.strengths import STRENGTHS, Strengths, read_strengths
from arena.reports.typed import Misread, read_as
from arena.scores.summary import PERPLEXITY, ROWS
from arena.store.folder import BoardFolder, read_answers
from arena.types import Answer

SUMMARY = "metrics.json"
T = TypeVar("T")
WHOLE = ""
"""The part that is the whole board."""
Kind = Literal["any", "empty", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """reports/metrics.json, as far as the page shows it."""

    models: Mapping[str, Mapping[str, MetricScore]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """reports/perplexity.json, likewise."""

    models: Mapping[str, Perplexity]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything the page shows but answers."""

    scores: Mapping[str, Mapping[str, MetricScore]]
    """By model and metric."""
    rows: Sequence[MetricRow]
    findings: Strengths
    perplexity: Mapping[str, Perplexity]
    """By model: how likely it finds given texts."""

    @property
    def models(self) -> list[str]:
        """Whose answers were scored."""
        return list(self.scores)

    @property
    def names(self) -> list[str]:
        """The metrics."""
        return list(dict.fromkeys(name for own in self.scores.values() for name in own))

    def parts(self) -> list[str]:
        """The whole board, its categories and its languages."""
        every = [score for own in self.scores.values() for score in own.values()]
        return list(dict.fromkeys([WHOLE, *(name for s in every for name in (*s.categories, *s.languages))]))

    def of(self, model: str, name: str, part: str = WHOLE) -> MetricPart | None:
        """A model's number by a metric, on a part of the board."""
        score = self.scores[model].get(name)
        if score is None or part == WHOLE:
            return score
        return score.categories.get(part) or score.languages.get(part)

    def listed(self, name: str, model: str, kind: Kind) -> list[MetricRow]:
        """Rows of a kind, the worst first."""
        score = self.scores[model].get(name)
        sign = -1.0 if score is not None and score.lower_is_better else 1.0
        own = [row for row in self.rows if row.metric == name and row.model == model and row.state != "pending"]
        wanted = [row for row in own if kind == "any" or _is(kind, row)]
        return sorted(wanted, key=lambda row: (row.score is None, sign * (row.score or 0.0)))


def _is(kind: Kind, row: MetricRow) -> bool:
    return row.reason == "answer_empty" if kind == "empty" else row.state == "excluded"


def files_of(board: Path) -> list[Path]:
    """What the page is made of."""
    return [BoardFolder(board).reports / name for name in (ROWS, SUMMARY, STRENGTHS, PERPLEXITY)]


def read_metrics(board: Path) -> Metrics:
    """A board's numbers by rule; empty where it has none. Raises DataError naming what is damaged."""
    rows, summary, strengths, perplexity = files_of(board)
    likely = _read(Likely, perplexity)
    scores = _read(Summary, summary)
    return Metrics(
        scores.models if scores else {}, list(read_metric_rows(rows)), read_strengths(strengths),
        likely.models if likely else {},
    )  # fmt: skip


def _read(kind: type[T], path: Path) -> T | None:
    try:
        return read_as(kind, from_json(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, Misread) as error:
        raise DataError(f"{path}: not what `arena score` writes ({error})") from None


def answer_of(board: Path, models: Sequence[str], row: MetricRow) -> Answer | None:
    """The stored answer behind a row; None where it does not lie there."""
    found = None
    for answer in read_answers(BoardFolder(board).answer_file(row.model, models), model=row.model):
        if (answer.question_id, answer.sample) == (row.question_id, row.sample):
            found = answer
    return found
