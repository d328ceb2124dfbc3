"""The command line, called in this process."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from arena.cli import group, main


@dataclass(frozen=True)
class Done:
    """What a command returned and printed."""

    returncode: int
    stdout: str
    stderr: str


def arena(*args: str | Path, cwd: Path | None = None) -> Done:
    """Run `arena ARGS` as the installed script would, without the start-up of a process."""
    out, err = io.StringIO(), io.StringIO()
    before, argv = Path.cwd(), sys.argv
    sys.argv = ["arena", *map(str, args)]
    try:
        os.chdir(cwd or before)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
                code = 0
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        os.chdir(before)
        sys.argv = argv
    return Done(code, out.getvalue(), err.getvalue())


def output_of(*args: str | Path, code: int = 0) -> str:
    """Everything `arena ARGS` printed, which had to end with this exit code; what it raises comes through."""
    result = CliRunner().invoke(group, list(map(str, args)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output
