"""`arena check` says what is there and what a run would stop at."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, edit_config, write_jsonl
from kit.commands import arena


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"api_key_env": "NOT_SET_HERE"}, "the environment variable NOT_SET_HERE is not set"),
        ({"api_key_env": None, "base_url": "localhost:8000/v1"}, "base_url: expected http://HOST"),
        ({"api_key_env": None, "base_url": "http://127.0.0.1:9/v1"}, ""),
    ],
)
def test_what_a_run_would_stop_at_is_said(
    tmp_path: Path, fields: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    judge = {"backend": "openai", "model": "m", **fields}
    config = edit_config(arithmetic_board(tmp_path), reviews_gen={"mode": "single", "judges": {"j": judge}})
    done = arena("check", "-c", config)
    assert done.returncode == 0 and ": fine" in done.stdout
    assert said in done.stderr and bool(said) is ("a run would stop here: " in done.stderr)


def test_paths_are_shown_without_detours_and_an_order_where_there_is_one(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    text = config.read_text()
    for mode, order in (("single", False), ("pairwise", True)):
        moved = inner / "config.yaml"
        moved.write_text(text)
        edit_config(
            moved,
            question_file="../questions.jsonl",
            answers_gen={"right": {"backend": "recorded", "file": "../right.jsonl"}},
            reviews_gen={"mode": mode, "judges": {"reference": {"backend": "reference"}}},
        )
        write_jsonl(tmp_path / "right.jsonl", [{"question_id": "1", "answer": "2"}])
        done = arena("check", "-c", moved)
        assert f"recorded {tmp_path}/right.jsonl\n" in done.stdout, done.stderr
        assert ("order both" in done.stdout) is order


@pytest.mark.parametrize("command", ["check", "plan", "bench"])
def test_what_is_wrong_with_benchmarks_names_the_config(tmp_path: Path, command: str) -> None:
    config = edit_config(arithmetic_board(tmp_path), benchmarks={"tasks": {"mmul": {}}})
    done = arena(command, "-c", config)
    assert done.returncode == 2
    assert done.stderr.startswith(f"arena: {config}: benchmarks.tasks: no task 'mmul'; did you mean mmlu?"), done.stderr
