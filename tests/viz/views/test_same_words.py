"""Terminal, report, viewer and JSON say the same of a board: sentence, ranks, difference and latency."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path

import pytest
from kit.commands import arena
from kit.five_boards import BOARDS, board
from rich.console import Console

from arena.cli.table import print_board
from arena.reports.board import read_report
from arena.reports.difference import main_difference
from arena.reports.leaderboard import rank_text
from arena.reports.verdict import verdict_of


@pytest.mark.slow
@pytest.mark.parametrize("case", BOARDS)
def test_one_story_everywhere(case: str, tmp_path: Path, app) -> None:
    kinds, code = BOARDS[case]
    config = board(tmp_path, kinds)
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    stored = json.loads((tmp_path / "out/reports/leaderboard.json").read_text(encoding="utf-8"))
    report = read_report(tmp_path / "out/reports/leaderboard.json")
    assert report is not None
    verdict, apart = verdict_of(report), main_difference(report)
    assert stored["verdict"] == verdict.to_json() and verdict.code == code
    assert arena("report", "-c", config).returncode == 0
    page = plain((tmp_path / "out/reports/leaderboard.html").read_text(encoding="utf-8"))
    at = app("--board", tmp_path / "out")
    assert not at.exception
    viewer = plain(" ".join(element.proto.body for element in at.main if element.type == "html"))
    wide = io.StringIO()
    print_board(report, console=Console(file=wide, width=250))
    for shown in (done.stdout, page, viewer):
        assert verdict.text in shown
        assert apart is not None and apart.text in shown
    ranks = [str(rank).replace("  ", " ") for rank in at.dataframe[0].value["Rank"]]
    for row, rank in zip(report.models, ranks, strict=True):
        assert rank_text(row) == rank
        assert rank_text(row) in page and rank_text(row) in wide.getvalue()
        median = next(one["performance"]["latency_p50_s"] for one in stored["models"] if one["model"] == row.model)
        assert f"{median:.2f} s" in wide.getvalue() and f"median latency {median:.2f} s" in viewer
        assert f"{median:.2f} s" in page


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup))
