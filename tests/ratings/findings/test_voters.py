"""People among themselves."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings.data.arrays import codes_of
from arena.ratings.findings.voters import Cast, human_ceiling, more_questions
from arena.ratings.intervals.means import Mean, clustered_mean


def test_two_voters_who_always_agree_are_a_ceiling_of_1() -> None:
    votes = [Cast(voter, str(q), "a", "b", float(q % 2)) for q in range(6) for voter in ("x", "y")]
    ceiling = human_ceiling(votes, 0.95)
    assert (ceiling.raw.value, ceiling.n_battles, ceiling.n_voters) == (1.0, 6, 2)
    assert ceiling.raw.low is not None and ceiling.raw.low < 1


def test_every_pair_of_votes_counts_and_lone_votes_do_not() -> None:
    votes = [Cast(v, "1", "a", "b", y) for v, y in (("x", 1.0), ("y", 1.0), ("z", 0.5))]
    votes.append(Cast("x", "2", "a", "b", 0.0))
    ceiling = human_ceiling(votes, 0.95)
    assert ceiling.raw.value == pytest.approx(1 / 3)
    assert ceiling.decisive.value == 1.0
    assert (ceiling.raw.n, ceiling.decisive.n, ceiling.n_battles) == (3, 1, 1)


def test_without_a_second_voter_there_is_no_ceiling() -> None:
    assert human_ceiling([Cast("x", "1", "a", "b", 1.0)], 0.95).raw == Mean(None, None, None, 0)
    assert human_ceiling([], 0.95).n_battles == 0


def test_a_width_that_is_reached_needs_nothing_more() -> None:
    assert more_questions(Mean(0.8, 0.75, 0.85, 100), 100, 0.05) == 0
    assert more_questions(Mean(0.8, 0.70, 0.90, 100), 100, 0.05) == 300
    assert more_questions(Mean(0.8, None, None, 1), 1, 0.05) is None


def test_a_clustered_mean_of_one_row_per_cluster_is_the_t_interval() -> None:
    from scipy import stats

    values = np.array([0.5, -0.5, 1.0, 0.0, 0.25])
    mean = clustered_mean(values, np.arange(5, dtype=np.int32), 0.95)
    low, high = stats.t.interval(0.95, 4, values.mean(), values.std(ddof=1) / np.sqrt(5))
    assert (mean.low, mean.high) == pytest.approx((low, high))
    doubled = clustered_mean(np.repeat(values, 2), np.repeat(np.arange(5), 2).astype(np.int32), 0.95)
    assert (doubled.low, doubled.high) == pytest.approx((low, high))


def test_codes_of_nothing() -> None:
    assert len(codes_of([])) == 0
    assert codes_of(["b", "a", "b"]).tolist() == [1, 0, 1]
