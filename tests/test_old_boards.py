"""Boards written by earlier versions: nothing stored is asked again, and what they come to stays what it was."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from kit.commands import arena

FIXTURES = Path(__file__).resolve().parent / "fixtures"
BOARDS = sorted(path.parent for path in FIXTURES.glob("boards_*/*/config.yaml"))
REPORTS = (".jsonl", ".json", ".csv", ".md")


def copied(tmp_path: Path, board: Path) -> Path:
    return Path(shutil.copytree(board, tmp_path / board.name)) / "config.yaml"


def texts(folder: Path, *, reports: bool) -> dict[str, list[bytes]]:
    """Lines of every stored file (or every report) of a board, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes().split(b"\n")
        for path in sorted(folder.rglob("*"))
        if path.suffix in REPORTS and path.name != "run.json" and ("reports" in path.parts) is reports
    }


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: f"{board.parent.name}/{board.name}")
def test_an_old_board_asks_nothing_and_rates_as_it_did(board: Path, tmp_path: Path) -> None:
    config = copied(tmp_path, board)
    planned = arena("plan", "-c", config)
    assert re.search(r"together +0 ", planned.stdout), planned
    modes: list[list[str]] = [[], ["--dry-run"]] if (board / "out/dry-run").exists() else [[]]
    for mode in modes:
        done = arena("run", "-c", config, *mode)
        assert done.returncode == 0, done.stderr
    runs = [json.loads(path.read_text(encoding="utf-8"))["runs"] for path in config.parent.rglob("run.json")]
    assert [(run["plan"], run["done"], run["errors"]) for (run,) in runs] == [(0, 0, {})] * len(modes)
    assert texts(config.parent, reports=False) == texts(board, reports=False)
    assert texts(config.parent, reports=True) == texts(board, reports=True)


def test_there_is_an_old_board_of_every_kind() -> None:
    kinds = {"openai", "anthropic", "vllm", "transformers", "recorded", "reference", "simulated"}
    assert kinds <= {board.name for board in BOARDS}
