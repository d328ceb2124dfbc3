"""What a board says about its schedule, wherever it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.adaptive_boards import adaptive_board
from kit.boards import leaderboard
from kit.commands import arena

from arena.reports.board import report_of
from arena.reports.schedule import scheduled


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    config = adaptive_board(folder, 5, 40, schedule={"method": "adaptive", "calls": 300, "batch": 60})
    path = folder / "m00.jsonl"  # one that shares no question with m01
    for name, kept in (("m00", range(20)), ("m01", range(20, 40))):
        path = folder / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text("".join(json.dumps(x) + "\n" for x in lines if x["question_id"] in kept), encoding="utf-8")
    assert arena("run", "-c", config).returncode == 0
    return folder


def test_the_terminal_says_what_was_judged_and_why_it_ended(board: Path) -> None:
    shown = arena("run", "-c", board / "config.yaml", "--stage", "ratings").stdout
    about = leaderboard(board)["schedule"]
    said = f"schedule adaptive: 300 of 480 judge requests, {about['pairs_separated']} of 10 pairs told apart"
    assert said in shown
    assert "its budget is spent" in shown
    assert "implied win" in shown


def test_the_markdown_says_it_too(board: Path) -> None:
    text = (board / "out/reports/leaderboard.md").read_text(encoding="utf-8")
    assert "Schedule adaptive: 300 of 480 judge requests" in text
    assert "implied win rate %" in text


def test_the_page_draws_the_curve_and_marks_what_was_never_drawn(board: Path) -> None:
    assert arena("report", "-c", board / "config.yaml").returncode == 0
    page = (board / "out/reports/leaderboard.html").read_text(encoding="utf-8")
    assert 'id="schedule"' in page
    assert "Pairs told apart" in page
    assert page.count('title="never drawn against each other"') == 2  # m00 and m01, either way round
    assert "Implied win rate" in page
    assert "Win rate" not in page.split('class="cards"')[1].split("</section>")[0]
    assert 'class="map small"' in page  # the only one that a phone need not scroll


def test_the_curve_of_a_report_is_what_the_leaderboard_holds(board: Path) -> None:
    about = scheduled(report_of(leaderboard(board)))
    assert about is not None
    assert [list(point) for point in about.curve] == leaderboard(board)["schedule"]["curve"]
    assert about.pairs_drawn == 9
    assert "自适应赛程" in about.sentence(5, 1)


@pytest.mark.parametrize("odd", [None, [], {"calls": "many"}, {"calls": 1, "calls_full": 2, "pairs_drawn": 3}])
def test_a_schedule_that_says_something_else_is_not_shown(board: Path, odd: object) -> None:
    assert scheduled(report_of(leaderboard(board) | {"schedule": odd})) is None


def test_a_board_of_all_pairs_says_nothing_of_a_schedule(tmp_path: Path) -> None:
    config = adaptive_board(tmp_path, 3, 12, schedule="all")
    shown = arena("run", "-c", config).stdout
    assert "schedule" not in shown
    assert "schedule" not in leaderboard(tmp_path)
    assert "boundary" not in leaderboard(tmp_path)["options"]
