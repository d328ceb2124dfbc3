"""A child process with an engine of a few lines: it answers in upper case, and dies or refuses when told to."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from arena.backends.local.child import main
from arena.backends.local.engine import CannotStart, Finished
from arena.backends.local.spec import EngineSpec
from arena.types import Completion, Request, Usage

CHILD = (sys.executable, __file__)


class Shouting:
    """Answers newest first, one per step. `engine: {starts: FILE}` gets a line per start."""

    def __init__(self, spec: EngineSpec) -> None:
        self.notes = ["it shouts"]
        self._waiting: list[tuple[int, Request]] = []
        starts = spec.engine.get("starts")
        if isinstance(starts, str):
            with Path(starts).open("a") as file:
                file.write(f"{os.getpid()}\n")
        match spec.model:
            case "refuses":
                raise CannotStart("refuses: there is no such model")
            case "does-not-fit":
                raise RuntimeError("CUDA error: out of memory")
            case "loads forever":
                time.sleep(600)
            case "crashes":
                os.kill(os.getpid(), signal.SIGSEGV)
        print("engines print to stdout")  # noqa: T201

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def add(self, number: int, request: Request) -> None:
        self._waiting.append((number, request))

    def step(self) -> list[Finished]:
        number, request = self._waiting.pop()
        text = request.messages[-1].content
        if text.startswith("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("break"):
            raise RuntimeError("out of memory" if "memory" in text else "a kernel is missing")
        if text.startswith("note"):
            self.notes.append(text)
        if text.startswith("schema"):
            text = f"{request.schema}"
        return [Finished(number, Completion("ok", (text.upper(),), usage=Usage(7, 3), load="offline-batch"))]


if __name__ == "__main__":
    main(Shouting)
