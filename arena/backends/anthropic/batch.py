"""Anthropic's message batches: requests in, results out, no files in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from arena.backends.anthropic.backend import AnthropicTransport
from arena.backends.anthropic.wire import body_of, completion_of
from arena.backends.batch import (
    Batches,
    BatchItem,
    BatchResult,
    BatchState,
    date_of,
    each_once,
    failed_result,
    read_lines,
    read_result,
)
from arena.backends.http.api import ApiBackend
from arena.backends.http.errors import error_text
from arena.backends.http.lines import line_by_line
from arena.errors import EndpointDead
from arena.files import to_json
from arena.types import JSON, Backend

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatch
    from anthropic.types.messages.batch_create_params import Request as BatchRequest

_OWN_FAULT = {"invalid_request_error": 400, "request_too_large": 413, "not_found_error": 404, "permission_error": 403}
"""Error types that no second try would change; everything else is the provider's."""


class AnthropicBatches(Batches):
    """Batches of messages. They carry no mark of ours: a lost one is found by time (theirs), size and results."""

    most_requests = 100_000
    most_bytes = 150_000_000
    """The provider takes 256 MB."""

    def __init__(self, backend: ApiBackend, transport: AnthropicTransport) -> None:
        super().__init__(backend)
        self._client = transport.client
        self._model = transport.model
        self._extra = transport.extra_body

    def size(self, item: BatchItem) -> int:
        """Bytes of the request as JSON."""
        return len(to_json(self._request(item)))

    async def submit(self, items: Sequence[BatchItem], uuid: str) -> str:
        """Create the batch."""
        requests = cast("list[BatchRequest]", [self._request(item) for item in items])
        batch = await self._do(lambda: self._client.messages.batches.create(requests=requests), once=True)
        return batch.id

    async def clock(self) -> float | None:
        """The Date of an answer; None where nobody answers: submitting will say why."""
        try:
            answer = await self._do(lambda: self._client.messages.batches.with_raw_response.list(limit=1))
        except EndpointDead:
            return None
        return date_of(answer.headers)

    async def recent(self, uuid: str, total: int, since: float | None) -> list[str]:
        """Batches of that many requests whose results are still kept, the oldest first."""

        async def listed() -> list[MessageBatch]:
            found = []
            async for batch in each_once(self._client.messages.batches.list(limit=100)):
                if since is not None and batch.created_at.timestamp() < since:
                    break
                if batch.archived_at is None:
                    found.append(batch)
            return found

        batches = await self._do(listed)
        return [batch.id for batch in reversed(batches) if _counts(batch)[1] == total]

    async def state(self, batch_id: str) -> BatchState:
        """How far it is."""
        batch = await self._do(lambda: self._client.messages.batches.retrieve(batch_id))
        done, total = _counts(batch)
        return BatchState(batch.processing_status == "ended", done, total)

    async def results(self, batch_id: str) -> list[BatchResult]:
        """The lines of the results."""

        async def read() -> list[dict[str, JSON]]:
            with line_by_line():
                async with self._client.messages.batches.with_streaming_response.results(batch_id) as opened:
                    return await read_lines(opened.http_response.aiter_bytes())

        return [_result(line) for line in await self._do(read)]

    def _request(self, item: BatchItem) -> dict[str, JSON]:
        return {
            "custom_id": item.custom_id,
            "params": body_of(item.request, self._model, self._dialect, self._extra),
        }


def batches(backend: Backend) -> AnthropicBatches:
    """The batch endpoint of an open backend of this kind."""
    assert isinstance(backend, ApiBackend)
    assert isinstance(backend.transport, AnthropicTransport)
    return AnthropicBatches(backend, backend.transport)


def _counts(batch: MessageBatch) -> tuple[int, int]:
    """Requests that are through, and all of them."""
    counts = batch.request_counts
    done = counts.succeeded + counts.errored + counts.canceled + counts.expired
    return done, done + counts.processing


def _result(line: Mapping[str, object]) -> BatchResult:
    custom_id, result = str(line.get("custom_id")), line.get("result")
    result = result if isinstance(result, dict) else {}
    match result.get("type"):
        case "succeeded" if isinstance(message := result.get("message"), dict):
            return read_result(custom_id, lambda: completion_of(message))
        case "errored":
            error = result.get("error")
            error = error.get("error", error) if isinstance(error, dict) else {}
            kind = str(error.get("type")) if isinstance(error, dict) else ""
            text = error_text({"error": error})
            if kind in _OWN_FAULT:
                return failed_result(custom_id, _OWN_FAULT[kind], text)
            return BatchResult(custom_id, None, text or "errored")
        case kind:
            return BatchResult(custom_id, None, str(kind))
