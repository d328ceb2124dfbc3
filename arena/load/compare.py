"""Two load tests compared: what changed at each level that both have, and how sure that is. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from arena.errors import DataError
from arena.load.folder import Run
from arena.types import JSON

COMPARED = tuple(f"{name}.{of}" for name in ("ttft_s", "tpot_s", "latency_s") for of in ("mean", "p50", "p95", "p99"))
THROUGHPUTS = ("requests_per_s", "output_tokens_per_s")

Level = Mapping[str, JSON]
"""As load.json has it."""
Known = tuple[float | None, float | None, float | None]
"""A figure and the ends of its interval."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of one level: now less before, with the interval of the difference (None: an end is not known)."""

    model: str
    level: str
    figure: str
    before: float
    now: float
    low: float | None
    high: float | None

    @property
    def differs(self) -> bool | None:
        """Whether the interval excludes no change; None without an interval."""
        return None if self.low is None or self.high is None else self.low > 0 or self.high < 0


def changes(before: Run, now: Run) -> list[Change]:
    """Every figure of every level that both runs have.

    The interval of a difference of two independent estimates follows from theirs (MOVER: Zou and Donner 2008,
    Statistics in Medicine 27:1693). A run of one model is compared with one of one model, whatever they are called.
    Throughputs have one where both have at least five runs. Raises DataError where nothing is alike.
    """
    return [one for name, then, row in in_common(before, now) for one in _changes(name, then, row)]


def in_common(before: Run, now: Run) -> list[tuple[str, Level, Level]]:
    """The levels that both runs have: the model, the level of `before`, that of `now`. Raises DataError where there are
    none."""
    found = []
    for name, own, other in _pairs(before, now):
        levels = {(row["arrival"], row["value"]): row for row in _levels(other)}
        found += [(name, then, row) for row in _levels(own)
                  if (then := levels.get((row["arrival"], row["value"]))) is not None]  # fmt: skip
    if not found:
        raise DataError(
            f"runs {before['run']} ({_told(before)}) and {now['run']} ({_told(now)}) have no level of a model in common"
        )
    return found


def has_levels(run: Run) -> bool:
    """Whether anything of a run was measured."""
    return any(map(_levels, cast("Mapping[str, JSON]", run["models"]).values()))


def _told(run: Run) -> str:
    """The models of a run and their levels."""
    models = cast("Mapping[str, JSON]", run["models"]).items()
    levels = (f"{name}: {', '.join(str(row['titled']) for row in _levels(own)) or 'no level'}" for name, own in models)
    return "; ".join(levels) or "no model"


def _pairs(before: Run, now: Run) -> Iterator[tuple[str, JSON, JSON]]:
    then, models = (cast("Mapping[str, JSON]", run["models"]) for run in (before, now))
    if len(then) == len(models) == 1:
        yield next(iter(models)), next(iter(models.values())), next(iter(then.values()))
        return
    for name in models.keys() & then.keys():
        yield name, models[name], then[name]


def _levels(model: JSON) -> Sequence[Level]:
    rows = model.get("levels") if isinstance(model, Mapping) else None
    return cast("Sequence[Level]", rows if isinstance(rows, list) else [])


def _changes(model: str, then: Level, row: Level) -> Iterator[Change]:
    level = str(row["titled"])
    for figure in COMPARED:
        name, _, of = figure.partition(".")
        before, now = _estimate(then, name, of), _estimate(row, name, of)
        if before[0] is not None and now[0] is not None:
            yield Change(model, level, figure, before[0], now[0], *_difference(before, now))
    for figure in THROUGHPUTS:
        before, now = _rate(then, figure), _rate(row, figure)
        if before[0] is not None and now[0] is not None:
            yield Change(model, level, figure, before[0], now[0], *_difference(before, now))


def _estimate(row: Level, name: str, of: str) -> Known:
    spread = row.get(name)
    found = spread.get(of) if isinstance(spread, Mapping) else None
    return _known(found) if isinstance(found, Mapping) else (None, None, None)


def _rate(row: Level, figure: str) -> Known:
    intervals = row.get("throughput_intervals")
    ends = intervals.get(figure) if isinstance(intervals, Mapping) else None
    return _known({"value": row.get(figure), **(ends if isinstance(ends, Mapping) else {})})


def _known(found: Mapping[str, JSON]) -> Known:
    ends = (found.get(end) for end in ("value", "low", "high"))
    value, low, high = (float(end) if isinstance(end, int | float) else None for end in ends)
    return value, low, high


def _difference(before: Known, now: Known) -> tuple[float | None, float | None]:
    (old, old_low, old_high), (new, new_low, new_high) = before, now
    assert old is not None and new is not None
    low = None if new_low is None or old_high is None else new - old - math.hypot(new - new_low, old_high - old)
    high = None if new_high is None or old_low is None else new - old + math.hypot(new_high - new, old - old_low)
    return low, high
