"""Win rates over several baselines: the mean of the rates against each, by question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kit.tables import battles, by_name, table_of

from arena.errors import DataError
from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.contrasts import win_rate_contrast
from arena.ratings.intervals.win_rates import mean_rates, win_rates

BOTH = RatingOptions(baseline="m0", more_baselines=("m1",))


def star(seed: int = 0, m: int = 5, questions: int = 40) -> BattleTable:
    """Everybody against m0 and m1."""
    table = battles(seed, m, questions)
    return table.select((table.a < 2) | (table.b < 2))


def test_the_rate_is_the_mean_of_the_rates_against_each() -> None:
    table = star()
    rows = by_name(rate(table, BOTH))
    for name in ("m2", "m3", "m4"):
        each = [by_name(rate(table, RatingOptions(baseline=b)))[name] for b in ("m0", "m1")]
        assert rows[name].win_rate == pytest.approx(np.mean([row.win_rate for row in each]))
        for b, row in zip(("m0", "m1"), each, strict=True):
            assert rows[name].win_rates[b] == {
                "rate": pytest.approx(row.win_rate), "low": pytest.approx(row.win_rate_low),
                "high": pytest.approx(row.win_rate_high),
            }  # fmt: skip
        narrower = rows[name].win_rate_high - rows[name].win_rate_low
        assert 0 < narrower < max(row.win_rate_high - row.win_rate_low for row in each)


def test_a_baseline_counts_one_half_against_itself() -> None:
    rows = by_name(rate(star(), BOTH))
    assert rows["m0"].win_rates["m0"] == {"rate": 0.5, "low": None, "high": None}
    met = rows["m0"].win_rates["m1"]["rate"]
    assert rows["m0"].win_rate == pytest.approx((0.5 + met) / 2)
    assert rows["m1"].win_rate == pytest.approx((0.5 + 1 - met) / 2)
    assert rows["m0"].win_rate_low < rows["m0"].win_rate < rows["m0"].win_rate_high


def test_the_first_holds_the_scale() -> None:
    board = rate(star(), BOTH)
    assert (board.baseline, board.anchor.model, by_name(board)["m0"].rating) == ("m0", "m0", 1000)


def test_of_one_baseline_it_is_the_rate_against_it() -> None:
    table = battles(3, 5)
    met = table.select((table.a == 0) | (table.b == 0))
    for independent in (False, True):
        one = win_rates(met, 0.95, independent=independent)
        mean = mean_rates(table, [0], 0.95, independent=independent)
        for name in ("rate", "low", "high"):
            assert getattr(mean, name)[1:] == pytest.approx(getattr(one, name)[1:])


def test_each_baseline_counts_once_whoever_was_met_how_often() -> None:
    a = ["x"] * 14
    b = ["m0"] * 4 + ["m1"] * 10
    table = table_of(a, b, [1.0] * 4 + [0.0] * 10, [f"q{n}" for n in range(14)])
    assert by_name(rate(table, BOTH))["x"].win_rate == pytest.approx(0.5)


def test_what_a_question_says_of_all_baselines_is_one_observation() -> None:
    """The same questions against both baselines: exact copies of the outcomes give the interval of one alone."""
    rng = np.random.default_rng(0)
    outcome, questions = rng.random(60).round(1), [f"q{n}" for n in range(60)]
    once = table_of(["x"] * 60, ["m0"] * 60, outcome, questions)
    twice = table_of(["x"] * 120, ["m0"] * 60 + ["m1"] * 60, [*outcome, *outcome], questions * 2)
    one = win_rates(once, 0.95, independent=False)
    both = mean_rates(twice, [0, 1], 0.95, independent=False)
    place = twice.models.index("x")
    assert (both.low[place], both.high[place]) == pytest.approx((one.low[1], one.high[1]))


def test_a_board_may_be_ranked_by_it() -> None:
    board = rate(star(2), replace(BOTH, methods=("win_rate",)))
    rates = [row.win_rate for row in board.models]
    assert rates == sorted(rates, reverse=True)
    assert all(row.rank_low <= row.rank <= row.rank_high for row in board.models)
    assert any(row.rank_low != row.rank_high for row in board.models)


def test_its_order_is_found_again_without_some_questions() -> None:
    table, options = star(2, questions=60), replace(BOTH, methods=("win_rate",))
    sets = [pair for pair in rate(table, options).stability.places if pair.k]
    assert sets
    for pair in sets:
        for gone, turned in ((pair.questions, True), (pair.questions[:-1], False)):
            codes = [table.question.names.index(name) for name in gone]
            rows = by_name(rate(table.select(~np.isin(table.question.codes, codes)), options))
            assert (rows[pair.worse].win_rate > rows[pair.better].win_rate) == turned


def test_a_difference_is_that_of_the_means() -> None:
    table = star(5)
    rows = by_name(rate(table, BOTH))
    for new, old in (("m2", "m3"), ("m4", "m0")):
        found = win_rate_contrast(table, new, old, "m0", "m1")
        assert found.value == pytest.approx(rows[new].win_rate - rows[old].win_rate)


@pytest.mark.parametrize(
    ("more", "said"),
    [(("m9",), "no model 'm9' among the battles; did you mean m"), (("m0",), "'m0' is named twice")],
)
def test_a_name_that_is_not_there_or_is_there_twice_is_refused(more: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        rate(star(), RatingOptions(baseline="m0", more_baselines=more))


@pytest.mark.slow
def test_its_intervals_cover() -> None:
    """x against two baselines that are hard to beat at the same things: the truth is the mean over many questions."""
    rng = np.random.default_rng(7)
    names, sigma, repeats, n = ["m0", "m1"], 1.0, 600, 60
    hard = rng.normal(0, sigma, 200_000)
    truth = np.mean([(1 / (1 + np.exp(-(0.3 - shift - hard)))).mean() for shift in (0.0, 0.6)])
    inside = 0
    for _ in range(repeats):
        tilt = rng.normal(0, sigma, n)
        outcome = [(rng.random(n) < 1 / (1 + np.exp(-(0.3 - shift - tilt)))).astype(float) for shift in (0.0, 0.6)]
        table = table_of(
            ["x"] * 2 * n, np.repeat(names, n).tolist(), np.concatenate(outcome), [f"q{i}" for i in range(n)] * 2
        )
        rates = mean_rates(table, [0, 1], 0.95, independent=False)
        inside += bool(rates.low[2] <= truth <= rates.high[2])
    assert 0.925 <= inside / repeats <= 0.975
