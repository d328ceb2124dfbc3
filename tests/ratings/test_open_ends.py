"""A model that won everything: no rating, but ranks and differences say what its known end says."""

from __future__ import annotations

import pytest

from arena.ratings import BattleTable, Leaderboard, RatingOptions, rate


def won_all(n: int, options: RatingOptions, *, winner: str = "a", third: bool = False) -> Leaderboard:
    """`winner` beat the other n times out of n; where there is a third, it is level with the other."""
    other = "b" if winner == "a" else "a"
    rows = [(winner, other, 1.0, str(i)) for i in range(n)]
    rows += [(other, "c", i % 2, str(i)) for i in range(n)] if third else []
    a, b, outcome, question = zip(*rows, strict=True)
    return rate(BattleTable.from_columns(a, b, outcome, question_id=question), options)


PLAIN, BASELINE = RatingOptions(), RatingOptions(baseline="b")


@pytest.mark.parametrize("options", [PLAIN, BASELINE, RatingOptions(baseline="a"), RatingOptions(interval="bootstrap")])
@pytest.mark.parametrize(("n", "decided"), [(500, True), (6, True), (5, False), (2, False), (1, False)])
def test_of_two_models_one_that_won_all_is_first_where_the_known_end_lies_beyond_the_other(
    n: int, decided: bool, options: RatingOptions
) -> None:
    """Clopper–Pearson's lower end of n of n is 0.025^(1/n): above ½ from 6 on."""
    board = won_all(n, options)
    ranks = [(row.model, row.rank, row.rank_low, row.rank_high) for row in board.models]
    assert ranks == ([("a", 1, 1, 1), ("b", 2, 2, 2)] if decided else [("a", 1, 1, 2), ("b", 2, 1, 2)])
    (pair,) = board.pairs
    assert (pair.diff, pair.high) == (None, None)
    assert pair.low is not None and (pair.low > 0) is decided


def test_the_known_end_is_the_same_whoever_holds_the_scale_and_flips_with_the_names() -> None:
    lows = [won_all(500, RatingOptions(baseline=held)).pairs[0].low for held in (None, "a", "b")]
    assert lows == pytest.approx([852.188998] * 3)
    (pair,) = won_all(500, PLAIN, winner="b").pairs
    assert (pair.diff, pair.low, pair.high) == (None, None, pytest.approx(-852.188998))


def test_ranks_and_pairs_agree_with_a_third_model_too() -> None:
    board = won_all(500, PLAIN, third=True)
    first = board.models[0]
    assert (first.model, first.rank_high, first.unbounded) == ("a", 1, "high")
    for pair in board.pairs[:2]:
        other = next(row for row in board.models if row.model == pair.b)
        assert first.rating_low is not None and other.rating_high is not None
        assert pair.low == pytest.approx(first.rating_low - other.rating_high)


def test_without_intervals_nothing_is_decided() -> None:
    board = won_all(500, RatingOptions(interval="none"))
    assert [(row.rank_low, row.rank_high) for row in board.models] == [(None, None)] * 2
