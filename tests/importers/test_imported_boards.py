"""An imported board is rated without a call, and extended at the price of the new battles only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.commands import output_of
from kit.paths import FIXTURES

from arena.files import read_objects
from arena.types import JSON


def rated(tmp_path: Path, tool: str, layout: str) -> tuple[Path, dict[str, JSON], list[dict[str, JSON]]]:
    out = tmp_path / "board"
    output_of("import", tool, str(FIXTURES / tool / layout), "--out", str(out))
    output_of("run", "-c", str(out / "config.yaml"), "--stage", "answers", "--stage", "reviews", "--stage", "ratings")
    reports = next(out.glob("runs/*/reports"))
    board = json.loads((reports / "leaderboard.json").read_text(encoding="utf-8"))
    rows = [row for path in reports.glob("*.jsonl") for _, row in read_objects(path)]
    return out, board, rows


def run_with_stand_in(config: Path) -> None:
    """Run the board again with a second judge beside the recorded one."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("  judges:\n", "  judges:\n    stand-in: {backend: simulated}\n"), encoding="utf-8")
    output_of("run", "-c", str(config))


def test_both_orders_of_a_review_file_become_one_battle(tmp_path: Path) -> None:
    _, board, rows = rated(tmp_path, "llmuses", "battle")
    assert {row["question_id"]: (row["state"], row["reason"], row["outcome"], row["consistent"]) for row in rows} == {
        "1": ("rated", None, 1.0, True), "2": ("rated", None, 0.5, False), "3": ("excluded", "unparsed", None, None)
    }  # fmt: skip
    assert board["excluded"] == {"unparsed": 1}


def test_weighted_preferences_are_the_win_rate(tmp_path: Path) -> None:
    _, board, _ = rated(tmp_path, "alpaca_eval", "original")
    assert board["baseline"] == "heron"
    models = {row["model"]: row for row in board["models"]}  # type: ignore[union-attr, call-overload, index]
    assert models["finch"]["win_rate"] == pytest.approx((0.8 + 0.1 + 0.5) / 3)
    assert models["robin"]["win_rate"] == pytest.approx((0.0 + 1.0 + 0.5 + 0.25) / 4)
    assert board["excluded"] == {"unparsed": 1}


def test_strong_games_weigh_more_inside_their_battle(tmp_path: Path) -> None:
    _, _, rows = rated(tmp_path, "arena_hard", "v2")
    outcomes = {(row["model_a"], row["question_id"]): (row["outcome"], row["reason"]) for row in rows}
    assert outcomes["gull", "2c3d"] == (pytest.approx((3 * 1.0 + 0.5) / 4), None)
    assert outcomes["tern", "0a1b"] == (None, "unparsed")
    assert outcomes["tern", "2c3d"] == (None, "call_failed")


def test_a_judge_added_to_an_arena_hard_board_is_asked_for_the_same_five_labels(tmp_path: Path) -> None:
    out, _, before = rated(tmp_path, "arena_hard", "v2")
    run_with_stand_in(out / "config.yaml")
    reports = next(out.glob("runs/*/reports"))
    rows = [row for _, row in read_objects(reports / "battles.jsonl")]
    assert [row["outcome"] for row in rows if row["judge"] == "owl"] == [row["outcome"] for row in before]
    asked = [row for _, row in read_objects(next(out.glob("runs/*/reviews/stand-in.jsonl")))]
    assert {row["prompt"] for row in asked} == {"levels-v1"} and {row["format"] for row in asked} == {"levels"}


def test_a_two_turn_battle_is_the_mean_of_both_turns(tmp_path: Path) -> None:
    out, _, rows = rated(tmp_path, "mt_bench", ".")
    outcomes = {row["question_id"]: (row["outcome"], row["reason"]) for row in rows}
    assert outcomes == {"81": (0.75, None), "111": (None, "unparsed")}
    output_of("run", "-c", str(out / "config-single.yaml"))
    single = [row for _, row in read_objects(out / "runs" / "single" / "reports" / "scores.jsonl")]
    assert {(row["model"], row["question_id"]): row["score"] for row in single} == {
        ("coot", "81"): 8.5, ("coot", "111"): 10.0, ("teal", "81"): 3.5, ("teal", "111"): None,
    }  # fmt: skip


def test_a_jury_below_its_quorum_decides_nothing(tmp_path: Path) -> None:
    _, board, rows = rated(tmp_path, "orq_arena", ".")
    panel = {(row["question_id"], row["model_a"], row["model_b"]): row for row in rows if row["judge"] == "panel"}
    assert panel["aa11", "ibis", "kite"]["winner"] == "model_b"
    assert panel["aa11", "ibis", "rook"]["winner"] == "model_b"
    assert panel["aa11", "kite", "rook"]["winner"] == "tie"
    assert (panel["bb22", "ibis", "kite"]["state"], panel["bb22", "ibis", "kite"]["reason"]) == (
        "excluded",
        "no_quorum",
    )
    assert board["n_battles"] == 3


def test_a_changed_answer_makes_its_verdicts_stale_and_no_others(tmp_path: Path) -> None:
    out, _, before = rated(tmp_path, "llmuses", "battle")
    answers = out / "answers-recorded" / "sparrow.jsonl"
    answers.write_text(answers.read_text(encoding="utf-8").replace('"7"', '"seven"'), encoding="utf-8")
    output_of("run", "-c", str(out / "config.yaml"))
    after = [row for _, row in read_objects(out / "runs" / "pairwise" / "reports" / "battles.jsonl")]
    assert [row["question_id"] for row in before] == ["1", "2", "3"]
    assert [row["question_id"] for row in after] == ["2", "3"]


def test_another_judge_costs_its_own_calls_and_keeps_the_imported_verdicts(tmp_path: Path) -> None:
    out, _, _ = rated(tmp_path, "llmuses", "battle")
    run_with_stand_in(out / "config.yaml")
    asked = [row for _, row in read_objects(out / "runs" / "pairwise" / "reviews" / "stand-in.jsonl")]
    assert len(asked) == 6  # three questions in both orders, and nothing of the recorded judge again
    rows = [row for _, row in read_objects(out / "runs" / "pairwise" / "reports" / "battles.jsonl")]
    recorded = [row for row in rows if row["judge"] == "llmuses-reviewer"]
    assert [row["outcome"] for row in recorded] == [1.0, 0.5, None]


def test_a_stored_battle_shows_the_other_tools_prompt_and_reply(tmp_path: Path) -> None:
    out, _, _ = rated(tmp_path, "arena_hard", "v2")
    said = output_of("show", "-c", str(out / "config.yaml"), "0a1b", "gull", "lark")
    assert "[system]" in said and "You judge." in said
    assert "[[A>>B]]" in said and "[[B>A]]" in said
    assert "rated: P(gull wins) = 0" in said
