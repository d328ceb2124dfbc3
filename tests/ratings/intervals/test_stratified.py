"""Fixed mixes of questions: golden formulas by hand, and what must not change a weighted number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kit.tables import battles, by_name, columns_of, table_of

from arena.errors import DataError
from arena.ratings import BattleTable, RatingOptions, ScoreTable, Weights, rate, rate_scores
from arena.ratings.data.mix import check_names, mixed, pooled, weights_of
from arena.ratings.intervals.student_t import t_quantile

NUMBERS = ("rating", "low", "high", "win_rate", "win_rate_low", "win_rate_high", "rank", "rank_low", "rank_high")


def with_categories(table: BattleTable, sizes: tuple[int, ...]) -> BattleTable:
    """The same battles, the first questions of category c0, the next of c1, and so on."""
    a, b, y, q = columns_of(table)
    of = np.repeat(np.arange(len(sizes)), sizes)
    return table_of(a, b, y, q, category=[f"c{of[int(name[1:])]}" for name in q])


def weighted(table: BattleTable, weights: Weights, **options: object) -> dict[str, dict]:
    board = rate(table, RatingOptions(weights=weights, slices=(), **options))
    return {row.model: dict(row.weighted) for row in board.models}


@pytest.mark.parametrize("options", [{}, {"baseline": "m2"}])
def test_equal_weights_in_one_pool_are_the_boards_own_numbers(options: dict) -> None:
    table = battles(seed=3, questions=30)
    rows = by_name(rate(table, RatingOptions(slices=(), **options)))
    found = weighted(with_categories(table, (30,)), Weights(category={"c0": 7.0}), **options)
    for name, numbers in found.items():
        own = rows[name]
        plain = (own.rating, own.rating_low, own.rating_high, own.win_rate, own.win_rate_low, own.win_rate_high)
        assert [numbers[key] for key in NUMBERS[:6]] == [None if x is None else pytest.approx(x) for x in plain]
        assert [numbers[key] for key in NUMBERS[6:]] == [own.rank, own.rank_low, own.rank_high]


def test_a_weight_of_two_rates_as_the_questions_asked_twice() -> None:
    table = with_categories(battles(seed=4, questions=30), (20, 10))
    a, b, y, q = columns_of(table)
    again = [i for i, name in enumerate(q) if int(name[1:]) >= 20]
    twice = table_of(
        a + [a[i] for i in again], b + [b[i] for i in again], y + [y[i] for i in again],
        q + [f"again {q[i]}" for i in again],
    )  # fmt: skip
    rows, found = by_name(rate(twice)), weighted(table, Weights(category={"c1": 2.0}))
    for name, numbers in found.items():
        assert numbers["rating"] == pytest.approx(rows[name].rating)
        assert numbers["win_rate"] == pytest.approx(rows[name].win_rate)


def test_only_the_ratios_of_weights_matter_and_none_is_the_question_left_out() -> None:
    table = with_categories(battles(seed=5, questions=30), (18, 12))
    one, ten = (weighted(table, Weights(category={"c0": x, "c1": 3 * x})) for x in (1.0, 10.0))
    assert {m: list(v.values()) for m, v in one.items()} == {
        m: [pytest.approx(x) for x in v.values()] for m, v in ten.items()
    }
    left = table.select(np.array([table.category.names[c] == "c0" for c in table.category.codes]))
    rows = by_name(rate(left, RatingOptions(slices=())))
    for name, numbers in weighted(table, Weights(category={"c1": 0.0})).items():
        assert numbers["rating"] == pytest.approx(rows[name].rating)
        assert numbers["low"] == pytest.approx(rows[name].rating_low)


def test_balanced_gives_every_category_the_same_total() -> None:
    table = with_categories(battles(seed=6, questions=36), (24, 8, 4))
    named = Weights(category={"c0": 1 / 24, "c1": 1 / 8, "c2": 1 / 4})
    for name, numbers in weighted(table, Weights(balanced=True)).items():
        assert list(numbers.values()) == [pytest.approx(x) for x in weighted(table, named)[name].values()]


def test_weighted_mean_scores_follow_the_formulas() -> None:
    """Σ W² s²/n over strata (Cochran, Sampling Techniques, 5.9), Satterthwaite's degrees of freedom; and every s² has
    one question more, which differs as those of all strata do."""
    rng = np.random.default_rng(1)
    scores = {"a": rng.normal(5, 1, 20), "b": rng.normal(7, 2, 6)}
    rows = [(f"{c}{i}", c, x) for c, values in scores.items() for i, x in enumerate(values.tolist())]
    question, category, score = zip(*rows, strict=True)
    table = ScoreTable.from_columns(["m"] * len(rows), question, score, category=category)
    board = rate_scores(table, RatingOptions(methods=("score",), weights=Weights(category={"b": 5.0})))
    share = {"a": 20 / 50, "b": 30 / 50}
    of_all = (19 * scores["a"].var(ddof=1) + 5 * scores["b"].var(ddof=1)) / 24
    variance = {c: ((len(v) - 1) * v.var(ddof=1) + of_all) / len(v) / len(v) for c, v in scores.items()}
    parts = {c: share[c] ** 2 * variance[c] for c in scores}
    df = sum(parts.values()) ** 2 / (parts["a"] ** 2 / 20 + parts["b"] ** 2 / 6)
    mean = sum(share[c] * scores[c].mean() for c in scores)
    half = float(t_quantile(0.95, np.array([df]))[0]) * sum(parts.values()) ** 0.5
    found = board.models[0].weighted
    assert found["score"] == pytest.approx(mean)
    assert (found["score_low"], found["score_high"]) == (pytest.approx(mean - half), pytest.approx(mean + half))
    assert board.models[0].score == pytest.approx(np.mean(score))  # the board's own number is as it was


def test_questions_that_all_end_alike_are_no_certainty() -> None:
    """Five questions of weight 50 that one model won all: such questions differ as the others of the board do."""
    table = with_categories(battles(seed=10, questions=60, m=3), (55, 5))
    heavy = np.array([int(table.question.names[code][1:]) >= 55 for code in table.question.codes])
    table = replace(table, outcome=np.where(heavy, 1.0, table.outcome))
    found = weighted(table, Weights(category={"c1": 50.0}))["m0"]
    assert found["win_rate_low"] < found["win_rate"] - 0.1
    assert found["win_rate"] > 0.89


def test_single_questions_of_their_strata_are_one_pool_and_it_is_said() -> None:
    assert [own.tolist() for own in pooled(np.array([0, 0, 0, 1, 2], dtype=np.int32))] == [[0, 1, 2], [3, 4]]
    assert [own.tolist() for own in pooled(np.array([0, 0, 0, 1, 1, 2], dtype=np.int32))] == [[0, 1, 2], [3, 4, 5]]
    table = with_categories(battles(seed=7, questions=20), (17, 1, 2))
    board = rate(table, RatingOptions(weights=Weights(category={"c1": 3.0}), slices=()))
    assert any("1 part of the mix (category and language) with one question only" in text for text in board.warnings)
    assert all(row.weighted["low"] < row.weighted["rating"] < row.weighted["high"] for row in board.models)


def test_what_carries_most_of_the_weight_makes_the_interval_wide() -> None:
    table = with_categories(battles(seed=8, questions=60), (57, 3))
    even, heavy = (weighted(table, Weights(category={"c1": x})) for x in (1.0, 200.0))
    for name in even:
        assert heavy[name]["high"] - heavy[name]["low"] > 2 * (even[name]["high"] - even[name]["low"])


def test_a_question_in_two_categories_and_weights_that_leave_nothing_are_refused() -> None:
    a, b, y, q = columns_of(battles(questions=4))
    crossed = table_of(a, b, y, q, category=["x" if i % 2 else "y" for i in range(len(a))])
    with pytest.raises(DataError, match="question 'q0' has more than one category"):
        mixed(crossed, Weights(balanced=True))
    with pytest.raises(DataError, match="nothing is left to rate"):
        mixed(with_categories(battles(questions=4), (4,)), Weights(category={"c0": 0.0}))
    with pytest.raises(DataError, match=r"found 1 beside 1e\+300, allowed: 0, or at least a billionth"):
        mixed(with_categories(battles(questions=4), (2, 2)), Weights(category={"c0": 1e300}))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("balance", "weights: found 'balance', allowed: balanced, or"),
        ({}, "weights: found {}, allowed"),
        ({"categories": {"math": 1}}, "weights: no key 'categories'; did you mean category?"),
        ({"category": 2}, "weights.category: found 2, allowed: a weight for each name"),
        ({"category": {"math": -1}}, "weights.category.math: found -1, allowed: a number of at least 0"),
        ({"category": {"math": float("nan")}}, "allowed: a number of at least 0"),
        ({"category": {"math": True}}, "weights.category.math: found True"),
        ({"category": {}}, "weights: no weight is named"),
    ],
)
def test_weights_that_are_none_are_refused_by_name(value: object, message: str) -> None:
    with pytest.raises(DataError) as refused:
        weights_of(value)
    assert message in str(refused.value)


def test_unknown_categories_name_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no category 'mth'; did you mean math\? \(have: math, writing\)"):
        check_names(Weights(category={"mth": 2.0}), ["math", "writing"], [])
    with pytest.raises(DataError, match="no language 'de': no question has a language"):
        check_names(Weights(language={"de": 2.0}), ["math"], [])
    with pytest.raises(DataError, match="balanced needs categories"):
        check_names(Weights(balanced=True), [], [])


def test_a_style_controlled_and_a_simultaneous_board_have_weighted_numbers_too() -> None:
    table = with_categories(battles(seed=9, questions=40), (30, 10))
    rng = np.random.default_rng(2)
    table = replace(table, style={"length": rng.uniform(1, 9, (len(table), 2))})
    for options in ({"style": ("length",)}, {"simultaneous": True}, {"implied": True, "boundary": 1.3}):
        found = weighted(table, Weights(category={"c1": 4.0}), **options)
        plain = by_name(rate(table, RatingOptions(slices=(), **options)))
        assert all(numbers["low"] < numbers["rating"] < numbers["high"] for numbers in found.values())
        assert all(plain[name].rating != pytest.approx(numbers["rating"]) for name, numbers in found.items())
