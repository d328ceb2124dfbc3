"""Killed at any moment and run again: nothing stored is lost or asked for twice, and the reports are the same bytes."""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl
from kit.commands import arena
from kit.processes import finish, start

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fork_server")]
KILLS = 20
IN_FLIGHT = 8
REPORTS = ("battles.jsonl", "leaderboard.json", "leaderboard.csv", "leaderboard.md")


def slow_board(folder: Path) -> Path:
    config = arithmetic_board(folder, n_questions=60)
    judge = {"backend": "simulated", "latency_s": 0.005, "concurrency": IN_FLIGHT}
    return edit_config(config, reviews_gen={"mode": "pairwise", "judges": {"slow": judge}})


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_killed_twenty_times_ends_like_one_that_was_left_alone(tmp_path: Path) -> None:
    undisturbed, killed = slow_board(tmp_path / "a"), slow_board(tmp_path / "b")
    assert arena("run", "-c", undisturbed).returncode == 0
    salt = tmp_path / "b/out/salt"
    salt.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "a/out/salt", salt)

    rng = random.Random(0)
    ledger = tmp_path / "b/out/reviews/slow.jsonl"
    torn = 0
    for _ in range(KILLS):
        inside = rng.random() < 0.5  # the kill comes in the middle of a write
        run = start("run", "-c", killed, dies_at_write=rng.randrange(1, 25), torn=inside)
        assert finish(run) == -signal.SIGKILL
        torn += ledger.exists() and not ledger.read_bytes().endswith(b"\n")
    assert arena("run", "-c", killed).returncode == 0

    expected = {reply["key"] for reply in read_jsonl(tmp_path / "a/out/reviews/slow.jsonl")}
    asked = Counter(reply["key"] for reply in read_jsonl(ledger))
    assert set(asked) == expected
    assert sum(asked.values()) - len(asked) == 0  # what was stored was never asked again
    assert torn
    for name in REPORTS:
        one, other = (tmp_path / side / "out/reports" / name for side in "ab")
        assert one.read_bytes() == other.read_bytes(), name
