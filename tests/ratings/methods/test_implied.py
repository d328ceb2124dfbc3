"""Win rates that a fit implies, and intervals wider by a factor."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.intervals.student_t import normal_quantile, widened

ADAPTIVE = RatingOptions(implied=True, slices=())


def chosen_opponents() -> BattleTable:
    """Three models of which the best meets the second only, often."""
    rng = np.random.default_rng(0)
    strength = {"a": 1.5, "b": 1.0, "c": -1.5}
    rows = []
    for q in range(300):
        for one, other, often in (("a", "b", 3), ("b", "c", 1), ("a", "c", 0.1)):
            for _ in range(int(often) + (rng.random() < often % 1)):
                p = 1 / (1 + np.exp(strength[other] - strength[one]))
                rows.append((one, other, float(rng.random() < p), str(q)))
    a, b, outcome, question = map(list, zip(*rows, strict=True))
    return BattleTable.from_columns(a, b, outcome, question_id=question)


def test_an_implied_rate_is_the_mean_chance_against_the_others() -> None:
    board = rate(chosen_opponents(), ADAPTIVE)
    rating = {row.model: row.rating for row in board.models}
    for row in board.models:
        others = [1 / (1 + 10 ** ((rating[o] - rating[row.model]) / 400)) for o in rating if o != row.model]
        assert row.win_rate == pytest.approx(np.mean(others))
        assert row.win_rate_low < row.win_rate < row.win_rate_high
        assert row.win_rate_low > 0
        assert row.win_rate_high < 1


def test_the_share_of_battles_won_would_say_something_else() -> None:
    table = chosen_opponents()
    shares = {row.model: row.win_rate for row in rate(table, RatingOptions(slices=())).models}
    implied = {row.model: row.win_rate for row in rate(table, ADAPTIVE).models}
    assert implied["a"] - shares["a"] > 0.1


def test_whoever_won_everything_has_a_rate_of_one_without_ends() -> None:
    table = BattleTable.from_columns(
        ["a"] * 4 + ["b"] * 4, ["b"] * 4 + ["c"] * 4, [1.0] * 4 + [1.0, 0.0, 1.0, 0.0], question_id=list("12345678")
    )
    rows = {row.model: row for row in rate(table, ADAPTIVE).models}
    assert rows["a"].win_rate == 1.0
    assert rows["a"].win_rate_high is None
    assert rows["b"].win_rate < 0.5


def test_the_delta_methods_interval_holds_what_a_bootstrap_of_questions_finds() -> None:
    table = chosen_opponents()
    board = {row.model: row for row in rate(table, ADAPTIVE).models}
    rng, found = np.random.default_rng(1), []
    names = np.array(table.question.names)
    for _ in range(60):
        picked = rng.integers(0, len(names), len(names))
        rows = np.concatenate([np.flatnonzero(table.question.codes == q) for q in picked])
        clusters = np.repeat(np.arange(len(picked)), [np.count_nonzero(table.question.codes == q) for q in picked])
        again = BattleTable.from_columns(
            [table.models[i] for i in table.a[rows]], [table.models[i] for i in table.b[rows]], table.outcome[rows],
            question_id=[str(c) for c in clusters],
        )  # fmt: skip
        found.append({row.model: row.win_rate for row in rate(again, ADAPTIVE).models})
    for model, row in board.items():
        spread = np.std([rates[model] for rates in found])
        assert (row.win_rate_high - row.win_rate_low) / 2 == pytest.approx(1.97 * spread, rel=0.35)


def test_a_boundary_widens_every_interval_by_its_factor() -> None:
    table = chosen_opponents()
    plain, wide = (rate(table, RatingOptions(boundary=factor, slices=(), pairs=True)) for factor in (1.0, 1.5))
    for one, other in zip(plain.models, wide.models, strict=True):
        assert other.rating == one.rating
        assert other.rating_high - other.rating == pytest.approx(1.5 * (one.rating_high - one.rating))
        assert other.win_rate_high - other.win_rate_low > 1.3 * (one.win_rate_high - one.win_rate_low)
        assert other.rank_high >= one.rank_high
    for one, other in zip(plain.pairs, wide.pairs, strict=True):
        assert other.high - other.diff == pytest.approx(1.5 * (one.high - one.diff))


def test_a_widened_level_has_the_wider_quantile() -> None:
    assert normal_quantile(widened(0.95, 1.4)) == pytest.approx(1.4 * normal_quantile(0.95))
    assert widened(0.9, 1.0) == 0.9
