"""Large symmetric matrices: products added up by one triangle, and factors."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings.data.dense import Factor, Products, rows_of


def test_rows_are_all_there_once() -> None:
    for m in (1, 7, 300, 70_000):
        assert [row for part in rows_of(m) for row in range(m)[part]] == list(range(m))


def test_products_are_those_of_all_rows() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 7))
    products = Products(7)
    for part in (rows[:13], rows[13:]):
        products.add(np.ascontiguousarray(part))
    found = products.total()
    assert found == pytest.approx(rows.T @ rows, rel=1e-12)
    assert (found == found.T).all()


def test_a_factor_solves_and_inverts() -> None:
    half = np.random.default_rng(1).normal(size=(6, 6))
    matrix = half @ half.T + np.eye(6)
    factor = Factor.of(matrix.copy())
    assert factor is not None
    right = np.arange(6.0)
    assert matrix @ factor.solve(right) == pytest.approx(right)
    inverse = factor.inverse()
    assert matrix @ inverse == pytest.approx(np.eye(6), abs=1e-12)
    assert (inverse == inverse.T).all()


def test_what_is_not_positive_definite_has_no_factor() -> None:
    assert Factor.of(np.diag([1.0, -1.0])) is None
