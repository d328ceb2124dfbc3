"""Decisions on a board whose battles were drawn: by rating, once the schedule is through, never by a share of wins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kit.adaptive_boards import adaptive_board
from kit.boards import edit_config, leaderboard, read_jsonl, write_jsonl
from kit.commands import arena

pytestmark = pytest.mark.slow

M, Q = 5, 40
SCHEDULE = {"method": "adaptive", "batch": 200}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adaptive")
    done = arena("run", "-c", adaptive_board(folder, M, Q, schedule=SCHEDULE))
    assert done.returncode == 0, done.stderr
    return folder / "config.yaml"


def decided(config: Path, *args: str, code: int) -> dict:
    done = arena("gate", "-c", config, *args, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def pair_of(folder: Path, new: str, old: str) -> dict:
    return next(pair for pair in leaderboard(folder)["pairs"] if {pair["a"], pair["b"]} == {new, old})


def test_the_rating_decides_and_is_the_boards_own(board: Path) -> None:
    found = decided(board, "m04", "m00", code=0)
    assert found["metric"] == "rating"
    pair = pair_of(board.parent, "m04", "m00")
    assert found["difference"] == pytest.approx(abs(pair["diff"]), abs=1e-6)
    assert decided(board, "m00", "m04", code=4)["high"] == pytest.approx(-found["low"])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--metric", "win_rate"], "use --metric rating"),
        (["--metric", "win_rate", "--plan"], "use --metric rating"),
        (["--peek"], "leave out --peek"),
    ],
)
def test_what_drawn_battles_cannot_say_is_refused(board: Path, args: list[str], said: str) -> None:
    done = arena("gate", "-c", board, "m04", "m00", *args)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr


def test_a_board_that_ranks_by_implied_win_rates_is_decided_by_rating_too(board: Path, tmp_path: Path) -> None:
    shutil.copytree(board.parent, tmp_path / "b")
    config = edit_config(tmp_path / "b/config.yaml", rating_gen={"metrics": ["win_rate", "bradley_terry"]})
    assert decided(config, "m04", "m00", code=0)["metric"] == "rating"


def test_a_plan_says_nothing_of_looking(board: Path) -> None:
    planned = arena("gate", "-c", board, "m04", "m00", "--plan", "--difference", "50elo").stdout
    assert "asked once" in planned
    assert "takes" in planned
    assert "--peek" not in planned
    power = arena("plan", "-c", board, "--power").stdout
    assert "asked once" in power
    assert "--peek" not in power


def test_more_calls_after_a_look_widen_the_gate_as_they_widen_the_board(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q, schedule={**SCHEDULE, "calls": 300})
    assert arena("run", "-c", config).returncode == 0
    assert arena("run", "-c", config, "--calls", "500").returncode == 0
    assert leaderboard(tmp_path)["schedule"]["boundary"] > 1
    pair = pair_of(tmp_path, "m04", "m00")
    found = decided(config, "m04", "m00", "--level", "0.975", code=0)
    assert found["high"] - found["low"] == pytest.approx(pair["high"] - pair["low"], rel=1e-4)


def test_while_the_schedule_has_battles_to_draw_nobody_passes_or_fails(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q, schedule=SCHEDULE)
    assert arena("run", "-c", config).returncode == 0
    path = tmp_path / "out/schedule.jsonl"
    lines = read_jsonl(path)
    last = max(place for place, line in enumerate(lines) if line["event"] == "round")
    write_jsonl(path, [line for line in lines[:last] if line["event"] != "stop"])
    for pair in (("m04", "m00"), ("m00", "m04")):
        assert any("the schedule has battles to draw" in why for why in decided(config, *pair, code=5)["reasons"])


@pytest.mark.parametrize(("failures", "code"), [("exclude", 5), ("loss", 0)])
def test_failures_that_no_battle_was_drawn_for_pass_nobody(tmp_path: Path, failures: str, code: int) -> None:
    config = adaptive_board(tmp_path, M, Q, schedule=SCHEDULE, answer_failures=failures)
    rows = read_jsonl(tmp_path / "m04.jsonl")
    write_jsonl(tmp_path / "m04.jsonl", [row | ({"answer": ""} if place < 2 else {}) for place, row in enumerate(rows)])
    assert arena("run", "-c", config).returncode == 0
    found = decided(config, "m04", "m00", code=code)
    assert found["low"] > 0
    assert any("2 answers of m04 failed" in why for why in found["reasons"]) == (failures == "exclude")


def test_compare_counts_drawn_battles_and_gives_no_rate(board: Path) -> None:
    done = arena("compare", "-c", board, "m00", "m04", "--json")
    assert done.returncode == 0, done.stderr
    battles = json.loads(done.stdout)["battles"]
    assert battles["wins"] > battles["losses"]
    assert battles["win_rate"] == {"value": None, "low": None, "high": None}
    assert battles["diff"]["low"] > 0
    assert "in battles that the schedule chose: no win rate" in arena("compare", "-c", board, "m00", "m04").stdout
