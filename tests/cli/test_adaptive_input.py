"""What is wrong with an adaptive board is said in one line, before anybody is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.adaptive_boards import REFERENCE, adaptive_board
from kit.boards import edit_config, leaderboard
from kit.commands import arena

CASES = [
    ({"mode": "pairwise_baseline", "baseline": "m00", "schedule": "adaptive"}, "mode pairwise"),
    ({"mode": "pairwise", "order": "both", "schedule": "adaptive"}, "leave out order"),
    ({"mode": "pairwise", "order": "adaptive"}, "schedule: {method: adaptive}"),
    ({"mode": "pairwise", "schedule": "adaptve"}, "adaptive"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "calls": 4}}, "nobody would meet"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "calls": 0}}, "found 0, allowed: a number of at least 1"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "calls": 1.5}}, "found 1.5, allowed: a number"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "calls": True}}, "found True, allowed: a number"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "calls": "ecomony"}}, "at least 1, or economy"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "goal": "top", "k": 5}}, "fewer than the 5 models"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "goal": "separations"}}, "20 questions"),
    ({"mode": "pairwise", "schedule": {"method": "adaptive", "share": 1.5}}, "share"),
]


@pytest.mark.parametrize(("reviews", "said"), CASES)
def test_bad_input_is_one_line_and_spends_nothing(tmp_path: Path, reviews: dict[str, object], said: str) -> None:
    config = adaptive_board(tmp_path, 5, 12)
    edit_config(config, reviews_gen={"judges": {"reference": {"backend": "reference"}}} | reviews)
    for command in ("check", "run"):
        done = arena(command, "-c", config)
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert said in done.stderr
    assert not list((tmp_path / "out").rglob("reviews/*.jsonl"))


def test_elo_cannot_rank_and_has_no_column(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 12)
    edit_config(config, rating_gen={"metrics": ["elo", "bradley_terry"]})
    done = arena("run", "-c", config)
    assert done.returncode == 2
    assert "rating_gen.metrics: found elo first" in done.stderr
    edit_config(config, rating_gen={"metrics": ["win_rate", "elo"]})
    assert arena("run", "-c", config).returncode == 0
    assert {row["elo"] for row in leaderboard(tmp_path)["models"]} == {None}
    assert leaderboard(tmp_path)["ranked_by"] == "win_rate"


def test_a_board_that_is_looked_at_while_it_grows_is_none(tmp_path: Path) -> None:
    config = edit_config(adaptive_board(tmp_path, 5, 12), gate={"peek": True})
    for command in ("check", "plan", "run"):
        done = arena(command, "-c", config)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "gate.peek: found true" in done.stderr
    edit_config(config, reviews_gen={"mode": "pairwise", "judges": REFERENCE})
    assert arena("check", "-c", config).returncode == 0
    assert "gate.peek: found true" in arena("run", "-c", config, "--schedule", "adaptive").stderr


def test_calls_go_with_an_adaptive_schedule(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 12, schedule="all")
    assert "--calls goes with --schedule adaptive" in arena("run", "-c", config, "--calls", "100").stderr
    assert "allowed: a number" in arena("run", "-c", config, "--schedule", "adaptive", "--calls", "many").stderr
    both = edit_config(
        config, reviews_gen={"mode": "pairwise", "order": "both", "judges": {"reference": {"backend": "reference"}}}
    )
    assert arena("run", "-c", both, "--schedule", "adaptive", "--calls", "economy").returncode == 0


def test_cells_of_what_is_gone_are_ignored_and_counted(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 12)
    assert arena("run", "-c", config).returncode == 0
    lines = (tmp_path / "questions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "questions.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    done = arena("run", "-c", config, "--stage", "ratings")
    assert done.returncode == 0, done.stderr
    gone = [w for w in leaderboard(tmp_path)["warnings"] if "gone" in w]
    assert len(gone) == 1
    assert "drawn cells are of models or questions that are gone" in gone[0]


def test_a_changed_seed_is_a_warning_and_what_is_paid_stays(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 12)
    assert arena("run", "-c", config).returncode == 0
    calls = leaderboard(tmp_path)["schedule"]["calls"]
    done = arena("run", "-c", edit_config(config, seed=3))
    assert done.returncode == 0, done.stderr
    assert leaderboard(tmp_path)["schedule"]["calls"] == calls
    assert any("drawn with seed 0" in warning for warning in leaderboard(tmp_path)["warnings"])


def test_a_schedule_that_is_none_names_its_line(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 12)
    assert arena("run", "-c", config).returncode == 0
    with (tmp_path / "out/schedule.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "round", "round": 9, "cohort": 0, "seed": 0, "saw": "", "cells": [["1", "m00"]]}\n')
    done = arena("run", "-c", config)
    assert done.returncode == 2
    assert "schedule.jsonl:" in done.stderr
    assert "allowed: [question_id, first, second]" in done.stderr


def test_a_warning_says_when_two_models_share_no_question(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 3, 12)
    for name, first, last in (("m00", 0, 6), ("m02", 6, 12)):
        path = tmp_path / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        kept = [line for line in lines if first <= line["question_id"] < last]
        path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    done = arena("run", "-c", config)
    assert "m00 and m02 have no question in common" in done.stderr
    assert leaderboard(tmp_path)["schedule"]["pairs_drawn"] == 2


def test_a_budget_too_small_for_intervals_is_warned_about(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 12)
    done = arena("run", "-c", config, "--calls", "20")
    assert done.returncode == 0, done.stderr
    assert "20 cells for 5 models are fewer than 10 for each" in done.stderr


@pytest.mark.slow
def test_the_plan_sets_three_ways_side_by_side(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 40)
    shown = arena("plan", "-c", config).stdout
    assert "to be drawn: 600 cells, 600 requests" in shown
    for way, calls in (("all pairs", "800"), ("baseline", "320"), ("adaptive", "600")):
        line = next(line for line in shown.splitlines() if line.strip().startswith(way))
        assert calls in line
    assert arena("run", "-c", config).returncode == 0
    assert "to be drawn" not in arena("plan", "-c", config).stdout


def test_the_plan_of_all_pairs_sets_the_others_beside_it(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 5, 40, schedule="all")
    shown = arena("plan", "-c", config).stdout
    assert "to be drawn" not in shown and "benchmarks" not in shown
    for way, calls, share in (("all pairs", "800", "everything"), ("baseline", "320", "~"), ("adaptive", "600", "~")):
        line = next(line for line in shown.splitlines() if line.strip().startswith(way))
        assert calls in line and share in line
    assert arena("run", "-c", config).returncode == 0
    assert "baseline" not in arena("plan", "-c", config).stdout


@pytest.mark.parametrize(("models", "order", "calls"), [(4, "both", None), (5, "random", None), (8, "random", "280")])
def test_nothing_stands_beside_all_pairs_where_nothing_is_saved(
    tmp_path: Path, models: int, order: str, calls: str | None
) -> None:
    shown = arena("plan", "-c", adaptive_board(tmp_path, models, 10, schedule="all", order=order)).stdout
    found = [line.split()[2:] for line in shown.splitlines() if "all pairs" in line]
    assert [line[0] for line in found] == ([] if calls is None else [calls])
