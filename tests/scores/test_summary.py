"""Rows of metrics as numbers of models: hand-made rows whose means and intervals are known."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.means import clustered_share
from arena.reports.metrics import MetricRow
from arena.scores.summary import by_model, differences, metric_score


def rows(model: str, values: list[float | None], metric: str = "chrf") -> list[MetricRow]:
    """A row per question; None: nothing to compare with."""
    return [
        MetricRow(
            question_id=f"q{n}", category="ab"[n % 2], model=model, score=value, metric=metric,
            state="excluded" if value is None else "rated", reason="no_reference" if value is None else None,
        )
        for n, value in enumerate(values)
    ]  # fmt: skip


def test_a_score_is_the_mean_with_the_interval_of_its_questions_and_says_what_is_left_out() -> None:
    found = metric_score(rows("m", [0.2, 0.4, None, 0.9]), 0.95)
    expected = clustered_share(np.array([0.2, 0.4, 0.9]), codes_of(["q0", "q1", "q3"]), 0.95)
    assert (found["score"], found["low"], found["high"]) == pytest.approx(expected[:3])
    assert found["excluded"] == {"no_reference": 1} and found["n"] == 3
    assert found["categories"]["a"]["n"] == 1 and found["categories"]["b"]["score"] == pytest.approx(0.65)  # type: ignore[index]


def test_a_difference_is_paired_by_question() -> None:
    better, base = [0.5 + 0.1 * (n % 5) for n in range(40)], [0.4 + 0.1 * (n % 5) + 0.01 * (n % 3) for n in range(40)]
    (found,) = differences(by_model([*rows("a", better), *rows("b", [*base[:30], *[None] * 10])]), 0.95)
    assert found["n_questions"] == 30
    assert found["diff"] == pytest.approx(np.mean(np.array(better[:30]) - np.array(base[:30])))
    assert found["low"] < found["diff"] < found["high"] and found["high"] - found["low"] < 0.01  # type: ignore[operator]


def test_samples_of_one_question_are_one_cluster() -> None:
    once = rows("m", [0.1, 0.9, 0.3, 0.7])
    twice = [*once, *once]
    first, again = metric_score(once, 0.95), metric_score(twice, 0.95)
    assert (again["low"], again["high"]) == pytest.approx((first["low"], first["high"]))
    assert again["n"] == 8 and again["n_questions"] == 4
