"""The program in processes of its own, which can be killed: forked from one that has loaded the SDKs once for all."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from kit.servers import Action, Call

GIVE_UP_S = 300.0
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "arena.cli.run", "arena.cli.plan", "arena.cli.progress", "arena.cli.table", "arena.cli.interrupt",
        "arena.stages.run", "arena.stages.batch", "arena.stages.rate", "anyio._backends._asyncio", "anyio.streams.tls",
        "arena.backends.offline.recorded", "arena.backends.offline.simulated",
        "arena.backends.openai.backend", "arena.backends.openai.batch",
        "arena.backends.anthropic.backend", "arena.backends.anthropic.batch",
        "openai", "openai.resources.chat", "openai.resources.batches", "openai.resources.files",
        "anthropic", "anthropic.resources.messages", "rich.progress", "scipy.linalg", "scipy.sparse", "pytest",
    ]
)  # fmt: skip


def warm_up() -> None:
    """Start the process that runs fork from; it ends with this one."""
    resource_tracker.ensure_running()
    forkserver.ensure_running()


def start(
    *args: str | Path, errors: Path | None = None, dies_at_write: int = 0, torn: bool = False
) -> ForkServerProcess:
    """`arena ARGS` in the background; what it prints goes nowhere, what it says on stderr to `errors`.

    With `dies_at_write` it kills itself at that write to a file, `torn` in the middle of it.
    """
    command = [str(arg) for arg in args]
    told = (command, dict(os.environ), errors, dies_at_write, torn)
    process = _CONTEXT.Process(target=_program, args=told, daemon=True)
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Its exit code once it has ended, or minus the number of the signal that ended it."""
    process.join(GIVE_UP_S)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    process.close()
    assert code is not None, "it never ended"
    return code


def until_it_says(errors: Path, words: str, process: ForkServerProcess) -> None:
    """Wait for words on stderr."""
    give_up = time.monotonic() + GIVE_UP_S
    while not (errors.exists() and words in errors.read_text(encoding="utf-8")):
        assert process.is_alive() and time.monotonic() < give_up, f"it never said {words!r}"
        time.sleep(0.01)


def signalling(
    script: Callable[[Call], Action], process: ForkServerProcess, number: int, *, at: int
) -> Callable[[Call], Action]:
    """A server's script that sends the process a signal at its call number `at`, counted from 1."""
    calls = itertools.count(1)

    def signals(call: Call) -> Action:
        if next(calls) == at:
            os.kill(process.pid, number)
        return script(call)

    return signals


def _program(args: list[str], environment: dict[str, str], errors: Path | None, dies_at_write: int, torn: bool) -> None:
    from arena.cli import main

    os.environ.clear()
    os.environ.update(environment)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.dup2(os.open(errors, os.O_CREAT | os.O_WRONLY) if errors else nowhere, 2)
    if dies_at_write:
        _die_at_write(dies_at_write, torn)
    sys.argv = ["arena", *args]
    main()


def _die_at_write(number: int, torn: bool) -> None:
    write, left = os.write, [number]

    def deadly(handle: int, data: bytes) -> int:
        left[0] -= 1
        if not left[0]:
            if torn:
                write(handle, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(handle, data)

    os.write = deadly
