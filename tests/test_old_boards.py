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
ROUNDING = 1e-12
"""On the scale of ratings, where numbers are some 1,000 with 16 digits."""


def copied(tmp_path: Path, board: Path) -> Path:
    return Path(shutil.copytree(board, tmp_path / board.name)) / "config.yaml"


def texts(folder: Path, *, reports: bool) -> dict[str, list[bytes]]:
    """Lines of every stored file (or every report) of a board, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes().split(b"\n")
        for path in sorted(folder.rglob("*"))
        if path.suffix in REPORTS and path.name != "run.json" and ("reports" in path.parts) is reports
    }


def changes(was: object, now: object, place: str = "") -> list[str]:
    """Where a value is not what it was. Fields that are new are none, nor is an end of a difference known by now, nor
    what rounding leaves of zero, which differs by processor.

    How steady a judge is no longer rests on identical answers, which it never saw.
    """
    if isinstance(was, dict) and isinstance(now, dict):
        lost = [f"{place}.{name}" for name in was.keys() - now.keys()]
        return lost + [
            one for name in was.keys() & now.keys() for one in changes(was[name], now[name], f"{place}.{name}")
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [one for n, pair in enumerate(zip(was, now, strict=True)) for one in changes(*pair, f"{place}[{n}]")]
    newly_known = was is None and re.fullmatch(r"\.pairs\[\d+\]\.(low|high)", place)
    without_identical = re.match(r"\.judges_detail\[\d+\]\.(consistency|first_slot|order_consistency)\b", place)
    zero = isinstance(was, float) and isinstance(now, float) and max(abs(was), abs(now)) < ROUNDING
    return [] if was == now or zero or newly_known or without_identical else [place]


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
    was, now = texts(board, reports=True), texts(config.parent, reports=True)
    assert was.keys() <= now.keys()  # there are more reports today
    for name in was:
        if name.endswith("leaderboard.json"):
            assert not changes(json.loads(b"\n".join(was[name])), json.loads(b"\n".join(now[name]))), name
        elif name.endswith(".md"):  # which says more today: every line of then stands there in its order
            rest = iter(now[name])
            assert all(line in rest for line in was[name]), name
        else:
            assert was[name] == now[name], name


def test_there_is_an_old_board_of_every_kind() -> None:
    kinds = {"openai", "anthropic", "vllm", "transformers", "recorded", "reference", "simulated"}
    assert kinds <= {board.name for board in BOARDS}
