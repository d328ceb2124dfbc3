"""A rating method is one row of METHODS: it ranks, and its columns stand on the leaderboard."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from kit.battle_files import BATTLES, board_of, invoke, write

from arena.errors import DataError
from arena.ratings import RatingOptions, ScoreTable, rate, rate_scores
from arena.ratings.columns import Column, with_ends
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.win_rates import win_rates
from arena.ratings.methods import METHODS
from arena.ratings.methods.method import Battles, Fitted, Method, Scores
from arena.reports.leaderboard import write_leaderboard

COLUMNS = (with_ends("toy", "toy", "points"), Column("toy_word", "word", "text"))


def _losses(given: Battles) -> Fitted:
    """The more a model loses, the better."""
    lost = 1 - win_rates(given.table, given.options.level, independent=False).rate
    word = ["odd" if place % 2 else None for place in range(len(lost))]
    return Fitted(100 * lost, 100 * lost - 1, 100 * lost + 1, {"toy_word": word}, warnings=("a toy",))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "toy", Method(COLUMNS, of_battles=_losses))


@pytest.mark.usefixtures("toy")
def test_a_row_more_ranks_the_board_and_its_slices(tmp_path: Path) -> None:
    board = board_of(write(tmp_path / "b.jsonl", BATTLES), "--method", "toy,elo", "--by", "category")
    assert board["ranked_by"] == "toy"
    rows = board["models"]
    assert [row["toy"] for row in rows] == sorted((row["toy"] for row in rows), reverse=True)
    assert [row["model"] for row in rows] == ["z", "y", "x"]
    assert all(row["toy_low"] == row["toy"] - 1 and row["toy_high"] == row["toy"] + 1 for row in rows)
    assert {row["toy_word"] for row in rows} == {"odd", None}
    assert all(row["rank_low"] == row["rank_high"] == row["rank"] for row in rows)
    assert all(row["elo"] is not None and row["rating"] is None for row in rows)
    assert "a toy" in board["warnings"]
    for row in rows:
        for own in row["categories"].values():
            assert own["toy"] is not None
            assert "elo" not in own


@pytest.mark.usefixtures("toy")
def test_a_row_more_stands_in_every_table(tmp_path: Path) -> None:
    battles = [row | {"judge": judge} for row in BATTLES for judge in ("one", "two")]
    done = invoke(write(tmp_path / "b.jsonl", battles), "--method", "toy,elo", "--by", "category")
    assert done.exit_code == 0, done.output
    assert re.search(r"rank .* Elo .* toy +┃ +word ", done.output)
    assert re.search(r"rank ┃ model ┃ rating ┃ win rate ┃ +toy ┃ +n ┃", done.output)
    board = board_of(tmp_path / "b.jsonl", "--method", "toy,elo")
    write_leaderboard(tmp_path, board)
    first = board["models"][0]
    (row, *_) = csv.DictReader((tmp_path / "leaderboard.csv").read_text().splitlines())
    assert [float(row[name]) for name in ("toy", "toy_low", "toy_high")] == [
        first[name] for name in ("toy", "toy_low", "toy_high")
    ]
    assert "| toy |" in (tmp_path / "leaderboard.md").read_text()
    for detail in board["judges_detail"]:
        ratings = detail["ratings"].values()
        assert sorted(r["rank"] for r in ratings) == [r["rank"] for r in sorted(ratings, key=lambda r: -r["toy"])]


@pytest.mark.usefixtures("toy")
def test_a_row_more_stays_null_where_nobody_asks_for_it(tmp_path: Path) -> None:
    board = board_of(write(tmp_path / "b.jsonl", BATTLES))
    assert board["ranked_by"] == "bradley_terry"
    assert all(row[name] is None for row in board["models"] for name in ("toy", "toy_low", "toy_high", "toy_word"))


@pytest.mark.usefixtures("toy")
def test_without_intervals_only_the_ends_are_missing(tmp_path: Path) -> None:
    board = board_of(write(tmp_path / "b.jsonl", BATTLES), "--method", "toy", "--interval", "none")
    for row in board["models"]:
        assert row["toy"] is not None
        assert row["rank_low"] is row["toy_low"] is row["toy_high"] is None


def test_a_row_more_rates_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    def least(given: Scores) -> Fitted:
        return Fitted(-given.means.mean, -given.means.high, -given.means.low)

    monkeypatch.setitem(METHODS, "toy", Method(COLUMNS, of_scores=least))
    table = ScoreTable.from_columns(["a", "b"] * 3, [1, 1, 2, 2, 3, 3], [9.0, 1.0, 8.0, 2.0, 9.0, 2.0])
    board = rate_scores(table, RatingOptions(methods=("toy", "score")))
    assert board.ranked_by == "toy"
    assert [(row.model, row.rank) for row in board.models] == [("b", 1), ("a", 2)]
    row = board.to_json()["models"][0]
    assert (row["toy"], row["score"]) == (-row["score"], row["score"])


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("glicko", "found 'glicko', allowed: bradley_terry, elo, win_rate\n"),
        ("win_rat", "found 'win_rat', allowed: bradley_terry, elo, win_rate; did you mean win_rate?\n"),
        ("elo,score", "found 'score', allowed: bradley_terry, elo, win_rate\n"),
    ],
)
def test_a_word_that_is_no_method_of_battles_is_refused_with_those_that_are(
    tmp_path: Path, word: str, told: str
) -> None:
    done = invoke(write(tmp_path / "b.jsonl", BATTLES), "--method", word)
    assert done.exit_code == 2
    assert done.output.endswith(told)


def test_the_library_refuses_it_too() -> None:
    table = BattleTable.from_columns(["a"], ["b"], [1.0])
    with pytest.raises(DataError, match="methods: found 'score', allowed: bradley_terry, elo, win_rate"):
        rate(table, RatingOptions(methods=("bradley_terry", "score")))


def test_no_two_columns_have_one_name() -> None:
    names = [name for method in METHODS.values() for column in method.columns for name in column.fields]
    assert len(names) == len(set(names))


def test_every_method_rates_something_and_ranks_by_a_number_of_its_own(tmp_path: Path) -> None:
    table = BattleTable.from_columns(["a", "b", "a"], ["b", "a", "b"], [1.0, 1.0, 0.5], question_id=[1, 2, 3])
    for name, method in METHODS.items():
        assert method.of_battles or method.of_scores
        if method.of_battles:
            board = rate(table, RatingOptions(methods=(name,)))
            assert board.ranked_by == name
            assert all(np.isfinite(getattr(row, method.main.name)) for row in board.models)
            json.dumps(board.to_json())
