"""The parent's end of one engine process: start it, ask it, hear of its death, end it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from arena.backends.local.frames import Ask, Broken, Done, Frame, Note, Ready, Start, read_frame, write_frames
from arena.backends.local.spec import EngineSpec
from arena.types import Completion, Request

PATIENCE_S = 5.0
"""How long an engine may take to end by itself before it is killed."""
CHILD = (sys.executable, "-P", "-m", "arena.backends.local.child")
"""The command of an engine process; our process id is added to it. Modules in the current folder are not for it."""
_PACKAGES = str(Path(__file__).resolve().parents[3])


class EngineDied(Exception):
    """The engine's process is gone, with everything it was working on. The message says why, as far as known."""


class EngineRefused(Exception):
    """The engine could not start; the message is a sentence for the user."""


class EngineProcess:
    """A running child. Made by the event loop's thread, which must outlive it (the child dies with its parent)."""

    def __init__(self, spec: EngineSpec, on_note: Callable[[str], None], command: Sequence[str] = CHILD) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_note = on_note
        self._waiting: dict[int, asyncio.Future[Completion]] = {}
        self._numbers = 0
        self._ended: str | None = None
        self._broken: Broken | None = None
        self.address = self.key = ""
        """Of a server that is ready: where it listens, and what it wants to be shown."""
        self._ready: asyncio.Future[None] = self._loop.create_future()
        with tempfile.NamedTemporaryFile(prefix="arena-engine-", suffix=".log", delete=False) as log:
            self.log = Path(log.name)
            self._child = subprocess.Popen(
                [*command, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                close_fds=True,
                start_new_session=True,
                env=_environment(),
            )
        assert self._child.stdin is not None and self._child.stdout is not None
        self._outbox: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._outbox.put(Start(spec))
        threading.Thread(target=self._write, args=(self._child.stdin,), daemon=True).start()
        threading.Thread(target=self._read, args=(self._child.stdout,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    async def ready(self) -> None:
        """Wait until the engine is loaded. Raises EngineRefused when it cannot be, EngineDied when it crashed."""
        await asyncio.shield(self._ready)

    async def ask(self, request: Request) -> Completion:
        """Generate. Raises EngineDied when the engine ends before the answer is there."""
        if self._ended is not None:
            raise EngineDied(self._ended)
        self._numbers += 1
        number = self._numbers
        self._waiting[number] = answer = self._loop.create_future()
        self._outbox.put(Ask(number, request))
        try:
            completion: Completion = await answer
        finally:
            self._waiting.pop(number, None)
        return completion

    async def close(self) -> None:
        """End the process and everything it started, and wait until the system has its memory back.

        The log stays where a message has named it.
        """
        named = self._ended is not None and not (self._broken and self._broken.explained)
        self._outbox.put(None)
        await asyncio.to_thread(self._wait)
        if not named:
            self.log.unlink(missing_ok=True)

    def _wait(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(PATIENCE_S)
        if self._child.poll() is None or hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._child.pid, signal.SIGKILL)
                else:
                    self._child.kill()
        self._child.wait()

    def _write(self, stream: BinaryIO) -> None:
        with contextlib.suppress(OSError), stream:
            while (frame := self._outbox.get()) is not None:
                write_frames(stream, frame)

    def _read(self, stream: BinaryIO) -> None:
        with stream:
            while (frame := read_frame(stream)) is not None:
                self._tell(self._take, frame)
        code = self._child.wait()
        self._tell(self._end, code)

    def _tell(self, method: Callable[..., None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(method, value)

    def _take(self, frame: Frame) -> None:
        match frame:
            case Done(number, completion):
                answer = self._waiting.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(completion)
            case Ready(notes, address, key):
                self.address, self.key = address, key
                for note in notes:
                    self._on_note(note)
                if not self._ready.done():
                    self._ready.set_result(None)
            case Note(text):
                self._on_note(text)
            case Broken():
                self._broken = frame

    def _end(self, code: int) -> None:
        why = self._broken.message if self._broken else f"the engine's process {_how(code)}"
        self._ended = why if self._broken and self._broken.explained else f"{why} (log: {self.log})"
        if not self._ready.done():
            refused = self._broken is not None and self._broken.when == "start"
            self._ready.set_exception((EngineRefused if refused else EngineDied)(self._ended))
            self._ready.exception()  # heard, should nobody wait
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(EngineDied(self._ended))


def _environment() -> dict[str, str]:
    """The child's environment: ours, with this very package found first."""
    known = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{_PACKAGES}{os.pathsep}{known}" if known else _PACKAGES}


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else f"signal {-code}"
    hint = ": out of memory, perhaps" if name == "SIGKILL" else ""
    return f"was ended by {name}{hint}"
