"""Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from kit.api_boards import board_on, last_run, ledger
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import FakeServer


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130_keeps_what_was_in_flight_and_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    with FakeServer(lambda call: replace(sum_judge(call), latency_s=0.3)) as server:
        config = board_on(server, tmp_path, n_questions=40, concurrency=4)
        process = run_in_background(config, server)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert f"arena run -c {config}" in errors
        assert len(ledger(tmp_path)) == len(server.calls) >= 4  # every call that was sent is kept
        assert last_run(tmp_path)["outcome"] == "interrupted"
        server.script = sum_judge
        assert arena("run", "-c", config).returncode == 0
    assert set(server.counts.values()) == {1}


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with FakeServer(lambda call: replace(sum_judge(call), latency_s=60)) as server:
        process = run_in_background(board_on(server, tmp_path, concurrency=4), server)
        process.send_signal(signal.SIGINT)
        assert any("stopping" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    assert ledger(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_one_battle_that_is_interrupted_says_how_to_go_on_too(tmp_path: Path) -> None:
    with FakeServer(lambda call: replace(sum_judge(call), latency_s=60)) as server:
        config = board_on(server, tmp_path, concurrency=4)
        process = run_in_background(config, server, "try", "--question", "8", calls=1)
        process.send_signal(signal.SIGTERM)
        assert any("stopping" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"Go on with: arena try -c {config} --question 8" in errors


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


def run_in_background(
    config: Path, server: FakeServer, command: str = "run", *more: str, calls: int = 4
) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "arena", command, "-c", str(config), *more]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    give_up = time.monotonic() + 60
    while len(server.calls) < calls and process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    return process
