"""Several judges, and single mode, through the whole run."""

from __future__ import annotations

from pathlib import Path

import yaml
from kit.boards import arithmetic_board, edit_config, leaderboard, read_jsonl, write_jsonl
from kit.commands import arena


def test_single_mode_ranks_by_mean_score(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    edit_config(config, reviews_gen={"mode": "single", "judges": {"reference": {"backend": "reference"}}})
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    board = leaderboard(tmp_path)
    assert [(row["model"], row["score"]) for row in board["models"]] == [("right", 10.0), ("half", 5.5), ("wrong", 1.0)]
    assert board["ranked_by"] == "score"
    scores = read_jsonl(tmp_path / "out/reports/scores.jsonl")
    assert len(scores) == 36
    assert {row["state"] for row in scores} == {"rated"}
    assert "score" in done.stdout


def test_a_panel_row_stands_behind_every_battle_and_alone_is_counted(tmp_path: Path) -> None:
    judges = {"reference": {"backend": "reference"}, "dice": {"backend": "simulated"}}
    config = arithmetic_board(tmp_path, mode="pairwise", baseline=None, judges=judges, panel={"quorum": 2})
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    rows = read_jsonl(tmp_path / "out/reports/battles.jsonl")
    by_judge = {judge: [row for row in rows if row["judge"] == judge] for judge in ("reference", "dice", "panel")}
    assert {len(own) for own in by_judge.values()} == {36}
    for one, two, panel in zip(*by_judge.values(), strict=True):
        assert panel["outcome"] == (one["outcome"] + two["outcome"]) / 2
    board = leaderboard(tmp_path)
    assert board["n_battles"] == 36
    assert board["judges"] == ["dice", "reference"]
    assert board["simulated"] is True


def test_a_disabled_judge_that_never_said_anything_holds_nobody_up(tmp_path: Path) -> None:
    judges = {"reference": {"backend": "reference"}, "later": {"backend": "openai", "enable": False}}
    config = arithmetic_board(tmp_path, judges=judges)
    assert arena("run", "-c", config).returncode == 0
    assert leaderboard(tmp_path)["pending"] == 0
    assert {row["judge"] for row in read_jsonl(tmp_path / "out/reports/battles.jsonl")} == {"reference"}


def test_several_samples_of_a_judge_are_averaged_inside_one_battle(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, judges={"dice": {"backend": "simulated", "samples": 3}})
    assert arena("run", "-c", config).returncode == 0
    battles = [b for b in read_jsonl(tmp_path / "out/reports/battles.jsonl") if b["model_a"] == "wrong"]
    assert len(battles) == 12
    assert {len(b["verdicts"]) for b in battles} == {6}
    assert {v["sample"] for b in battles for v in b["verdicts"]} == {0, 1, 2}


def test_one_order_costs_half_and_going_on_to_both_reuses_it(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, order="random")
    arena("run", "-c", config)
    ledger = tmp_path / "out/reviews/reference.jsonl"
    half = read_jsonl(ledger)
    reviews = yaml.safe_load(config.read_text())["reviews_gen"]
    edit_config(config, reviews_gen=reviews | {"order": "both"})
    arena("run", "-c", config)
    both = read_jsonl(ledger)
    assert len(both) == 2 * len(half)
    assert both[: len(half)] == half


def test_scores_of_a_rating_prompt_with_criteria_reach_the_board(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    edit_config(
        config,
        reviews_gen={"mode": "single", "prompt": "rubric-v1", "judges": {"reference": {"backend": "reference"}}},
    )
    assert arena("run", "-c", config).returncode == 0
    best = leaderboard(tmp_path)["models"][0]
    assert best["model"] == "right"
    assert len(best["criteria"]) >= 2


def test_the_speed_of_a_recording_is_that_of_its_making_not_of_its_copying(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    rows = read_jsonl(tmp_path / "right.jsonl")
    for second, row in enumerate(rows):
        row |= {"latency_s": 1.0, "load": "api", "usage": {"output_tokens": 30}}
        row["created_at"] = f"2026-01-01T00:00:{2 * second:02}Z"
    write_jsonl(tmp_path / "right.jsonl", rows)
    undated = [row | {"created_at": None} for row in rows]
    write_jsonl(tmp_path / "wrong.jsonl", [row | {"answer": f"no {i}"} for i, row in enumerate(undated)])
    assert arena("run", "-c", config).returncode == 0
    by_model = {row["model"]: row["performance"] for row in leaderboard(tmp_path)["models"]}
    assert by_model["right"]["output_tokens_per_s"] == 30
    assert by_model["wrong"]["output_tokens_per_s"] is None
    assert by_model["wrong"]["latency_s"] == 1.0
    assert by_model["half"] is None
