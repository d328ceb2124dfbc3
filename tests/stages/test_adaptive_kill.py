"""Killed at any moment, an adaptive run draws what an undisturbed one draws, and nothing is asked twice."""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from kit.adaptive_boards import adaptive_board, schedule_lines
from kit.boards import read_jsonl
from kit.commands import arena
from kit.processes import finish, start

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fork_server")]
KILLS = 20
SAME = ("schedule.jsonl", "reports/battles.jsonl", "reports/leaderboard.json", "reports/leaderboard.csv")


def slow_board(folder: Path) -> Path:
    judge = {"backend": "simulated", "latency_s": 0.005, "concurrency": 8}
    schedule = {"method": "adaptive", "calls": 400, "batch": 60}
    return adaptive_board(folder, 5, 40, schedule=schedule, judges={"slow": judge}, same=0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_killed_twenty_times_draws_and_ends_like_one_that_was_left_alone(tmp_path: Path) -> None:
    undisturbed, killed = slow_board(tmp_path / "a"), slow_board(tmp_path / "b")
    assert arena("run", "-c", undisturbed).returncode == 0
    assert len(schedule_lines(tmp_path / "a")) >= 7
    (tmp_path / "b/out").mkdir(parents=True)
    shutil.copy(tmp_path / "a/out/salt", tmp_path / "b/out/salt")

    rng, schedule, torn = random.Random(0), tmp_path / "b/out/schedule.jsonl", 0
    for _ in range(KILLS):
        run = start("run", "-c", killed, dies_at_write=rng.randrange(1, 45), torn=rng.random() < 0.5)
        assert finish(run) == -signal.SIGKILL
        torn += schedule.exists() and not schedule.read_bytes().endswith(b"\n")
    rounds = len(schedule_lines(tmp_path / "b"))
    assert arena("run", "-c", killed).returncode == 0

    assert torn
    assert 0 < rounds < len(schedule_lines(tmp_path / "a"))  # it was killed before its end, in several rounds
    asked = Counter(reply["key"] for reply in read_jsonl(tmp_path / "b/out/reviews/slow.jsonl"))
    assert set(asked.values()) == {1}
    assert set(asked) == {reply["key"] for reply in read_jsonl(tmp_path / "a/out/reviews/slow.jsonl")}
    for name in SAME:
        one, other = (tmp_path / side / "out" / name for side in "ab")
        assert one.read_bytes() == other.read_bytes(), name
