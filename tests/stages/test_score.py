"""`arena score` and the stage `scores` of a run, on boards whose numbers are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, leaderboard, models_of, read_jsonl, write_jsonl
from kit.commands import arena
from kit.paths import FIXTURES


def metrics_of(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    found = json.loads((folder / "out/reports/metrics.json").read_text())
    assert isinstance(found["models"], dict)
    return found["models"]


def scored_board(folder: Path, *metrics: object, **reviews: object) -> Path:
    return edit_config(arithmetic_board(folder, **reviews), scores={"metrics": list(metrics)})


def test_a_run_scores_after_its_reviews_and_the_board_holds_the_numbers(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "accuracy", "exact", "chrf")
    done = arena("run", "-c", config)
    assert done.returncode == 0 and "accuracy" in done.stdout
    found = metrics_of(tmp_path)
    assert [found[model]["accuracy"]["score"] for model in ("right", "half", "wrong")] == [1.0, 0.5, 0.0]
    assert found["half"]["accuracy"]["categories"]["math"]["score"] == 0.5  # type: ignore[index]
    assert models_of(tmp_path)["half"]["scores"] == {"metrics": found["half"]}
    summary = json.loads((tmp_path / "out/reports/metrics.json").read_text())
    (pair,) = [d for d in summary["differences"] if (d["metric"], d["a"], d["b"]) == ("accuracy", "half", "right")]
    assert pair["diff"] == -0.5 and pair["low"] < -0.5 < pair["high"] and pair["n_questions"] == 12
    assert summary["correlations"]["accuracy"] == {"n": 3, "spearman": 1.0, "kendall": 1.0}
    rows = read_jsonl(tmp_path / "out/reports/metrics.jsonl")
    assert len(rows) == 3 * 3 * 12 and {row["judge"] for row in rows} == {"rule"}


def test_scoring_alone_changes_nothing_else_and_gives_the_same_bytes(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "accuracy", "chrf")
    assert arena("run", "-c", config, "--stage", "answers", "--stage", "reviews", "--stage", "ratings").returncode == 0
    bare = leaderboard(tmp_path)
    assert arena("score", "-c", config).returncode == 0
    names = ("metrics.jsonl", "metrics.json", "leaderboard.json", "battles.jsonl")
    before = [(tmp_path / "out/reports" / name).read_bytes() for name in names]
    scored = leaderboard(tmp_path)
    for model in scored["models"]:  # type: ignore[attr-defined]
        del model["scores"]
    assert scored == bare
    for again in (("score",), ("run",), ("run", "--stage", "ratings")):
        assert arena(again[0], "-c", config, *again[1:]).returncode == 0
        assert [(tmp_path / "out/reports" / name).read_bytes() for name in names] == before


def test_part_of_a_board_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "accuracy", "exact")
    assert arena("score", "-c", config, "--models", "half", "--limit", "4", "--metrics", "accuracy").returncode == 0
    found = metrics_of(tmp_path)
    assert (found["half"]["accuracy"]["n"], found["half"]["accuracy"]["n_pending"]) == (4, 8)
    assert found["right"]["accuracy"]["n"] == found["half"]["exact"]["n"] == 0
    assert "68 by rule" in (said := arena("plan", "-c", config).stdout) and "free" in said
    assert arena("run", "-c", config).returncode == 0
    assert metrics_of(tmp_path)["right"]["exact"]["n"] == 12


def test_what_was_scored_is_not_scored_again_unless_its_answer_or_reference_changed(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "accuracy")
    assert arena("score", "-c", config).returncode == 0
    file = tmp_path / "out/reports/metrics.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("".join(line.replace('"score":1.0', '"score":0.25') + "\n" for line in lines))
    assert arena("score", "-c", config).returncode == 0
    assert metrics_of(tmp_path)["right"]["accuracy"]["score"] == 0.25, "a line with today's key is taken as it is"
    questions = read_jsonl(tmp_path / "questions.jsonl")
    questions[0]["reference"] = "8"
    write_jsonl(tmp_path / "questions.jsonl", questions)
    assert arena("score", "-c", config).returncode == 0
    assert metrics_of(tmp_path)["right"]["accuracy"]["score"] == pytest.approx(11 * 0.25 / 12)


def test_empty_answers_are_scored_and_counted(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "accuracy")
    answers = read_jsonl(tmp_path / "right.jsonl")
    answers[0]["answer"] = "  "
    write_jsonl(tmp_path / "right.jsonl", answers)
    done = arena("score", "-c", config)
    found = metrics_of(tmp_path)["right"]["accuracy"]
    assert found["n_empty"] == 1 and found["n"] == 12 and found["score"] == pytest.approx(11 / 12)
    assert "accuracy, right: 1 said nothing" in done.stdout


def test_a_rehearsal_says_so(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "chrf")
    done = arena("run", "-c", config, "--dry-run")
    assert done.returncode == 0
    assert arena("score", "-c", config, "--dry-run").stdout.count("SIMULATED") == 1
    assert all(line["simulated"] for line in read_jsonl(tmp_path / "out/dry-run/reports/metrics.jsonl"))
    assert json.loads(arena("score", "-c", config, "--dry-run", "--json").stdout)["simulated"] is True
    assert not (tmp_path / "out/reports/metrics.jsonl").exists()


@pytest.mark.parametrize(
    ("metrics", "option", "said"),
    [
        (["rougeL"], (), "config.yaml: scores.metrics: no metric 'rougeL' (did you mean rouge_l?)"),
        ([], (), "there are no metrics in it"),
        (["exact"], ("--metrics", "exat"), "--metrics: no metric 'exat' in the config; did you mean exact?"),
        (["exact"], ("--models", "rigth"), "--models: no candidate 'rigth'; did you mean right?"),
    ],
)
def test_wrong_names_are_said_in_one_line(
    tmp_path: Path, metrics: list[str], option: tuple[str, ...], said: str
) -> None:  # fmt: skip
    config = scored_board(tmp_path, *metrics)
    done = arena("score", "-c", config, *option)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    if not option and metrics:
        assert said in arena("check", "-c", config).stderr and said in arena("run", "-c", config).stderr


def test_a_board_without_references_is_told_so(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "chrf", judges={"rule": {"backend": "simulated"}})
    questions = [{k: v for k, v in q.items() if k != "reference"} for q in read_jsonl(tmp_path / "questions.jsonl")]
    write_jsonl(tmp_path / "questions.jsonl", questions)
    done = arena("score", "-c", config)
    assert done.returncode == 2 and "scores.metrics.chrf compares with a reference, and no question of" in done.stderr


def test_references_in_another_language_than_stated_are_named(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "chrf")
    questions = read_jsonl(tmp_path / "questions.jsonl")
    questions[3] |= {"language": "en", "reference": "今天天气很好"}
    questions[4] |= {"language": "zh", "reference": "42 kg CO2"}
    write_jsonl(tmp_path / "questions.jsonl", questions)
    done = arena("score", "-c", config)
    assert done.returncode == 0
    assert done.stderr.count("another language than their question says") == 1 and "wrongly: 3\n" in done.stderr


@pytest.mark.slow
def test_metrics_of_form_take_what_questions_say_or_the_config(tmp_path: Path) -> None:
    config = scored_board(tmp_path, {"regex": "^It is"}, {"length": {"max_words": 3}}, "json_valid", "language")
    questions = read_jsonl(tmp_path / "questions.jsonl")
    questions[0] |= {"regex": "never", "length": {"min_words": 50}}
    write_jsonl(tmp_path / "questions.jsonl", questions)
    done = arena("score", "-c", config)
    assert done.returncode == 0, done.stderr
    found = metrics_of(tmp_path)["right"]
    assert found["regex"]["score"] == found["length"]["score"] == pytest.approx(11 / 12)
    assert found["json_valid"]["score"] == 0.0 and found["json_valid"]["signature"]
    assert found["language"]["excluded"] == {"not_applicable": 12} and found["language"]["score"] is None
    assert "language, right: 12 left out (not_applicable)" in done.stdout


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"regex": "("}, "config.yaml: scores.metrics.regex: not a pattern: missing )"),
        ("regex", "scores.metrics.regex needs a field `regex` in a question of"),
        ({"chrf": 3}, "scores.metrics.chrf: it takes no setting, found 3"),
        ({"length": {"max_word": 3}}, "scores.metrics.length: no bound 'max_word'; did you mean max_words?"),
        ("bertscore", "config.yaml: scores.encoder: names no folder"),
    ],
)
def test_wrong_settings_are_said_in_one_line(tmp_path: Path, metric: object, said: str) -> None:
    done = arena("score", "-c", scored_board(tmp_path, metric))
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_what_a_question_says_wrongly_is_said_with_its_name(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "length")
    questions = read_jsonl(tmp_path / "questions.jsonl")
    write_jsonl(tmp_path / "questions.jsonl", [questions[0] | {"length": "50"}, *questions[1:]])
    done = arena("score", "-c", config)
    assert done.returncode == 2 and "questions.jsonl: question 0: length: expected some of min_words" in done.stderr


@pytest.mark.parametrize(
    ("source", "runs", "least"),
    [("lm_eval", ("sparrow", "wren"), 2), ("evalscope", ("sparrow-run", "wren-run"), 6), ("mt_bench", ("",), 1)],
)
def test_references_of_imported_boards_count(tmp_path: Path, source: str, runs: tuple[str, ...], least: int) -> None:
    folders = [FIXTURES / source / run for run in runs]
    assert arena("import", source, *folders, "--out", tmp_path / "board").returncode == 0
    config = edit_config(tmp_path / "board/config.yaml", scores={"metrics": ["chrf"]})
    done = arena("score", "-c", config)
    assert done.returncode == 0, done.stderr
    (summary,) = (tmp_path / "board/runs").glob("*/reports/metrics.json")
    for model in json.loads(summary.read_text())["models"].values():
        assert model["chrf"]["n_questions"] == least and 0 < model["chrf"]["score"] <= 1


def test_strengths_and_mistakes_are_written_with_the_metrics_and_after_the_ratings(tmp_path: Path) -> None:
    config = scored_board(tmp_path, "accuracy")
    questions = read_jsonl(tmp_path / "questions.jsonl")
    done = arena("run", "-c", config)
    assert done.returncode == 0 and "wrong, of 12 answers with a reference: 12 number wrong" in done.stdout
    file = tmp_path / "out/reports/strengths.json"
    before, found = file.read_bytes(), json.loads(file.read_text())
    assert found["mistakes"]["half"]["kinds"]["number_wrong"]["n"] == 6
    assert found["mistakes"]["half"]["kinds"]["number_wrong"]["examples"][0] in {
        str(q["question_id"]) for q in questions
    }
    assert found["strengths"]["half"] == [], "six questions on each side are too few to say anything"
    assert arena("run", "-c", config).returncode == 0 and file.read_bytes() == before


@pytest.mark.slow
def test_the_judges_number_stands_among_the_strengths(tmp_path: Path) -> None:
    config = edit_config(arithmetic_board(tmp_path, 40), scores={"metrics": ["accuracy"]})
    assert arena("run", "-c", config).returncode == 0
    found = json.loads((tmp_path / "out/reports/strengths.json").read_text())["strengths"]
    assert {one["number"] for one in found["right"]} == {"judges", "accuracy"}
    assert all(one["low"] <= one["gap"] <= one["high"] for own in found.values() for one in own)
