"""One endpoint under load: each request streamed once, past retries and windows, and what came of it written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from arena.asking.budget import Budget, call_bound_usd
from arena.backends.http.api import ApiBackend
from arena.backends.http.network import ARRIVAL, Arrival
from arena.backends.http.reading import Foldable
from arena.config.base import Price
from arena.errors import CallError, Rejected, Throttled, Unauthorized, Unstable
from arena.load.packages import Packages
from arena.load.served import Served
from arena.types import Completion, Request


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests to one endpoint."""

    backend: ApiBackend
    prompt: Callable[[int, int], Request]
    """The request of a level's number and an index; negative indices are warm-up."""
    budget: Budget
    price: Price | None

    async def learn(self, request: Request) -> CallError | None:
        """Find out in which form the endpoint takes requests, with one that is not measured; the error where it takes
        none. Raises BudgetReached."""
        async with self.budget.reserve(call_bound_usd(request, self.price)) as expense:
            try:
                expense.completion = await self.backend.learn(request)
            except CallError as error:
                expense.completion = Completion(status="error", broken=int(error.billable))
                return error
        return None

    async def send(self, served: Served) -> float | None:
        """Send one request and fill in what came of it; when it was sent, past what the SDK does first.

        Raises BudgetReached before a call that could cost too much.
        """
        arrival = Arrival()
        ARRIVAL.set(arrival)
        request = self.prompt(served.level, -1 - served.index if served.warmup else served.index)
        served.question = request.question_id

        def watch(folded: Foldable) -> Foldable:
            return Packages(folded, served, arrival.now)

        async with self.budget.reserve(call_bound_usd(request, self.price)) as expense:
            try:
                completion = await self.backend.stream_once(request, watch)
            except CallError as error:
                served.status, served.error = kind_of(error), str(error)
                expense.completion = Completion(status="error", broken=int(error.billable))
                return arrival.left
            expense.completion = completion
        served.ended_s = arrival.now()
        _fill(served, completion)
        return arrival.left


def kind_of(error: CallError) -> str:
    """In a word, what a request failed of."""
    match error:
        case Throttled():
            return "refused" if error.refused else "throttled"
        case Unauthorized():
            return "web page" if error.status_code == 200 else "unauthorized"
        case Rejected():
            return "rejected"
        case Unstable() if error.status_code is not None:
            return "server error"
        case Unstable() if "no answer within" in str(error) or "Timeout" in str(error):
            return "timeout"
        case _:
            return "broken"


def _fill(served: Served, completion: Completion) -> None:
    """Counts of a reply. No output token of a reply that has text is a count that nobody made: unknown."""
    usage = completion.usage
    said = any(turn.strip() for turn in completion.turns) or len(served.times) > 0
    served.streamed = len(served.times) > 0 or not said
    served.input_tokens = usage.input_tokens or None
    served.output_tokens = None if said and not usage.output_tokens else usage.output_tokens
    served.reasoning_tokens = usage.reasoning_tokens
    served.cached_tokens = usage.cached_input_tokens
    served.cost_usd = completion.cost_usd
