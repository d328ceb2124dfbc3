"""What may be spent, with calls in flight set aside."""

from __future__ import annotations

import asyncio

import pytest

from arena.asking.budget import OUTPUT_CAP, Budget, call_bound_usd
from arena.config.base import Price
from arena.errors import BudgetReached
from arena.types import Completion, Message, Request, Sampling

PRICE = Price(input=1.0, output=2.0)


def request(text: str = "x" * 3000, max_tokens: int | None = 1000, follow_ups: tuple[str, ...] = ()) -> Request:
    return Request("k", "q", (Message("user", text),), follow_ups, Sampling(max_tokens=max_tokens))


async def spend(budget: Budget, bound: float, cost: float | None, **fields: object) -> None:
    async with budget.reserve(bound) as expense:
        await asyncio.sleep(0)
        expense.completion = Completion("ok", ("x",), cost_usd=cost, **fields)


def test_the_bound_counts_every_output_at_its_limit() -> None:
    assert call_bound_usd(request(), PRICE) == pytest.approx((1000 * 1.25 + 1000 * 2) * 1e-6)
    assert call_bound_usd(request(max_tokens=None), PRICE) == pytest.approx((1250 + OUTPUT_CAP * 2) * 1e-6)
    assert call_bound_usd(request(), None) == 0.0


def test_the_bound_of_a_conversation_counts_the_answers_it_carries_along() -> None:
    one, two = (call_bound_usd(request(follow_ups=f), PRICE) for f in ((), ("y" * 300,)))
    assert two == pytest.approx(one + ((1000 + 1000 + 100) * 1.25 + 1000 * 2) * 1e-6)


def test_chinese_is_bounded_by_its_bytes() -> None:
    assert call_bound_usd(request("字" * 1000, 1), PRICE) >= 1000 * 1e-6


def test_the_next_call_is_refused_when_it_could_pass_the_limit() -> None:
    async def main() -> Budget:
        budget = Budget(1.0)
        for _ in range(8):
            await spend(budget, 0.25, 0.1)
        assert budget.spent_usd == pytest.approx(0.8)
        with pytest.raises(BudgetReached, match=r"--budget-usd 1 is reached: \$0.8000 spent"):
            await spend(budget, 0.25, 0.1)
        return budget

    assert asyncio.run(main()).spent_usd <= 1.0


def test_calls_in_flight_are_set_aside_and_room_they_leave_is_used() -> None:
    order: list[str] = []

    async def main() -> None:
        budget = Budget(1.0)

        async def call(name: str) -> None:
            async with budget.reserve(0.6) as expense:
                order.append(f"{name} starts")
                await asyncio.sleep(0.001)
                order.append(f"{name} ends")
                expense.completion = Completion("ok", ("x",), cost_usd=0.1)

        await asyncio.gather(call("a"), call("b"))

    asyncio.run(main())
    assert order == ["a starts", "a ends", "b starts", "b ends"]


@pytest.mark.parametrize(
    ("completion", "spent"),
    [
        (Completion("ok", ("x",), cost_usd=0.1), 0.1),
        (Completion("ok", ("x",), cost_usd=None), 0.5),
        (Completion("ok", ("x",), cost_usd=0.1, broken=1), 0.6),
        (Completion("error", broken=3, attempts=5), 1.5),
        (Completion("bad_request", cost_usd=0.0), 0.0),
    ],
)
def test_what_is_not_known_counts_at_the_bound(completion: Completion, spent: float) -> None:
    async def main() -> float:
        budget = Budget(10)
        async with budget.reserve(0.5) as expense:
            expense.completion = completion
        return budget.spent_usd

    assert asyncio.run(main()) == pytest.approx(spent)


def test_a_failed_call_gives_back_what_was_set_aside() -> None:
    async def main() -> Budget:
        budget = Budget(1.0)
        for _ in range(20):
            with pytest.raises(ValueError, match="bug"):
                async with budget.reserve(0.9):
                    raise ValueError("bug")
        return budget

    assert asyncio.run(main()).spent_usd == 0.0


def test_without_a_limit_nothing_is_refused() -> None:
    async def main() -> float:
        budget = Budget()
        await spend(budget, 1e9, 5.0)
        return budget.spent_usd

    assert asyncio.run(main()) == 5.0
