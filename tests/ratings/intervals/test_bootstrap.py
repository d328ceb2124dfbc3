"""The bootstrap by question."""

from __future__ import annotations

import numpy as np
import pytest
from kit.tables import clustered

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.methods.bootstrap import percentile_interval, question_bootstrap
from arena.ratings.methods.estimate import estimate


def spread(table: BattleTable, **options: bool) -> np.ndarray:
    fit = estimate(table)
    return question_bootstrap(table, fit.theta, fit.block, 800, 1, **options).std(axis=0)


@pytest.mark.parametrize("ids", [True, False])
def test_replicates_spread_as_the_sandwich_says(ids: bool) -> None:
    table = clustered(ids=ids)
    expected = np.sqrt(np.diag(estimate(table).uncertainty.covariance))
    np.testing.assert_allclose(spread(table), expected, rtol=0.12)
    np.testing.assert_allclose(spread(table, one_step=True), expected, rtol=0.12)


def test_each_replicate_is_a_full_fit_of_its_draw() -> None:
    table = clustered(questions=30)
    fit = estimate(table)
    replicates = question_bootstrap(table, fit.theta, fit.block, 5, 3)
    rng = np.random.default_rng(3)
    for theta in replicates:
        drawn = np.bincount(rng.integers(0, 30, 30), minlength=30)
        weights = drawn[table.question.codes].astype(float)
        refit = estimate(BattleTable(table.models, table.a, table.b, table.outcome, weights, table.question))
        np.testing.assert_allclose(theta, refit.theta, atol=1e-6)


def test_the_seed_decides() -> None:
    table = clustered(questions=20)
    boards = [rate(table, RatingOptions(interval="bootstrap", bootstraps=100, seed=seed)) for seed in (1, 1, 2)]
    assert boards[0] == boards[1]
    assert boards[0].models[0].rating_low != boards[2].models[0].rating_low
    assert boards[0].interval == "bootstrap"


def test_separated_replicates_leave_an_end_open() -> None:
    a, y = ["good"] * 12 + ["even"] * 12, [1.0] * 11 + [0.0] + [1.0, 0.0] * 6
    table = BattleTable.from_columns(a, ["base"] * 24, y, question_id=[*range(12)] * 2)
    row = rate(table, RatingOptions(interval="bootstrap", baseline="base", bootstraps=400)).models[0]
    assert row.model == "good"
    assert row.rating is not None
    assert row.rating_low is not None
    assert row.rating_high is None


def test_percentiles_are_conservative_order_statistics() -> None:
    low, high = percentile_interval(np.arange(101.0)[:, None], 0.9)
    assert (low[0], high[0]) == (5.0, 95.0)


def test_with_style_the_sandwich_stands_in_and_says_so() -> None:
    table = clustered(questions=5)
    table = BattleTable(table.models, table.a, table.b, table.outcome, question=table.question,
                        style={"x": np.arange(len(table), dtype=float)})  # fmt: skip
    board, sandwich = (
        rate(table, RatingOptions(interval=interval, style=("x",))) for interval in ("bootstrap", "sandwich")
    )
    assert board.interval == "sandwich"
    assert board.models == sandwich.models
    assert "no bootstrap with x in the fit: intervals are those of the sandwich" in board.warnings


def test_one_question_gives_no_interval() -> None:
    table = BattleTable.from_columns(["a"] * 4, ["b"] * 4, [1.0, 0.0, 1.0, 1.0], question_id=["q"] * 4)
    for row in rate(table, RatingOptions(interval="bootstrap", bootstraps=50)).models:
        assert row.rating is not None
        assert (row.rating_low, row.rating_high) == (None, None)


def test_a_replicate_whose_core_is_a_few_models_places_nobody() -> None:
    """Of two questions half the draws repeat one alone and separate all: they must not count as the full fit."""
    a, b = ["m0", "m0", "m1", "m0", "m0", "m1"], ["m1", "m2", "m2", "m1", "m2", "m2"]
    table = BattleTable.from_columns(a, b, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0], question_id=list("pppqqq"))
    for row in rate(table, RatingOptions(interval="bootstrap", bootstraps=200)).models:
        assert row.rating == pytest.approx(1000.0)
        if row.model != "m1":  # which won one and lost one on either question
            assert (row.rating_low, row.rating_high) == (None, None)


def test_a_separated_replicate_of_one_set_of_models_leaves_the_other_set_its_place() -> None:
    a, y = ["a"] * 12 + ["c"] * 40, [1.0] * 11 + [0.0] + [1.0, 0.0] * 20
    table = BattleTable.from_columns(a, ["b"] * 12 + ["d"] * 40, y, question_id=[*range(12), *range(100, 140)])
    rows = {row.model: row for row in rate(table, RatingOptions(interval="bootstrap", bootstraps=400)).models}
    assert rows["a"].rating_high is None
    assert rows["c"].rating_low < 1000 < rows["c"].rating_high
