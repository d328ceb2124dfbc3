"""One list of columns: what a method shows appears wherever a leaderboard is shown."""

from __future__ import annotations

import io
import re
from typing import get_args

import pytest

from arena.cli import table
from arena.cli.console import console_on
from arena.cli.table import print_board
from arena.ratings.columns import Column, with_ends
from arena.ratings.methods import METHODS, Method
from arena.reports import leaderboard
from arena.reports.board import Report, report_of
from arena.reports.columns import Kind, Medium, board_columns, columns_of
from arena.reports.leaderboard import to_csv, to_markdown
from arena.reports.page import PageData, render_page, sections
from arena.types import JSON
from viz.ui import table as viewer

TOY = Method((with_ends("luck", "luck", "points"), Column("omen", "omen", "text")))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Report:
    """A board rated by a method that was added as one row."""
    monkeypatch.setitem(METHODS, "toy", TOY)  # type: ignore[arg-type]
    row: dict[str, JSON] = {"model": "x", "rank": 1, "luck": 7.0, "luck_low": 6.0, "luck_high": None, "omen": "good"}
    return report_of({"models": [row, {"model": "y", "rank": 2}], "ranked_by": "toy", "n_battles": 3})


def _printed(report: Report, width: int = 200) -> str:
    out = io.StringIO()
    print_board(report, console=console_on(out, width))
    return out.getvalue()


def test_a_new_method_is_in_csv_markdown_terminal_page_and_viewer(toy: Report) -> None:
    head, first, second = (line.split(",") for line in to_csv(toy).splitlines())
    assert dict(zip(head, first, strict=True))["luck_low"] == "6.0" and head.index("luck") < head.index("wins")
    assert second[head.index("omen")] == ""
    markdown = to_markdown(toy).splitlines()
    assert "| luck |" in markdown[0] and "| 7 [6, ∞] |" in markdown[2] and "| good |" in markdown[2]
    assert "7 [6, +∞]" in _printed(toy) and "omen" in _printed(toy)
    page = render_page(PageData("t", toy, {}, (), {}, 0))
    assert "<th>Luck</th>" in page and re.search(r"<td>7<span", page) is None and "<td>7" in page
    shown = {column.heading("viewer"): values for column, values in viewer.table_of(toy, toy.models)}
    assert shown["Luck"] == [7.0, None] and shown["Omen"] == ["good", None]
    assert list(shown)[:3] == ["Rank", "Model", "Luck"]


def test_every_medium_writes_every_kind() -> None:
    kinds = {kind for word in get_args(Kind) for kind in (get_args(word) or (word,))}
    for cells in (leaderboard.CELLS, table.CELLS, sections.CELLS, viewer.CELLS):
        assert cells.keys() == kinds


@pytest.mark.parametrize("medium", get_args(Medium))
def test_where_a_column_stands_is_said_of_columns_that_exist(medium: Medium) -> None:
    columns = {column.name: column for column in board_columns()}
    for column in columns.values():
        if medium in column.after:
            assert medium not in columns[column.after[medium]].after, column.name


@pytest.mark.slow
def test_columns_go_one_by_one_where_a_terminal_is_narrow() -> None:
    row: dict[str, JSON] = {
        "model": "x", "rank": 1, "rating": 1000.0, "elo": 990.0, "win_rate": 0.5, "lc_win_rate": 0.5, "wins": 1,
        "losses": 1, "ties": 0, "n_battles": 2, "mean_length": 9.0, "cost_usd": 0.1, "flags": ["f"],
        "performance": {"load": "api", "output_tokens_per_s": 1.0, "latency_p50_s": 1.0, "ttft_p50_s": 1.0},
    }  # fmt: skip
    report = report_of({"models": [row], "n_battles": 2})
    spare = sorted((c.spare, c.heading("terminal")) for c in columns_of(report, "terminal") if c.spare is not None)
    assert [head for _, head in spare] == [
        "median TTFT (p95)", "median latency (p95)", "tokens/s",
        "flags", "length", "n", "Elo", "LC win rate", "cost", "W/L/T"
    ]  # fmt: skip
    heads = [head for _, head in spare]
    for width in range(30, 200, 7):
        shown = [f" {head} " in _printed(report, width) for head in heads]
        assert shown == sorted(shown), width


def test_scores_have_no_battles() -> None:
    report = report_of({"models": [{"model": "x", "score": 7.5, "n_battles": 3, "wins": 0}], "mode": "single"})
    names: tuple[Medium, ...] = ("markdown", "terminal", "page", "viewer")
    assert all("games" not in {c.name for c in columns_of(report, medium)} for medium in names)
    assert [c.heading("viewer") for c in columns_of(report, "viewer")] == ["Model", "Scores"]
