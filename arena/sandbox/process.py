"""One program in one process of its own: given what it needs, read up to a limit, ended with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, NamedTuple

from arena.sandbox.limits import Limits, Outcome

INSIDE = Path(__file__).with_name("inside.py")
_CHUNK = 1 << 16


class Command(NamedTuple):
    """How a sandbox's interpreter is started."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    user: int | None = None
    """The user it is started as, where that is not ours: root starts it as nobody."""


class Sandbox(ABC):
    """Something that runs a program of a stranger and tells what became of it. Safe to use from several threads."""

    @abstractmethod
    def run(self, program: str, limits: Limits | None = None) -> Outcome:
        """Run Python source to its end. It passes when its very last statement was reached without an error."""


class Heard(NamedTuple):
    """What a process wrote, how it ended, and which limit stopped it."""

    stdout: bytes
    stderr: bytes
    returncode: int
    stopped: str | None


def judge(program: str, command: Command, limits: Limits) -> Outcome:
    """Run a program under a command and say what became of it.

    The end marker is random and printed after the program's last statement, so neither `os._exit(0)` nor a printed
    "passed" counts. (A program written to find the marker in its own interpreter's memory could print it.)
    """
    end = secrets.token_hex(16)
    heard = listen(command, json.dumps({"program": program, "end": end, **asdict(limits)}).encode(), limits)
    message = _last_line(heard.stderr)
    if heard.stopped == "timeout":
        return Outcome("timeout", message)
    if heard.stopped == "output":
        return Outcome("output", message)
    if heard.returncode == 0:
        ended = heard.stdout.rstrip(b"\n").rpartition(b"\n")[2] == end.encode()
        return Outcome("passed", "") if ended else Outcome("no_end", message)
    return Outcome("failed", message)


def listen(command: Command, given: bytes, limits: Limits) -> Heard:
    """Start a command, hand it its input and read what it writes until it ends or meets a limit."""
    with subprocess.Popen(
        list(command.argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(command.env),
        cwd=command.cwd,
        start_new_session=True,
        user=command.user,
        group=command.user,
        extra_groups=None if command.user is None else [],
    ) as child:
        try:
            return _read(child, given, limits)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _read(child: subprocess.Popen[bytes], given: bytes, limits: Limits) -> Heard:
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None
    until = time.monotonic() + limits.time_s
    heard: dict[IO[bytes], bytearray] = {child.stdout: bytearray(), child.stderr: bytearray()}
    left = memoryview(given)
    with selectors.DefaultSelector() as ready:
        os.set_blocking(child.stdin.fileno(), False)
        ready.register(child.stdin, selectors.EVENT_WRITE)
        for stream in heard:
            ready.register(stream, selectors.EVENT_READ)
        stopped = None
        while ready.get_map() and stopped is None:
            if (patience := until - time.monotonic()) <= 0:
                stopped = "timeout"
                break
            for key, _ in ready.select(patience):
                stream = key.fileobj  # type: ignore[assignment]
                if stream is child.stdin:
                    left = _write(child.stdin, left)
                    if not left:
                        ready.unregister(child.stdin)
                        _close(child.stdin)
                elif part := os.read(key.fd, _CHUNK):
                    heard[stream] += part
                    if sum(map(len, heard.values())) > limits.output_bytes:
                        stopped = "output"
                else:
                    ready.unregister(stream)
        _close(child.stdin)
    if stopped is None:  # it closed what it writes to, and may still run
        try:
            child.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            stopped = "timeout"
    return Heard(bytes(heard[child.stdout]), bytes(heard[child.stderr]), child.poll() or 0, stopped)


def _write(stream: IO[bytes], left: memoryview) -> memoryview:
    """What is still to be written; nothing more where nobody reads any longer."""
    try:
        return left[os.write(stream.fileno(), left[:_CHUNK]) :]
    except BrokenPipeError:
        return left[:0]


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        stream.close()


def _last_line(stderr: bytes) -> str:
    lines = stderr[-_CHUNK:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
