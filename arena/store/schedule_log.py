"""schedule.jsonl: what an adaptive board drew, written before it is asked.

open     stage, cohort, seed, models, goal, share, k, cells, calls, batch, limit, looked    a budget is set
paid     cells                                          replies that were there before, which count as drawn
round    round, cohort, seed, saw, cells                what is asked next, and a hash of what was seen by then
stop     cohort, why, share                             a goal is reached, or nothing more can be

A cell is [question_id, first, second]: whose answer stands in the first slot, and whose in the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from arena.errors import DataError
from arena.files import Appender, read_objects
from arena.types import JSON

LIMITED = -1
"""The cohort of what `--limit` draws: a trial of its own."""
Drawn = tuple[str, str, str]
"""Question, model in the first slot, model in the second."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A budget, frozen for the models it was made for."""

    stage: int
    """1 for what was planned at first; each larger budget after a look is one more."""
    cohort: int
    """0 for the first models, 1 and up for models that came later."""
    seed: int
    models: tuple[str, ...]
    goal: str
    share: float
    k: int
    cells: int
    """Cells that may need a call, of this cohort."""
    calls: int
    """The same as judge requests."""
    batch: int
    limit: int | None = None
    """`--limit N`: the first N questions only."""
    looked: bool = False
    """Whether results were seen before this budget was set."""


@dataclass(frozen=True, slots=True)
class Round:
    """Cells that were drawn together; cohort None for what was paid before."""

    number: int
    cohort: int | None
    seed: int
    saw: str
    cells: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a cohort drew no more before its budget was spent."""

    cohort: int
    stage: int
    why: str
    """`separations`, `top`: the goal is reached; `questions`: nothing more can be separated by calls."""
    share: float
    """Of the budget that was spent by then."""


@dataclass(slots=True)
class ScheduleLog:
    """The file, read once and appended to. Raises DataError naming a line that is none of it."""

    path: Path
    openings: list[Opening] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> ScheduleLog:
        """What the file says; nothing where there is none."""
        log = cls(path)
        for where, line in read_objects(path, growing=True) if path.exists() else ():
            try:
                log._apply(line)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{path}:{where.number}: not a line of a schedule: {error}") from None
        return log

    def __bool__(self) -> bool:
        return bool(self.openings or self.rounds)

    def cells(self) -> Iterator[Drawn]:
        """Everything that was drawn, in order."""
        for drawn in self.rounds:
            yield from drawn.cells

    def current(self, cohort: int) -> Opening | None:
        """The last budget of a cohort."""
        return next((o for o in reversed(self.openings) if o.cohort == cohort), None)

    def last_round(self, cohort: int) -> int:
        """The number of the cohort's last round; 0 before its first."""
        return max((r.number for r in self.rounds if r.cohort == cohort), default=0)

    def stopped(self, cohort: int) -> Stop | None:
        """Why the cohort's current budget is not spent further."""
        opening = self.current(cohort)
        return next((s for s in self.stops if opening and (s.cohort, s.stage) == (cohort, opening.stage)), None)

    @property
    def boundary_since(self) -> bool:
        """Whether any budget was set after results had been seen."""
        return any(opening.looked for opening in self.openings)

    def open(self, opening: Opening) -> None:
        """Set a budget."""
        self._write({
            "event": "open", "stage": opening.stage, "cohort": opening.cohort, "seed": opening.seed,
            "models": list(opening.models), "goal": opening.goal, "share": opening.share, "k": opening.k,
            "cells": opening.cells, "calls": opening.calls, "batch": opening.batch, "limit": opening.limit,
            "looked": opening.looked,
        })  # fmt: skip

    def paid(self, cells: Sequence[Drawn]) -> None:
        """Note cells whose replies were there before."""
        self._write({"event": "paid", "cells": [list(cell) for cell in cells]})

    def draw(self, drawn: Round) -> None:
        """Note what is asked next."""
        self._write({
            "event": "round", "round": drawn.number, "cohort": drawn.cohort, "seed": drawn.seed, "saw": drawn.saw,
            "cells": [list(cell) for cell in drawn.cells],
        })  # fmt: skip

    def stop(self, stop: Stop) -> None:
        """Note why no more is drawn."""
        self._write({
            "event": "stop", "cohort": stop.cohort, "stage": stop.stage, "why": stop.why, "share": stop.share
        })  # fmt: skip

    def _write(self, line: dict[str, JSON]) -> None:
        appender = Appender(self.path)
        try:
            appender.append(line)
            appender.sync()
        finally:
            appender.close()
        self._apply(line)

    def _apply(self, line: Mapping[str, JSON]) -> None:
        match line["event"]:
            case "open":
                self.openings.append(_opening(line))
            case "paid":
                self.rounds.append(Round(0, None, 0, "", _cells(line["cells"])))
            case "round":
                number, cohort, seed = (_whole(line[name]) for name in ("round", "cohort", "seed"))
                self.rounds.append(Round(number, cohort, seed, str(line["saw"]), _cells(line["cells"])))
            case "stop":
                share = float(cast("float", line["share"]))
                self.stops.append(Stop(_whole(line["cohort"]), _whole(line["stage"]), str(line["why"]), share))
            case event:
                raise ValueError(f"unknown event {event!r}")


def _opening(line: Mapping[str, JSON]) -> Opening:
    limit, models = line.get("limit"), line["models"]
    if not isinstance(models, list):
        raise ValueError(f"models: found {models!r}, allowed: a list of names")
    return Opening(
        _whole(line["stage"]), _whole(line["cohort"]), _whole(line["seed"]), tuple(map(str, models)),
        str(line["goal"]), float(cast("float", line["share"])), _whole(line["k"]), _whole(line["cells"]),
        _whole(line["calls"]), _whole(line["batch"]), None if limit is None else _whole(limit),
        line.get("looked") is True,
    )  # fmt: skip


def _whole(value: JSON) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"found {value!r}, allowed: a whole number")
    return value


def _cells(value: JSON) -> tuple[Drawn, ...]:
    found = []
    for cell in value if isinstance(value, list) else [None]:
        if not (isinstance(cell, list) and len(cell) == 3 and all(isinstance(part, str) for part in cell)):
            raise ValueError(f"found {cell!r}, allowed: [question_id, first, second]")
        found.append(cast("Drawn", tuple(cell)))
    return tuple(found)
