"""Numbers of the pages equal those of the ratings and of a count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from arena.reports.page.health import HealthTally
from arena.store.votes import Votes
from viz.data.board import Board, open_board
from viz.data.counting import (
    agreement_of,
    judge_health,
    judge_table,
    length_curve,
    meetings,
    outcomes_of,
    share_by_group,
)
from viz.data.filters import Filter, select
from viz.data.ranking import rate_rows, rating_options, scores_report
from viz.data.source import Source


@pytest.fixture
def board(board_folder: Path) -> Board:
    return open_board(Source(board=board_folder))


@pytest.fixture
def lines(board_folder: Path) -> list[dict]:
    return [json.loads(x) for x in (board_folder / "reports" / "battles.jsonl").read_text().splitlines()]


def test_rating_all_rows_gives_the_stored_leaderboard(board: Board) -> None:
    rows = select(board, Filter(), Votes())
    found = rate_rows(board, rows, rating_options(board, baseline=None, slices=True))
    stored = board.report
    assert stored is not None
    assert (found.n_battles, dict(found.excluded), found.pending) == (stored.n_battles, stored.excluded, stored.pending)
    for mine, theirs in zip(found.models, stored.models, strict=True):
        assert mine.model == theirs.model
        for name in ("rating", "rating_low", "rating_high", "win_rate", "win_rate_low", "win_rate_high"):
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), rel=1e-8)
        assert mine.categories["math"].win_rate == pytest.approx(theirs.categories["math"].win_rate, rel=1e-8)


def test_rating_all_scores_gives_the_stored_leaderboard(score_folder: Path) -> None:
    board = open_board(Source(board=score_folder))
    found = scores_report(board, np.arange(len(board.rows)))
    assert board.report is not None
    assert [s.score for s in found.models] == pytest.approx([s.score for s in board.report.models])
    assert [s.score_low for s in found.models] == pytest.approx([s.score_low for s in board.report.models])


def test_meetings_are_mean_outcomes_from_both_sides(board: Board, lines: list[dict]) -> None:
    models = board.names.models
    matrix = meetings(board, select(board, Filter(), Votes()), models)
    outcomes = [
        x["outcome"] for x in lines
        if x["judge"] == "panel" and x["state"] == "rated" and (x["model_a"], x["model_b"]) == ("atlas-70b", "cirrus-2")
    ]  # fmt: skip
    i, j = models.index("atlas-70b"), models.index("cirrus-2")
    assert matrix.share[i, j] == pytest.approx(sum(outcomes) / len(outcomes))
    assert matrix.share[j, i] == pytest.approx(1 - matrix.share[i, j])
    assert matrix.battles[i, j] == matrix.battles[j, i] == len(outcomes)
    assert np.isnan(matrix.share[i, i])


def test_two_models_face_to_face_by_category(board: Board) -> None:
    chosen = select(board, Filter(), Votes())
    one, rows = outcomes_of(board, chosen, "cirrus-2", "atlas-70b")
    other, _ = outcomes_of(board, chosen, "atlas-70b", "cirrus-2")
    assert one.mean() == pytest.approx(1 - other.mean())
    groups = share_by_group(board, one, rows, 0.95)
    assert sum(mean.n for _, mean in groups) == len(one)


def test_judge_health_is_a_count(board: Board, lines: list[dict]) -> None:
    health = {h.judge: h for h in judge_health(board, np.arange(len(board.rows)), 0.95)}
    assert set(health) == {"judge-large", "judge-small"}
    mine = [x for x in lines if x["judge"] == "judge-small"]
    consistent = [x["consistent"] for x in mine if x["consistent"] is not None]
    assert health["judge-small"].consistency.value == pytest.approx(sum(consistent) / len(consistent))
    verdicts = [v for x in mine for v in x["verdicts"]]
    asked = [v["status"] for v in verdicts if v["status"] in ("ok", "unparsed", "failed")]
    assert health["judge-small"].unparsed.value == pytest.approx(asked.count("unparsed") / len(asked))
    assert health["judge-small"].replies == len(asked) > health["judge-small"].rows
    first = health["judge-small"].first_slot
    assert first.value is not None
    assert first.value > 0.5  # the judge was made to like what stands first


@pytest.mark.parametrize("folder", ["board_folder", "score_folder"])
def test_a_judge_has_one_health_here_and_in_the_report(folder: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(folder)
    board = open_board(Source(board=root))
    tallies: dict[str, HealthTally] = {}
    for line in (
        (root / "reports" / ("scores.jsonl" if board.kind == "scores" else "battles.jsonl")).read_text().splitlines()
    ):
        row = json.loads(line)
        tallies.setdefault(row["judge"], HealthTally(row["judge"])).add(row)
    for here in judge_health(board, np.arange(len(board.rows)), 0.95):
        there = tallies[here.judge].health()
        assert (here.rows, here.replies) == (there.rows, there.replies)
        pairs = [(here.consistency, there.consistent), (here.first_slot, there.first_slot), (here.ties, there.ties)]
        for one, other in (*pairs, (here.unparsed, there.unparsed), (here.failed, there.failed)):
            if other is None:
                assert one.value is None
            else:
                assert tuple(one) == pytest.approx((other.value, other.low, other.high, other.n))


def test_what_was_never_asked_is_no_failed_reply(tmp_path: Path) -> None:
    told = {"question_id": "1", "model_a": "x", "model_b": "y", "judge": "j"}
    tie = {"order": "a_first", "status": "ok", "label": "tie"}
    lines: list[dict] = [
        told | {"state": "rated", "winner": "tie", "outcome": 0.5, "verdicts": [tie, {"status": "unparsed"}]},
        told | {"state": "pending", "verdicts": [tie, {"status": "missing"}]},
        told | {"state": "excluded", "reason": "call_failed", "verdicts": [tie, {"status": "failed"}]},
    ]
    for line in lines:
        line["verdicts"][1]["order"] = "b_first"
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/battles.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    tally = HealthTally("j")
    for line in lines:
        tally.add(line)
    [here] = judge_health(open_board(Source(board=tmp_path)), np.arange(3), 0.95)
    there = tally.health()
    assert (here.rows, here.replies) == (there.rows, there.replies) == (2, 5)
    for one, other in ((here.failed, there.failed), (here.unparsed, there.unparsed)):
        assert other is not None
        assert one.value == other.value == 0.2
    assert here.ties.value == 1.0


def test_the_length_curve_is_the_same_from_both_sides(board: Board) -> None:
    curve = length_curve(board.rows, 0.95, bins=4)
    assert [mean.value for _, mean in curve] == pytest.approx(
        [1 - (m.value or 0) for _, m in reversed(curve)], abs=0.08
    )


def test_a_judge_agrees_with_itself(board: Board) -> None:
    table = judge_table(board, np.arange(len(board.rows)), "judge-large")
    found = agreement_of(table, table, 0.95)
    assert found is not None
    assert found.raw.value == 1.0
    assert found.kappa.value == pytest.approx(1.0)
