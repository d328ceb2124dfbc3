"""Filters: what they select, and that a URL holds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arena.store.votes import Vote, Votes
from viz.data.board import Board, open_board
from viz.data.filters import TIE, Filter, filter_from, select
from viz.data.rows import EXCLUDED, PENDING, TIED
from viz.data.source import Source


@pytest.fixture
def board(board_folder: Path) -> Board:
    return open_board(Source(board=board_folder, question_file=board_folder.parent / "questions.jsonl"))


def _names(board: Board, rows: np.ndarray) -> set[tuple[str, str]]:
    models = board.names.models
    return {(models[board.rows.model_a[r]], models[board.rows.model_b[r]]) for r in rows}


def _judges(board: Board, rows: np.ndarray) -> set[str]:
    return {board.names.judges[board.rows.judge[r]] for r in rows}


def test_without_a_filter_the_panel_counts(board: Board) -> None:
    assert _judges(board, select(board, Filter(), Votes())) == {"panel"}


def test_a_model_and_an_opponent(board: Board) -> None:
    rows = select(board, Filter(model=("atlas-70b",)), Votes())
    assert all("atlas-70b" in pair for pair in _names(board, rows))
    rows = select(board, Filter(model=("cirrus-2",), opponent=("atlas-70b",)), Votes())
    assert _names(board, rows) == {("atlas-70b", "cirrus-2")}


def test_the_same_model_on_both_sides_meets_the_others_of_each(board: Board) -> None:
    both = ("atlas-70b", "cirrus-2")
    assert _names(board, select(board, Filter(model=both, opponent=both), Votes())) == {both}


def test_winners_and_ties(board: Board) -> None:
    rows = select(board, Filter(winner=("cirrus-2",)), Votes())
    winners = [board.rows.model_a[r] if board.rows.winner[r] == 0 else board.rows.model_b[r] for r in rows]
    assert {board.names.models[w] for w in winners} == {"cirrus-2"}
    assert set(board.rows.winner[select(board, Filter(winner=(TIE,)), Votes())]) == {TIED}


def test_disagreeing_orders_are_looked_for_among_the_panels_members(board: Board) -> None:
    rows = select(board, Filter(flag=("disagree",)), Votes())
    assert len(rows)
    assert "panel" not in _judges(board, rows)
    assert (board.rows.consistent[rows] == 0).all()


def test_unreadable_replies(board: Board) -> None:
    rows = select(board, Filter(flag=("unparsed",)), Votes())
    assert len(rows)
    assert (board.rows.unparsed[rows] > 0).all()


def test_state_and_category_and_language(board: Board) -> None:
    rows = select(board, Filter(state=("pending", "excluded"), judge=board.names.judges), Votes())
    assert set(board.rows.state[rows].tolist()) <= {PENDING, EXCLUDED}
    rows = select(board, Filter(category=("翻译",), language=("zh",)), Votes())
    assert {board.names.categories[c] for c in board.rows.category[rows]} == {"翻译"}
    assert not len(select(board, Filter(category=("翻译",), language=("en",)), Votes()))


def test_search_looks_into_questions_and_answers_and_takes_an_id(board: Board) -> None:
    rows = select(board, Filter(q="把第 4 句话"), Votes())
    assert {board.names.questions[q] for q in board.rows.question[rows]} == {"4"}
    assert len(select(board, Filter(q="DEF MEAN(XS"), Votes()))
    assert "7" in {board.names.questions[q] for q in board.rows.question[select(board, Filter(q="7"), Votes())]}
    assert not len(select(board, Filter(q="no such words anywhere"), Votes()))


def test_people_against_the_judge(board: Board) -> None:
    row = next(r for r in select(board, Filter(winner=("atlas-70b",)), Votes()))
    line = board.line(int(row))
    vote = Vote("1", line["question_id"], line["model_a"], line["model_b"], line["answer_key_a"], line["answer_key_b"],
                "model_a", "both_bad", False, "me", 1.0, "2026-01-01T00:00:00Z")  # fmt: skip
    assert select(board, Filter(flag=("human",)), Votes((vote,))).tolist() == [row]
    assert not len(select(board, Filter(flag=("human",)), Votes()))


def test_unknown_values_select_nothing_and_do_not_raise(board: Board) -> None:
    for wanted in (Filter(model=("nobody",)), Filter(category=("x",)), Filter(judge=("y",)), Filter(flag=("z",))):
        assert not len(select(board, wanted, Votes()))


def test_a_filter_survives_the_url() -> None:
    wanted = Filter(model=("a", "b"), flag=("disagree",), q="hello & good bye")
    as_url = {name: value if isinstance(value, list) else [value] for name, value in wanted.parameters().items()}
    assert filter_from(as_url) == wanted
    assert filter_from({"lang": ["zh"], "page": ["3"]}) == Filter()
    assert Filter().parameters() == {}
