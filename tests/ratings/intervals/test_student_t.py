"""Student's t against scipy.special."""

import numpy as np
import pytest
from scipy import special

from arena.ratings.intervals.student_t import normal_quantile, t_cdf, t_quantile

DF = np.array([1, 2, 3, 4, 5.5, 10, 19, 50, 99, 1_000, 5_000, 1e5, 2e6])


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_quantiles_are_scipys(level: float) -> None:
    np.testing.assert_allclose(t_quantile(level, DF), special.stdtrit(DF, (1 + level) / 2), rtol=1e-8)


def test_distribution_function_is_scipys() -> None:
    t = np.linspace(-9, 9, 61)[:, None]
    np.testing.assert_allclose(t_cdf(t, DF), special.stdtr(DF, t), atol=1e-9)


def test_infinite_degrees_of_freedom_are_the_normal_distribution() -> None:
    assert t_quantile(0.95, np.inf) == pytest.approx(1.959963984540054)
    assert normal_quantile(0.9) == pytest.approx(1.6448536269514722)
    assert float(t_cdf(1.0, np.inf)) == pytest.approx(0.8413447460685429)


def test_without_a_degree_of_freedom_nothing_is_known() -> None:
    assert np.isnan(t_quantile(0.95, np.array([0.0, np.nan]))).all()
    assert np.isnan(t_cdf(1.0, 0.0))
    assert t_cdf([np.inf, -np.inf], 5.0).tolist() == [1.0, 0.0]
