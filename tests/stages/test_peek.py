"""`gate --peek`: a run looked at while it grows, by the longest complete prefix of a seeded order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, read_jsonl, write_jsonl
from kit.commands import arena

from arena.board.open import open_board
from arena.config.loading import load_config
from arena.judging.order import seeded_order
from arena.types import Question

N = 120
WIN = ("--metric", "win_rate")


def board(folder: Path, *, peek: bool = True, n: int = N) -> Path:
    config = arithmetic_board(folder, n)
    return edit_config(config, gate={"peek": peek})


def peeked(config: Path, *args: str) -> dict[str, object]:
    done = arena("gate", "-c", config, "right", "half", "--peek", *args, "--json")
    assert done.returncode in {0, 4, 5}, done.stderr
    return json.loads(done.stdout)


def grown(config: Path, *args: str | int) -> str:
    done = arena("run", "-c", config, *map(str, args))
    assert done.returncode == 0, done.stderr
    return done.stderr


def looks(folder: Path) -> list[dict[str, object]]:
    return read_jsonl(folder / "out/looks.jsonl")


def test_the_order_depends_on_ids_and_seed_alone() -> None:
    questions = [Question(str(i), (f"q {i}",)) for i in range(200)]
    order = seeded_order(questions, 3)
    assert order.ids == seeded_order(questions[::-1], 3).ids
    assert order.ids != seeded_order(questions, 4).ids
    assert order.sha256 != seeded_order(questions[1:], 3).sha256
    first_half = sum(int(name) < 100 for name in order.ids[:100])
    assert 35 <= first_half <= 65
    assert [name for name in order.ids if name != "0"] == list(seeded_order(questions[1:], 3).ids)


def test_a_run_asks_in_the_seeded_order_and_says_so_in_run_json(tmp_path: Path) -> None:
    config = board(tmp_path)
    grown(config, "--limit", 60)
    order = seeded_order(open_board(load_config(str(config))).questions, 0)
    asked = {str(row["question_id"]) for row in read_jsonl(tmp_path / "out/reviews/reference.jsonl")}
    assert asked <= set(order.ids[:60])
    document = json.loads((tmp_path / "out/run.json").read_text())
    assert document["question_order"] == {"seed": 0, "sha256": order.sha256}


def test_without_the_config_runs_and_their_record_are_as_they_were(tmp_path: Path) -> None:
    config = board(tmp_path, peek=False)
    grown(config, "--limit", 60)
    asked = {int(str(row["question_id"])) for row in read_jsonl(tmp_path / "out/reviews/reference.jsonl")}
    assert asked <= set(range(60))
    assert "question_order" not in json.loads((tmp_path / "out/run.json").read_text())
    found = peeked(config, *WIN)
    assert found["peek"]["looked_at"] < 50
    assert found["verdict"] == "INCONCLUSIVE"
    assert "a look needs 50" in found["reasons"][0]


@pytest.mark.slow
def test_looks_grow_with_the_run_and_keep_what_they_saw(tmp_path: Path) -> None:
    config = board(tmp_path)
    grown(config, "--limit", 40)
    assert peeked(config, *WIN)["reasons"][0].startswith("40 of 120 questions are complete")
    grown(config, "--limit", 60)
    early = peeked(config, *WIN)
    assert (early["peek"], early["n_questions"]) == ({"sequence": 1, "looked_at": 60, "planned": N}, 60)
    grown(config)
    late = peeked(config, *WIN)
    assert late["verdict"] == "PASS"
    assert late["peek"]["looked_at"] == N
    assert [len(line["terms"]) for line in looks(tmp_path)] == [40, 20, 60]
    assert late["low"] > early["low"]
    again = peeked(config, *WIN)
    assert again == late
    assert len(looks(tmp_path)) == 3


def test_at_the_end_a_look_is_a_little_less_sure_than_a_gate_that_was_asked_once(tmp_path: Path) -> None:
    config = board(tmp_path)
    grown(config)
    for metric in ("win_rate", "rating"):
        look = peeked(config, "--metric", metric)
        done = arena("gate", "-c", config, "right", "half", "--metric", metric, "--json")
        once = json.loads(done.stdout)
        assert look["difference"] == pytest.approx(once["difference"])
        assert 1.15 < (look["difference"] - look["low"]) / (once["difference"] - once["low"]) < 1.3


def test_what_was_looked_at_counts_as_it_was_seen(tmp_path: Path) -> None:
    config = board(tmp_path)
    grown(config, "--limit", 60)
    before = peeked(config, *WIN)
    write_jsonl(tmp_path / "right.jsonl", read_jsonl(tmp_path / "wrong.jsonl"))
    grown(config, "--limit", 60)
    after = peeked(config, *WIN)
    assert after["difference"] == before["difference"]
    assert any("questions have changed since they were looked at" in note for note in after["notes"])


def test_asking_again_begins_a_new_sequence_and_says_so(tmp_path: Path) -> None:
    config = board(tmp_path)
    grown(config, "--limit", 60)
    assert "sequence" not in grown(config, "--limit", 60, "--retry-errors")
    peeked(config, *WIN)
    said = grown(config, "--limit", 60, "--retry-errors")
    assert "--retry-errors: a new sequence of looks" in said
    found = peeked(config, *WIN)
    assert found["peek"]["sequence"] == 2
    assert any("sequence 2 of looks, begun because of: --retry-errors" in note for note in found["notes"])


@pytest.mark.slow
def test_other_questions_begin_a_new_sequence(tmp_path: Path) -> None:
    config = board(tmp_path)
    grown(config)
    peeked(config, *WIN)
    edit_config(config, seed=5)
    grown(config)
    found = peeked(config, *WIN)
    assert found["peek"]["sequence"] == 2
    assert any("the questions or the seed have changed" in note for note in found["notes"])


@pytest.mark.slow
def test_a_file_sorted_by_category_passes_nobody_early(tmp_path: Path) -> None:
    """`right` is better on the first half of the file and worse on the second: as good, over the whole."""
    config = board(tmp_path)
    rows = read_jsonl(tmp_path / "right.jsonl")
    mixed = [r if i < N // 2 else r | {"answer": f"It is {i + 900}."} for i, r in enumerate(rows)]
    write_jsonl(tmp_path / "right.jsonl", mixed)
    late_half = [{"question_id": i, "answer": f"It is {i + (7 if i >= N // 2 else 900)}."} for i in range(N)]
    write_jsonl(tmp_path / "half.jsonl", late_half)
    for limit in (50, 60, 80, 100, 120):
        grown(config, "--limit", limit)
        assert peeked(config, *WIN)["verdict"] == "INCONCLUSIVE"


def test_single_mode_and_categories_are_looked_at_too(tmp_path: Path) -> None:
    config = board(tmp_path)
    edit_config(config, reviews_gen={"mode": "single", "judges": {"reference": {"backend": "reference"}}})
    grown(config, "--limit", 100)
    found = peeked(config, "--by", "category")
    assert found["metric"] == "score"
    assert {name: part["verdict"] for name, part in found["categories"].items()} == {"math": "PASS", "sums": "PASS"}
    assert sum(part["n_questions"] for part in found["categories"].values()) == 100


def test_ratings_under_style_control_are_not_looked_at(tmp_path: Path) -> None:
    config = edit_config(board(tmp_path), rating_gen={"style_control": ["length"]})
    grown(config)
    done = arena("gate", "-c", config, "right", "half", "--peek")
    assert done.returncode == 2
    assert "use --metric win_rate" in done.stderr


@pytest.mark.slow
def test_power_is_told_before_and_after_anything_is_rated(tmp_path: Path) -> None:
    config = board(tmp_path)
    guessed = arena("gate", "-c", config, "right", "half", "--plan", *WIN)
    assert guessed.returncode == 0, guessed.stderr
    assert "a rule of thumb" in guessed.stdout
    grown(config)
    done = arena("gate", "-c", config, "right", "half", "--plan", *WIN, "--difference", "3pp", "--json")
    power = json.loads(done.stdout)
    assert power["questions"] == N
    assert not power["assumed"]
    assert 0.05 < power["detectable"] < power["detectable_watched"] < 0.2
    assert power["difference"] == 0.03
    assert N < power["needed"] < power["needed_watched"]
    equal = arena("gate", "-c", config, "right", "half", "--plan", *WIN, "--margin", "2pp", "--json")
    assert json.loads(equal.stdout)["difference"] == 0.02
    planned = arena("plan", "-c", config, "--power", "--difference", "20elo").stdout
    assert "what the questions can show by rating" in planned
    assert "to see 20 elo takes" in planned
    assert "with --peek" in planned
    points = arena("plan", "-c", config, "--power", "--difference", "3pp")
    assert "what the questions can show by win rate" in points.stdout, points.stderr
    assert "to see 3 pp takes" in points.stdout
    assert arena("plan", "-c", config, "--difference", "20elo").returncode == 2
    wrong = arena("plan", "-c", config, "--power", "--difference", "3parsec")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_a_board_that_is_too_small_to_be_peeked_at_is_told_so(tmp_path: Path) -> None:
    config = board(tmp_path, n=20)
    told = arena("gate", "-c", config, "right", "half", "--plan", *WIN)
    assert told.returncode == 0, told.stderr
    assert "20 questions show a difference of" in told.stdout
    assert "with --peek nothing is decided below 50 questions" in told.stdout
