"""A new board is ready at once: it checks, rehearses, and overwrites nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.commands import output_of

from arena.cli.init import EXAMPLES
from arena.config.loading import load_config
from arena.errors import InputError
from arena.questions import load_questions


def test_a_new_board_rehearses_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "board"
    said = output_of("init", str(folder))
    config = folder / "config.yaml"
    assert f"arena run -c {config} --dry-run" in said
    output_of("run", "-c", str(config), "--dry-run")
    board = json.loads((folder / "runs/board/dry-run/reports/leaderboard.json").read_text())
    assert board["simulated"] is True and board["n_battles"] == 10
    loaded = load_config(str(config)).config
    assert len(load_questions(loaded.question_file)) == 10
    assert not (folder / "runs/board/answers").exists()  # nothing of a rehearsal stands where real answers go


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text("mine\n")
    with pytest.raises(InputError, match=r"holds questions\.jsonl already"):
        output_of("init", str(tmp_path))
    assert (tmp_path / "questions.jsonl").read_text() == "mine\n"
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_checks_and_rehearses(tmp_path: Path, example: str) -> None:
    folder = tmp_path / "board"
    said = output_of("init", str(folder), "--example", example)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(
        EXAMPLES[example]
    )
    config = str(folder / "config.yaml")
    assert config in said
    output_of("check", "-c", config)
    output_of("run", "-c", config, "--dry-run")
    with pytest.raises(InputError, match="already; choose another DIR"):
        output_of("init", str(folder), "--example", example)


def test_the_example_of_files_runs_without_a_key(tmp_path: Path) -> None:
    output_of("init", str(tmp_path / "b"), "--example", "files")
    output_of("run", "-c", str(tmp_path / "b/config.yaml"))
    board = json.loads((tmp_path / "b/runs/board/reports/leaderboard.json").read_text())
    assert [row["model"] for row in board["models"]] == ["tuned", "base"]
    assert (board["n_battles"], board["excluded"]) == (10, {})
