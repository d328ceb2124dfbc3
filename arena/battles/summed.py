"""Battles of many Parquet rows as a leaderboard, without holding them: one pass for the fit, one for its intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from arena.battles.read.stream import Counted, Part, Stream, add_residuals, count, stream_of
from arena.battles.read.wanted import Wanted
from arena.errors import DataError, InputError
from arena.ratings import Leaderboard, RatingOptions
from arena.ratings.data.battle_sums import BattleSums, QuestionSums, Residuals
from arena.ratings.leaderboard import CROWD
from arena.ratings.summed import rate_sums
from arena.tables import blank_warnings, open_table

T = TypeVar("T")
_Task = Callable[[Sequence[Part]], T]


@dataclass(frozen=True, slots=True)
class Summed:
    """Battles added up, and their leaderboard."""

    sums: BattleSums
    skipped: dict[str, int]
    board: Leaderboard
    warnings: tuple[str, ...]
    clustered: bool
    """Whether rows say which question they are about."""


def rate_summed(files: Sequence[Path], options: RatingOptions, wanted: Wanted, ray: str | None = None) -> Summed | None:
    """Rate Parquet files as they are read; None where what is asked for takes rows in memory.

    `ray` is the address of a cluster that adds up the parts; then InputError says why it cannot.
    Raises DataError that names the file and the row, and what `rate` raises.
    """
    in_rows = options.weights is not None or bool(options.set_aside)  # two fits, of rows with their categories
    in_rows |= bool(options.more_baselines)
    if in_rows or options.implied or options.boundary != 1:  # implied rates need a covariance with slot effects
        if ray is not None:
            raise InputError(
                "--ray does not go with --schedule adaptive, --boundary, --weights, --set-aside or several --baseline; "
                "these are rated in memory"
            )
        return None
    stream = stream_of(files, wanted)
    with ExitStack() as after:
        found = None if stream is None else _counted(stream, work := _work(ray, stream, after))
        if stream is None or found is None or found.ambiguous:
            _refuse(ray, files)
            return None
        if wanted.judge is not None and wanted.judge not in found.judges:
            have = ", ".join(sorted(found.judges)) or "no judge column"
            raise DataError(f"{files[0]}: no battles by judge {wanted.judge!r} (have: {have})")
        too_many: list[bool] = []

        def by_question(task: Residuals) -> QuestionSums:
            sums = _residuals(work, stream, task)
            too_many.extend([sums is None])
            return QuestionSums(task) if sums is None else sums

        asked = by_question if wanted.cluster in stream.has else None
        board = rate_sums(found.sums, options, asked, _left_out(stream, found))
        if any(too_many):
            _refuse(ray, files)
            return None
    judges = sorted(found.judges if wanted.judge is None else {wanted.judge})
    board = replace(board, judges=tuple(judges) if len(judges) <= CROWD else ())
    return Summed(
        found.sums, dict(found.skipped), board, tuple(blank_warnings("model", found.sums.models)), asked is not None
    )


def _refuse(ray: str | None, files: Sequence[Path]) -> None:
    if ray is not None:
        for path in files:
            with open_table(path):  # says what is missing, or no table at all
                pass
        raise InputError(
            "--ray adds up Parquet files of up to 2,000 models and 30 million pairs of question and model, without "
            "weights, style, categories or a panel; without --ray these battles are rated in memory"
        )


def _left_out(stream: Stream, found: Counted) -> list[str]:
    what = ["position effects"] if stream.positions else []
    return [*what, "what is said of each judge"] if found.judges else what


def _work(ray: str | None, stream: Stream, after: ExitStack) -> Callable[[_Task[T]], Iterator[T]]:
    """How a task is done over all parts: here, or shared out on a cluster."""
    if ray is None:
        return lambda task: iter([task(stream.parts)])
    from arena.battles.read.cluster import connected, disconnect, on_ray

    shares = min(connected(ray), len(stream.parts)) or 1
    after.callback(disconnect)
    size = -(-len(stream.parts) // shares)
    tasks = [stream.parts[start : start + size] for start in range(0, len(stream.parts), size)] or [()]
    return partial(on_ray, tasks)


def _counted(stream: Stream, work: Callable[[_Task[Counted | None]], Iterator[Counted | None]]) -> Counted | None:
    whole: Counted | None = None
    for part in work(partial(count, stream)):
        if part is None:
            return None
        whole = part if whole is None else whole.merge(part)
    return whole


def _residuals(
    work: Callable[[_Task[QuestionSums | None]], Iterator[QuestionSums | None]], stream: Stream, task: Residuals
) -> QuestionSums | None:
    whole: QuestionSums | None = None
    for part in work(partial(add_residuals, stream, task=task)):
        if part is None:
            return None
        if whole is None and part.has_room:
            whole = part
            continue
        whole = QuestionSums(task) if whole is None else whole
        if not whole.merge(part):
            return None
    return whole
