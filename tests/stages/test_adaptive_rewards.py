"""Reward models on an adaptive board: every answer is read once, so that is what their requests are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.adaptive_boards import REFERENCE, adaptive_board, drawn_cells, schedule_lines
from kit.api_boards import api_judge
from kit.boards import edit_config, leaderboard, read_jsonl
from kit.commands import arena
from kit.servers import Action, Call, FakeServer, Raw

from arena.redact import forget_secrets

pytestmark = pytest.mark.slow

M, Q = 5, 12


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(longer_is_better) as found:
        yield found
    forget_secrets()


def longer_is_better(call: Call) -> Action:
    said = str(call.messages[-1]["content"])
    data = [{"index": 0, "object": "pooling", "data": [float(sum(map(ord, said)) % 97)]}]
    return Raw(json.dumps({"id": "p", "model": "rm", "data": data, "usage": {"prompt_tokens": 9}}).encode())


def reward_board(folder: Path, server: FakeServer, **more: object) -> Path:
    judges = (
        {"rm": api_judge(server, task="reward", model="rm")} | REFERENCE
        if more.pop("two", False)
        else {"rm": api_judge(server, task="reward", model="rm")}
    )
    schedule = {"method": "adaptive"} | more
    return adaptive_board(folder, M, Q, judges=judges, schedule=schedule, panel={"quorum": 1})


def to_draw(config: Path) -> tuple[int, int]:
    """Cells and requests, as the plan says."""
    (line,) = [line for line in arena("plan", "-c", config).stdout.splitlines() if "to be drawn" in line]
    cells, requests = [int(word.replace(",", "")) for word in line.split() if word.replace(",", "").isdigit()]
    return cells, requests


def planned_for(config: Path, judge: str) -> int:
    (line,) = [line for line in arena("plan", "-c", config).stdout.splitlines() if f"reviews by {judge}" in line]
    return int(line.split(judge)[1].split()[0].replace(",", ""))


def test_every_answer_is_a_request_once_and_the_number_is_said_before(tmp_path: Path, server: FakeServer) -> None:
    config = reward_board(tmp_path, server)
    assert to_draw(config) == (3 * M * Q, M * Q)
    assert planned_for(config, "rm") == M * Q
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    assert "reward models read each answer once" in done.stderr
    assert len(server.calls) == M * Q
    about = leaderboard(tmp_path)["schedule"]
    assert (about["calls"], about["calls_full"], about["calls_planned"]) == (M * Q, M * Q, M * Q)
    assert about["curve"][-1][0] == M * Q
    assert len(drawn_cells(tmp_path)) == 3 * M * Q
    arena("run", "-c", config)
    assert len(server.calls) == M * Q


@pytest.mark.parametrize("calls", [11, 59, 60])
def test_a_budget_in_numbers_is_never_passed(tmp_path: Path, server: FakeServer, calls: int) -> None:
    config = reward_board(tmp_path, server, calls=calls)
    assert arena("run", "-c", config).returncode == 0
    assert calls // 2 <= len(server.calls) <= calls
    assert leaderboard(tmp_path)["schedule"]["calls"] == len(server.calls)


def test_beside_a_judge_that_compares_scores_are_paid_once(tmp_path: Path, server: FakeServer) -> None:
    config = reward_board(tmp_path, server, calls=140, two=True)
    cells = 140 - M * Q
    assert to_draw(config) == (cells, 140)
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    assert len(drawn_cells(tmp_path)) == cells
    assert len(server.calls) == M * Q
    about = leaderboard(tmp_path)["schedule"]
    assert (about["calls"], about["calls_full"]) == (140, M * (M - 1) * Q + M * Q)


def test_too_few_calls_name_how_many_are_needed(tmp_path: Path, server: FakeServer) -> None:
    done = arena("run", "-c", reward_board(tmp_path, server, calls=2 * M - 1))
    assert (done.returncode, server.calls) == (2, [])
    assert f"which is {M - 1} cells for {M} models, allowed: at least {2 * M}" in done.stderr
    assert not schedule_lines(tmp_path, "open")


def test_who_joins_costs_the_answers_that_nobody_read(tmp_path: Path, server: FakeServer) -> None:
    config = reward_board(tmp_path, server)
    assert arena("run", "-c", config, "--models", ",".join(f"m{i:02d}" for i in range(M - 1))).returncode == 0
    before = len(server.calls)
    assert before == (M - 1) * Q
    assert to_draw(config) == (2 * Q, Q)
    assert arena("run", "-c", config).returncode == 0
    assert len(server.calls) - before == Q
    assert leaderboard(tmp_path)["schedule"]["calls"] == M * Q


def test_answers_that_are_sampled_are_read_as_often_as_they_meet(tmp_path: Path, server: FakeServer) -> None:
    config = reward_board(tmp_path, server)
    names = [f"m{i:02d}" for i in range(M)]
    entries = {n: {"backend": "recorded", "file": f"{n}.jsonl", "generation_config": {"n": 2}} for n in names}
    for place, name in enumerate(names):
        path = tmp_path / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        twice = [{**line, "sample": s, "answer": f"{line['answer']} ({s}, {place})"} for line in lines for s in (0, 1)]
        path.write_text("".join(json.dumps(line) + "\n" for line in twice), encoding="utf-8")
    edit_config(config, answers_gen=entries)
    assert to_draw(config) == (3 * M * Q, 2 * M * Q)
    assert arena("run", "-c", config).returncode == 0
    assert len(server.calls) == leaderboard(tmp_path)["schedule"]["calls"] == 2 * M * Q


def test_scores_alone_do_not_make_another_judge_read_a_cell(tmp_path: Path, server: FakeServer) -> None:
    config = reward_board(tmp_path, server, two=True)
    assert arena("run", "-c", config, "--models", ",".join(f"m{i:02d}" for i in range(M - 1))).returncode == 0
    before = len(read_jsonl(tmp_path / "out/reviews/reference.jsonl"))
    assert arena("run", "-c", config).returncode == 0
    assert not schedule_lines(tmp_path, "paid")
    assert len(read_jsonl(tmp_path / "out/reviews/reference.jsonl")) == before + 2 * Q


def test_what_was_scored_for_all_pairs_is_all_there_is_to_pay(tmp_path: Path, server: FakeServer) -> None:
    config = reward_board(tmp_path, server, method="all")
    assert arena("run", "-c", config).returncode == 0
    before = len(server.calls)
    assert arena("run", "-c", config, "--schedule", "adaptive").returncode == 0
    assert len(server.calls) == before == M * Q
    assert leaderboard(tmp_path)["schedule"]["pairs_drawn"] == M * (M - 1) // 2
