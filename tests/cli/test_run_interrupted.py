"""Ctrl-C and SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from kit.api_boards import board_on, last_run, ledger
from kit.commands import arena
from kit.judges import sum_judge
from kit.processes import finish, signalling, start, until_it_says
from kit.servers import Action, Call, FakeServer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fork_server")]


def slow(call: Call) -> Action:
    return replace(sum_judge(call), latency_s=60)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130_keeps_what_was_in_flight_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    errors = tmp_path / "errors"
    with FakeServer(lambda call: replace(sum_judge(call), latency_s=0.3)) as server:
        config = board_on(server, tmp_path, n_questions=40, concurrency=4)
        run = start("run", "-c", config, errors=errors)
        server.script = signalling(server.script, run, number, at=4)
        assert finish(run) == 130
        assert f"arena run -c {config}" in errors.read_text()
        assert len(ledger(tmp_path)) == len(server.calls) >= 4  # every call that was sent is kept
        assert last_run(tmp_path)["outcome"] == "interrupted"
        server.script = sum_judge
        assert arena("run", "-c", config).returncode == 0
    assert set(server.counts.values()) == {1}


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    with FakeServer(slow) as server:
        run = start("run", "-c", board_on(server, tmp_path, concurrency=4), errors=errors)
        server.script = signalling(slow, run, signal.SIGINT, at=4)
        until_it_says(errors, "stopping", run)
        os.kill(run.pid, signal.SIGINT)
        assert finish(run) == 130
        assert server.in_flight == 4
    assert ledger(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_one_battle_that_is_interrupted_says_how_to_go_on_too(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    with FakeServer(slow) as server:
        config = board_on(server, tmp_path, concurrency=4)
        run = start("try", "-c", config, "--question", "8", errors=errors)
        server.script = signalling(slow, run, signal.SIGTERM, at=1)
        until_it_says(errors, "stopping", run)
        os.kill(run.pid, signal.SIGTERM)
        assert finish(run) == 130
    assert f"Go on with: arena try -c {config} --question 8" in errors.read_text()


INTERRUPTED_EARLY = """
import os, signal, sys
import arena.cli.check, arena.config.loading
arena.config.loading.load_config = lambda name: os.kill(os.getpid(), signal.SIGTERM)
from arena.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("command", ["run", "check"])
def test_sigterm_is_130_at_any_moment_of_any_command(command: str) -> None:
    arguments = [sys.executable, "-c", INTERRUPTED_EARLY, command, "-c", "cfg_demo.yaml"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert ("Go on with: arena run -c cfg_demo.yaml" in done.stderr) == (command == "run")
