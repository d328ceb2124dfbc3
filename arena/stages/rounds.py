"""Adaptive boards, round by round: what judges have said so far decides which cells they read next.

    set budgets ──▶ draw a round ──▶ schedule.jsonl (synced) ──▶ judges ──▶ every cell has its reply ──▶ draw the next

A round is drawn from the terminal replies of all before it, with a seed of its own: whoever goes on after a kill draws
what an undisturbed run would have drawn. Each round's replies are read once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from arena.battles.columns import battle_table
from arena.battles.counted import counted_rows
from arena.board.answers import Answers
from arena.board.budgets import FEWEST_QUESTIONS, HOPELESS, left_of
from arena.board.cells import Cells, cells_of
from arena.board.drawn import orders_of, schedule_of
from arena.board.matches import Match, matches_of
from arena.board.open import OpenBoard
from arena.board.tables import plain_rows
from arena.files import to_json
from arena.judging.adaptive import Estimates, Offer, early_boundary
from arena.judging.schedule import SCHEDULES
from arena.ratings import BattleTable
from arena.ratings.data.table import Coded
from arena.ratings.findings.foresight import Foresight, foresee
from arena.stages.cohorts import in_scope, set_budgets
from arena.stages.options import RunOptions
from arena.store.ledger import Ledger
from arena.store.schedule_log import LIMITED, Opening, Round, ScheduleLog, Stop
from arena.types import Battle

FIRST_BATCH = 8
"""Through batch endpoints the first round is this part of the budget, and each as large as all before it together."""


class Rounds:
    """The schedule of one board during one invocation."""

    def __init__(self, board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger], options: RunOptions) -> None:
        self._board, self._answers, self._ledgers, self._options = board, answers, ledgers, options
        self.log: ScheduleLog = schedule_of(board).log
        self._seen = Observed(self.cells.models, self.cells.questions)
        self._offer: tuple[int, Offer] | None = None
        self._last: tuple[Round, list[Match]] | None = None
        self._notes: list[str] = []
        set_budgets(board, self.log, answers, ledgers, self.cells, options, self._notes.append)
        self._left = {cohort: left_of(self.cells, self.log, opening) for cohort, opening in self._cohorts().items()}

    @cached_property
    def cells(self) -> Cells:
        """What can be drawn: answers do not change while judges read."""
        return cells_of(self._board, self._answers)

    def expected(self) -> dict[str, int]:
        """Requests of each judge if all budgets are spent, as far as they are known."""
        cells, budgets = self.cells, self._cohorts().values()
        drawn, requests = cells.charged(cells.mask(self.log.cells()))
        scores = cells.scores(max(drawn, sum(o.cells for o in budgets)), cells.possible & ~cells.free)
        compared = max(requests, sum(o.calls for o in budgets)) - scores
        judges = {name: judge for name, judge in self._board.judges.items() if judge.enable and not judge.replays}
        all_samples = max(1, sum(judge.samples for judge in judges.values() if not judge.rewards))
        return {
            name: scores // cells.scorers if judge.rewards else max(0, compared) * judge.samples // all_samples
            for name, judge in judges.items()
        }

    def notes(self) -> list[str]:
        """What a person should know, each once."""
        told, self._notes = self._notes, []
        return told

    def subjects(self, rounds: Sequence[Round]) -> Iterable[Match]:
        """Everything that judges have to read of some rounds; of a single one it is kept until the next is asked for,
        since a round is gone through when it is asked, when it is complete and when it is read."""
        if len(rounds) == 1 and self._last is not None and self._last[0] is rounds[0]:
            return self._last[1]
        drawn = orders_of(cell for one in rounds for cell in one.cells)
        matched = matches_of(self._board, self._answers, self._ledgers, drawn)
        if len(rounds) != 1:
            return matched
        self._last = rounds[0], list(matched)
        return self._last[1]

    def draw(self) -> Round | None:
        """The next round, written down; None where nothing more is to be drawn. All cells so far have their replies."""
        for opening in self._cohorts().values():
            if (drawn := self._draw(opening)) is not None:
                return drawn
        return None

    def _cohorts(self) -> dict[int, Opening]:
        return in_scope(self.log, self._options)

    def _draw(self, opening: Opening) -> Round | None:
        log, cohort, left = self.log, opening.cohort, self._left[opening.cohort]
        if log.stopped(cohort) is not None or left <= 0:
            return None
        seen, share = self._foresee(), 1 - left / max(1, opening.cells)
        if seen is not None and (why := self._reached(opening, seen, share)) is not None:
            log.stop(Stop(cohort, opening.stage, why, round(share, 6)))
            return None
        told = None if seen is None else Estimates(seen.difference, seen.half_width, seen.power, seen.questions)
        number, seed = log.last_round(cohort) + 1, self._board.config.seed
        rng = np.random.default_rng([seed, cohort - LIMITED, number])
        found = SCHEDULES["adaptive"].draw(self._offer_of(opening), told, min(left, self._size(opening, left)), rng)
        if not found:
            log.stop(Stop(cohort, opening.stage, "cells", 1.0))
            return None
        models, questions = self.cells.models, self.cells.questions
        drawn = tuple((questions[cell.question], models[cell.first], models[cell.second]) for cell in found)
        log.draw(Round(number, cohort, seed, self._seen.digest, drawn))
        self._left[cohort] -= sum(not self.cells.free[cell.first, cell.second, cell.question] for cell in found)
        return log.rounds[-1]

    def _size(self, opening: Opening, left: int) -> int:
        if self._options.batch is None:
            return opening.batch
        return max(opening.batch, opening.cells // FIRST_BATCH, opening.cells - left)

    def _offer_of(self, opening: Opening) -> Offer:
        """What the cohort draws from; it knows by itself what it drew before."""
        if self._offer is None or self._offer[0] != opening.cohort:
            inside = np.array([name in opening.models for name in self.cells.models], dtype=bool)
            either = inside[:, None] | inside[None, :] if opening.cohort > 0 else inside[:, None] & inside[None, :]
            possible = self.cells.possible.copy()
            if opening.limit is not None:
                possible[:, :, opening.limit :] = False
            self._offer = opening.cohort, Offer.of(possible, self.cells.mask(self.log.cells()), either)
        return self._offer[1]

    def _foresee(self) -> Foresight | None:
        """What is known by the replies of every round so far."""
        for drawn in self.log.rounds[self._seen.rounds :]:
            self._seen.add(plain_rows(self._board, self._ledgers, self.subjects([drawn])))
        table = self._seen.table()
        if not len(table):
            return None
        return foresee(
            table, self.cells.possible.sum(axis=2).astype(float), self._board.config.rating_gen.interval.level
        )

    def _reached(self, opening: Opening, seen: Foresight, share: float) -> str | None:
        """Why the cohort stops here; None where it goes on."""
        inside = np.array([name in opening.models for name in self.cells.models], dtype=bool)
        if opening.goal == "budget" or seen.questions[inside].min(initial=np.inf) < FEWEST_QUESTIONS:
            return None
        factor = early_boundary(share)
        apart, pairs = seen.separated(factor) > 0, np.triu(inside[:, None] & inside[None, :], 1)
        there, still = float(apart[pairs].sum()), float((seen.power * ~apart)[pairs].sum())
        if opening.goal == "separations" and there >= opening.share * (there + still):
            return "separations"
        order = [i for i in np.argsort(-seen.theta).tolist() if inside[i]]
        if opening.goal == "top" and apart[np.ix_(order[: opening.k], order[opening.k :])].all():
            return "top"
        if still >= HOPELESS:
            return None
        needed = seen.questions_needed(len(self.cells.questions), factor)
        more = f"; about {needed:,} questions would settle half of what is open" if needed else ""
        self._notes.append(f"further calls would not tell more models apart, further questions would{more}")
        return "questions"


class Observed:
    """What was seen of every round, as columns, and a hash of all of it."""

    def __init__(self, models: tuple[str, ...], questions: tuple[str, ...]) -> None:
        self.rounds = 0
        self.digest = hashlib.sha256().hexdigest()
        self._models, self._questions = models, Coded.of(questions)
        self._code = {name: code for code, name in enumerate(self._questions.names)}
        self._parts: list[tuple[BattleTable, np.ndarray]] = []

    def add(self, rows: list[Battle]) -> None:
        """The rows of one more round."""
        self.rounds += 1
        decided = sorted(
            to_json([r.question_id, r.model_a, r.model_b, r.judge, r.sample, r.state, r.reason, r.outcome])
            for r in rows if r.state != "pending"
        )  # fmt: skip
        self.digest = hashlib.sha256(b"\n".join([self.digest.encode(), *decided])).hexdigest()
        counted = [row for row in counted_rows(rows) if row.state == "rated" and row.outcome is not None]
        table = battle_table(counted, models=self._models)
        questions = np.array([self._code[row.question_id] for row in counted], dtype=np.int64)
        m, samples = len(self._models), np.array([row.sample for row in counted], dtype=np.int64)
        place = ((samples * max(1, len(self._code)) + questions) * m + table.a) * m + table.b
        self._parts.append((table, np.column_stack([questions, place])))

    def table(self) -> BattleTable:
        """Every battle; one whose orders were drawn in two rounds is two halves."""
        tables = [table for table, _ in self._parts]
        if not tables:
            return BattleTable.from_columns([], [], [], models=self._models)
        places = np.concatenate([place for _, place in self._parts])
        _, where, often = np.unique(places[:, 1], return_inverse=True, return_counts=True)
        firsts = [np.zeros(len(t)) if t.first is None else np.nan_to_num(t.first) for t in tables]
        return BattleTable(
            self._models, np.concatenate([t.a for t in tables]), np.concatenate([t.b for t in tables]),
            np.concatenate([t.outcome for t in tables]), weight=1.0 / often[where],
            question=Coded(self._questions.names, places[:, 0].astype(np.int32)), first=np.concatenate(firsts),
        )  # fmt: skip
