"""An adaptive board: what is drawn, what is on it, when it ends, and what a further run does."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from kit.adaptive_boards import adaptive_board, add_models, config_of, drawn_cells, schedule_lines
from kit.boards import edit_config, leaderboard, models_of, read_jsonl, write_config, write_jsonl
from kit.commands import arena

pytestmark = pytest.mark.slow

M, Q = 5, 40


def run(config: Path, *options: str, code: int = 0) -> str:
    done = arena("run", "-c", config, *options)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def replies(folder: Path) -> list[dict[str, object]]:
    return read_jsonl(folder / "out/reviews/reference.jsonl")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adaptive")
    run(adaptive_board(folder, M, Q, schedule={"method": "adaptive", "batch": 150}))
    return folder


def test_a_usual_budget_is_three_cells_for_every_model_and_question(board: Path) -> None:
    cells = drawn_cells(board)
    assert len(cells) == len(set(cells)) == len(replies(board)) == 3 * M * Q
    assert [line["round"] for line in schedule_lines(board)] == [1, 2, 3, 4]
    (opening,) = schedule_lines(board, "open")
    assert (opening["cells"], opening["calls"], opening["looked"]) == (600, 600, False)
    assert len({line["saw"] for line in schedule_lines(board)}) == 4


def test_only_what_was_drawn_has_a_row_and_nothing_is_pending(board: Path) -> None:
    rows = read_jsonl(board / "out/reports/battles.jsonl")
    drawn = Counter((q, *sorted(pair)) for q, *pair in drawn_cells(board))
    assert {(r["question_id"], r["model_a"], r["model_b"]): len(r["verdicts"]) for r in rows} == drawn
    assert {row["state"] for row in rows} == {"rated"}
    assert leaderboard(board)["pending"] == 0


def test_the_leaderboard_says_what_the_schedule_did(board: Path) -> None:
    shown = leaderboard(board)
    about = shown["schedule"]
    assert about["method"] == "adaptive"
    assert about["goal"] == about["stopped_by"] == "budget"
    assert about["calls"] == 600
    assert about["calls_full"] == M * (M - 1) * Q
    assert about["pairs_drawn"] == 10
    apart = sum(p["low"] > 0 or p["high"] < 0 for p in shown["pairs"])
    assert about["pairs_separated"] == apart
    assert apart / 10 <= about["expected_of_full"] <= 1
    assert about["boundary"] == shown["options"]["boundary"] == 1.0
    assert shown["options"]["schedule"] == "adaptive"
    assert about["curve"][-1] == [600, apart]
    assert [calls for calls, _ in about["curve"]] == [150, 300, 450, 600]


def test_win_rates_are_implied_and_there_is_no_elo(board: Path) -> None:
    rows = models_of(board)
    rating = {name: row["rating"] for name, row in rows.items()}
    for name, row in rows.items():
        others = [1 / (1 + 10 ** ((rating[o] - rating[name]) / 400)) for o in rating if o != name]
        assert row["win_rate"] == pytest.approx(sum(others) / len(others), rel=1e-6)
        assert row["elo"] is None
    assert leaderboard(board)["schedule"]["win_rate"] == "implied"


def test_an_unchanged_run_asks_nothing_and_writes_the_same(board: Path) -> None:
    files = ["schedule.jsonl", "reviews/reference.jsonl", "reports/leaderboard.json", "reports/battles.jsonl"]
    before = [(board / "out" / name).read_bytes() for name in files]
    run(board / "config.yaml")
    assert [(board / "out" / name).read_bytes() for name in files] == before


def test_rating_its_battles_gives_the_same_numbers(board: Path) -> None:
    done = arena("rate", board / "out/reports/battles.jsonl", "--schedule", "adaptive", "--boundary", "1", "--json")
    assert done.returncode == 0, done.stderr
    again = {row["model"]: row for row in json.loads(done.stdout)["models"]}
    names = ("rating", "rating_low", "rating_high", "rank", "rank_low", "rank_high", "win_rate", "win_rate_low")
    for model, row in models_of(board).items():
        assert {name: row[name] for name in names} == {name: again[model][name] for name in names}
    assert json.loads(done.stdout)["pairs"] == leaderboard(board)["pairs"]


def test_another_seed_draws_other_cells(tmp_path: Path, board: Path) -> None:
    config = adaptive_board(tmp_path, M, Q, schedule={"method": "adaptive", "batch": 150})
    run(edit_config(config, seed=1), "--calls", "100")
    assert drawn_cells(tmp_path)[:100] != drawn_cells(board)[:100]


def test_identical_answers_are_free_and_tied_only_where_they_were_drawn(tmp_path: Path) -> None:
    new = tmp_path / "new"
    run(adaptive_board(new, M, 20, schedule={"method": "adaptive", "calls": 120, "batch": 60}))
    assert leaderboard(new)["schedule"]["calls"] == len(drawn_cells(new)) == 120
    same = tmp_path / "alike"
    run(adaptive_board(same, M, 20, schedule={"method": "adaptive", "calls": 120, "batch": 60}, same=0.1))
    rows = read_jsonl(same / "out/reports/battles.jsonl")
    verdicts = [verdict for row in rows for verdict in row["verdicts"]]
    identical = [verdict for verdict in verdicts if verdict["status"] == "identical"]
    assert leaderboard(same)["schedule"]["calls"] == len(verdicts) - len(identical) == 120
    assert 0 < len(identical) < M * (M - 1) * 10  # those of half of the questions


def test_a_larger_number_after_a_look_is_a_new_stage_with_wider_claims(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q)
    run(config, "--calls", "100")
    assert leaderboard(tmp_path)["schedule"]["boundary"] == 1.0
    said = run(config, "--calls", "300")
    assert [(line["stage"], line["cells"], line["looked"]) for line in schedule_lines(tmp_path, "open")] == [
        (1, 100, False), (2, 300, True)
    ]  # fmt: skip
    assert len(replies(tmp_path)) == 300
    shown = leaderboard(tmp_path)
    assert shown["schedule"]["boundary"] == shown["options"]["boundary"] == 1.27
    assert "1.27 times as wide" in " ".join(shown["warnings"])
    assert "1.27 times as wide" in said
    again = arena(
        "rate", tmp_path / "out/reports/battles.jsonl", "--schedule", "adaptive", "--boundary", "1.27", "--json"
    )
    assert json.loads(again.stdout)["pairs"] == shown["pairs"]
    run(config)  # null: the budget that was set stays
    run(config, "--calls", "250")  # less than is spent
    assert len(replies(tmp_path)) == 300


def test_a_larger_number_without_a_look_is_only_a_larger_number(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q)
    run(config, "--calls", "100", "--stage", "answers", "--stage", "reviews")
    run(config, "--calls", "200")
    assert [line["looked"] for line in schedule_lines(tmp_path, "open")] == [False, False]
    assert leaderboard(tmp_path)["schedule"]["boundary"] == 1.0


def test_a_goal_stops_before_the_budget_with_the_early_boundary(tmp_path: Path) -> None:
    schedule = {"method": "adaptive", "goal": "separations", "share": 0.5, "batch": 50}
    run(adaptive_board(tmp_path, M, 100, schedule=schedule))
    about = leaderboard(tmp_path)["schedule"]
    (stop,) = schedule_lines(tmp_path, "stop")
    assert about["goal"] == about["stopped_by"] == stop["why"] == "separations"
    assert about["calls"] < about["calls_planned"]
    assert about["boundary"] > 1.27
    calls = about["calls"]
    run(tmp_path / "config.yaml")
    assert leaderboard(tmp_path)["schedule"]["calls"] == calls


def test_the_best_k_stand_clear(tmp_path: Path) -> None:
    schedule = {"method": "adaptive", "goal": "top", "k": 1, "batch": 100}
    config = adaptive_board(tmp_path, M, 200, schedule=schedule)
    questions = 200
    better = [{"question_id": i, "answer": f"best: {i + 7}."} for i in range(questions)]
    (tmp_path / "m04.jsonl").write_text("".join(json.dumps(line) + "\n" for line in better), encoding="utf-8")
    run(config)
    about, rows = leaderboard(tmp_path)["schedule"], models_of(tmp_path)
    assert about["stopped_by"] == "top"
    assert rows["m04"]["rank_high"] == 1
    assert about["calls"] < about["calls_planned"]


def test_models_that_are_all_alike_need_questions_and_not_calls(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 3, 40, schedule={"method": "adaptive", "goal": "separations", "batch": 40})
    wrong = "".join(json.dumps({"question_id": i, "answer": f"{{}}: {i + 900}."}) + "\n" for i in range(40))
    for name in ("m00", "m01", "m02"):
        (tmp_path / f"{name}.jsonl").write_text(wrong.replace("{}", name), encoding="utf-8")
    said = run(config)
    about = leaderboard(tmp_path)["schedule"]
    assert about["stopped_by"] in {"questions", "separations"}
    assert about["calls"] < about["calls_full"]
    assert about["stopped_by"] == "separations" or "further questions would" in said


def test_where_everything_was_judged_only_questions_are_left(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 6, 20, schedule={"method": "adaptive", "calls": 600})
    for place in range(6):
        rng, share = random.Random(place), 0.1 if place == 0 else 0.6
        lines = [
            {"question_id": i, "answer": f"m{place}: {i + (7 if rng.random() < share else 900)}."} for i in range(20)
        ]
        write_jsonl(tmp_path / f"m{place:02d}.jsonl", lines)
    shown = run(config)
    about = leaderboard(tmp_path)["schedule"]
    assert (about["calls"], about["expected_of_full"], about["ties_for_calls"]) == (600, 1.0, 0.0)
    assert "this board needs more questions" in shown
    assert "further calls would not tell more models apart" in shown


def test_a_new_model_opens_a_cohort_of_its_own(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q)
    run(config, "--calls", "200")
    before = drawn_cells(tmp_path)
    add_models(tmp_path, M + 1, Q)
    write_config(tmp_path, config_of(M + 1, schedule="adaptive"))
    run(config, "--models", "m05")
    joined = drawn_cells(tmp_path)[len(before) :]
    assert len(joined) == 2 * Q
    assert all("m05" in cell[1:] for cell in joined)
    assert {name for cell in joined for name in cell[1:]} == {f"m{i:02d}" for i in range(M + 1)}
    assert [line["cohort"] for line in schedule_lines(tmp_path, "open")] == [0, 1]
    assert leaderboard(tmp_path)["schedule"]["boundary"] == 1.0
    run(config)
    assert len(drawn_cells(tmp_path)) == 200 + 2 * Q


def test_replies_of_an_earlier_run_are_paid(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q, schedule="all")
    run(config)
    full = M * (M - 1) * Q
    assert len(replies(tmp_path)) == full
    run(config, "--schedule", "adaptive")
    assert len(replies(tmp_path)) == full
    assert drawn_cells(tmp_path) == []
    (paid,) = schedule_lines(tmp_path, "paid")
    assert len(paid["cells"]) == full
    assert leaderboard(tmp_path)["n_battles"] == full / 2


def test_a_few_questions_of_an_earlier_run_are_just_that(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q, schedule="all")
    run(config, "--limit", "4")
    run(config, "--schedule", "adaptive", "--calls", "200")
    (paid,) = schedule_lines(tmp_path, "paid")
    assert len(paid["cells"]) == M * (M - 1) * 4 == 80
    assert len(drawn_cells(tmp_path)) == 120
    assert len(replies(tmp_path)) == 200


def test_a_trial_of_a_few_questions_is_no_look_at_the_board(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q)
    run(config, "--limit", "3")
    assert {cell[0] for cell in drawn_cells(tmp_path)} == {"0", "1", "2"}
    run(config, "--calls", "200")
    assert leaderboard(tmp_path)["schedule"]["boundary"] == 1.0
    assert len(replies(tmp_path)) == 200


def test_another_judge_reads_what_was_drawn(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, M, Q)
    run(config, "--calls", "100")
    text = config.read_text(encoding="utf-8").replace(
        "    reference:", "    second:\n      backend: reference\n    reference:"
    )
    config.write_text(text, encoding="utf-8")
    run(config)
    assert len(read_jsonl(tmp_path / "out/reviews/second.jsonl")) == 100
    assert len(drawn_cells(tmp_path)) == 100
    rows = [row for row in read_jsonl(tmp_path / "out/reports/battles.jsonl") if row["judge"] == "panel"]
    assert all(len(row["verdicts"]) == 1 for row in rows)
    done = arena("rate", tmp_path / "out/reports/battles.jsonl", "--schedule", "adaptive", "--json")
    assert json.loads(done.stdout)["pairs"] == leaderboard(tmp_path)["pairs"]
