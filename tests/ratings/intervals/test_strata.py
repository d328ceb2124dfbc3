"""Means over strata: the pooled mean where nothing is missing, intervals that cover and have a width at 0 and 1."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from arena.ratings.intervals.means import wilson
from arena.ratings.intervals.strata import stratified_mean
from arena.ratings.intervals.student_t import t_quantile


def test_one_stratum_of_single_documents_is_the_plain_mean_with_wilson() -> None:
    values = [1.0] * 30 + [0.0] * 10
    found = stratified_mean(values, ["s"] * 40, [str(n) for n in range(40)], {"s": 40}, 0.95)
    size = 0.75 * 0.25 / (40 / 39 * (30 * 0.25**2 + 10 * 0.75**2) / 40**2)
    low, high = wilson(np.array([0.75]), np.array([size]), t_quantile(0.95, np.array([39.0])))
    assert found.value == 0.75
    assert (found.low, found.high) == pytest.approx((low[0], high[0]))


def test_weights_are_sizes_even_where_documents_failed() -> None:
    values, strata = [1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"]
    found = stratified_mean(values, strata, list("wxyz"), {"a": 10, "b": 30}, 0.95)
    assert found.value == pytest.approx(0.25)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_or_nothing_has_a_width(value: float) -> None:
    found = stratified_mean([value] * 20, ["s"] * 20, [str(n) for n in range(20)], {"s": 20}, 0.95)
    assert found.low is not None and found.high is not None
    assert found.high - found.low > 0.1 and found.low >= 0 and found.high <= 1


def test_documents_twice_do_not_halve_the_width() -> None:
    once = stratified_mean([1.0, 0.0] * 20, ["s"] * 40, [str(n) for n in range(40)], {"s": 1}, 0.95)
    twice = stratified_mean([1.0, 0.0] * 40, ["s"] * 80, [str(n % 40) for n in range(80)], {"s": 1}, 0.95)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


def test_one_document_says_nothing_about_its_spread() -> None:
    assert stratified_mean([1.0], ["s"], ["x"], {"s": 1}, 0.95)[1:3] == (None, None)
    assert stratified_mean([], [], [], {}, 0.95).value is None


def test_intervals_cover_over_many_small_subjects() -> None:
    rng = np.random.default_rng(0)
    sizes = {f"s{n}": 3 + n % 7 for n in range(20)} | {"single": 1, "other": 1}
    shares = {name: rng.uniform(0.2, 0.95) for name in sizes}
    truth = sum(shares[name] * size for name, size in sizes.items()) / sum(sizes.values())
    strata = [name for name, size in sizes.items() for _ in range(size)]
    hits = 0
    for _ in range(400):
        values = [float(rng.random() < shares[name]) for name in strata]
        found = stratified_mean(values, strata, [str(n) for n in range(len(strata))], Counter(strata), 0.9)
        assert found.low is not None and found.high is not None
        hits += found.low <= truth <= found.high
    assert 0.85 <= hits / 400 <= 0.96
