"""What every invocation that calls models does alike: hold the board, ask within a budget, and say what stopped it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from arena.asking.budget import Budget
from arena.asking.control import Control, Rooms, Spending
from arena.asking.interruption import Interruption
from arena.board.open import OpenBoard
from arena.config.kinds import BackendConfig
from arena.errors import EndpointDead, InputError, RunStopped
from arena.stages.record import RunRecord
from arena.store.lock import BoardLock

Problem = RunStopped | InputError | OSError


@contextmanager
def holding(board: OpenBoard) -> Iterator[None]:
    """The locks of all folders that a run on this board writes to. Raises BoardLocked."""
    with ExitStack() as stack:
        for folder in board.folders:
            stack.enter_context(BoardLock(folder.root))
        yield


async def under_control(
    record: RunRecord, budget_usd: float | None, entries: Sequence[BackendConfig], spending: Spending,
    stages: Callable[[Control], Awaitable[None]],
) -> None:  # fmt: skip
    """Do what calls models, within a budget, with run.json kept up to date. Raises CancelledError when somebody asked
    it to stop."""
    writer = asyncio.create_task(record.keep_writing())
    control = Control(Budget(budget_usd), Interruption(record), Rooms(entries), spending)
    try:
        with control.interruption.listening():
            await stages(control)
    finally:
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
    if control.interruption.asked:
        raise asyncio.CancelledError


def exit_code_of(problems: Sequence[Problem], *, failures: bool, spent: bool) -> int:
    """The one rule of a run's exit code.

    0: done. 2: the plan was not carried out because no endpoint let anybody in, and nothing can have been billed: every
    call ended without reaching a model, or in a 4xx. 3: everything else that went wrong: an endpoint that died, a
    budget, a full disk, failures above their thresholds, reports that cannot be written.
    Other things that are wrong before anything was spent are raised instead, and are exit code 2 too.
    """
    if not failures:
        return 0
    return 2 if nobody_let_in(problems, spent=spent) else 3


def nobody_let_in(problems: Sequence[Problem], *, spent: bool) -> bool:
    """Whether every endpoint turned everybody away, and nothing can have been billed."""
    return bool(problems) and not spent and all(isinstance(problem, EndpointDead) for problem in problems)


def stopped_by(asking: Coroutine[None, None, None], record: RunRecord) -> list[Problem]:
    """Carry it out: what stopped it, if anything did. Raises KeyboardInterrupt, once run.json says so."""
    try:
        asyncio.run(asking)
    except (KeyboardInterrupt, asyncio.CancelledError):
        record.finish("interrupted")
        raise KeyboardInterrupt from None
    except (RunStopped, InputError, OSError) as error:
        return [error]
    return []


def raise_what_is_no_stop(problems: Sequence[Problem]) -> None:
    """Raise the first that is a mistake or the machine's, where nothing was spent."""
    for problem in problems:
        if not isinstance(problem, RunStopped):
            raise problem


def line_of(problem: Problem) -> str:
    """What is said of it, on one line."""
    if isinstance(problem, OSError):
        return f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem)
    return str(problem)
