"""The command line at a pseudo-terminal: what a person would see."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import NamedTuple

_DRAWING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What colours and bars are drawn with."""


class Seen(NamedTuple):
    """What a command returned and showed."""

    returncode: int
    text: str

    @property
    def undrawn(self) -> str:
        """Without colours, movements of the cursor and the terminal's own line ends."""
        return _DRAWING.sub("", self.text).replace("\r", "\n")


def at_a_terminal(*args: str | Path, typed: str = "", width: int = 100) -> Seen:
    """Run `arena ARGS` at a terminal so wide, where somebody has typed this."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    command = [sys.executable, "-m", "arena", *map(str, args)]
    surroundings = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=there, stdout=there, stderr=there, env=surroundings)
    os.close(there)
    os.write(here, typed.encode())
    shown = b""
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while piece := os.read(here, 4096):
            shown += piece
    process.wait(60)
    os.close(here)
    return Seen(process.returncode, shown.decode("utf-8", "replace"))
