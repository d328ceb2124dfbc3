"""A batch whose run was killed, or whose connection broke, is found again by its mark and paid once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from kit.api_boards import ledger
from kit.batch_servers import BatchServer, _json, age_intents, batch_board
from kit.boards import leaderboard, read_jsonl, write_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.processes import finish, start
from kit.servers import Drop

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fork_server")]


@pytest.fixture(autouse=True)
def quick_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run in this process does not find in a provider's list at once was never created."""
    monkeypatch.setattr("arena.stages.batch.LISTED_AFTER_S", 0.01)


def test_the_connection_breaks_after_the_batch_was_created(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        server.at["created"] = lambda: Drop
        config = batch_board(tmp_path, server, api)
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
    assert len(server.batches) == 1
    assert max(server.batched.values()) == 1
    assert leaderboard(tmp_path)["pending"] == 0


@pytest.mark.parametrize("step", ["upload", "create", "created", "poll", "results"])
def test_killed_at_any_step_nothing_is_paid_twice(tmp_path: Path, api: str, step: str) -> None:
    if step == "upload" and api == "anthropic":
        pytest.skip("nothing is uploaded there")
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        process = start("run", "-c", config, "--batch")
        server.at[step] = lambda: os.kill(process.pid, signal.SIGKILL)
        assert finish(process) == -signal.SIGKILL
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
        assert server.live == []
        asked = dict(server.batched)
        assert arena("run", "-c", config, "--batch").returncode == 0
        assert server.batched == asked
    lines = ledger(tmp_path)
    assert len({line["key"] for line in lines}) == len(lines) == len(server.batched)
    assert max(server.batched.values()) == 1
    assert leaderboard(tmp_path)["pending"] == 0


@pytest.mark.parametrize("minutes", [-20.0, 20.0, -10_000.0, 10_000.0, None])
def test_a_batch_is_found_again_whatever_the_providers_clock_says(
    tmp_path: Path, api: str, minutes: float | None
) -> None:
    with BatchServer(sum_judge, minutes_ahead=minutes) as server:
        config = batch_board(tmp_path, server, api)
        process = start("run", "-c", config, "--batch")
        server.at["create"] = lambda: os.kill(process.pid, signal.SIGKILL)
        assert finish(process) == -signal.SIGKILL
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
        assert len(server.batches) == 1 and server.live == []
    assert max(server.batched.values()) == 1
    assert [event["event"] for event in read_jsonl(tmp_path / "out/batches.jsonl")] == [
        "intent", "submitted", "collected",
    ]  # fmt: skip


def test_an_intent_of_an_earlier_version_is_bound_by_no_clock(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge, minutes_ahead=-20.0) as server:
        config = batch_board(tmp_path, server, api)
        process = start("run", "-c", config, "--batch")
        server.at["create"] = lambda: os.kill(process.pid, signal.SIGKILL)
        finish(process)
        log = tmp_path / "out/batches.jsonl"
        write_jsonl(log, [{name: line[name] for name in line if name != "since"} for line in read_jsonl(log)])
        assert arena("run", "-c", config, "--batch").returncode == 0
        assert len(server.batches) == 1


def test_a_batch_that_is_listed_late_is_waited_for_whatever_our_clock_says(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        process = start("run", "-c", config, "--batch")
        server.at["create"] = lambda: os.kill(process.pid, signal.SIGKILL)
        finish(process)
        age_intents(tmp_path, 1200)
        listed, hidden = server._list, [True]
        server._list = lambda show: _json({"object": "list", "data": [], "has_more": False}) if (
            hidden and hidden.pop()
        ) else listed(show)  # fmt: skip
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
        assert len(server.batches) == 1


def test_killed_while_results_are_being_stored(tmp_path: Path, api: str) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, api)
        assert arena("run", "-c", config, "--batch").returncode == 0
    log, replies = tmp_path / "out/batches.jsonl", tmp_path / "out/reviews/j.jsonl"
    events = read_jsonl(log)
    assert events[-1]["event"] == "collected"
    write_jsonl(log, events[:-1])
    kept = replies.read_bytes().splitlines(keepends=True)
    replies.write_bytes(b"".join(kept[:5]) + kept[5][:20])
    with BatchServer(sum_judge) as other:
        other.batches = server.batches
        other._files = server._files
        batch_board(tmp_path, other, api)
        assert arena("run", "-c", config, "--batch", "--accept-shorter").returncode == 0
        assert other.batched == {}
    again = ledger(tmp_path)
    assert len({line["key"] for line in again}) == len(again) == len(kept)
    assert leaderboard(tmp_path)["pending"] == 0


def test_somebody_elses_batch_of_the_same_size_is_not_taken_for_ours(tmp_path: Path) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, "anthropic")
        process = start("run", "-c", config, "--batch")
        server.at["create"] = lambda: os.kill(process.pid, signal.SIGKILL)
        finish(process)
        [lost] = server.batches.values()
        foreign = [(f"foreign-{i}", body) for i, (_, body) in enumerate(lost.requests)]
        server.batches = {"other": type(lost)("other", foreign, lost.created), lost.batch_id: lost}
        done = arena("run", "-c", config, "--batch")
        assert done.returncode == 0, done.stderr
    assert set(server.batches) == {"other", lost.batch_id}
    assert max(server.batched.values()) == 1
    assert "mistaken" in {event["event"] for event in read_jsonl(tmp_path / "out/batches.jsonl")}
    assert leaderboard(tmp_path)["pending"] == 0
