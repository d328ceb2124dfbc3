"""Intervals that hold at every look, and what can be seen."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from arena.ratings.intervals.sequence import FIRST_LOOK, detectable, questions_needed, watched_level

NORMAL = NormalDist()


def factor(level: float, seen: int, planned: int) -> float:
    return NORMAL.inv_cdf((1 + watched_level(level, seen, planned)) / 2)


def test_the_boundary_is_obrien_and_flemings_watched_all_the_time() -> None:
    assert factor(0.95, 500, 500) == pytest.approx(1.95996, abs=1e-4)
    assert factor(0.95, 125, 500) == pytest.approx(2 * 1.95996, abs=1e-4)
    assert factor(0.95, 1, 1_000_000) == pytest.approx(6, abs=1e-3)
    assert factor(0.95, 600, 500) == pytest.approx(1.95996, abs=1e-4)


@pytest.mark.parametrize("looks", [range(50, 501), range(50, 501, 50)], ids=["every question", "every 50"])
def test_no_number_of_looks_errs_more_often_than_the_level_says(looks: range) -> None:
    """At the edge of the margin, skewed differences, an end is crossed at any look in 5 % of runs at most."""
    rng = np.random.default_rng(7)
    runs, planned = 2_000, 500
    terms = rng.choice([0.5, -0.5, -1.0], p=[0.6, 0.2, 0.2], size=(runs, planned))
    n = np.arange(1, planned + 1)
    mean = terms.cumsum(axis=1) / n
    spread = np.sqrt(np.maximum((terms**2).cumsum(axis=1) / n - mean**2, 0) / n)
    bound = np.array([factor(0.95, seen, planned) for seen in looks])
    at = np.array(looks) - 1
    above = (mean[:, at] - bound * spread[:, at] > 0).any(axis=1).mean()
    below = (mean[:, at] + bound * spread[:, at] < 0).any(axis=1).mean()
    error = np.sqrt(0.05 * 0.95 / runs)
    assert above <= 0.05 + 2 * error
    assert below <= 0.05 + 2 * error


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("questions", [100, 500])
def test_the_detectable_difference_is_seen_with_its_power(questions: int, watched: bool) -> None:
    rng = np.random.default_rng(3)
    runs, sd = 4_000, 0.4
    far = detectable(sd, questions, 0.95, watched=watched)
    terms = rng.normal(far, sd, (runs, questions))
    looks = [*range(FIRST_LOOK, questions, 50), questions] if watched else [questions]
    seen = np.zeros(runs, dtype=bool)
    for n in looks:
        level = watched_level(0.95, n, questions) if watched else 0.9
        half = NORMAL.inv_cdf((1 + level) / 2) * terms[:, :n].std(axis=1, ddof=1) / np.sqrt(n)
        seen |= terms[:, :n].mean(axis=1) - half > 0
    assert abs(float(seen.mean()) - 0.8) < 0.03


def test_watching_costs_about_an_eighth() -> None:
    once, watched = (detectable(0.4, 500, 0.95, watched=w) for w in (False, True))
    assert 1.08 < watched / once < 1.15


def test_the_questions_needed_see_the_difference_and_no_fewer_do() -> None:
    for watched in (False, True):
        n = questions_needed(0.4, 0.03, 0.95, watched=watched)
        assert n is not None
        assert detectable(0.4, n, 0.95, watched=watched) <= 0.03 < detectable(0.4, n - 1, 0.95, watched=watched)
    assert questions_needed(0.4, 1e-6, 0.95) is None
    assert questions_needed(0.4, 0.0, 0.95) is None
    assert detectable(0.4, 1, 0.95) == float("inf")
    assert detectable(0.4, 49, 0.95, watched=True) == float("inf")
