"""Online Elo: one order, many orders, and the interval of their mean."""

from __future__ import annotations

import numpy as np
import pytest
from test_bootstrap import clustered

from arena.ratings import BattleTable, RatingOptions, elo, rate
from arena.ratings.elo import elo_in_order, elo_over_orders, elo_ratings


def test_one_battle_moves_both_by_half_of_k() -> None:
    table = BattleTable.from_columns(["a"], ["b"], [1.0], question_id=["q"])
    assert elo_in_order(table, 4.0).tolist() == [1002.0, 998.0]
    np.testing.assert_allclose(elo_over_orders(table, 4.0, 3, 0), [[1002.0, 998.0]] * 3)


def test_every_seeded_order_is_one_pass_in_some_order() -> None:
    table = clustered(questions=8)
    runs = elo_over_orders(table, 8.0, 4, 7)
    rng = np.random.default_rng(7)
    for run in runs:
        np.testing.assert_allclose(run, elo_in_order(table.select(rng.permutation(len(table))), 8.0), atol=1e-9)


def test_large_tables_shuffle_blocks_and_every_battle_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table = clustered(questions=25)
    monkeypatch.setattr(elo, "_WHOLE", 100)
    monkeypatch.setattr(elo, "_BLOCK", 16)
    monkeypatch.setattr(elo, "_compiled", lambda: None)
    vectorised = elo_over_orders(table, 8.0, 6, 3)
    monkeypatch.setattr(elo, "_compiled", lambda: elo._pass_by_element)
    np.testing.assert_allclose(elo_over_orders(table, 8.0, 6, 3), vectorised, atol=1e-9)
    assert len({run.tobytes() for run in vectorised}) == 6
    rng = np.random.default_rng(3)
    base, blocks = rng.permutation(len(table)), rng.permutation(-(-len(table) // 16))
    order = [base[row] for start in blocks * 16 for row in range(start, min(start + 16, len(table)))]
    assert sorted(order) == list(range(len(table)))
    np.testing.assert_allclose(vectorised[0], elo_in_order(table.select(np.array(order)), 8.0), atol=1e-9)


def test_a_weight_multiplies_k() -> None:
    columns = (["a", "b"], ["b", "c"], [1.0, 0.5])
    heavy = BattleTable.from_columns(*columns, weight=[2.0, 2.0])
    np.testing.assert_allclose(elo_in_order(heavy, 4.0), elo_in_order(BattleTable.from_columns(*columns), 8.0))


def test_file_order_depends_on_the_file_and_seeded_orders_do_not() -> None:
    table = clustered(questions=20)
    turned = table.select(np.arange(len(table))[::-1])
    file = [rate(t, RatingOptions(methods=("elo",), elo_order="file")) for t in (table, turned)]
    assert [row.elo for row in file[0].models] != [row.elo for row in file[1].models]
    assert file[0].models[0].elo_order_sd is None
    seeded = [rate(t, RatingOptions(methods=("elo",), elo_orders=10)) for t in (table, turned)]
    assert seeded[0] == seeded[1]
    assert seeded[0].models[0].elo_order_sd > 0


@pytest.mark.parametrize("questions", [10, 60])
def test_the_interval_is_the_spread_over_questions_with_orders_averaged_out(questions: int) -> None:
    rng = np.random.default_rng(0)
    table = clustered(questions=questions)
    found = elo_ratings(table, k=16.0, orders=200)
    means = []
    for replicate in range(80):
        drawn = np.bincount(rng.integers(0, questions, questions), minlength=questions)
        rows = np.repeat(np.arange(len(table)), drawn[table.question.codes])
        means.append(elo_over_orders(table.select(rows), 16.0, 60, replicate).mean(axis=0))
    expected = np.std(means, axis=0, ddof=1) * np.sqrt(questions / (questions - 1))
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), expected, rtol=0.3)
    assert np.sqrt(np.diag(found.covariance)).mean() == pytest.approx(expected.mean(), rel=0.15)


def test_without_question_ids_the_interval_is_that_of_rows() -> None:
    found = elo_ratings(clustered(ids=False, questions=30), orders=5)
    assert np.isinf(found.df).all()
    assert (found.low < found.rating).all()


def test_elo_can_rank_the_board() -> None:
    board = rate(clustered(), RatingOptions(methods=("elo", "bradley_terry"), elo_orders=20))
    assert board.ranked_by == "elo"
    elos = [row.elo for row in board.models]
    assert elos == sorted(elos, reverse=True)
    assert all(row.rank_low <= row.rank <= row.rank_high for row in board.models)
