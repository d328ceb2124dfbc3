"""Two models of a board as a decision about them sees them: the rows that count, failures of the new one among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from arena.battles.counted import counted_rows
from arena.board.answers import Answers, current_answers
from arena.board.budgets import UNLIMITED, Claims, claims_of
from arena.board.failures import too_many_failures
from arena.board.open import OpenBoard
from arena.board.steadiness import slots_followed
from arena.board.tables import Row, board_rows
from arena.board.verdicts import open_ledgers
from arena.board.weights import set_aside
from arena.judging.combine import answer_failure
from arena.judging.flags import flag_answers
from arena.judging.judge import DEFAULT_SCALE
from arena.types import Answer, Battle, Reason, Score
from arena.winners import winner_of

LOSSES: frozenset[Reason | None] = frozenset({"answer_error", "answer_empty"})
"""Failures of the new model's own that count against it."""


@dataclass(frozen=True, slots=True)
class Duel:
    """What a board has on two of its models."""

    rows: tuple[Row, ...]
    """Every rated row that counts, and the new model's failures as lost battles or lowest scores."""
    failed: frozenset[tuple[str, int]]
    """Question and sample of the answers of the new model that failed: their rows are lost for that reason."""
    failed_old: int
    """Answers of the old model that failed; they count as the board has them."""
    known: frozenset[str]
    """Questions on which there is any row of one of the two."""
    pending: frozenset[str]
    """Questions on which a row of one of the two is still to come."""
    missing: frozenset[str]
    """Questions that the old model has an answer to and the new one never will have."""
    answered: int
    """Answers of the old model."""
    flagged: int
    """Answers of the new model that look made to sway the judge."""
    n_answers: int
    problems: tuple[str, ...]
    """Shares of failures above the board's thresholds, over the board or the two models' rows alone, and judges that
    follow a slot."""
    scale: tuple[float, float]
    """Single mode: the lowest and the highest score."""
    places: frozenset[tuple[str, int]] = frozenset()
    """Question and sample of all answers of the two."""
    claims: Claims = UNLIMITED
    undrawn: int = 0
    """Failed answers of the new model that no battle was drawn for, where battles are drawn: they are lost nowhere."""

    def is_lost(self, row: Row, new: str) -> bool:
        """Whether a row is lost because the new model's answer failed."""
        return new in models_of(row) and _place(row) in self.failed


def duel_of(board: OpenBoard, new: str | None, old: str | None) -> Duel:
    """Everything stored about two candidates; of one of them alone where the other stands on another board. Reads; asks
    nobody."""
    answers, _ = current_answers(board)
    with ExitStack() as stack:
        rows = list(board_rows(board, answers, open_ledgers(board, stack)))
    aside = set_aside(board.config, answers) - {new, old}
    ours, theirs = ({} if name is None else answers[name] for name in (new, old))
    failed = frozenset(place for place, answer in ours.items() if answer_failure(answer) in LOSSES)
    scale = scale_of(board)
    counted = [row for row in counted_rows(rows) if not aside & set(models_of(row))]
    counted = counted if new is None else [_as_lost(row, new, answers, scale) for row in counted]
    own = [row for row in counted if {new, old} & set(models_of(row))]
    pending = frozenset(row.question_id for row in own if row.state == "pending")
    given = list(ours.values())
    return Duel(
        tuple(row for row in counted if row.state == "rated"),
        failed,
        sum(answer_failure(answer) in LOSSES for answer in theirs.values()),
        frozenset(row.question_id for row in own),
        pending,
        frozenset(question for question, _ in theirs.keys() - ours.keys()) - pending,
        len(theirs),
        flag_answers(str(new), given).counts["suspicious"],
        len(given),
        tuple(_problems(board, rows, answers, [name for name in (new, old) if name is not None])),
        scale,
        frozenset((*ours, *theirs)),
        claims_of(board, answers),
        _undrawn(board, failed, own, new),
    )


def _undrawn(board: OpenBoard, failed: frozenset[tuple[str, int]], own: Sequence[Row], new: str | None) -> int:
    """How many failures cost nothing: what is excluded is not drawn. Where failures lose they are drawn like others."""
    reviews = board.config.reviews_gen
    if not reviews.adaptive or reviews.answer_failures == "loss":
        return 0
    return len(failed - {_place(row) for row in own if new in models_of(row)})


def models_of(row: Row) -> tuple[str, ...]:
    """Whose answers a row is about."""
    return (row.model_a, row.model_b) if isinstance(row, Battle) else (row.model,)


def scale_of(board: OpenBoard) -> tuple[float, float]:
    """The lowest and the highest score of single mode."""
    return next((p.format.bounds for p in board.prompts.values() if p.format.bounds is not None), DEFAULT_SCALE)


def _place(row: Row) -> tuple[str, int]:
    return row.question_id, row.sample


def _as_lost(row: Row, new: str, answers: Answers, scale: tuple[float, float]) -> Row:
    """The row; lost instead of excluded where nothing but the new model's answer failed."""
    if row.state != "excluded" or new not in models_of(row):
        return row
    if _failure(answers, new, row) not in LOSSES:
        return row
    if isinstance(row, Score):
        return replace(row, state="rated", score=scale[0])
    other = row.model_b if row.model_a == new else row.model_a
    if _failure(answers, other, row) is not None:
        return row
    outcome = 0.0 if row.model_a == new else 1.0
    return replace(row, state="rated", outcome=outcome, winner=winner_of(outcome))


def _failure(answers: Answers, model: str, row: Row) -> Reason | None:
    return answer_failure(answers[model].get(_place(row)))


def _problems(board: OpenBoard, rows: Sequence[Row], answers: Answers, models: Sequence[str]) -> Iterator[str]:
    """What fails too often: on the whole board (other models' answers aside), or on the rows of one of the two; and
    which judges follow the place of an answer on the board."""
    baselines = board.config.reviews_gen.baselines
    of_both: Mapping[str, Mapping[tuple[str, int], Answer]] = {
        name: answers[name] for name in dict.fromkeys((*models, *baselines)) if name in answers
    }
    said = list(too_many_failures(board, rows, {name: dict(given) for name, given in of_both.items()}))
    yield from said
    for model in models:
        own = [row for row in rows if model in models_of(row)]
        yield from (f"on {model}: {line}" for line in too_many_failures(board, own, {}) if line not in said)
    yield from slots_followed(board, rows)
