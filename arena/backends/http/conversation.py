"""A conversation turn by turn: each follow-up sees all answers before it, and a retry repeats one turn only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from arena.money import add_usage
from arena.types import Completion, Message, Request, Status

_WORST_FIRST: tuple[Status, ...] = ("error", "bad_request", "empty", "truncated", "refused", "ok")


async def converse(request: Request, ask: Callable[[Request], Awaitable[Completion]]) -> Completion:
    """Ask the request's messages, then its follow-ups one after another, and give it all as one completion.

    `ask` answers one turn. The conversation ends early at a turn that fails or has no text. The status is the
    worst of all turns; the usage and latency are sums; the time to the first token is the first turn's.
    """
    if not request.follow_ups:
        return await ask(request)
    whole = await ask(replace(request, follow_ups=()))
    messages = request.messages
    for follow_up in request.follow_ups:
        if whole.status in ("error", "bad_request") or not whole.text.strip():
            break
        messages = (*messages, Message("assistant", whole.text), Message("user", follow_up))
        whole = _join(whole, await ask(replace(request, messages=messages, follow_ups=())))
    return whole


def _join(before: Completion, turn: Completion) -> Completion:
    failed = turn.status in ("error", "bad_request")
    return replace(
        turn,
        status=min(before.status, turn.status, key=_WORST_FIRST.index),
        turns=(*before.turns, *turn.turns),
        reasoning=(*before.reasoning, *turn.reasoning),
        finish_reason=before.finish_reason if failed else turn.finish_reason,
        usage=before.usage if failed else add_usage(before.usage, turn.usage),
        ttft_s=before.ttft_s,
        latency_s=_sum(before.latency_s, turn.latency_s),
        model_returned=turn.model_returned or before.model_returned,
        request_id=turn.request_id or before.request_id,
        attempts=before.attempts + turn.attempts - 1,
        broken=before.broken + turn.broken,
        cost_usd=before.cost_usd if failed else _sum(before.cost_usd, turn.cost_usd),
    )


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
