"""Killed at any moment with calls in flight: the judge's server is the witness of what was asked how often.

ARENA_KILLS=20 pytest -s tests/stages/test_kill_http.py kills more often, on a board larger by as much, and prints what
it counted.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.processes import finish, signalling, start
from kit.servers import Action, Call, FakeServer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fork_server")]
KILLS = int(os.environ.get("ARENA_KILLS", "4"))
LATENCY_S = 0.02
REPORTS = ("battles.jsonl", "leaderboard.json", "leaderboard.csv", "leaderboard.md")


def slowly(call: Call) -> Action:
    return replace(sum_judge(call), latency_s=LATENCY_S)


def board_on(server: FakeServer, folder: Path, in_flight: int) -> Path:
    entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "concurrency": in_flight}
    config = arithmetic_board(folder, n_questions=(45 if in_flight > 8 else 8) * max(KILLS, 4))
    return edit_config(config, reviews_gen={"mode": "pairwise", "judges": {"j": entry}})


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("in_flight", [8, 64])
def test_kills_repeat_no_more_than_what_was_in_flight(tmp_path: Path, in_flight: int) -> None:
    with FakeServer(sum_judge) as undisturbed_server:
        undisturbed = board_on(undisturbed_server, tmp_path / "a", in_flight)
        assert arena("run", "-c", undisturbed).returncode == 0
    salt = tmp_path / "b/out/salt"
    salt.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "a/out/salt", salt)

    rng = random.Random(in_flight)
    ledger = tmp_path / "b/out/reviews/j.jsonl"
    with FakeServer(slowly) as server:
        config = board_on(server, tmp_path / "b", in_flight)
        for _ in range(KILLS):
            run = start("run", "-c", config)
            server.script = signalling(slowly, run, signal.SIGKILL, at=rng.randrange(1, 2 * in_flight))
            assert finish(run) == -signal.SIGKILL
            server.script = slowly
        assert server.most_in_flight <= in_flight * 2  # a killed run's calls may linger while the next one starts
        assert arena("run", "-c", config).returncode == 0
        counts = server.counts

    expected = {reply["key"] for reply in read_jsonl(tmp_path / "a/out/reviews/j.jsonl")}
    stored = [reply["key"] for reply in read_jsonl(ledger)]
    assert sorted(stored) == sorted(expected)  # each planned reply once
    assert set(counts) == set(undisturbed_server.counts)  # what was asked is what was planned
    repeats = sum(counts.values()) - len(counts)
    sys.stdout.write(f"\n{KILLS} kills, {in_flight} in flight: {len(counts)} requests, {repeats} repeated\n")
    assert 0 < repeats <= KILLS * in_flight
    for name in REPORTS:
        one, other = (tmp_path / side / "out/reports" / name for side in "ab")
        assert one.read_bytes() == other.read_bytes(), name
