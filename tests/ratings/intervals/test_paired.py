"""Paired differences: the t interval, and where hardly any question differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from arena.ratings.intervals.paired import Paired


def paired(terms: list[float] | np.ndarray, bound: float = 1.0) -> Paired:
    terms = np.asarray(terms, dtype=float)
    return Paired(terms, np.zeros(len(terms)), -bound, bound)


def test_the_interval_is_students_over_questions_where_nothing_is_skewed() -> None:
    half = np.random.default_rng(3).normal(0, 0.4, 30)
    terms = np.r_[half, -half] + 0.1
    theirs = stats.ttest_1samp(terms, 0.0).confidence_interval(0.9)
    assert paired(terms).ends(0.9) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_an_end_moves_out_on_the_side_of_the_rare_differences() -> None:
    terms = np.r_[np.full(30, -1.0), np.zeros(170)]
    theirs = stats.ttest_1samp(terms, 0.0).confidence_interval(0.9)
    low, high = paired(terms).ends(0.9)
    assert low < theirs.low - 0.002
    assert high == pytest.approx(theirs.high)


@pytest.mark.parametrize("terms", [[], [0.5]])
def test_one_question_says_nothing_of_others(terms: list[float]) -> None:
    assert paired(terms).ends(0.9) == (-math.inf, math.inf)


def test_no_spread_seen_is_not_the_same_as_none() -> None:
    low, high = paired(np.zeros(100)).ends(0.9)
    assert low < -0.015
    assert high > 0.015
    assert paired(np.zeros(1000)).ends(0.9)[0] > low


def test_each_end_is_held_by_its_own_worst_case() -> None:
    low, high = paired(np.full(50, 0.5), 0.5).ends(0.9)
    assert low < 0.5 - 1 / 51
    assert high == pytest.approx(0.5)


@pytest.mark.parametrize("questions", [50, 200, 400])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1, 0.3])
def test_a_rare_disaster_is_not_passed_more_often_than_the_level_allows(questions: int, margin: float) -> None:
    """NEW is worse by exactly the margin, through few questions on which it fails completely."""
    counts = np.arange(questions + 1)
    chance = stats.binom.pmf(counts, questions, margin)
    passed = [paired(np.r_[np.full(k, -1.0), np.zeros(questions - k)]).ends(0.9)[0] > -margin for k in counts.tolist()]
    assert float(chance[passed].sum()) <= 0.06
