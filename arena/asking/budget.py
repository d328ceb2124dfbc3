"""A limit on what one invocation spends: checked before each call, with what is in flight set aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from arena.config.base import Price
from arena.errors import BudgetReached
from arena.money import upper_bound_usd
from arena.types import Completion, Request

FEWEST_BYTES_PER_TOKEN = 3.0
"""Cautious: English has about 4 bytes per token, Chinese about 3. A budget must not be passed."""
OUTPUT_CAP = 8192
"""Output tokens set aside for a call whose config names no `max_tokens`."""


class Budget:
    """What may be spent, what is spent, and what calls in flight could still cost."""

    def __init__(self, limit_usd: float | None = None) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = 0.0
        self._reserved = 0.0
        self._settled = asyncio.Condition()

    @asynccontextmanager
    async def reserve(self, bound_usd: float) -> AsyncIterator[Expense]:
        """Set the most a call can cost aside, for as long as it is under way; then its cost counts as spent.

        Waits while calls in flight, once settled, may leave room. Raises BudgetReached when nothing can.
        """
        expense = Expense()
        if self.limit_usd is not None:
            await self._wait_for_room(bound_usd)
        self._reserved += bound_usd
        try:
            yield expense
        finally:
            self._reserved = max(0.0, self._reserved - bound_usd)
            self.spent_usd += expense.total(bound_usd)
            if self.limit_usd is not None:  # else nobody waits
                async with self._settled:
                    self._settled.notify_all()

    async def _wait_for_room(self, bound_usd: float) -> None:
        async with self._settled:
            while not self._fits(self.spent_usd + self._reserved + bound_usd):
                if self._reserved == 0 or not self._fits(self.spent_usd + bound_usd):
                    raise BudgetReached(
                        f"--budget-usd {self.limit_usd:g} is reached: ${self.spent_usd:.4f} spent, and the next call"
                        f" could cost ${bound_usd:.4f}; what came back is stored"
                    )
                await self._settled.wait()

    def commit(self, bound_usd: float) -> None:
        """Count the most that something can cost as spent: a batch cannot be stopped halfway. Raises BudgetReached."""
        if not self._fits(self.spent_usd + self._reserved + bound_usd):
            raise BudgetReached(
                f"--budget-usd {self.limit_usd:g} is reached: ${self.spent_usd:.4f} spent, and the next batch"
                f" could cost ${bound_usd:.4f}; what came back is stored"
            )
        self.spent_usd += bound_usd

    def _fits(self, total_usd: float) -> bool:
        return self.limit_usd is None or total_usd <= self.limit_usd * (1 + 1e-9)


@dataclass
class Expense:
    """What one call came to."""

    completion: Completion | None = None

    def total(self, bound_usd: float) -> float:
        """Its cost. What is not known, and each broken attempt that may have been billed, counts at the bound."""
        if self.completion is None:
            return 0.0
        known = self.completion.cost_usd
        last = bound_usd if known is None and self.completion.turns else known or 0.0
        return self.completion.broken * bound_usd + last


def call_bound_usd(request: Request, price: Price | None) -> float:
    """The most that one request can cost, all its turns included; 0 for what has no price per token."""
    if price is None:
        return 0.0
    cap = request.sampling.max_tokens or OUTPUT_CAP
    sent = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    tokens = sent / FEWEST_BYTES_PER_TOKEN
    total = upper_bound_usd(tokens, cap, price) or 0.0
    for follow_up in request.follow_ups:
        tokens += cap + len(follow_up.encode("utf-8", "replace")) / FEWEST_BYTES_PER_TOKEN
        total += upper_bound_usd(tokens, cap, price) or 0.0
    return total
