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
from kit.boards import arithmetic_board
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


MOMENTS = ("click", "arena.redact", "pydantic", "yaml", "arena.stages.run", "battles.jsonl", "leaderboard.csv")
"""Modules when they are imported, files when they are put in their place."""
AT_A_MOMENT = """
import builtins, os, sys
wanted, number = sys.argv.pop(1), int(sys.argv.pop(1))
real, replace = builtins.__import__, os.replace
def importing(name, *args, **kwargs):
    if name == wanted:
        builtins.__import__ = real
        os.kill(os.getpid(), number)
    return real(name, *args, **kwargs)
def replacing(source, target, *args, **kwargs):
    if os.path.basename(target) == wanted:
        os.replace = replace
        os.kill(os.getpid(), number)
    return replace(source, target, *args, **kwargs)
builtins.__import__, os.replace = importing, replacing
from arena.start import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_ends_a_run_in_one_line_from_the_first_import_to_the_last_report(
    tmp_path: Path, moment: str, number: int
) -> None:
    config = arithmetic_board(tmp_path)
    arguments = [sys.executable, "-c", AT_A_MOMENT, moment, str(int(number)), "run", "-c", str(config)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 130, done.stderr
    said = done.stderr.strip().splitlines()
    assert said[-1].startswith(("arena: interrupted", "interrupted; everything that came back is stored."))
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").rglob(".*leaderboard*"))
    again = subprocess.run([sys.executable, "-m", "arena", "run", "-c", str(config)], capture_output=True, check=False)
    assert again.returncode == 0
