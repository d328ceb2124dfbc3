"""What the viewer shows of an adaptive board."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.adaptive_boards import adaptive_board
from kit.boards import leaderboard, models_of
from kit.commands import arena


@pytest.fixture(scope="module")
def adaptive_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    config = adaptive_board(folder, 5, 40, schedule={"method": "adaptive", "calls": 300, "batch": 60})
    assert arena("run", "-c", config).returncode == 0
    return folder


@pytest.mark.slow
def test_the_leaderboard_says_what_was_drawn(app, adaptive_folder: Path) -> None:
    at = app("--board", adaptive_folder / "out")
    assert not at.exception
    said = [caption.value for caption in at.caption]
    assert any("300 of 800 judge requests" in text for text in said)
    assert any(text.startswith("Schedule adaptive") for text in said)
    cards = " ".join(html.proto.body for html in at.get("html"))
    assert "implied win rate" in cards and "<span>win rate" not in cards
    assert any("judge requests" in expander.label for expander in at.expander)
    drawn = len(at.get("vega_lite_chart"))
    at.session_state["folded-schedule"] = True
    at.run()
    assert not at.exception
    assert len(at.get("vega_lite_chart")) == drawn + 1


def test_match_ups_run_and_ratings_of_a_filter_stay_implied(app, adaptive_folder: Path) -> None:
    assert not app("--board", adaptive_folder / "out", page="views/matchups.py").exception
    from viz.data.board import open_board
    from viz.data.ranking import rating_options
    from viz.data.source import Source

    board = open_board(Source(board=adaptive_folder / "out"))
    options = rating_options(board, baseline=None)
    assert options.implied
    assert options.boundary == leaderboard(adaptive_folder)["options"]["boundary"]
    assert {row["elo"] for row in models_of(adaptive_folder).values()} == {None}
