"""Models set aside: everybody else is rated as if they were not there, they by a second fit on the same scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kit.tables import battles, by_name

from arena.errors import DataError
from arena.ratings import Anchored, BattleTable, RatingOptions, ScoreTable, Weights, rate, rate_scores
from arena.ratings.set_aside import without

PLAIN = RatingOptions(methods=("bradley_terry", "elo", "win_rate"), elo_orders=3)


def lonely(table: BattleTable, name: str) -> BattleTable:
    """The same battles in a table that never knew a model."""
    rest = without(table, (name,))
    assert name not in rest.models
    assert len(rest) < len(table)
    return rest


@pytest.mark.parametrize("baseline", [None, "m0"])
def test_everybody_else_is_rated_as_if_it_were_not_there(baseline: str | None) -> None:
    table, options = battles(seed=1), replace(PLAIN, baseline=baseline)
    board = rate(table, replace(options, set_aside=("m3",)))
    alone = rate(lonely(table, "m3"), options)
    assert board.models[:-1] == alone.models
    assert board.pairs == alone.pairs
    assert board.n_battles == alone.n_battles
    last = board.models[-1]
    assert (last.model, last.set_aside, last.rank, last.rank_low, last.rank_high) == ("m3", True, None, None, None)


def test_its_own_numbers_come_from_all_battles_on_the_scale_of_the_others() -> None:
    table = battles(seed=2)
    whole = by_name(rate(table, PLAIN))
    board = by_name(rate(table, replace(PLAIN, set_aside=("m1",))))
    others = [row.rating for name, row in whole.items() if name != "m1"]
    assert board["m1"].rating == pytest.approx(1000 + whole["m1"].rating - np.mean(others))
    assert board["m1"].win_rate == pytest.approx(whole["m1"].win_rate)
    width = (board["m1"].rating_high - board["m1"].rating_low) / (whole["m1"].rating_high - whole["m1"].rating_low)
    assert width == pytest.approx(5 / 4)  # θ − the others' mean is 5/4 of θ − the mean of all five
    against = by_name(rate(table, replace(PLAIN, baseline="m0", set_aside=("m1",))))["m1"]
    assert against.rating == pytest.approx(by_name(rate(table, replace(PLAIN, baseline="m0")))["m1"].rating)


def test_parts_and_weights_have_no_rank_for_it_either() -> None:
    table = battles(seed=3)
    names = [f"c{int(table.question.names[code][1:]) % 2}" for code in table.question.codes]
    a, b = ([table.models[i] for i in codes] for codes in (table.a, table.b))
    questions = [table.question.names[i] for i in table.question.codes]
    table = BattleTable.from_columns(a, b, table.outcome.tolist(), question_id=questions, category=names)
    options = RatingOptions(set_aside=("m0", "m4"), weights=Weights(category={"c0": 3.0}))
    board = rate(table, options)
    assert [row.model for row in board.models if row.set_aside] == [row.model for row in board.models[-2:]]
    for row in board.models[-2:]:
        assert row.weighted["rank"] is row.weighted["rank_high"] is None
        assert row.weighted["rating"] is not None
        assert all(part.rank is None and part.rating is not None for part in row.categories.values())


def test_an_anchor_that_is_set_aside_holds_nothing_and_it_is_said() -> None:
    board = rate(battles(seed=4), replace(PLAIN, anchor=Anchored("m2", 1500.0), set_aside=("m2",)))
    ranked = [row.rating for row in board.models if not row.set_aside]
    assert np.mean(ranked) == pytest.approx(1000)
    assert any("m2, which was to hold the scale: ratings have mean 1000" in text for text in board.warnings)


def test_unknown_models_and_the_baseline_are_refused() -> None:
    with pytest.raises(DataError, match="no model 'm33' on this board; did you mean m3"):
        rate(battles(), replace(PLAIN, set_aside=("m33",)))
    with pytest.raises(DataError, match="m0 is the baseline"):
        rate(battles(), replace(PLAIN, baseline="m0", set_aside=("m0",)))


def test_on_a_board_of_scores_it_only_loses_its_rank() -> None:
    rng = np.random.default_rng(5)
    names, questions = ["a", "b", "c"] * 20, [str(i // 3) for i in range(60)]
    table = ScoreTable.from_columns(names, questions, rng.uniform(1, 10, 60).tolist())
    plain, board = (by_name(rate_scores(table, RatingOptions(set_aside=out))) for out in ((), ("b",)))
    assert board["b"].score == plain["b"].score
    assert board["b"].rank is None
    assert sorted(row.rank for row in board.values() if row.rank) == [1, 2]


def test_those_who_lose_their_last_opponent_are_said_to_be_without_battles() -> None:
    table = battles(seed=6, m=2)
    board = rate(table, replace(PLAIN, set_aside=("m1",)))
    assert board.warnings[0] == "no battles: nothing to rate"
    assert by_name(board)["m1"].rating is not None
