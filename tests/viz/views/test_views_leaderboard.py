"""The leaderboard page, without a browser."""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path

import pytest

from arena.store.votes import Votes
from viz.charts.looks import styled
from viz.data.board import open_board
from viz.data.filters import Filter, select
from viz.data.ranking import rate_rows, rating_options
from viz.data.source import Source
from viz.ui.pieces import REASONS


def test_it_shows_the_numbers_of_the_stored_leaderboard(app, board_folder: Path) -> None:
    at = app("--board", board_folder)
    assert not at.exception
    stored = json.loads((board_folder / "reports" / "leaderboard.json").read_text())
    table = at.dataframe[0].value
    assert list(table["Model"]) == [m["model"] for m in stored["models"]]
    assert list(table["Rating"]) == pytest.approx([m["rating"] for m in stored["models"]])


@pytest.mark.slow
def test_a_category_filter_rates_its_battles_alone(app, board_folder: Path) -> None:
    at = app("--board", board_folder, category=["coding"])
    assert not at.exception
    board = open_board(Source(board=board_folder))
    rows = select(board, Filter(category=("coding",)), Votes())
    expected = rate_rows(board, rows, rating_options(board, baseline=None))
    table = at.dataframe[0].value
    assert list(table["Rating"]) == pytest.approx([s.rating for s in expected.models])
    assert list(table["Battles"]) == [s.n_battles for s in expected.models]


def test_what_was_left_out_is_in_sight(app, board_folder: Path) -> None:
    at = app("--board", board_folder)
    stored = json.loads((board_folder / "reports" / "leaderboard.json").read_text())
    shown = " ".join(element.proto.body for element in at.main if element.type == "html")
    assert stored["excluded"]
    for reason, n in stored["excluded"].items():
        assert escape(f"{n} {REASONS[reason]}") in shown


def test_a_rehearsal_has_a_banner(app, board_folder: Path, tmp_path: Path) -> None:

    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    report = folder / "reports" / "leaderboard.json"
    report.write_text(json.dumps(json.loads(report.read_text()) | {"simulated": True}))
    at = app("--board", folder)
    told = [str(element.proto.body) for element in at.main if element.type == "html"]
    for kind in ("banner", "verdict", "chips"):  # the sentence and the difference bear it too: they get copied
        assert any(f'class="{kind}' in body and "Rehearsal" in body for body in told), kind


@pytest.mark.slow
def test_single_mode_ranks_by_score(app, score_folder: Path) -> None:
    at = app("--board", score_folder)
    assert not at.exception
    stored = json.loads((score_folder / "reports" / "leaderboard.json").read_text())
    assert list(at.dataframe[0].value["Score"]) == pytest.approx([m["score"] for m in stored["models"]])


def test_chinese_is_chinese(app, board_folder: Path) -> None:
    at = app("--board", board_folder, lang="zh")
    assert not at.exception
    assert at.title[0].value == "排行榜"


def test_a_missing_board_is_one_line_not_a_traceback(app, tmp_path: Path) -> None:
    at = app("--board", tmp_path / "nowhere")
    assert not at.exception
    assert "no such folder" in at.error[0].value


@pytest.mark.slow
def test_a_chart_is_made_once_for_its_content(app, board_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viz.ui import pieces

    made: list[object] = []
    monkeypatch.setattr(pieces, "styled", lambda drawn, look: made.append(drawn) or styled(drawn, look))
    pieces._drawn.clear()
    at = app("--board", board_folder)
    first = [element.proto.spec for element in at.main if element.type == "vega_lite_chart"]
    assert len(made) == len(first) > 0
    at.run()
    assert len(made) == len(first)
    at = app("--board", board_folder, category=["coding"])
    assert not at.exception
    assert len(made) > len(first)  # other numbers, another chart


@pytest.mark.slow
def test_style_pills_rate_at_equal_style_and_stand_in_the_url(app, board_folder: Path) -> None:
    at = app("--board", board_folder, style=["length", "bold"])
    assert not at.exception
    board = open_board(Source(board=board_folder))
    options = rating_options(board, baseline=None, style=("length", "bold"))
    expected = rate_rows(board, select(board, Filter(), Votes()), options)
    assert list(at.dataframe[0].value["Rating"]) == pytest.approx([s.rating for s in expected.models])
    shown = " ".join(element.proto.body for element in at.main if element.type == "html")
    assert "At equal style" in shown
    next(group for group in at.pills if group.key == "style").set_value([]).run()
    assert "style" not in at.query_params
    assert board.report is not None
    assert list(at.dataframe[0].value["Rating"]) == pytest.approx([s.rating for s in board.report.models])


@pytest.mark.slow
def test_answers_that_work_on_the_judge_are_named_beside_the_verdict(app, board_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    shutil.copytree(board_folder, folder)
    path = folder / "reports" / "leaderboard.json"
    report = json.loads(path.read_text())
    report["models"][0]["flags"] = ["suspicious: override (15)", "suspicious: fence (1)", "truncated (15)"]
    path.write_text(json.dumps(report))
    for category in ([], ["math"]):  # under a filter too
        at = app("--board", folder, category=category)
        shown = " ".join(element.proto.body for element in at.main if element.type == "html")
        assert "look made to sway the judge" in shown
        told = "gives orders to the judge (15), imitates the judge's prompt (1), cut off (15)"
        assert at.dataframe[0].value["Remarks"][0] == told
        assert "fence" not in shown
        assert "truncated" not in shown
