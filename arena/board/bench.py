"""One judge at one question: its cases, and which stored replies answer them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from arena.judging.frames import Frame, Frames, Judge
from arena.judging.judge import Case
from arena.judging.seen import Seen, SeenAnswers
from arena.keys import filed_under
from arena.prompts import Prompt
from arena.store.ledger import Ledger
from arena.store.memory import NOTHING, Cells, code
from arena.types import Answer, Order, Question


class _Table(NamedTuple):
    """The requests of one of the judge's samples."""

    frame: Frame
    cells: Cells


class Bench:
    """Everything that the cases of one judge about one question have in common."""

    def __init__(
        self, judge: Judge, prompt: Prompt, question: Question, ledger: Ledger, frames: Frames, seen: SeenAnswers,
        baseline: str | None = None,
    ) -> None:  # fmt: skip
        self.judge, self.prompt, self.question, self.ledger = judge, prompt, question, ledger
        self._frames, self._baseline = frames, baseline
        self.seen = seen.of
        """What is known of an answer."""

    def cases(
        self, models: tuple[str, ...], answers: tuple[Answer, ...], orders: Sequence[Order | None]
    ) -> Iterator[Case]:
        """The cases that decide about some answers: every order with every sample of the judge."""
        for order in orders:
            for sample in range(self.judge.samples):
                yield Case(
                    self.judge, self.prompt, self.question, models, answers, order, sample, self._baseline,
                    self._frames,
                )  # fmt: skip

    @property
    def is_plain(self) -> bool:
        """Whether the first reply to a case is the only one that can decide it, once it has a verdict."""
        tried = self.judge.trial_tokens is not None and self.prompt.format.one_word
        return not tried and self.judge.older is None

    def rows(self, answers: tuple[Answer, ...], orders: Sequence[Order | None]) -> list[int]:
        """The row of the first reply to each case, in the order of `cases`; NOTHING where none is stored."""
        seen = [self.seen(answer) for answer in answers]
        ledger, found = self.ledger, []
        for order in orders:
            shown = seen[::-1] if order == "b_first" else seen
            for table in self._tables:
                place = table.cells.place
                case = code(*(place(one.digest) for one in shown))
                row = table.cells.known.get(case)
                if row is None:
                    row = self._looked_up(table, case, shown)
                found.append(ledger.newest(row) if ledger.replaced else row)
        return found

    @cached_property
    def _tables(self) -> list[_Table]:
        frames = (
            self._frames.of(self.judge, self.prompt, self.question, sample, self.judge.sampled(sample))
            for sample in range(self.judge.samples)
        )
        return [_Table(frame, self.ledger.cells(frame.digest)) for frame in frames]

    def _looked_up(self, table: _Table, case: int, shown: Sequence[Seen]) -> int:
        keys = table.frame.keys([one.answer for one in shown])
        for key in keys:
            row = None if key is None else self.ledger.row(filed_under(key, self.judge.kind))
            if row is not None:
                if keys.older is None:
                    table.cells.add(case, row)
                return row
        return NOTHING
