"""Where the output goes: a reader that has had enough, a full disk, nowhere at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")

COMMANDS = [("--help",), ("check", "-c", "config.yaml"), ("show", "-c", "config.yaml", "1", "right", "half")]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    assert arena("run", "-c", arithmetic_board(folder)).returncode == 0
    return folder


def ends(folder: Path, command: tuple[str, ...], redirect: str, stdout: int | None = None) -> tuple[int, str]:
    """The exit code and what stands on stderr, with the shell's redirections."""
    run = ["sh", "-c", f'"$@" {redirect}', "sh", sys.executable, "-m", "arena", *command]
    done = subprocess.run(run, cwd=folder, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_reader_who_has_had_enough_is_no_failure(board: Path, command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert ends(board, command, "", writing) == (0, "")
    finally:
        os.close(writing)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_disk_that_takes_no_output_is_told_in_one_line(board: Path, command: tuple[str, ...]) -> None:
    assert ends(board, command, ">/dev/full") == (3, "arena: [Errno 28] No space left on device\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_without_an_output_a_command_does_what_it_does(board: Path, command: tuple[str, ...]) -> None:
    assert ends(board, command, ">&-") == ends(board, command, ">&- 2>&-") == (0, "")
    assert ends(board, ("nothing",), "2>/dev/full")[0] == ends(board, ("nothing",), "2>&-")[0] == 2
