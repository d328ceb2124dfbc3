"""Who meets whom, and in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.judging.schedule import BOTH, orders, pairs

names = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=6, unique=True)


@given(names)
def test_all_pairs_meet_once_in_code_point_order(models: list[str]) -> None:
    found = pairs(models, "pairwise", ())
    assert len(found) == len(set(found)) == len(models) * (len(models) - 1) // 2
    assert all(a < b for a, b in found)


@given(names)
def test_everyone_meets_the_baseline_which_is_model_b(models: list[str]) -> None:
    found = pairs(models, "pairwise_baseline", models[:1])
    assert {a for a, _ in found} == set(models) - {models[0]}
    assert {b for _, b in found} <= {models[0]}


def test_without_its_baseline_nobody_meets() -> None:
    assert pairs(["a", "b"], "pairwise_baseline", ("c",)) == []
    assert pairs(["a", "b"], "single", ()) == []


@given(st.integers(), st.text(max_size=5))
def test_a_random_order_is_one_of_both_and_stays(seed: int, question_id: str) -> None:
    drawn = orders("random", seed, question_id, "a", "b")
    assert drawn == orders("random", seed, question_id, "a", "b")
    assert len(drawn) == 1
    assert set(drawn) < set(orders("both", seed, question_id, "a", "b"))


def test_random_orders_favour_neither_side() -> None:
    first = sum(orders("random", 0, str(i), "a", "b") == (BOTH[0],) for i in range(2000))
    assert 900 < first < 1100


def test_the_random_order_is_bit_zero_of_the_hash() -> None:
    # sha256 of the canonical JSON of [seed, question_id, model_a, model_b]; computed with sha256sum
    assert orders("random", 0, "1", "a", "b") == ("b_first",)
    assert orders("random", 0, "2", "a", "b") == ("b_first",)
    assert orders("random", 0, "8", "a", "b") == ("a_first",)


def test_everyone_meets_each_baseline_and_these_each_other_once() -> None:
    found = pairs(["a", "b", "x", "y"], "pairwise_baseline", ("b", "a"))
    assert found == [("a", "b"), ("x", "b"), ("y", "b"), ("x", "a"), ("y", "a")]
    assert pairs(["a", "x"], "pairwise_baseline", ("b", "a")) == [("x", "a")]
