"""What an option names must exist, and the message stays short however much there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, write_config, write_jsonl
from kit.commands import arena


@pytest.mark.parametrize(
    ("redo", "hint"),
    [
        ("judge=referenc", "did you mean reference?"),
        ("model=rihgt", "did you mean right?"),
        ("question=99", "(have: 0, 1, 10, 11,"),
    ],
)
def test_redo_of_something_that_is_not_there_is_refused(tmp_path: Path, redo: str, hint: str) -> None:
    config = arithmetic_board(tmp_path)
    for command in ("run", "plan"):
        done = arena(command, "-c", config, "--redo", redo)
        assert done.returncode == 2
        assert f"--redo: no {redo.partition('=')[0]} " in done.stderr
        assert hint in done.stderr
    assert not (tmp_path / "out/reports").exists()


def test_a_message_lists_some_of_many_questions(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, n_questions=300)
    done = arena("show", "-c", config, "nothing like it", "right", "half")
    assert done.returncode == 2
    assert "and 280 more" in done.stderr
    assert len(done.stderr) < 300


@pytest.mark.parametrize("option", ["--review-file", "--category-file", "--question-file"])
def test_the_viewer_does_not_start_on_a_file_that_is_not_there(
    tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.cli.view._start", lambda *_: pytest.fail("started"))
    write_jsonl(tmp_path / "battles.jsonl", [])
    there = () if option == "--review-file" else ("--review-file", tmp_path / "battles.jsonl")
    done = arena("view", *there, option, tmp_path / "nope.jsonl")
    assert (done.returncode, done.stderr) == (2, f"arena: {tmp_path / 'nope.jsonl'}: no such file\n")


def test_the_plan_counts_the_first_answer_once_more_for_the_second_turn(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "questions.jsonl", [{"question_id": 1, "turns": ["Say it.", "Again."]}])
    price = {"input": 1_000_000.0, "output": 0.0}
    model = {"backend": "openai", "api_key_env": None, "price": price, "generation_config": {"max_tokens": 100}}
    config = write_config(
        tmp_path, {"question_file": "questions.jsonl", "output_dir": "out", "answers_gen": {"m": model}}
    )
    [row] = [line for line in arena("plan", "-c", config).stdout.splitlines() if "answers of m" in line]
    assert "~103 " in row  # 13 characters and one answer of 100 tokens


@pytest.mark.parametrize("models", [("right", "right"), ("right",)])
def test_a_battle_to_show_has_two_models(tmp_path: Path, models: tuple[str, ...]) -> None:
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    done = arena("show", "-c", config, "1", *models)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
