"""Price x usage."""

from __future__ import annotations

import pytest

from arena.config.base import Price
from arena.money import add_usage, cost_usd, priced, upper_bound_usd
from arena.types import Completion, Usage

PRICE = Price(input=2.0, output=8.0, cached_input=0.5, cache_write=2.5)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(1_000_000, 0), 2.0),
        (Usage(0, 1_000_000), 8.0),
        (Usage(1_000_000, 100_000, cached_input_tokens=400_000), 0.6 * 2 + 0.4 * 0.5 + 0.8),
        (Usage(1_000_000, 0, cached_input_tokens=400_000, cache_write_tokens=100_000), 0.5 * 2 + 0.4 * 0.5 + 0.1 * 2.5),
        (Usage(100, 50, reasoning_tokens=40), 100 * 2e-6 + 50 * 8e-6),
        (Usage(None, 5), None),
        (Usage(5, None), None),
        (Usage(), None),
    ],
)
def test_cost(usage: Usage, expected: float | None) -> None:
    assert cost_usd(usage, PRICE) == (None if expected is None else pytest.approx(expected))


def test_without_a_price_the_cost_is_unknown_not_zero() -> None:
    assert cost_usd(Usage(10, 10), None) is None
    assert upper_bound_usd(10, 10, None) is None


def test_a_call_that_failed_costs_nothing_unless_it_broke_off_or_brought_text() -> None:
    refused, broken = Completion("bad_request"), Completion("error", broken=1)
    empty = Completion("empty", ("",), usage=Usage(1_000_000, 0))
    stated = Completion("ok", ("x",), usage=Usage(1_000_000, 0), cost_usd=0.25)
    assert [priced(c, PRICE).cost_usd for c in (refused, broken, empty, stated)] == [0.0, None, 2.0, 0.25]
    assert [priced(c, None).cost_usd for c in (refused, broken, empty, stated)] == [None, None, None, 0.25]


def test_missing_cache_prices_are_bounded_from_above() -> None:
    plain = Price(input=2.0, output=8.0)
    assert cost_usd(Usage(1_000_000, 0, cached_input_tokens=1_000_000), plain) == pytest.approx(2.0)
    assert cost_usd(Usage(1_000_000, 0, cache_write_tokens=1_000_000), plain) == pytest.approx(2.5)


def test_free_is_zero_and_known() -> None:
    assert cost_usd(Usage(10, 10), Price(input=0, output=0)) == 0.0


@pytest.mark.parametrize("usage", [Usage(900, 100), Usage(900, 100, 300), Usage(900, 100, cache_write_tokens=900)])
def test_the_upper_bound_is_never_below_the_cost(usage: Usage) -> None:
    for price in (PRICE, Price(input=2.0, output=8.0)):
        assert upper_bound_usd(900, 100, price) >= cost_usd(usage, price)


def test_usage_adds_up() -> None:
    assert add_usage(Usage(1, 2, 3, 4, 5), Usage(10, 20, 30, 40, 50)) == Usage(11, 22, 33, 44, 55)
    assert add_usage(Usage(1, 2), Usage(1, 2, cached_input_tokens=1)) == Usage(2, 4, cached_input_tokens=1)
    assert add_usage(Usage(1, 2), Usage()) == Usage()
