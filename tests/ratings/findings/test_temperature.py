"""The temperature of soft verdicts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from arena.errors import DataError
from arena.ratings.findings.temperature import fit_temperature


def test_beta_is_that_of_a_logistic_regression_through_the_origin() -> None:
    rng = np.random.default_rng(1)
    d = rng.normal(0, 2, 500)
    y = (rng.random(500) < 1 / (1 + np.exp(-0.7 * d))).astype(float)
    found = fit_temperature(d, y, question_id=[i // 5 for i in range(500)])
    check = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(d[:, None], y)
    assert found.beta == pytest.approx(check.coef_[0, 0], abs=1e-5)
    assert found.low < 0.7 < found.high
    assert found.log_loss < np.log(2)


def test_ties_pull_towards_a_coin() -> None:
    d = np.array([1.0, 1.0, -1.0, -1.0])
    assert fit_temperature(d, [1.0, 0.5, 0.0, 0.5]).beta == pytest.approx(np.log(3))


def test_scores_against_the_votes_have_a_negative_beta() -> None:
    assert fit_temperature([1.0, 1.0, -1.0, 1.0], [0.0, 0.0, 1.0, 1.0]).beta < 0


@pytest.mark.parametrize(
    ("d", "y", "message"),
    [
        ([], [], "at least|1 or more"),
        ([1.0], [1.0, 0.0], "1 score differences and 2 votes"),
        ([0.0, 0.0], [1.0, 0.0], "every score difference is 0"),
        ([1.0, -1.0], [1.0, 0.0], "predict every vote"),
        ([np.nan, 1.0], [1.0, 0.0], "finite"),
        ([1.0, 2.0], [1.0, 2.0], r"votes in \[0, 1\]"),
    ],
)
def test_what_teaches_nothing_is_refused(d: list[float], y: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit_temperature(d, y)


@pytest.mark.shared
def test_rubric_scores_predict_human_votes(shared_dir: Path) -> None:
    differences, votes = [], []
    with (shared_dir / "data/softelo/sample_annotations.csv").open() as lines:
        for row in csv.DictReader(lines):
            a, b = (json.loads(row[side].replace("'", '"')) for side in ("scores_a", "scores_b"))
            differences.append(float(np.mean(list(a.values())) - np.mean(list(b.values()))))
            votes.append(1 - float(row["human_pref"]))  # there 1 means that b wins
    found = fit_temperature(differences, votes)
    assert found.n == 1_000
    assert found.low > 0
    assert found.log_loss < 0.69
