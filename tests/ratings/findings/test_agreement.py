"""Agreement of two raters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from arena.errors import DataError
from arena.ratings import BattleTable
from arena.ratings.findings.agreement import agreement


def raters(noise: float, questions: int = 60, seed: int = 0) -> tuple[BattleTable, BattleTable, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    theta, keys, x, y = np.linspace(-1, 1, 5), [], [], []
    for q in range(questions):
        for i in range(5):
            for j in range(i + 1, 5):
                p = 1 / (1 + np.exp(theta[j] - theta[i]))
                truth = rng.choice([1.0, 0.5, 0.0], p=[0.8 * p, 0.2, 0.8 * (1 - p)])
                keys.append((f"m{i}", f"m{j}", q))
                x.append(truth)
                y.append(rng.choice([1.0, 0.5, 0.0]) if rng.random() < noise else truth)
    a, b, q = (list(column) for column in zip(*keys, strict=True))
    first = BattleTable.from_columns(a, b, x, question_id=q)
    second = BattleTable.from_columns(b, a, [1 - value for value in y], question_id=q)
    return first, second, np.array(x), np.array(y)


def test_shares_and_kappa_are_those_of_scikit_learn() -> None:
    first, second, x, y = raters(0.5)
    found = agreement(first, second, bootstraps=50)
    assert found.raw.value == pytest.approx(np.mean(x == y))
    assert found.kappa.value == pytest.approx(cohen_kappa_score((2 * x).astype(int), (2 * y).astype(int)))
    decisive = (x != 0.5) & (y != 0.5)
    assert found.decisive.value == pytest.approx(np.mean((x == y)[decisive]))
    assert found.decisive.n == decisive.sum()
    for mean in (found.raw, found.decisive, found.kappa):
        assert mean.low < mean.value < mean.high
    assert sum(map(sum, found.confusion)) == found.n_battles == 600
    assert (found.n_questions, found.n_models) == (60, 5)


def test_full_agreement() -> None:
    first, _, _, _ = raters(0.0, questions=20)
    found = agreement(first, first, bootstraps=50)
    assert (found.raw.value, found.kappa.value, found.spearman.value, found.kendall.value) == (1.0, 1.0, 1.0, 1.0)
    assert found.raw.low < 1.0
    assert (found.kappa.low, found.kappa.high) == (None, None)  # nothing varied, which is not the same as certainty


def test_opposite_raters() -> None:
    first, _, x, _ = raters(0.0, questions=40)
    names = [first.models[i] for i in first.a], [first.models[i] for i in first.b]
    other = BattleTable.from_columns(*names, 1 - x, question_id=[first.question.names[c] for c in first.question.codes])
    found = agreement(first, other, bootstraps=50)
    assert found.spearman.value == pytest.approx(-1.0)
    assert found.kappa.high < 0


def test_rank_correlations_are_scipys() -> None:
    from arena.ratings.findings.agreement import _kendall, _spearman

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, 12).astype(float), rng.integers(0, 5, 12).astype(float)
    assert _spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert _kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)


@pytest.mark.slow
def test_intervals_of_kappa_cover() -> None:
    values = [agreement(*raters(0.5, questions=25, seed=seed)[:2], bootstraps=20).kappa for seed in range(60)]
    truth = np.mean(
        [agreement(*raters(0.5, questions=400, seed=900 + s)[:2], bootstraps=20).kappa.value for s in range(3)]
    )
    assert sum(value.low < truth < value.high for value in values) >= 51


def test_two_models_have_no_rank_correlation() -> None:
    table = BattleTable.from_columns(["a", "a"], ["b", "b"], [1.0, 0.0], question_id=[1, 2])
    assert agreement(table, table).spearman.value is None


def test_nothing_in_common_is_refused() -> None:
    one = BattleTable.from_columns(["a"], ["b"], [1.0], question_id=[1])
    other = BattleTable.from_columns(["a"], ["b"], [1.0], question_id=[2])
    with pytest.raises(DataError, match="no battle in common"):
        agreement(one, other)
    with pytest.raises(DataError, match="needs question ids"):
        agreement(one, BattleTable.from_columns(["a"], ["b"], [1.0]))


def test_it_can_be_written_as_json() -> None:
    first, second, _, _ = raters(0.3, questions=10)
    shape = agreement(first, second, bootstraps=20).to_json()
    assert set(shape["kappa"]) == {"value", "low", "high", "n"}
    assert len(shape["confusion"]) == 3
