"""`arena run` as a user meets it: right boards, clear refusals, nothing asked twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, edit_config, leaderboard, read_jsonl, write_config, write_jsonl
from kit.commands import arena

REPORTS = ("battles.jsonl", "leaderboard.json", "leaderboard.csv", "leaderboard.md")


def reports(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "reports" / name).read_bytes() for name in REPORTS}


def test_a_board_from_questions_to_leaderboard(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    board = leaderboard(config.parent)
    models = {row["model"]: row for row in board["models"]}
    assert [row["model"] for row in board["models"]] == ["right", "half", "wrong"]
    assert (board["mode"], board["baseline"], board["simulated"], board["pending"]) == (
        "pairwise_baseline", "half", False, 0)  # fmt: skip
    assert board["n_battles"] == 24
    assert models["half"]["rating"] == 1000
    assert (models["right"]["wins"], models["right"]["losses"], models["right"]["ties"]) == (6, 0, 6)
    assert models["right"]["win_rate"] == 0.75
    assert "right" in done.stdout
    assert "24 battles on 12 questions" in done.stdout


def test_a_second_run_asks_nothing_and_changes_no_byte(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    before, ledger = reports(tmp_path / "out"), (tmp_path / "out/reviews/reference.jsonl").read_bytes()
    again = arena("run", "-c", config)
    assert again.returncode == 0
    assert "to ask" not in again.stderr
    assert (reports(tmp_path / "out"), (tmp_path / "out/reviews/reference.jsonl").read_bytes()) == (before, ledger)


def test_adding_a_model_asks_for_its_own_battles_only(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    ledger = tmp_path / "out/reviews/reference.jsonl"
    known = len(read_jsonl(ledger))
    before = {row["model"]: row["rating"] for row in leaderboard(config.parent)["models"]}
    write_jsonl(tmp_path / "new.jsonl", [{"question_id": i, "answer": f"Surely {i + 8}."} for i in range(12)])
    candidates = yaml.safe_load(config.read_text())["answers_gen"]
    edit_config(config, answers_gen=candidates | {"new": {"backend": "recorded", "file": "new.jsonl"}})
    assert arena("run", "-c", config).returncode == 0
    added = read_jsonl(ledger)[known:]
    assert {reply["model_a"] for reply in added} | {reply["model_b"] for reply in added} == {"new", "half"}
    assert len(added) == 24
    after = {row["model"]: row["rating"] for row in leaderboard(config.parent)["models"]}
    assert {name: after[name] for name in before} == pytest.approx(before)


def test_a_name_that_differs_in_case_takes_nobodys_answers(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    stored = {path.name: path.read_bytes() for path in (tmp_path / "out/answers").iterdir()}
    candidates = yaml.safe_load(config.read_text())["answers_gen"]
    for names in (candidates | {"Right": candidates["wrong"]}, candidates):  # it comes, and it goes
        edit_config(config, answers_gen=names)
        assert arena("run", "-c", config).returncode == 0
        assert {name: (tmp_path / "out/answers" / name).read_bytes() for name in stored} == stored
    added = [path for path in (tmp_path / "out/answers").iterdir() if path.name not in stored]
    assert len(added) == 1
    assert added[0].name.lower() != "right.jsonl"


def test_redo_within_models_leaves_the_baselines_answers_alone(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    done = arena("run", "-c", config, "--models", "right", "--redo", "question=8")
    assert "answers of right: 1 to read" in done.stderr
    assert "answers of half" not in done.stderr
    assert "reviews by reference: 2 to ask" in done.stderr
    (tmp_path / "out/answers/half.jsonl").unlink()
    again = arena("run", "-c", config, "--models", "right", "--accept-shorter")
    assert "answers of half: 12 to read" in again.stderr


def test_a_changed_answer_is_judged_anew_and_the_others_are_not(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    known = len(read_jsonl(tmp_path / "out/reviews/reference.jsonl"))
    answers = read_jsonl(tmp_path / "wrong.jsonl")
    answers[3]["answer"] = "It must be 10!"
    write_jsonl(tmp_path / "wrong.jsonl", answers)
    arena("run", "-c", config)
    added = read_jsonl(tmp_path / "out/reviews/reference.jsonl")[known:]
    assert [(reply["question_id"], reply["order"]) for reply in added] == [("3", "a_first"), ("3", "b_first")]


def test_equal_answers_cost_no_call(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    battles = read_jsonl(tmp_path / "out/reports/battles.jsonl")
    same = [b for b in battles if b["model_a"] == "right" and int(b["question_id"]) < 6]
    assert {v["status"] for b in same for v in b["verdicts"]} == {"identical"}
    asked = {(r["question_id"], r["model_a"]) for r in read_jsonl(tmp_path / "out/reviews/reference.jsonl")}
    assert not asked & {(b["question_id"], "right") for b in same}


def test_limit_and_models_restrict_what_is_asked_and_say_what_is_pending(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    done = arena("run", "-c", config, "--models", "right", "--limit", "8")
    assert done.returncode == 0, done.stderr
    assert {r["model_a"] for r in read_jsonl(tmp_path / "out/reviews/reference.jsonl")} <= {"right", "half"}
    board = leaderboard(config.parent)
    assert board["n_battles"] == 8
    assert board["pending"] == 16
    assert "pending: 16 battles" in done.stdout
    assert arena("run", "-c", config).returncode == 0
    assert (leaderboard(config.parent)["n_battles"], leaderboard(config.parent)["pending"]) == (24, 0)


def test_stages_can_be_run_one_by_one(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    assert "no answers are stored yet" in arena("run", "-c", config, "--stage", "reviews").stderr
    shutil.rmtree(tmp_path / "out")
    assert arena("run", "-c", config, "--stage", "answers").returncode == 0
    assert not (tmp_path / "out/reviews").exists()
    assert arena("run", "-c", config, "--stage", "reviews").returncode == 0
    assert not (tmp_path / "out/reports").exists()
    assert arena("run", "-c", config, "--stage", "ratings").returncode == 0
    assert leaderboard(config.parent)["n_battles"] == 24


def test_redo_asks_again_and_the_new_reply_counts(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    ledger = tmp_path / "out/reviews/reference.jsonl"
    known = len(read_jsonl(ledger))
    assert arena("run", "-c", config, "--redo", "question=11").returncode == 0
    added = read_jsonl(ledger)[known:]
    assert {reply["question_id"] for reply in added} == {"11"}
    assert {reply["key"] for reply in added} <= {reply["key"] for reply in read_jsonl(ledger)[:known]}


def test_what_fails_is_left_out_counted_and_makes_the_exit_code_3(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    answers = read_jsonl(tmp_path / "wrong.jsonl")
    answers[0] |= {"answer": "", "status": "error", "error": "out of memory"}
    answers[1] |= {"answer": "  "}
    write_jsonl(tmp_path / "wrong.jsonl", answers[:-1])
    done = arena("run", "-c", config)
    assert done.returncode == 3
    assert "wrong: 1 of 11 answers failed (9.1%, reviews_gen.max_failed is 2.0%)" in done.stderr
    board = leaderboard(config.parent)
    assert board["excluded"] == {"answer_empty": 1, "answer_error": 1, "answer_missing": 1}
    assert "left out: 1 answer_empty, 1 answer_error, 1 answer_missing" in done.stdout
    assert board["n_battles"] == 21


def test_a_failed_answer_counts_as_a_loss_where_the_config_says_so(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, answer_failures="loss", max_failed=1.0)
    answers = read_jsonl(tmp_path / "right.jsonl")
    answers[0]["answer"] = ""
    write_jsonl(tmp_path / "right.jsonl", answers)
    assert arena("run", "-c", config).returncode == 0
    right = next(row for row in leaderboard(config.parent)["models"] if row["model"] == "right")
    assert right["losses"] == 1


def test_a_disabled_model_stays_on_the_board_and_a_removed_one_leaves_it(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    candidates = yaml.safe_load(config.read_text())["answers_gen"]
    candidates["wrong"]["enable"] = False
    edit_config(config, answers_gen=candidates)
    arena("run", "-c", config)
    assert {row["model"] for row in leaderboard(config.parent)["models"]} == {"right", "half", "wrong"}
    del candidates["wrong"]
    edit_config(config, answers_gen=candidates)
    arena("run", "-c", config)
    assert {row["model"] for row in leaderboard(config.parent)["models"]} == {"right", "half"}


def test_answers_to_questions_that_are_gone_are_ignored_with_a_warning(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    write_jsonl(tmp_path / "questions.jsonl", read_jsonl(tmp_path / "questions.jsonl")[:10])
    done = arena("run", "-c", config)
    assert done.returncode == 0
    assert "answers to 2 questions that are no longer asked are left out" in done.stdout
    assert leaderboard(config.parent)["n_questions"] == 10


def test_a_torn_last_line_is_repaired(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    before = reports(tmp_path / "out")
    for file in ("out/reviews/reference.jsonl", "out/answers/wrong.jsonl"):
        path = tmp_path / file
        path.write_bytes(path.read_bytes()[:-40])
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    assert reports(tmp_path / "out") == before


def test_a_rehearsal_needs_nothing_and_cannot_be_taken_for_real(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    raw = yaml.safe_load(config.read_text())
    raw["answers_gen"] = {
        "gpt": {"backend": "openai", "api_key_env": "NO_SUCH_KEY_ANYWHERE"},
        "local": {"backend": "vllm", "model": "Qwen/Qwen3-4B"},
        "half": raw["answers_gen"]["half"],
    }
    raw["reviews_gen"]["judges"] = {"claude": {"backend": "anthropic", "api_key_env": "NO_SUCH_KEY_ANYWHERE"}}
    write_config(tmp_path, raw)
    done = arena("run", "-c", config, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "SIMULATED" in done.stdout
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["dry-run"]
    board = leaderboard(config.parent, "dry-run")
    assert board["simulated"] is True
    assert board["n_battles"] == 24
    folder = tmp_path / "out/dry-run"
    for file in [*folder.glob("answers/*.jsonl"), *folder.glob("reviews/*.jsonl")]:
        assert all(line["simulated"] is True for line in read_jsonl(file))
    assert "SIMULATED" in (folder / "reports/leaderboard.md").read_text()
    assert (folder / "reports/leaderboard.csv").read_text().splitlines()[1].endswith(",true")


def test_a_simulated_judge_over_real_answers_keeps_the_answers(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config, "--dry-run=judge").returncode == 0
    assert len(read_jsonl(tmp_path / "out/answers/right.jsonl")) == 12
    assert not (tmp_path / "out/reviews").exists()
    assert leaderboard(config.parent, "dry-run")["simulated"] is True
    assert arena("run", "-c", config).returncode == 0
    assert leaderboard(config.parent)["simulated"] is False
    assert len(read_jsonl(tmp_path / "out/answers/right.jsonl")) == 12


def test_the_same_seed_rehearses_the_same_board(tmp_path: Path) -> None:
    first, second = arithmetic_board(tmp_path / "a"), arithmetic_board(tmp_path / "b")
    for config in (first, second):
        assert arena("run", "-c", config, "--dry-run").returncode == 0
    assert reports(tmp_path / "a/out/dry-run") == reports(tmp_path / "b/out/dry-run")


def test_show_lays_one_battle_open(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    arena("run", "-c", config)
    done = arena("show", "-c", config, "8", "right", "half")
    assert done.returncode == 0, done.stderr
    for text in ("What is 8 + 7?", "It is 15.", "[BEGIN ANSWER A", "Closeness to the reference: 1.000 (first)",
                 "P(right wins) = 1, right wins"):  # fmt: skip
        assert text in done.stdout
    assert arena("show", "-c", config, "99", "right", "half").returncode == 2
    assert "did you mean right?" in arena("show", "-c", config, "8", "rihgt", "half").stderr
