"""Answers that exist already."""

from __future__ import annotations

from arena.store.recordings import Recording
from arena.types import Completion, Load, Request


class RecordedBackend:
    """Gives back what a recording holds. Nothing is generated and nothing can fail."""

    concurrency = 1
    load: Load = "recorded"

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    async def complete(self, request: Request) -> Completion:
        """The recorded answer to the request's question, with whatever was measured when it was made."""
        found = self._recording.get((request.question_id, request.sample))
        if found is None:
            return Completion("error", error="the recording has no answer to this question", load="recorded")
        return Completion(
            found.status,
            found.turns,
            found.reasoning,
            found.error,
            found.finish_reason,
            found.usage,
            ttft_s=found.ttft_s,
            latency_s=found.latency_s,
            load=found.load,
            model_returned=found.model_returned,
            cost_usd=found.cost_usd,
        )

    async def close(self) -> None:
        """Nothing to let go of."""
