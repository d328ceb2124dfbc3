"""One judge at one question: its cases, and which stored replies answer them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from arena.board.reading import READING, Heard
from arena.judging.frames import Frame, Frames, Judge
from arena.judging.judge import Case
from arena.judging.seen import SeenAnswers
from arena.keys import filed_under
from arena.prompts import Prompt
from arena.store.ledger import Ledger
from arena.store.memory import NOTHING, Cells, code
from arena.types import Answer, Order, Question


class _Table:
    """The requests of one of the judge's samples."""

    __slots__ = ("_place_of", "_seen", "cells", "frame", "known")

    def __init__(self, frame: Frame, cells: Cells, seen: SeenAnswers) -> None:
        self.frame, self.cells, self.known = frame, cells, cells.known
        self._seen = seen
        self._place_of: dict[int, int] = {}

    def place(self, answer: Answer) -> int:
        """The place of an answer among the cells; answers live longer than a bench."""
        place = self._place_of.get(id(answer))
        if place is None:
            place = self._place_of[id(answer)] = self.cells.place(self._seen.of(answer).digest)
        return place


class Bench:
    """Everything that the cases of one judge about one question have in common."""

    def __init__(
        self, judge: Judge, prompt: Prompt, question: Question, ledger: Ledger, frames: Frames, seen: SeenAnswers,
        baselines: tuple[str, ...] = (), *,
        lacks_reference: bool = False,
    ) -> None:  # fmt: skip
        self.judge, self.prompt, self.question, self.ledger = judge, prompt, question, ledger
        self._frames, self._seen, self._baselines = frames, seen, baselines
        self.seen = seen.of
        """What is known of an answer."""
        self.lacks_reference = lacks_reference
        """Whether the judge or its prompt needs a reference that the question does not have."""

    def cases(
        self, models: tuple[str, ...], answers: tuple[Answer, ...], orders: Sequence[Order | None]
    ) -> Iterator[Case]:
        """The cases that decide about some answers: every order with every sample of the judge."""
        for order in orders:
            for sample in range(self.judge.samples):
                yield Case(
                    self.judge, self.prompt, self.question, models, answers, order, sample, self._baselines,
                    self._frames,
                )  # fmt: skip

    @cached_property
    def is_plain(self) -> bool:
        """Whether the first reply to a case is the only one that can decide it, once it has a verdict."""
        tried = self.judge.trial_tokens is not None and self.prompt.format.one_word
        return not tried and self.judge.older is None and not self.prompt.format.conversation

    def rows(self, answers: tuple[Answer, ...], orders: Sequence[Order | None]) -> list[int]:
        """The row of the first reply to each case, in the order of `cases`; NOTHING where none is stored."""
        found = []
        for order in orders:
            shown = answers[::-1] if order == "b_first" else answers
            for table in self._tables:
                case = code(*map(table.place, shown))
                row = table.known.get(case)
                found.append(self._looked_up(table, case, shown) if row is None else row)
        ledger = self.ledger
        return [row if row < 0 else ledger.newest(row) for row in found] if ledger.replaced else found

    def settled_rows(self, answers: tuple[Answer, ...], orders: Sequence[Order | None]) -> list[int] | None:
        """`rows`, where each reply decides its case; None where one does not, or is not all there is to look at."""
        if not self.is_plain:
            return None
        rows = self.rows(answers, orders)
        if NOTHING in rows:
            return None
        codes, values = self.column.codes, self.column.values
        for row in rows:
            if codes[row] == NOTHING:
                self.ledger.once(row, self.prompt, READING)
            if values[codes[row]] is None:
                return None
        return rows

    @cached_property
    def _tables(self) -> list[_Table]:
        frames = (
            self._frames.of(self.judge, self.prompt, self.question, sample, self.judge.sampled(sample))
            for sample in range(self.judge.samples)
        )
        return [_Table(frame, self.ledger.cells(frame.digest), self._seen) for frame in frames]

    @cached_property
    def column(self) -> Heard:
        """What was read in the judge's replies."""
        return self.ledger.column(self.prompt, READING)

    def _looked_up(self, table: _Table, case: int, shown: Sequence[Answer]) -> int:
        keys = table.frame.keys(shown)
        for key in keys:
            row = None if key is None else self.ledger.row(filed_under(key, self.judge.kind))
            if row is not None:
                if keys.older is None:
                    table.cells.add(case, row)
                    table.known[case] = row
                return row
        return NOTHING
