"""Another judge over a board's answers: its own calls only, its own view, the board's reports untouched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.commands import output_of
from kit.paths import FIXTURES

from arena.board.open import OpenBoard
from arena.config.kinds import KINDS
from arena.errors import BoardLocked, ConfigError
from arena.files import read_objects
from arena.stages.rate import Rated
from arena.store.lock import BoardLock

FIXTURE = FIXTURES / "llmuses" / "battle"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    output_of("import", "llmuses", str(FIXTURE), "--out", str(tmp_path / "board"))
    output_of("run", "-c", str(tmp_path / "board" / "config.yaml"))
    return tmp_path / "board" / "config.yaml"


def test_a_new_judge_gets_its_own_view_and_a_comparison(config: Path) -> None:
    out = config.parent / "runs" / "pairwise"
    before = {path: path.read_bytes() for path in (out / "reports").iterdir()}
    said = output_of("review", "-c", str(config), "--judge", "other", "--backend", "reference")
    assert {path: path.read_bytes() for path in (out / "reports").iterdir()} == before
    board = json.loads((out / "judges" / "other" / "leaderboard.json").read_text())
    assert board["judges"] == ["other"] and board["excluded"] == {"no_reference": 2}
    assert "to keep this judge on the board" in said and "other:" in said


def test_putting_the_judge_into_the_config_costs_nothing_more(config: Path) -> None:
    out = config.parent / "runs" / "pairwise"
    output_of("review", "-c", str(config), "--judge", "other", "--backend", "simulated")
    asked = list(read_objects(out / "reviews" / "other.jsonl"))
    assert len(asked) == 6
    text = config.read_text(encoding="utf-8")
    text = text.replace("  judges:\n", "  judges:\n    other: {backend: simulated}\n").replace(
        "order: recorded", "order: both"
    )
    config.write_text(text, encoding="utf-8")
    output_of("run", "-c", str(config))
    assert list(read_objects(out / "reviews" / "other.jsonl")) == asked


def test_a_rehearsal_asks_nobody_and_stands_apart(config: Path) -> None:
    out = config.parent / "runs" / "pairwise"
    said = output_of("review", "-c", str(config), "--judge", "gpt-4.1", "--dry-run", "--limit", "1", "--order", "fixed")
    assert "SIMULATED" in said and "to keep this judge" not in said
    assert len(list(read_objects(out / "dry-run" / "reviews" / "gpt-4.1.jsonl"))) == 1
    assert not (out / "reviews" / "gpt-4.1.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--judge", "llmuses-reviewer", "--model", "m"], "stands there already; leave out model"),
        (["--judge", "new", "--backend", "vllm"], "judge new: model: missing"),
        (["--judge", "panel"], "cannot be called 'panel'"),
    ],
)
def test_what_makes_no_judge_is_said(config: Path, options: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        output_of("review", "-c", str(config), *options)


def test_an_unknown_backend_is_told_with_the_nearest_of_the_table() -> None:
    said = output_of("review", "-c", "cfg_demo.yaml", "--judge", "new", "--backend", "antropic", code=2)
    told = " ".join(said.split())
    assert "no backend 'antropic'; did you mean anthropic? (known: " in told
    for word, kind in KINDS.items():
        assert (f"{word}," in told or f"{word})" in told) == (kind.judge and not kind.config.replays)


def test_the_view_is_written_under_the_boards_lock(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from arena.stages import rejudge

    rate_stage, refused = rejudge.rate_stage, []

    def watched(board: OpenBoard, folder: Path) -> Rated:
        with pytest.raises(BoardLocked):
            BoardLock(board.review_folder.root)
        refused.append(folder)
        return rate_stage(board, folder)

    monkeypatch.setattr(rejudge, "rate_stage", watched)
    output_of("review", "-c", str(config), "--judge", "other", "--backend", "reference")
    assert refused == [config.parent / "runs/pairwise/judges/other"]
