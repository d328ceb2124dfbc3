"""Several turns make one completion."""

from __future__ import annotations

import asyncio

import pytest
from kit.api_calls import ask

from arena.backends.http.conversation import converse
from arena.types import Completion, Request, Usage


def say(*completions: Completion) -> tuple[Completion, list[Request]]:
    queue, seen = list(completions), []

    async def answer(request: Request) -> Completion:
        seen.append(request)
        return queue.pop(0)

    return asyncio.run(converse(ask("one", follow_ups=("two", "three")), answer)), seen


def turn(text: str = "x", status: str = "ok", **fields: object) -> Completion:
    given = {"usage": Usage(10, 5), "latency_s": 1.0, "reasoning": (None,), **fields}
    return Completion(status, (text,), **given)


def test_each_turn_sees_the_answers_before_it() -> None:
    found, seen = say(turn("a"), turn("b"), turn("c"))
    assert found.turns == ("a", "b", "c")
    assert [(m.role, m.content) for m in seen[2].messages] == [
        ("user", "one"), ("assistant", "a"), ("user", "two"), ("assistant", "b"), ("user", "three"),
    ]  # fmt: skip
    assert all(request.follow_ups == () for request in seen)


def test_usage_latency_and_attempts_add_up() -> None:
    found, _ = say(turn(ttft_s=0.2), turn(attempts=2, broken=1, ttft_s=0.1), turn(attempts=3))
    assert (found.usage, found.latency_s, found.attempts, found.maybe_billed) == (Usage(30, 15), 3.0, 4, True)
    assert found.ttft_s == 0.2


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("truncated", "ok", "ok"), "truncated"),
        (("ok", "refused", "ok"), "refused"),
        (("refused", "truncated", "ok"), "truncated"),
    ],
)
def test_the_worst_turn_names_the_status(statuses: tuple[str, ...], expected: str) -> None:
    assert say(*(turn(status=status) for status in statuses))[0].status == expected


@pytest.mark.parametrize("bad", [turn("", "empty"), turn("", "refused"), turn(" ", "truncated")])
def test_a_turn_without_text_ends_the_conversation(bad: Completion) -> None:
    found, seen = say(turn("a"), bad)
    assert (found.status, len(found.turns), len(seen)) == (bad.status, 2, 2)


def test_a_failed_turn_keeps_what_came_before_and_its_usage() -> None:
    found, seen = say(turn("a"), Completion("error", error="500", attempts=3))
    assert (found.status, found.turns, found.error, found.usage) == ("error", ("a",), "500", Usage(10, 5))
    assert len(seen) == 2


def test_unknown_usage_of_one_turn_makes_the_sum_unknown() -> None:
    assert say(turn(), turn(usage=Usage()), turn())[0].usage.input_tokens is None
