"""Judges that follow the place of an answer, or change their mind with it: said on the board."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from arena.battles.columns import battle_table
from arena.battles.counted import single_judges_rows
from arena.board.open import OpenBoard
from arena.board.tables import Row
from arena.ratings.findings.judges import slot_shares
from arena.types import JSON

FEW = 20
"""Battles read in both orders (identical answers aside) below which nothing is said."""
STEADY = 0.6
"""A judge that surely names the same winner in both orders less often than this is warned about."""


class _Share(NamedTuple):
    """A share of a judge's battles with both orders, with its interval by question."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}]"


def follows_a_slot(board: OpenBoard, details: Iterable[Mapping[str, JSON]]) -> Iterable[str]:
    """One line for every judge whose preference for a slot is surely beyond `max_first_slot`: exit code 3."""
    limit = board.config.reviews_gen.max_first_slot
    for judge, detail in _asked(board, details):
        if limit is not None and (followed := _followed(detail, limit)) is not None:
            place, one = followed
            config = shlex.quote(str(board.loaded.path))
            yield (
                f"judge {judge}: {one} of the points go to the answer shown {place} (reviews_gen.max_first_slot is "
                f"{limit:.0%}): it follows the place, not the answers; take another judge or prompt, see arena try -c "
                f"{config}, or set max_first_slot: null"
            )


def slots_followed(board: OpenBoard, rows: Iterable[Row]) -> Iterable[str]:
    """`follows_a_slot` from a board's rows, rated or not: without a leaderboard."""
    own, level = single_judges_rows(rows), board.config.rating_gen.interval.level
    asked = {name for name, entry in board.judges.items() if entry.asks_anybody}
    for judge in sorted(asked & {row.judge for row in own}):
        table = battle_table(row for row in own if row.judge == judge)
        yield from follows_a_slot(board, [{"judge": judge, **cast("dict[str, JSON]", slot_shares(table, level))}])


class Unsteady(NamedTuple):
    """What the board says about a judge."""

    warning: str
    fails: bool
    """Whether a line of `follows_a_slot` says it too, and what to do."""


def unsteady(board: OpenBoard, details: Sequence[Mapping[str, JSON]]) -> Iterable[Unsteady]:
    """The judges that follow a slot, and those whose orders disagree too often."""
    limit = board.config.reviews_gen.max_first_slot
    for judge, detail in _asked(board, details):
        steady = _share(detail, "consistency")
        if limit is not None and (followed := _followed(detail, limit)) is not None:
            place, one = followed
            said = f"judge {judge} follows the place of an answer: {one} of the points go to the one shown {place}"
            yield Unsteady(said, fails=True)
        elif steady is not None and steady.high < STEADY:
            said = f"judge {judge} names the same winner in both orders in only {steady} of its battles"
            yield Unsteady(said, fails=False)


def _followed(detail: Mapping[str, JSON], limit: float) -> tuple[str, _Share] | None:
    """The place that a judge surely gives more than `limit` of the points to, and its share; None where it does not."""
    first = _share(detail, "first_slot")
    if first is None or (1 - limit <= first.high and first.low <= limit):
        return None
    return ("first", first) if first.low > limit else ("second", _of_second(first))


def _asked(board: OpenBoard, details: Iterable[Mapping[str, JSON]]) -> Iterable[tuple[str, Mapping[str, JSON]]]:
    """The judges that are models: what was imported, a rule and a rehearsal are not measured by our orders."""
    for detail in details:
        entry = board.judges.get(str(detail.get("judge")))
        if entry is not None and entry.asks_anybody:
            yield str(detail["judge"]), detail


def _share(detail: Mapping[str, JSON], name: str) -> _Share | None:
    """A share with its interval; None where it rests on too few battles or has no interval."""
    found = cast("Mapping[str, float | None]", detail.get(name) or {})
    value, low, high = (found.get(end) for end in ("value", "low", "high"))
    if (found.get("n") or 0) < FEW or value is None or low is None or high is None:
        return None
    return _Share(value, low, high)


def _of_second(first: _Share) -> _Share:
    return _Share(1 - first.value, 1 - first.high, 1 - first.low)
