"""Numbers as people read them."""

from __future__ import annotations

import pytest

from viz.ui.figures import DASH, chance, margin, money, percent, rank_range, seconds


def test_what_is_missing_is_a_dash() -> None:
    shown = [chance(None), percent(None), money(None), seconds(None), margin(None, 1, 2), rank_range(None, 1, 2)]
    assert set(shown) == {DASH}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "> 99.9 %"), (0.9995, "> 99.9 %"), (0.99, "99.0 %"), (0.5, "50.0 %"), (0.0004, "< 0.1 %"), (0.0, "< 0.1 %")],
)
def test_an_estimated_probability_is_never_certain(value: float, shown: str) -> None:
    assert chance(value) == shown


def test_open_ends_are_infinite() -> None:
    assert margin(1000, None, 1020) == "+20 −∞"
    assert margin(1000, 980, 1020) == "± 20"
