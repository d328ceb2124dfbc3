"""`gate --against`: OLD stands on another board, where both measure alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import arena

N = 40


def boards(folder: Path, **reviews: object) -> tuple[Path, Path]:
    """Today's board and last week's, of the same questions, baseline and judge; `right` was worse last week."""
    today, before = (arithmetic_board(folder / name, N, **reviews) for name in ("today", "before"))
    rows = read_jsonl(folder / "before/right.jsonl")
    write_jsonl(folder / "before/right.jsonl", [r if i < 24 else r | {"answer": "None."} for i, r in enumerate(rows)])
    return today, before


def ran(*configs: Path) -> None:
    for config in configs:
        done = arena("run", "-c", config)
        assert done.returncode == 0, done.stderr


def decided(today: Path, before: Path, *args: str, code: int) -> dict:
    done = arena("gate", "-c", today, *args, "--against", before, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_model_is_compared_with_itself_of_last_week(tmp_path: Path) -> None:
    today, before = boards(tmp_path)
    ran(today, before)
    rate = {
        name: json.loads((tmp_path / name / "out/reports/leaderboard.json").read_text()) for name in ("today", "before")
    }
    rates = {n: next(r["win_rate"] for r in board["models"] if r["model"] == "right") for n, board in rate.items()}
    found = decided(today, before, "right", "right", "--metric", "win_rate", code=0)
    assert found["difference"] == pytest.approx(rates["today"] - rates["before"])
    assert found["against"] == str(before)
    assert found["n_questions"] == N
    assert decided(today, before, "right", "right", code=0)["metric"] == "rating"
    assert decided(before, today, "right", "right", "--metric", "win_rate", code=4)["difference"] < 0
    assert f"right − right of {before}" in arena("gate", "-c", today, "right", "right", "--against", before).stdout


def test_failed_answers_of_the_new_one_are_lost_there_too(tmp_path: Path) -> None:
    today, before = boards(tmp_path)
    rows = read_jsonl(tmp_path / "today/right.jsonl")
    write_jsonl(tmp_path / "today/right.jsonl", [r if i < 24 else r | {"answer": ""} for i, r in enumerate(rows)])
    ran(today, before)
    found = decided(today, before, "right", "right", "--metric", "win_rate", code=4)
    assert found["failed"] == 16
    assert found["without_failures"]["value"] == pytest.approx(0)


def test_scores_are_compared_over_boards_too(tmp_path: Path) -> None:
    today, before = boards(tmp_path)
    for config in (today, before):
        edit_config(config, reviews_gen={"mode": "single", "judges": {"reference": {"backend": "reference"}}})
    ran(today, before)
    assert decided(today, before, "right", "right", code=0)["metric"] == "score"


def test_only_common_questions_count(tmp_path: Path) -> None:
    today, before = boards(tmp_path)
    rows = read_jsonl(tmp_path / "before/questions.jsonl")
    write_jsonl(tmp_path / "before/questions.jsonl", rows[:30])
    ran(today, before)
    assert decided(today, before, "right", "right", "--metric", "win_rate", code=5)["n_questions"] == 30


@pytest.mark.slow
@pytest.mark.parametrize("change", ["text", "judge", "prompt", "baseline", "mode", "questions"])
def test_boards_that_measure_otherwise_are_refused_and_told_apart(tmp_path: Path, change: str) -> None:
    today, before = boards(tmp_path)
    config = yaml.safe_load(before.read_text())
    rows = read_jsonl(tmp_path / "before/questions.jsonl")
    match change:
        case "text":
            rows[3]["text"] = "What is 4 + 9?"
            said = "the text of question '3' is another there"
        case "judge":
            config["reviews_gen"]["judges"] = {"m": {"backend": "openai", "model": "gpt-x", "api_key_env": None,
                                                     "base_url": "http://127.0.0.1:9/v1"}}  # fmt: skip
            said = "the boards share no scale: judged by"
        case "prompt":
            config["reviews_gen"]["prompt"] = "label-only-v1"
            said = "is judged by the prompts"
        case "baseline":
            half = read_jsonl(tmp_path / "before/half.jsonl")
            half[0]["answer"] = "It is 8, I think."
            write_jsonl(tmp_path / "before/half.jsonl", half)
            said = "1 answers of the baselines half and half differ"
        case "mode":
            config["reviews_gen"] |= {"mode": "pairwise", "baseline": None}
            said = "their modes are pairwise_baseline and pairwise"
        case _:
            rows = [row | {"question_id": f"x{row['question_id']}"} for row in rows]
            said = "have no question in common"
    write_jsonl(tmp_path / "before/questions.jsonl", rows)
    before.write_text(yaml.safe_dump(config))
    ran(today)
    arena("run", "-c", before, "--stage", "answers")
    done = arena("gate", "-c", today, "right", "right", "--against", before)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"order": "fixed"}, "reviews_gen.order is both here and fixed there"),
        ({"strong_weight": 3}, "reviews_gen.strong_weight is 1 here and 3 there"),
        ({"answer_failures": "loss"}, "reviews_gen.answer_failures is exclude here and loss there"),
    ],
)
def test_boards_that_make_other_battles_of_the_same_replies_are_refused(tmp_path: Path, rules: dict, said: str) -> None:
    today, before = boards(tmp_path)
    known = yaml.safe_load(before.read_text())["reviews_gen"]
    edit_config(before, reviews_gen=known | rules)
    ran(today, before)
    done = arena("gate", "-c", today, "right", "right", "--against", before)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"the boards share no scale: {said}" in done.stderr


def test_panels_of_another_quorum_are_refused(tmp_path: Path) -> None:
    today, before = boards(tmp_path)
    for config, quorum in ((today, 1), (before, 2)):
        known = yaml.safe_load(config.read_text())["reviews_gen"]
        judges = {name: {"backend": "reference"} for name in ("one", "two")}
        edit_config(config, reviews_gen=known | {"judges": judges, "panel": {"quorum": quorum}})
    ran(today, before)
    done = arena("gate", "-c", today, "right", "right", "--against", before)
    assert done.returncode == 2, done.stdout
    assert "reviews_gen.panel.quorum is 1 here and 2 there" in done.stderr


def test_names_and_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    today, before = boards(tmp_path)
    ran(today, before)
    for args, said in (
        (["right", "rihgt"], "no candidate 'rihgt'; did you mean right?"),
        (["right", "half"], "half is the baseline of that board: compare with half on this one"),
        (["right", "right", "--peek"], "--against compares with another"),
    ):
        done = arena("gate", "-c", today, *args, "--against", before)
        assert done.returncode == 2
        assert said in done.stderr


def judged_by(config: Path, **fields: object) -> None:
    """A judge at an endpoint, which is never asked here."""
    entry = {"backend": "openai", "model": "gpt-x", "api_key_env": None, "base_url": "http://127.0.0.1:9/v1"} | fields
    known = yaml.safe_load(config.read_text())["reviews_gen"]
    edit_config(config, reviews_gen={**known, "judges": {config.parent.name: entry}})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"generation_config": {"temperature": 0.7}}, "judge gpt-x differs in temperature"),
        ({"samples": 3, "generation_config": {"temperature": 1}}, "judge gpt-x differs in samples, temperature"),
        ({"extra_body": {"hidden": "sk-secret"}}, "judge gpt-x differs in extra_body"),
        ({"model": "gpt-y"}, "judged by gpt-x and by gpt-y"),
        ({"base_url": "http://127.0.0.1:10/v1"}, None),
    ],
)
def test_a_judge_that_is_set_otherwise_is_another_judge(tmp_path: Path, fields: dict, said: str | None) -> None:
    today, before = boards(tmp_path)
    judged_by(today)
    judged_by(before, **fields)
    for config in (today, before):
        arena("run", "-c", config, "--stage", "answers")
    done = arena("gate", "-c", today, "right", "right", "--against", before)
    assert "sk-secret" not in done.stdout + done.stderr
    if said is None:
        assert "share no scale" not in done.stderr
    else:
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert f"the boards share no scale: {said}" in done.stderr
