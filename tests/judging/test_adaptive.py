"""Which cells are drawn: each once, balanced, where pairs can still be told apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from arena.judging.adaptive import EXPLORE, Estimates, Offer, draw_adaptive, draw_everything, early_boundary
from arena.judging.schedule import SCHEDULES

M, Q = 6, 30


def offer(m: int = M, q: int = Q) -> Offer:
    possible = np.broadcast_to(~np.eye(m, dtype=bool)[:, :, None], (m, m, q)).copy()
    return Offer.of(possible, np.zeros_like(possible))


def estimates(power: np.ndarray, m: int = M) -> Estimates:
    return Estimates(np.zeros((m, m)), np.ones((m, m)), power, np.full(m, 100.0))


def test_nothing_is_drawn_twice_and_all_of_it_is_drawn_in_the_end() -> None:
    there, rng = offer(), np.random.default_rng(0)
    found = [cell for _ in range(20) for cell in draw_adaptive(there, None, 77, rng)]
    assert len(found) == len(set(found)) == M * (M - 1) * Q
    assert draw_adaptive(there, None, 10, rng) == []
    assert not there.free.any()
    assert there.drawn.sum() == len(found)


def test_as_many_are_drawn_as_are_asked_for() -> None:
    for n in (1, 7, 100, 513):
        assert len(draw_adaptive(offer(), None, n, np.random.default_rng(n))) == n


def test_slots_are_balanced_inside_every_pair() -> None:
    there = offer()
    draw_adaptive(there, None, M * (M - 1) // 2 * 15, np.random.default_rng(1))
    assert np.abs(there.ahead - there.ahead.T).max() <= 1


def test_questions_come_first_on_which_a_model_was_seen_least() -> None:
    there = offer()
    draw_adaptive(there, None, 10 * M * Q // 4, np.random.default_rng(2))
    assert (there.load.max(axis=1) - there.load.min(axis=1)).max() <= 4


def test_no_second_order_before_every_question_of_a_pair_has_its_first() -> None:
    there = offer(3, 10)
    draw_adaptive(there, None, 30, np.random.default_rng(3))
    both = (there.drawn & there.drawn.transpose(1, 0, 2)).sum(axis=2)
    once = (there.drawn | there.drawn.transpose(1, 0, 2)).sum(axis=2)
    assert all(not both[i, j] or once[i, j] == 10 for i in range(3) for j in range(i + 1, 3))


def test_pairs_are_drawn_in_proportion_to_what_judging_everything_would_show() -> None:
    power = np.full((M, M), 0.02)
    power[0, 1] = power[1, 0] = 1.0
    found = draw_adaptive(offer(), estimates(power), 40, np.random.default_rng(4))
    pairs = Counter(frozenset(cell[1:]) for cell in found)
    assert pairs[frozenset({0, 1})] > (1 - EXPLORE) * 40 * 0.6
    assert len(pairs) > 5  # the rest goes over all pairs alike


def test_a_pair_that_is_clear_is_asked_about_by_exploring_only() -> None:
    clear = Estimates(np.full((M, M), 10.0), np.ones((M, M)), np.ones((M, M)), np.full(M, 100.0))
    clear.difference[0, 1] = clear.difference[1, 0] = 0.1
    found = draw_adaptive(offer(), clear, 60, np.random.default_rng(5))
    pairs = Counter(frozenset(cell[1:]) for cell in found)
    assert pairs.pop(frozenset({0, 1})) >= 30  # as many questions as it has
    assert max(pairs.values()) <= 4


def test_the_same_seed_draws_the_same() -> None:
    one, other = (draw_adaptive(offer(), None, 50, np.random.default_rng([0, 1, 2])) for _ in range(2))
    assert one == other
    assert one != draw_adaptive(offer(), None, 50, np.random.default_rng([0, 1, 3]))


def test_only_pairs_that_are_wanted() -> None:
    there = offer()
    want = np.zeros((M, M), dtype=bool)
    want[5, :] = want[:, 5] = True
    joined = Offer.of(there.free, there.drawn, want)
    found = draw_adaptive(joined, None, 200, np.random.default_rng(6))
    assert len(found) == 200
    assert all(5 in cell[1:] for cell in found)


def test_everything_goes_question_by_question_with_both_orders_together() -> None:
    found = draw_everything(offer(3, 2), None, 4, np.random.default_rng(0))
    assert [tuple(cell) for cell in found] == [(0, 0, 1), (0, 1, 0), (0, 0, 2), (0, 2, 0)]


def test_schedules_name_their_pairs() -> None:
    names = ["a", "b", "c"]
    assert SCHEDULES["all"].pairs(names, ()) == SCHEDULES["adaptive"].pairs(names, ())
    assert SCHEDULES["baseline"].pairs(names, ("b",)) == [("a", "b"), ("c", "b")]
    assert [name for name, schedule in SCHEDULES.items() if schedule.adapts] == ["adaptive"]


@pytest.mark.parametrize(("share", "factor"), [(1.0, 1.27), (0.25, 1.7), (1e-12, 1.7), (2.0, 1.27)])
def test_the_boundary_is_wide_early_and_never_below_its_end(share: float, factor: float) -> None:
    assert early_boundary(share) == pytest.approx(factor)
