"""Online Elo: one order, many orders, and the interval of their mean."""

from __future__ import annotations

import numpy as np
import pytest
from kit.tables import clustered

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.methods import elo_orders
from arena.ratings.methods.elo import elo_in_order, elo_ratings
from arena.ratings.methods.elo_orders import elo_over_orders


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
    monkeypatch.setattr(elo_orders, "_WHOLE", 100)
    monkeypatch.setattr(elo_orders, "_BLOCK", 16)
    vectorised = elo_over_orders(table, 8.0, 6, 3)
    assert len({run.tobytes() for run in vectorised}) == 6
    rng = np.random.default_rng(3)
    base, blocks = rng.permutation(len(table)), rng.permutation(-(-len(table) // 16))
    order = [base[row] for start in blocks * 16 for row in range(start, min(start + 16, len(table)))]
    assert sorted(order) == list(range(len(table)))
    np.testing.assert_allclose(vectorised[0], elo_in_order(table.select(np.array(order)), 8.0), atol=1e-9)


@pytest.mark.parametrize(("models", "star"), [(60, False), (9, False), (5, True)])
@pytest.mark.parametrize("weighted", [False, True])
def test_battles_of_a_step_share_no_model_so_that_steps_change_nothing(
    monkeypatch: pytest.MonkeyPatch, models: int, star: bool, weighted: bool
) -> None:
    rng = np.random.default_rng(models)
    a = np.zeros(500, dtype=int) if star else rng.integers(0, models, 500)
    b = (a + rng.integers(1, models, 500)) % models
    table = BattleTable.from_columns(
        [f"m{i}" for i in a], [f"m{i}" for i in b], rng.choice([0.0, 0.5, 1.0], 500).tolist(),
        weight=rng.choice([0.5, 2.0], 500).tolist() if weighted else None,
    )  # fmt: skip
    monkeypatch.setattr(elo_orders, "_WHOLE", 100)
    monkeypatch.setattr(elo_orders, "_BLOCK", 64)
    runs = elo_over_orders(table, 16.0, 3, 5)
    again = np.random.default_rng(5)
    base, orders = again.permutation(500), [again.permutation(8) for _ in range(3)]
    for run, blocks in zip(runs, orders, strict=True):
        order = np.concatenate([base[64 * block : 64 * block + 64] for block in blocks])
        np.testing.assert_allclose(run, elo_in_order(table.select(order), 16.0), atol=1e-9)


def test_a_runaway_k_overflows_nothing() -> None:
    table = BattleTable.from_columns(["a"] * 3, ["b"] * 3, [1.0, 0.0, 1.0])
    assert np.isfinite(elo_in_order(table, 1e7)).all()


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
