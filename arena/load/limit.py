"""The largest rate that keeps the SLO: which rate is tried next, and the bracket that is left. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from arena.load.levels import Level
from arena.types import JSON

MOST_LEVELS = 24
"""So many levels end a search, whatever it has found."""
NARROW = 1.1
"""A bracket is narrow where its ends are no farther apart than this factor."""

Verdict = Literal["kept", "missed", "open", "limited"]
"""`open`: neither is shown. `limited`: it was missed by a generator that did not keep up."""
Row = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Bracket:
    """What a search knows by now."""

    kept: float | None
    """The highest rate below `missed` that kept the SLO in every run."""
    missed: float | None
    """The lowest rate that missed it in every run; what is not sustained is missed."""
    between: tuple[float, ...]
    """Rates between them of which neither is shown, or of which runs disagree."""
    runs: Mapping[float, int]
    limited: bool
    """Whether the generator could not make a higher rate."""

    @property
    def confirmed(self) -> bool:
        """Whether both ends are there, with two runs each."""
        return all(end is not None and self.runs[end] > 1 for end in (self.kept, self.missed))

    def line(self) -> dict[str, JSON]:
        """As it is stored."""
        return {"kept": self.kept, "missed": self.missed, "between": [*self.between], "confirmed": self.confirmed,
                "limited": self.limited, "levels": sum(self.runs.values())}  # fmt: skip


def counted(rows: Sequence[Row]) -> list[tuple[float, Verdict]]:
    """The rates that were tried, in their order. A level that failures ended is missed, the first one aside: nothing
    is known yet of an endpoint that answers nobody."""
    return [
        (cast("float", row["value"]), verdict_of(row))
        for n, row in enumerate(rows) if row["complete"] or (row["ended"] is not None and n > 0)
    ]  # fmt: skip


def verdict_of(row: Row) -> Verdict:
    """Whether a level kept the SLO."""
    goodput, generator = (cast("Row", row[name]) for name in ("goodput", "generator"))
    if row["ended"] is None and row["sustained"] is not False:
        if goodput["kept"] is True:
            return "kept"
        if goodput["kept"] is None:
            return "open"
    return "limited" if generator["limited"] else "missed"


def bracket_of(tried: Sequence[tuple[float, Verdict]]) -> Bracket:
    """What the tried rates say together."""
    by_rate: dict[float, list[Verdict]] = {}
    for rate, verdict in tried:
        by_rate.setdefault(rate, []).append(verdict)
    missed = min((rate for rate, own in by_rate.items() if set(own) == {"missed"}), default=None)
    below = [rate for rate in by_rate if missed is None or rate < missed]
    kept = max((rate for rate in below if set(by_rate[rate]) == {"kept"}), default=None)
    between = sorted(rate for rate in below if kept is None or rate > kept)
    limited = missed is None and any("limited" in by_rate[rate] for rate in between)
    return Bracket(kept, missed, tuple(between), {rate: len(own) for rate, own in by_rate.items()}, limited)


def next_rate(tried: Sequence[tuple[float, Verdict]], start: float) -> float | None:
    """The rate to try now; None where the search is through.

    Doubled until one is missed, halved until one is kept, then the gaps between what is kept, what is open and what is
    missed are halved (on a logarithmic scale) until they are narrow; at last each end is run again.
    """
    if not tried:
        return start
    if len(tried) >= MOST_LEVELS:
        return None
    found = bracket_of(tried)
    if found.missed is None and not found.limited:
        return _round(2 * max(found.runs))
    if found.kept is None:
        lowest = min(found.runs)
        return _round(lowest / 2) if lowest > start / 1_000 else None
    first, last = (found.between[0], found.between[-1]) if found.between else (found.missed, found.kept)
    for low, high in ((found.kept, first), (last, found.missed)):
        if low is not None and high is not None and high / low > NARROW:
            middle = _round(math.sqrt(low * high))
            if middle not in found.runs:
                return middle
    return next((end for end in (found.kept, found.missed) if end is not None and found.runs[end] == 1), None)


def next_level(rows: Sequence[Row], first: Level) -> Level | None:
    """The level to send now; the search begins with `first`."""
    tried = counted(rows)
    rate = next_rate(tried, first.value)
    if rate is None:
        return None
    return replace(first, number=len(tried), value=rate, again=sum(other == rate for other, _ in tried))


def _round(rate: float) -> float:
    """To three digits: what people read is what was sent."""
    return float(f"{rate:.3g}")
