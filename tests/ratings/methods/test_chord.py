"""Many models are fitted by the same likelihood as few, with fewer factors of the Hessian."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings.data.graph import CORE, build_graph
from arena.ratings.data.pair_sums import PairSums
from arena.ratings.intervals import covariance
from arena.ratings.methods import newton
from arena.ratings.methods.chord import fit_by_chords
from arena.ratings.methods.estimate import information_of


def battles(models: int = 40, seed: int = 0, spread: float = 1.0, sets: int = 1) -> PairSums:
    """Random battles of models in so many sets that never met."""
    rng = np.random.default_rng(seed)
    i, j = np.triu_indices(models, 1)
    games = np.where(i % sets == j % sets, rng.poisson(6, len(i)), 0).astype(float)
    theta = rng.normal(0, spread, models)
    wins = rng.binomial(games.astype(int), 1 / (1 + np.exp(theta[j] - theta[i]))).astype(float)
    met = games > 0
    return PairSums(models, i[met], j[met], wins[met], games[met])


def block_of(pairs: PairSums) -> np.ndarray:
    graph = build_graph(pairs)
    return np.where((graph.side == CORE) & (graph.component >= 0), graph.component, -1)


@pytest.mark.parametrize("sets", [1, 3])
@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_kept_factors_lead_to_the_same_maximum(monkeypatch: pytest.MonkeyPatch, spread: float, sets: int) -> None:
    pairs = battles(spread=spread, sets=sets)
    block = block_of(pairs)
    pairs = pairs.among((block[pairs.i] >= 0) & (block[pairs.j] >= 0))
    expected = newton.fit_bradley_terry(pairs, block)
    monkeypatch.setattr(newton, "_MANY_MODELS", 10)
    found = newton.fit_bradley_terry(pairs, block)
    assert fit_by_chords(pairs, block, None) is not None
    assert found.theta == pytest.approx(expected.theta, abs=1e-11)
    assert found.gradient_norm < 1e-8


def test_where_steps_do_not_settle_newton_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = PairSums(3, np.array([0, 1]), np.array([1, 2]), np.array([1.0, 1e9]), np.array([2.0, 1e9 + 1]))
    expected = newton.fit_bradley_terry(chain, np.zeros(3, dtype=np.int64))
    monkeypatch.setattr(newton, "_MANY_MODELS", 1)
    monkeypatch.setattr(newton, "fit_by_chords", lambda *_: None)
    found = newton.fit_bradley_terry(chain, np.zeros(3, dtype=np.int64))
    assert found.theta == pytest.approx(expected.theta)


def test_the_factor_gives_the_same_pseudo_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, block = battles(), np.zeros(40, dtype=np.int64)
    hessian = information_of(pairs, newton.fit_bradley_terry(pairs, block).theta)
    expected = covariance.pseudo_inverse(hessian, block)
    monkeypatch.setattr(covariance, "_MANY", 10)
    found = covariance.pseudo_inverse(hessian, block)
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-14)
    assert (found == found.T).all()
    assert np.abs(found.sum(axis=0)).max() < 1e-12


def test_a_matrix_without_a_factor_is_inverted_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    indefinite = np.diag([2.0, 1.0, -1.0])
    expected = covariance.pseudo_inverse(indefinite, np.zeros(3, dtype=np.int64))
    monkeypatch.setattr(covariance, "_MANY", 1)
    assert covariance.pseudo_inverse(indefinite, np.zeros(3, dtype=np.int64)) == pytest.approx(expected)
