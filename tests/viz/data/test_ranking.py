"""A rating made for a filter follows the rules of the board and of `arena rate`, to the same numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from kit.commands import arena
from kit.paths import ROOT

from arena.reports.board import Report
from arena.store.votes import Votes
from viz.data import ranking
from viz.data.board import Board, open_board
from viz.data.filters import Filter, select
from viz.data.ranking import rate_rows, rating_options
from viz.data.source import Source

NUMBERS = (
    "rank", "rank_low", "rank_high", "rating", "rating_low", "rating_high", "elo", "elo_low", "elo_high", "win_rate",
    "win_rate_low", "win_rate_high", "lc_win_rate",
)  # fmt: skip


@pytest.fixture
def board(board_folder: Path) -> Board:
    return open_board(Source(board=board_folder))


def _same(found: Report, expected: list[Mapping[str, Any]], names: tuple[str, ...] = NUMBERS) -> None:
    assert [s.model for s in found.models] == [m["model"] for m in expected]
    for mine, theirs in zip(found.models, expected, strict=True):
        for name in names:
            known, value = theirs[name], getattr(mine, name)
            assert value == (None if known is None else pytest.approx(known, rel=1e-8)), (mine.model, name)


def _rate(battles: Path, *options: str) -> dict[str, Any]:
    done = arena("rate", battles, "--json", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("style", [("length",), ("length", "lists", "bold")])
def test_style_control_gives_the_numbers_of_the_command_line(board: Board, style: tuple[str, ...]) -> None:
    rows = select(board, Filter(), Votes())
    found = rate_rows(board, rows, rating_options(board, baseline=None, style=style))
    expected = _rate(board.path, "--style", ",".join(style), "--method", "bradley_terry,elo,win_rate")
    _same(found, expected["models"])
    assert {name: asdict(effect) for name, effect in found.style.items()} == {
        name: pytest.approx(effect, rel=1e-8) for name, effect in expected["style"].items()
    }  # the effects too
    assert found.style
    plain = rate_rows(board, rows, rating_options(board, baseline=None))
    assert [s.rating for s in plain.models] != [s.rating for s in found.models]


def test_elo_of_a_filter_is_that_of_the_command_line(board: Board, tmp_path: Path) -> None:
    found = rate_rows(board, select(board, Filter(category=("coding",)), Votes()), rating_options(board, baseline=None))
    part = tmp_path / "battles.jsonl"
    lines = board.path.read_text(encoding="utf-8").splitlines(keepends=True)
    part.write_text("".join(line for line in lines if json.loads(line)["category"] == "coding"), encoding="utf-8")
    _same(found, _rate(part, "--method", "bradley_terry,elo,win_rate")["models"])
    assert found.models[0].elo is not None


def test_elo_of_many_battles_is_the_boards_own_or_left_out(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "ELO_AT_MOST", 10)
    assert board.report is not None
    whole = rate_rows(board, select(board, Filter(), Votes()), rating_options(board, baseline="cirrus-2"))
    assert {s.model: s.elo for s in whole.models} == {s.model: s.elo for s in board.report.models}
    part = rate_rows(board, select(board, Filter(category=("math",)), Votes()), rating_options(board, baseline=None))
    assert {s.elo for s in part.models} == {None}


@pytest.mark.slow
@pytest.mark.parametrize(
    "rating",
    [
        {"style_control": ["length", "bold"], "elo": {"k": 16, "orders": 20}, "metrics": ["elo", "bradley_terry"]},
        {"style_control": ["arena"], "interval": {"simultaneous": True, "level": 0.9}},
    ],
)
def test_a_board_rated_its_own_way_is_rated_that_way_again(tmp_path: Path, rating: dict[str, Any]) -> None:
    config = yaml.safe_load((ROOT / "configs" / "cfg_demo.yaml").read_text(encoding="utf-8"))
    for entry in config["answers_gen"].values():
        entry["file"] = str((ROOT / "configs" / entry["file"]).resolve())
    config["question_file"] = str((ROOT / "configs" / config["question_file"]).resolve())
    (tmp_path / "board.yaml").write_text(yaml.safe_dump(config | {"output_dir": "out", "rating_gen": rating}))
    assert arena("run", "-c", "board.yaml", "--yes", cwd=tmp_path).returncode == 0
    board = open_board(Source(board=tmp_path / "out"))
    assert board.report is not None
    found = rate_rows(board, select(board, Filter(), Votes()), rating_options(board, baseline=board.report.baseline))
    names = tuple(name for name in NUMBERS if "elo" not in name or "elo" in rating.get("metrics", ["elo"]))
    _same(found, [dict(row.stored) for row in board.report.models], names)
    assert found.style.keys() == board.report.style.keys()
    assert found.ranked_by == board.report.ranked_by
