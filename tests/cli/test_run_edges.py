"""Boards at the edge: odd names and texts, everybody equal."""

from __future__ import annotations

import json
from pathlib import Path

from kit.boards import arithmetic_board, read_jsonl, write_config, write_jsonl
from kit.commands import arena


def test_half_a_character_and_a_name_of_300_reach_the_board(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"question_id": "\\ud800", "text": "\\udc00", "reference": "r"}\n')
    models = {"long " * 60: "r", "short": "\\ud83d b"}
    for n, answer in enumerate(models.values()):
        (tmp_path / f"{n}.jsonl").write_text(f'{{"question_id": "\\ud800", "answer": "{answer}"}}\n')
    answers = {name: {"backend": "recorded", "file": f"{n}.jsonl"} for n, name in enumerate(models)}
    reviews = {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}}
    config = write_config(
        tmp_path,
        {"question_file": "questions.jsonl", "output_dir": "out", "answers_gen": answers, "reviews_gen": reviews},
    )
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    table = [line for line in done.stdout.splitlines() if "│" in line]
    assert any("long lon" in line and "…" in line and "1/0/0" in line for line in table)
    for command in ("show", "report"):
        names = ("\ud800", *models) if command == "show" else ()
        assert arena(command, "-c", config, *names).returncode == 0


def test_a_board_of_equals_is_rated_without_a_warning_from_the_arithmetic(tmp_path: Path) -> None:
    ids = range(5)
    write_jsonl(tmp_path / "questions.jsonl", [{"question_id": i, "text": f"q{i}", "reference": "r"} for i in ids])
    write_jsonl(tmp_path / "same.jsonl", [{"question_id": i, "answer": "same"} for i in ids])
    answers = {name: {"backend": "recorded", "file": "same.jsonl"} for name in ("a", "b", "c")}
    reviews = {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}}
    config = write_config(
        tmp_path,
        {"question_file": "questions.jsonl", "output_dir": "out", "answers_gen": answers, "reviews_gen": reviews},
    )
    assert arena("run", "-c", config).returncode == 0
    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    assert [(row["rank"], row["ties"], row["win_rate"]) for row in board["models"]] == [(1, 10, 0.5)] * 3


def test_a_rehearsal_says_so_wherever_its_battles_are_carried(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config, "--dry-run").returncode == 0
    assert arena("run", "-c", config).returncode == 0
    rehearsed, real = tmp_path / "out/dry-run/reports/battles.jsonl", tmp_path / "out/reports/battles.jsonl"
    assert {row["simulated"] for row in read_jsonl(rehearsed)} == {True}
    assert not any("simulated" in row for row in read_jsonl(real))
    assert "SIMULATED" in arena("rate", rehearsed).stdout
    assert "SIMULATED" not in arena("rate", real).stdout
    assert json.loads(arena("rate", rehearsed, "--json").stdout)["simulated"] is True


def test_a_board_without_intervals_does_not_claim_any(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    with config.open("a") as file:
        file.write("rating_gen: {interval: {method: none}}\n")
    shown = arena("run", "-c", config).stdout
    assert "no intervals" in shown and "95%" not in shown


def test_a_boards_battles_can_be_clustered_by_another_column(tmp_path: Path) -> None:
    assert arena("run", "-c", arithmetic_board(tmp_path, mode="pairwise", baseline=None)).returncode == 0
    battles = tmp_path / "out/reports/battles.jsonl"
    boards = {
        column: json.loads(arena("rate", battles, "--cluster", column, "--json").stdout)
        for column in ("question_id", "category")
    }
    assert {column: board["n_questions"] for column, board in boards.items()} == {"question_id": 12, "category": 2}
    ratings = [[row["rating"] for row in board["models"]] for board in boards.values()]
    assert ratings[0] == ratings[1]
    assert boards["question_id"]["models"][1]["win_rate_low"] != boards["category"]["models"][1]["win_rate_low"]
    refused = arena("rate", battles, "--cluster", "nope")
    assert refused.returncode == 2
    assert "battles.jsonl:1: nope: found None" in refused.stderr
