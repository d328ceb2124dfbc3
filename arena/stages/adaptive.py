"""The second stage of an adaptive board: judges read a round, then the next one is drawn from what they said."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from arena.asking.control import Control
from arena.asking.progress import Progress
from arena.board.answers import Answers
from arena.board.open import OpenBoard
from arena.board.verdicts import open_ledgers, stored
from arena.errors import RunStopped
from arena.stages.cohorts import Note
from arena.stages.options import RunOptions
from arena.stages.review import OpenJudges, Todo, plan_reviews
from arena.stages.rounds import Rounds
from arena.store.ledger import Ledger
from arena.store.schedule_log import Round


async def adaptive_stage(
    board: OpenBoard, answers: Answers, options: RunOptions, progress: Progress, control: Control
) -> None:
    """Ask for what was drawn and has no reply yet, then draw and ask round by round until the budget or the goal.

    What fails in passing is asked once more before the next round is drawn. Raises RunStopped where it fails again: a
    round is drawn from complete ones only.
    """
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack, writable=True)
        rounds = Rounds(board, answers, ledgers, options)
        at_work = AtWork(board, answers, ledgers, options, rounds, progress.note)
        async with OpenJudges(board, answers, ledgers, options, progress, control) as judges:
            asked: Sequence[Round] | None = None
            while True:
                for note in rounds.notes():
                    progress.note(note)
                todo = at_work.todo(asked)
                await judges.ask(todo, at_work.expected)
                left = at_work.left(asked)
                handed_over = options.batch == "submit" and at_work.owes(todo) and at_work.owes(left)
                if control.interruption.asked or handed_over:
                    return
                if options.batch is None and at_work.owes(left):
                    await judges.ask(left, at_work.expected)
                    left = at_work.left(asked)
                if control.interruption.asked or not at_work.complete(asked, left):
                    return
                drawn = rounds.draw()
                if drawn is None or options.batch == "collect":
                    break
                asked = [drawn]
        for note in rounds.notes():
            progress.note(note)


class AtWork:
    """What judges owe, round by round."""

    def __init__(
        self, board: OpenBoard, answers: Answers, ledgers: dict[str, Ledger], options: RunOptions, rounds: Rounds,
        note: Note,
    ) -> None:  # fmt: skip
        self._board, self._answers, self._ledgers, self._rounds = board, answers, ledgers, rounds
        self._options, self._note = options, note
        self._done: dict[str, int] = {}
        self.expected = rounds.expected()

    def todo(self, asked: Sequence[Round] | None) -> dict[str, Todo]:
        """What is due of some rounds in this invocation, or of the whole board; what earlier rounds came to counts as
        done. What is asked for once more by name is so once."""
        found = self._planned(asked, self._options)
        self._options = replace(self._options, redo=None, retry_errors=False, retry_unparsed=False)
        for name, owed in found.items():
            before = self._done.get(name, 0)
            self._done[name] = before + owed.done + len(owed.cases)
            owed.done += before
        return found

    def left(self, asked: Sequence[Round] | None) -> dict[str, Todo]:
        """What failed in passing."""
        found = self._planned(asked, self._options)
        for name, owed in found.items():
            owed.done = self._done[name] - len(owed.cases)
        return found

    def owes(self, todo: dict[str, Todo]) -> int:
        """How many requests are due."""
        return sum(len(owed.cases) for owed in todo.values())

    def complete(self, asked: Sequence[Round] | None, left: dict[str, Todo]) -> bool:
        """Whether the next round can be drawn, where so much is left of it. Raises RunStopped where judges failed."""
        due = [case for owed in left.values() for case in owed.cases]
        failed = sum(stored(case, self._ledgers[case.judge.name]) is not None for case in due)
        if failed and self._options.batch is None:
            raise RunStopped(f"{failed} calls failed twice, so no further round is drawn; run again to go on")
        everything = replace(self._options, models=None, limit=None)
        if asked is not None and everything == self._options:
            return not due
        waiting = self.owes(self._planned(self._rounds.log.rounds if asked is None else asked, everything))
        if waiting > len(due):
            self._note(f"{waiting} requests of what was drawn are outside of this run; new rounds wait for them")
        return not waiting

    def _planned(self, asked: Sequence[Round] | None, options: RunOptions) -> dict[str, Todo]:
        subjects = None if asked is None else self._rounds.subjects(asked)
        return plan_reviews(self._board, self._answers, self._ledgers, options, subjects)
