"""How much of what was asked came to nothing."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from arena.battles.counted import single_judges_rows
from arena.board.answers import Answers
from arena.board.open import OpenBoard
from arena.board.tables import Row
from arena.redact import redact
from arena.reports.options import arguments
from arena.types import Battle, Score

_SHOWN = 300
"""Characters of an error in a line."""


def _endings(row: Row) -> Iterable[str]:
    """How the judge's replies behind a row ended: ok, unparsed or failed."""
    if isinstance(row, Battle):
        return (verdict.status for verdict in row.verdicts if verdict.status in {"ok", "unparsed", "failed"})
    if row.key is None:
        return ()
    return ({"unparsed": "unparsed", "call_failed": "failed"}.get(str(row.reason), "ok"),)


def too_many_failures(board: OpenBoard, rows: Sequence[Row], answers: Answers) -> Iterable[str]:
    """One line for every judge and candidate with a larger share of failures than the config allows."""
    reviews = board.config.reviews_gen
    for judge in sorted({row.judge for row in single_judges_rows(rows)}):
        ends = Counter(end for row in rows if row.judge == judge for end in _endings(row))
        total = sum(ends.values())
        for end, limit, field in (("unparsed", reviews.max_unparsed, "max_unparsed"),
                                  ("failed", reviews.max_failed, "max_failed")):  # fmt: skip
            if total and ends[end] / total > limit:
                yield (f"judge {judge}: {ends[end]:,} of {total:,} replies {end}"
                       f" ({ends[end] / total:.1%}, reviews_gen.{field} is {limit:.1%})"
                       f"{(_way_on if end == 'unparsed' else _failed_calls)(board, judge, rows)}")  # fmt: skip
    for model, given in answers.items():
        failed = sum(answer.status == "error" for answer in given.values())
        if given and failed / len(given) > reviews.max_failed:
            said = (answer.error for answer in given.values() if answer.status == "error")
            yield (f"{model}: {failed:,} of {len(given):,} answers failed"
                   f" ({failed / len(given):.1%}, reviews_gen.max_failed is {reviews.max_failed:.1%})"
                   f"{_commonest(said)}{_again(board, replays=board.candidates[model].entry.replays)}")  # fmt: skip


def _way_on(board: OpenBoard, judge: str, rows: Sequence[Row]) -> str:
    """An example of what could not be read, and how to ask again where anybody can be asked."""
    config = shlex.quote(str(board.loaded.path))
    row = next((row for row in rows if row.judge == judge and "unparsed" in _endings(row)), None)
    models = [] if row is None else [row.model_a, row.model_b] if isinstance(row, Battle) else [row.model]
    shown = "" if row is None else f"; look at arena show -c {config} {arguments(row.question_id, *models)}"
    recorded = board.judges[judge].replays
    return shown if recorded else f"{shown}, ask again with arena run -c {config} --retry-unparsed"


def _failed_calls(board: OpenBoard, judge: str, rows: Sequence[Row]) -> str:
    """The commonest error of a judge's calls, and how to ask again."""
    own = [row for row in rows if row.judge == judge]
    said = [verdict.explanation for row in own if isinstance(row, Battle)
            for verdict in row.verdicts if verdict.status == "failed"]  # fmt: skip
    said += [row.explanation for row in own if isinstance(row, Score) and row.reason == "call_failed"]
    return _commonest(said) + _again(board, replays=board.judges[judge].replays)


def _commonest(errors: Iterable[str | None]) -> str:
    """The error that was met most often, on one line; nothing where none is known."""
    counted = Counter(redact(" ".join(error.split())) for error in errors if error)
    return "" if not counted else f"; mostly: {min(counted, key=lambda error: (-counted[error], error))[:_SHOWN]}"


def _again(board: OpenBoard, *, replays: bool) -> str:
    """How to ask again where anybody can be asked."""
    return "" if replays else f"; ask again with arena run -c {shlex.quote(str(board.loaded.path))} --retry-errors"
