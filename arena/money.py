"""Price x usage. What is not known stays None; it never becomes 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import fsum

from arena.config.base import Price
from arena.types import Completion, Usage

PER_TOKEN = 1e-6
"""Prices are USD per million tokens."""
CACHE_WRITE_FACTOR = 1.25
"""What writing to a prompt cache costs, relative to plain input, where the price list does not say."""


def cost_usd(usage: Usage, price: Price | None) -> float | None:
    """What one call cost; None when the price or a token count is unknown.

    Tokens read from a cache cost `cached_input`, and without that price the full `input` price: an upper bound.
    """
    if price is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached = usage.cached_input_tokens or 0
    written = usage.cache_write_tokens or 0
    plain = max(0, usage.input_tokens - cached - written)
    cached_price = price.input if price.cached_input is None else price.cached_input
    write_price = price.input * CACHE_WRITE_FACTOR if price.cache_write is None else price.cache_write
    total = plain * price.input + cached * cached_price + written * write_price + usage.output_tokens * price.output
    return total * PER_TOKEN


def priced(completion: Completion, price: Price | None) -> Completion:
    """The completion with its cost, unless the provider stated one.

    A request that was turned down or never got through costs nothing; one that broke off has an unknown cost.
    """
    if completion.cost_usd is not None:
        return completion
    if price is not None and not completion.turns and not completion.maybe_billed:
        return replace(completion, cost_usd=0.0)
    cost = cost_usd(completion.usage, price)
    return completion if cost is None else replace(completion, cost_usd=cost)


def upper_bound_usd(input_tokens: float, output_cap: float, price: Price | None) -> float | None:
    """The most that a call of this size can cost: what a budget sets aside before sending it."""
    if price is None:
        return None
    dearest_input = max(
        price.input, price.input * CACHE_WRITE_FACTOR if price.cache_write is None else price.cache_write
    )
    return (input_tokens * dearest_input + output_cap * price.output) * PER_TOKEN


def known_sum(costs: Sequence[float | None]) -> float | None:
    """All costs together; None as soon as one of them is unknown, and when there are none."""
    known = [cost for cost in costs if cost is not None]
    return fsum(known) if known and len(known) == len(costs) else None


def add_usage(first: Usage, second: Usage) -> Usage:
    """Token counts of two calls together; a count that one of them lacks is unknown, unless both never had it."""

    def total(a: int | None, b: int | None) -> int | None:
        return None if a is None or b is None else a + b

    def at_least(a: int | None, b: int | None) -> int | None:
        return None if a is None and b is None else (a or 0) + (b or 0)

    return Usage(
        input_tokens=total(first.input_tokens, second.input_tokens),
        output_tokens=total(first.output_tokens, second.output_tokens),
        cached_input_tokens=at_least(first.cached_input_tokens, second.cached_input_tokens),
        reasoning_tokens=at_least(first.reasoning_tokens, second.reasoning_tokens),
        cache_write_tokens=at_least(first.cache_write_tokens, second.cache_write_tokens),
    )
