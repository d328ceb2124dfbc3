"""A new board is ready at once: it checks, rehearses, and overwrites nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.commands import output_of

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
