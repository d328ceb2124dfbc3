"""What judging everything would still show, from what was judged so far."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.findings.foresight import Foresight, foresee
from arena.ratings.methods.bradley_terry import ELO_SCALE

M, Q = 5, 60
NAMES = [f"m{i}" for i in range(M)]
THETA = np.linspace(-1, 1, M)


def drawn(share: float, position: float = 0.8, seed: int = 0) -> BattleTable:
    """One order of some of all battles."""
    rng = np.random.default_rng(seed)
    favour = rng.normal(0, 0.7, (Q, M))
    rows = []
    for q in range(Q):
        for i in range(M):
            for j in range(i + 1, M):
                if rng.random() < share:
                    first = rng.random() < 0.5
                    logit = THETA[i] + favour[q, i] - THETA[j] - favour[q, j] + (position if first else -position)
                    won = float(rng.random() < 1 / (1 + np.exp(-logit)))
                    rows.append((NAMES[i], NAMES[j], won, str(q), NAMES[i] if first else NAMES[j]))
    a, b, outcome, question, first_model = map(list, zip(*rows, strict=True))
    return BattleTable.from_columns(a, b, outcome, question_id=question, first_model=first_model, models=NAMES)


def seen(share: float) -> Foresight:
    return foresee(drawn(share), np.full((M, M), float(Q)) * ~np.eye(M, dtype=bool))


def test_differences_and_their_errors_are_those_of_the_leaderboard() -> None:
    table = drawn(0.6)
    board = rate(table, RatingOptions(methods=("bradley_terry",), pairs=True))
    found = foresee(table, np.full((M, M), float(Q)))
    for pair in board.pairs:
        i, j = NAMES.index(pair.a), NAMES.index(pair.b)
        assert found.difference[i, j] * ELO_SCALE == pytest.approx(pair.diff, abs=2.0)
        half = (pair.high - pair.low) / 2  # type: ignore[operator]
        assert found.half_width[i, j] * ELO_SCALE == pytest.approx(half, rel=0.02)


def test_a_table_without_battles_or_with_one_has_an_outlook() -> None:
    cells = np.full((M, M), float(Q))
    nothing = foresee(BattleTable.from_columns([], [], [], models=NAMES), cells)
    assert np.abs(nothing.difference).max() == 0
    one = foresee(BattleTable.from_columns(["m0"], ["m1"], [1.0], question_id=["1"], models=NAMES), cells)
    assert np.isfinite(one.power).all()


def test_power_is_near_one_where_a_pair_is_far_apart_and_small_where_it_is_level() -> None:
    found = seen(0.7)
    assert found.power[0, 4] > 0.99
    assert found.power[1, 2] < found.power[0, 4]


def test_more_battles_shrink_an_error_to_what_questions_leave_of_it() -> None:
    few, many = seen(0.2), seen(0.9)
    upper = np.triu_indices(M, 1)
    assert (many.se[upper] < few.se[upper]).all()
    assert (few.settled[upper] <= few.se[upper] ** 2 + 1e-12).all()


def test_both_orders_of_a_battle_have_no_slot_effect() -> None:
    table = BattleTable.from_columns(
        ["m0", "m0"], ["m1", "m1"], [1.0, 0.5], question_id=["1", "2"], models=NAMES[:2],
        outcome_a_first=[1.0, 0.5], outcome_b_first=[1.0, 0.5],
    )  # fmt: skip
    assert foresee(table, np.full((2, 2), 2.0)).difference[0, 1] > 0


def test_where_everything_is_judged_calls_settle_nothing() -> None:
    rng = np.random.default_rng(0)
    favour = rng.normal(0, 0.7, (Q, M))
    rows = []
    for q in range(Q):
        for i in range(M):
            for j in range(i + 1, M):
                p = 1 / (1 + np.exp(-(THETA[i] + favour[q, i] - THETA[j] - favour[q, j])))
                rows.append((NAMES[i], NAMES[j], str(q), *(rng.random(2) < p).astype(float)))
    a, b, question, one, other = map(list, zip(*rows, strict=True))
    mean = [(x + y) / 2 for x, y in zip(one, other, strict=True)]
    cells = np.full((M, M), float(Q)) * ~np.eye(M, dtype=bool)
    both = BattleTable.from_columns(a, b, mean, question_id=question, outcome_a_first=one, outcome_b_first=other)
    left = foresee(both, cells)
    assert (left.settled / left.se**2)[~np.eye(M, dtype=bool)].min() > 0.95
    halves = BattleTable.from_columns(  # as a board does that drew the second orders later
        a + a, b + b, one + other, question_id=question + question, weight=[0.5] * (2 * len(a)),
        first_model=a + b,
    )  # fmt: skip
    assert (foresee(halves, cells).settled / left.se**2)[~np.eye(M, dtype=bool)].min() > 0.9


def test_ties_scatter_less_than_coins_and_more_calls_help_as_much() -> None:
    table, rng, apart = drawn(0.5), np.random.default_rng(0), ~np.eye(M, dtype=bool)
    outcome = np.where(rng.random(len(table)) < 0.8, 0.5, table.outcome)
    tied = BattleTable(table.models, table.a, table.b, outcome, question=table.question, first=table.first)
    cells = np.full((M, M), float(Q)) * apart
    shares = [(found.settled / found.se**2)[apart].mean() for found in (foresee(tied, cells), foresee(table, cells))]
    assert shares[0] == pytest.approx(shares[1], abs=0.05)


def test_how_many_questions_would_settle_what_is_open() -> None:
    outcome = [1.0] * 32 + [0.0] * 28
    table = BattleTable.from_columns(["m0"] * Q, ["m1"] * Q, outcome, question_id=list(map(str, range(Q))))
    found = foresee(table, np.full((2, 2), float(Q)))
    needed = found.questions_needed(Q)
    assert needed is not None
    assert needed > Q
    assert found.questions_needed(Q, 2.0) == pytest.approx(4 * needed, rel=0.01)
    clear = BattleTable.from_columns(["m0"] * Q, ["m1"] * Q, [0.9] * Q, question_id=list(map(str, range(Q))))
    assert foresee(clear, np.full((2, 2), float(Q))).questions_needed(Q) is None
