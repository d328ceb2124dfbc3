"""The second stage: judges read the answers whose verdicts are not in the ledger yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import arena
from arena.asking.ask import Asking, Job, ask_all, opened
from arena.asking.control import Control, now
from arena.asking.progress import Progress
from arena.backends import Opening, batch_client, open_backend
from arena.backends.batch import BatchClient
from arena.board.answers import Answers
from arena.board.candidates import judge_of
from arena.board.heard import settled
from arena.board.matches import Exam, Ledgers, Match
from arena.board.open import OpenBoard
from arena.board.verdicts import all_cases, all_subjects, open_ledgers
from arena.judging.judge import Ask, Case, resolve
from arena.keys import filed_under
from arena.nonce import make_nonce
from arena.stages.batch import BatchDesk, batch_review
from arena.stages.options import RunOptions, Scope
from arena.store.batch_log import BatchLog
from arena.store.ledger import Ledger
from arena.types import Completion, Reply, Request


@dataclass
class Todo:
    """What one judge still owes in this invocation, each request once however many battles share it."""

    cases: list[Case] = field(default_factory=list)
    done: int = 0
    _seen: set[str] = field(default_factory=set)
    _rows: set[int] = field(default_factory=set)

    def add_settled(self, rows: Iterable[int]) -> None:
        """Count cases as done that these lines of the ledger decide."""
        before = len(self._rows)
        self._rows.update(rows)
        self.done += len(self._rows) - before

    def add(self, case: Case, due: Callable[[Case], Ask | None]) -> None:
        """Count a case as done, or put it on the list."""
        key = case.key
        if key in self._seen:
            return
        self._seen.add(key)
        if due(case) is not None:
            self.cases.append(case)
        else:
            self.done += 1


@dataclass(frozen=True, slots=True)
class Desk:
    """One judge at work: what it still owes, and where its replies go."""

    board: OpenBoard
    name: str
    todo: Todo
    ledger: Ledger
    every_case: Callable[[], Iterator[Case]]
    """All cases of the judge, those with a verdict included."""


def plan_reviews(
    board: OpenBoard,
    answers: Answers,
    ledgers: Ledgers,
    options: RunOptions,
    subjects: Iterable[Match | Exam] | None = None,
) -> dict[str, Todo]:
    """What every enabled judge still owes, of the whole board or of some of it."""
    askable = (name for name, entry in board.judges.items() if entry.enable and not entry.replays)
    todo = {name: Todo() for name in askable}
    scope = Scope(board, options)
    for subject in all_subjects(board, answers, ledgers) if subjects is None else subjects:
        owed, bench = todo.get(subject.judge), subject.bench
        if owed is None or bench is None or not scope.covers(bench.question, subject.models):
            continue
        if options.redo is None and (rows := subject.settled_rows) is not None:
            owed.add_settled(rows)
            continue
        for case in subject.cases:
            owed.add(case, next_ask(bench.ledger, options))
    return todo


async def review_stage(
    board: OpenBoard, answers: Answers, options: RunOptions, progress: Progress, control: Control
) -> None:
    """Ask every enabled judge for what is missing; each reply is stored the moment it arrives.

    A judge whose endpoint gives up does not stop the others; the first such error is raised at the end.
    """
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack, writable=True)
        todo = plan_reviews(board, answers, ledgers, options)
        async with OpenJudges(board, answers, ledgers, options, progress, control) as judges:
            await judges.ask(todo)


class OpenJudges:
    """The judges of one invocation. Each is opened when it first has something to read, and stays open to the end;
    those that need the machine for themselves are closed after each of their turns where there are several."""

    def __init__(
        self, board: OpenBoard, answers: Answers, ledgers: Ledgers, options: RunOptions, progress: Progress,
        control: Control,
    ) -> None:  # fmt: skip
        self._board, self._answers, self._ledgers = board, answers, ledgers
        self._options, self._progress, self._control = options, progress, control
        self._stack = AsyncExitStack()
        self._open: dict[str, Asking] = {}
        machines = sum(judge.enable and judge.one_at_a_time for judge in board.judges.values())
        self._in_turns = machines > 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stack.aclose()

    async def ask(
        self, todo: Mapping[str, Todo], expected: Mapping[str, int] | None = None,
        at: tuple[OpenBoard, Ledgers] | None = None,
    ) -> None:  # fmt: skip
        """Have everything read that judges still owe; `expected` is how much each may come to in this invocation. `at`
        is where it lies, if that is not the board itself: another folder with the same judges."""
        jobs = []
        board, ledgers = at or (self._board, self._ledgers)
        for name, owed in todo.items():
            desk = Desk(board, name, owed, ledgers[name], partial(self._every_case, name))
            total = max(len(owed.cases) + owed.done, (expected or {}).get(name, 0))
            jobs.append(Job(partial(self._review, desk, total), self._board.judges[name].one_at_a_time))
        await ask_all(jobs, self._progress, self._control)

    def _every_case(self, name: str) -> Iterator[Case]:
        return (case for case in all_cases(self._board, self._answers, self._ledgers) if case.judge.name == name)

    async def _review(self, desk: Desk, total: int) -> None:
        board, name, todo, options = desk.board, desk.name, desk.todo, self._options
        if not todo.cases:
            return
        if options.retry_unparsed and name not in self._open and (warning := same_again(board, name)):
            self._progress.note(warning)
        self._progress.begin("reviews", name, total, todo.done)
        entry = board.judges[name]
        async with AsyncExitStack() as turn:
            keep = turn if entry.one_at_a_time and self._in_turns else self._stack
            asking = self._open.get(name) or await self._opened(name, keep)
            client = None if options.batch is None else batch_client(entry, asking.backend)
            with BatchLog(board.review_folder.batches_file) as log:
                if client is not None and options.batch is not None:
                    await batch_review(_batch_desk(desk, options, asking, client, log), options.batch)
                elif options.batch in (None, "wait"):
                    await _ask_live(desk, asking, options, log.keys_of(name))
                else:
                    note = f"judge {name}: no batch endpoint; it is asked live, without --batch={options.batch}"
                    self._progress.note(note)

    async def _opened(self, name: str, stack: AsyncExitStack) -> Asking:
        board, entry, control = self._board, self._board.judges[name], self._control
        opening = Opening(name, "reviews_gen.judges", board.config.seed)
        backend = await stack.enter_async_context(opened(open_backend(opening, entry), control))
        asking = Asking(backend, "reviews", name, entry.token_price, self._progress, control, control.rooms.of(entry))
        if stack is self._stack:
            self._open[name] = asking
        return asking


async def _ask_live(desk: Desk, asking: Asking, options: RunOptions, under_way: set[str]) -> None:
    """Ask for every open case, several at once; what is in a batch already is left to it."""
    ledger = desk.ledger
    salt = desk.board.review_folder.salt()
    asked: set[str] = set()
    left: set[str] = set()
    due = next_ask(ledger, options, asked)

    async def do(case: Case) -> None:
        again = False
        while (step := due(case)) is not None:
            if under := under_way & {step.key, case.key}:
                left.update(under)
                return
            request = step.request(make_nonce(salt, case.question.question_id))
            completion = await asking.complete(request)
            reply = step.reply(request, completion, created_at=now(), version=arena.__version__)

            def add(
                step: Ask = step, reply: Reply = reply, completion: Completion = completion, again: bool = again
            ) -> None:
                ledger.add(reply)
                if options.asks_again or options.reopens_reply(reply.status):
                    asked.add(step.place)
                asking.stored(completion, reply.cost_usd, again=again)

            if not await asking.keep(request, completion, add):
                return
            again = True

    def prefix(case: Case) -> str:
        return case.prefix if asking.backend.load == "api" else ""

    await asking.each(desk.todo.cases, do, prefix)
    if left:
        asking.progress.note(
            f"judge {desk.name}: {len(left)} requests are under way in batches; fetch them with --batch=collect"
        )


def _batch_desk(desk: Desk, options: RunOptions, asking: Asking, client: BatchClient, log: BatchLog) -> BatchDesk:
    asked: set[str] = set()
    entry = desk.board.judges[desk.name]
    return BatchDesk(
        judge=desk.name,
        every_case=desk.every_case,
        due=desk.todo.cases,
        next_ask=next_ask(desk.ledger, options, asked),
        ledger=desk.ledger,
        client=client,
        log=log,
        salt=desk.board.review_folder.salt(),
        price=entry.token_price,
        share=entry.batch_price,
        asking=asking,
        progress=asking.progress,
        control=asking.control,
        asked=asked,
    )


def next_requests(todo: Todo, ledger: Ledger, options: RunOptions) -> Iterator[Request]:
    """The request that each open case would send next, with a nonce that stands for the real one."""
    due = next_ask(ledger, options)
    for case in todo.cases:
        if (step := due(case)) is not None:
            yield step.request(make_nonce(b"", case.question.question_id))


def next_ask(ledger: Ledger, options: RunOptions, asked: Collection[str] = ()) -> Callable[[Case], Ask | None]:
    """What a case has to be asked next in this invocation, in which `asked` are the keys that were asked already."""

    def due(case: Case) -> Ask | None:
        redo = options.redo is not None and options.redo.reply(case.judge.name, case.models, case.question.question_id)
        if not redo and settled(case, ledger) is not None:
            return None
        again = redo or (options.retry_unparsed and _stays_unparsed(case, ledger))

        def lookup(key: str) -> Reply | None:
            """The ledger without what is to be asked again, until it has been asked."""
            if key not in asked and (again or options.reopens_reply(ledger.status(key))):
                return None
            return ledger.get(key)

        step = resolve(case, lookup)
        if isinstance(step, Ask):
            return step
        return step.waiting if options.retry_unparsed else None

    return due


def _stays_unparsed(case: Case, ledger: Ledger) -> bool:
    """Whether a case was asked all there is to ask and came to no verdict. Empty replies are --retry-errors' matter."""
    step = resolve(case, ledger.get)
    if isinstance(step, Ask) or step.status != "unparsed" or step.waiting is not None:
        return False
    return step.key is None or ledger.status(filed_under(step.key, case.judge.kind)) != "empty"


def same_again(board: OpenBoard, name: str) -> str | None:
    """A warning where a judge that samples nothing is asked again for what could not be read."""
    if judge_of(name, board.judges[name]).sampling.temperature != 0:
        return None
    return (
        f"judge {name} samples nothing (temperature 0), so the same text is likely; where replies are cut off a higher "
        "max_tokens helps, otherwise another prompt"
    )
