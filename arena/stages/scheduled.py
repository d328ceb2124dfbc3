"""What an adaptive board says about its schedule: what was drawn and told apart, what judging everything would still
show, why it ended, and how much wider its intervals are for having been looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arena.battles.columns import battle_table
from arena.board.answers import Answers
from arena.board.budgets import HOPELESS, boundary_of, stopped_by
from arena.board.cells import Cells, Mask, cells_of
from arena.board.drawn import schedule_of, warnings_of
from arena.board.open import OpenBoard
from arena.board.tables import Row
from arena.judging.adaptive import early_boundary
from arena.ratings import BattleTable, Leaderboard
from arena.ratings.findings.foresight import Foresight, foresee
from arena.store.schedule_log import ScheduleLog
from arena.types import JSON, Battle

POINTS = 25
"""Of the curve of pairs told apart, at most."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the schedule of a board is."""

    board: OpenBoard
    cells: Cells
    log: ScheduleLog
    boundary: float

    @classmethod
    def of(cls, board: OpenBoard, answers: Answers) -> Standing:
        """As its files say. Raises DataError for a schedule that cannot be read."""
        log, cells = schedule_of(board).log, cells_of(board, answers)
        return cls(board, cells, log, round(boundary_of(cells, log), 6))

    def facts(self, counted: Sequence[Row], rated: Leaderboard) -> tuple[dict[str, JSON], list[str]]:
        """`schedule` of leaderboard.json, and what a reader must know."""
        battles = [row for row in counted if isinstance(row, Battle)]
        table = battle_table(battles, models=self.cells.models)
        drawn = self._drawn(battles)
        seen = None if not len(table) else self._foresee(table.canonical())
        if seen is not None and not (self.cells.possible & ~self.cells.free & ~drawn).any():
            seen = seen._replace(power=np.zeros_like(seen.power))  # everything is judged: nothing is left to calls
        apart, still = self._told_apart(rated, seen)
        curve = list[JSON]() if seen is None else self._curve(battles, drawn, apart)
        first, why = self.log.current(0), stopped_by(self.cells, self.log)
        reviews = self.board.config.reviews_gen.schedule
        facts: dict[str, JSON] = {
            "method": "adaptive",
            "goal": reviews.goal if first is None else first.goal,
            "calls": self.cells.charged(drawn)[1],
            "calls_full": self.cells.calls_full,
            "calls_planned": None if first is None else first.calls,
            "pairs_drawn": int((np.triu((drawn.sum(axis=2) + drawn.sum(axis=2).T) > 0, 1)).sum()),
            "pairs_separated": apart,
            "expected_of_full": apart / (apart + still) if apart + still > 0 else None,
            "ties_for_calls": None if seen is None else self._ties_for_calls(rated, seen),
            "stopped_by": why,
            "boundary": self.boundary,
            "win_rate": "implied",
            "curve": curve,
        }
        return facts, [*warnings_of(self.board, schedule_of(self.board)), *self._warnings(why, seen, still)]

    def _drawn(self, battles: Sequence[Battle]) -> Mask:
        """Cells of the rows that there are."""
        if self.log:
            return self.cells.mask(self.log.cells())
        orders = ((b, v.order) for b in battles for v in b.verdicts)
        pairs = (
            (b.question_id, *((b.model_a, b.model_b) if o == "a_first" else (b.model_b, b.model_a))) for b, o in orders
        )
        return self.cells.mask(pairs)

    def _foresee(self, table: BattleTable) -> Foresight:
        level = self.board.config.rating_gen.interval.level
        return foresee(table, self.cells.possible.sum(axis=2).astype(float), level)

    def _told_apart(self, rated: Leaderboard, seen: Foresight | None) -> tuple[int, float]:
        """Pairs told apart, and how many more judging everything is expected to tell apart."""
        if seen is None:
            return 0, 0.0
        upper = np.triu(np.ones_like(seen.power, dtype=bool), 1)
        apart = seen.separated(self.boundary) > 0
        if rated.pairs:
            place, apart = {name: i for i, name in enumerate(self.cells.models)}, np.zeros_like(apart)
            for pair in rated.pairs:
                if (pair.low is not None and pair.low > 0) or (pair.high is not None and pair.high < 0):
                    i, j = sorted((place[pair.a], place[pair.b]))
                    apart[i, j] = True
        return int(apart[upper].sum()), float((seen.power * ~apart)[upper].sum())

    def _ties_for_calls(self, rated: Leaderboard, seen: Foresight) -> float:
        """How many of the models that are tied with the leader judging everything would be expected to tell apart."""
        place = {name: i for i, name in enumerate(self.cells.models)}
        ranked = sorted((row.rank, row.model, row.rank_low) for row in rated.models if row.rank is not None)
        tied = [model for rank, model, low in ranked[1:] if low == 1 or rank == ranked[0][0]]
        return round(float(sum(seen.power[place[ranked[0][1]], place[model]] for model in tied)), 6)

    def _curve(self, battles: Sequence[Battle], drawn: Mask, apart: int) -> list[JSON]:
        """[calls, pairs told apart] after rounds; a battle counts from its last order on."""
        rounds, when = self.log.rounds, {}
        for number, one in enumerate(rounds):
            for question_id, *models in one.cells:
                when[question_id, *sorted(models)] = number
        rows = [b for b in battles if b.state == "rated" and b.outcome is not None]
        table = battle_table(rows, models=self.cells.models)
        at = np.array([when.get((b.question_id, b.model_a, b.model_b), 0) for b in rows])
        upper = np.triu_indices(len(self.cells.models), 1)
        first, calls, known = self.log.current(0), 0, np.zeros_like(drawn)
        found: list[JSON] = []
        shown = set(np.linspace(0, len(rounds) - 1, min(POINTS, len(rounds))).round().astype(int).tolist())
        for number, one in enumerate(rounds):
            known |= self.cells.mask(one.cells)
            if number not in shown or not (at <= number).any():
                continue
            cells, calls = self.cells.charged(known)
            early = self.boundary > 1 and first is not None
            factor = early_boundary(cells / max(1, first.cells)) if early and first is not None else self.boundary
            some = self._foresee(table.select(at <= number))
            found.append([calls, int(some.separated(factor)[upper].sum())])
        if found:
            found[-1] = [self.cells.charged(drawn)[1], apart]
        return found

    def _warnings(self, why: str | None, seen: Foresight | None, still: float) -> list[str]:
        found = []
        if self.boundary > 1:
            cause = (
                "results were seen before the last budget was set"
                if self.log.boundary_since
                else ("the run stops on what it sees")
            )
            found.append(f"intervals are {self.boundary:.2f} times as wide as at a planned budget: {cause}")
        needed = None if seen is None else seen.questions_needed(len(self.cells.questions), self.boundary)
        if why == "questions" or (why is not None and needed is not None and still < HOPELESS):
            more = f" (about {needed:,} for half of the open pairs)" if needed else ""
            found.append(f"further calls would not tell more models apart, further questions would{more}")
        return found
