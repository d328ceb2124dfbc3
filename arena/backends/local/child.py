"""The child process: `python -m arena.backends.local.child PARENT_PID`. Frames in on stdin, frames out on stdout.

It dies with its parent: by PR_SET_PDEATHSIG on Linux, and everywhere because its stdin ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Literal

from arena.backends.local.engine import CannotStart, Engine, Listening, start_engine
from arena.backends.local.failures import explain_start, is_out_of_memory, memory_knobs, one_line
from arena.backends.local.frames import Ask, Broken, Done, Frame, Note, Ready, Start, read_frame, write_frames
from arena.backends.local.spec import EngineSpec

GATHER_S = 0.005
"""After idling, requests that arrive this close together are started together."""


def main(load: Callable[[EngineSpec], Engine] = start_engine, *, bound: bool = True) -> None:
    """Serve the engine that `load` gives until the parent goes away. One that is not `bound` leaves its end to its
    stdin's, which takes what it started along."""
    if bound:
        die_with_parent(int(sys.argv[1]))
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever an engine prints goes to the log, not between our frames
    start = read_frame(incoming)
    if not isinstance(start, Start):
        return
    inbox: queue.SimpleQueue[Ask] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(incoming, inbox), daemon=True).start()
    sys.excepthook = last_words = LastWords(start.spec, outgoing)
    engine = load(start.spec)
    where = (engine.address, engine.key) if isinstance(engine, Listening) else ("", "")
    write_frames(outgoing, Ready(tuple(engine.notes), *where))
    last_words.started = True
    _serve(engine, inbox, outgoing)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:  # it went away before we asked
            os._exit(1)


def end_session() -> None:
    """Kill this process and all it started: they form a session of their own."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _receive(incoming: BinaryIO, inbox: queue.SimpleQueue[Ask]) -> None:
    while (frame := read_frame(incoming)) is not None:
        if isinstance(frame, Ask):
            inbox.put(frame)
    end_session()


def _serve(engine: Engine, inbox: queue.SimpleQueue[Ask], outgoing: BinaryIO) -> None:
    told = len(engine.notes)
    while True:
        if not engine.busy:
            asked = inbox.get()
            engine.add(asked.number, asked.request)
            time.sleep(GATHER_S)
        with contextlib.suppress(queue.Empty):
            while True:
                asked = inbox.get_nowait()
                engine.add(asked.number, asked.request)
        finished = engine.step()
        frames: list[Frame] = [Note(text) for text in engine.notes[told:]]  # first: who has the answer has the notes
        frames += [Done(*done) for done in finished]
        told = len(engine.notes)
        if frames:
            write_frames(outgoing, *frames)


@dataclass
class LastWords:
    """The process's excepthook: whatever ends it is told to the parent and written to the log, then all of it ends."""

    spec: EngineSpec
    outgoing: BinaryIO
    started: bool = False

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        sys.stderr.flush()
        with contextlib.suppress(OSError):
            when: Literal["start", "run"] = "run" if self.started else "start"
            write_frames(self.outgoing, Broken(when, self._message(error), isinstance(error, CannotStart)))
        end_session()

    def _message(self, error: BaseException) -> str:
        if isinstance(error, CannotStart):
            return str(error)
        if not self.started:
            return explain_start(self.spec, error)
        if is_out_of_memory(error):
            return f"out of memory; {memory_knobs(self.spec.kind)}"
        return one_line(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
