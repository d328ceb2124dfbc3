"""OpenAI's batch endpoint: a file of requests, a batch over it, a file of results and one of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from arena.backends.batch import (
    Batches,
    BatchItem,
    BatchResult,
    BatchState,
    each_once,
    failed_result,
    read_lines,
    read_result,
)
from arena.backends.http.api import ApiBackend
from arena.backends.http.errors import error_text, shorten
from arena.backends.http.lines import line_by_line
from arena.backends.openai.backend import OpenAITransport
from arena.backends.openai.responding import ResponsesTransport
from arena.files import to_json
from arena.types import JSON, Backend, Completion

_MARK = "arena_uuid"
_ENDED = ("completed", "failed", "expired", "cancelled")


class OpenAIBatches(Batches):
    """Batches of chat completions or responses. The submission's uuid stands in the batch's metadata."""

    most_requests = 50_000
    most_bytes = 150_000_000
    """The provider takes 200 MB."""

    def __init__(self, backend: ApiBackend, transport: OpenAITransport | ResponsesTransport) -> None:
        super().__init__(backend)
        self._client = transport.client
        self._transport = transport

    def size(self, item: BatchItem) -> int:
        """Bytes of its line in the file."""
        return len(self._line(item))

    async def submit(self, items: Sequence[BatchItem], uuid: str) -> str:
        """Upload the requests and create the batch."""
        content = b"".join(map(self._line, items))
        name = f"arena-{uuid}.jsonl"
        file = await self._do(lambda: self._client.files.create(file=(name, content), purpose="batch"))
        batch = await self._do(
            lambda: self._client.batches.create(
                input_file_id=file.id, endpoint=self._transport.path, completion_window="24h", metadata={_MARK: uuid}
            ),
            once=True,
        )
        return batch.id

    async def clock(self) -> float | None:
        """None: the uuid says which batch it is, however long ago it was created."""
        return None

    async def recent(self, uuid: str, total: int, since: float | None) -> list[str]:
        """The batch that carries the uuid."""

        async def listed() -> list[str]:
            async for batch in each_once(self._client.batches.list(limit=100)):
                if (batch.metadata or {}).get(_MARK) == uuid:
                    return [batch.id]
            return []

        return await self._do(listed)

    async def state(self, batch_id: str) -> BatchState:
        """How far it is."""
        batch = await self._do(lambda: self._client.batches.retrieve(batch_id))
        counts = batch.request_counts
        done, total = (counts.completed + counts.failed, counts.total) if counts else (0, 0)
        refused = None
        if batch.status == "failed":
            errors = (batch.errors.data if batch.errors else None) or []
            refused = shorten("; ".join(f"{e.code}: {e.message}" for e in errors[:3])) or "no reason given"
        return BatchState(batch.status in _ENDED, done, total, refused)

    async def results(self, batch_id: str) -> list[BatchResult]:
        """The lines of both files."""
        batch = await self._do(lambda: self._client.batches.retrieve(batch_id))
        found: list[BatchResult] = []
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                lines = await self._do(lambda: self._lines(file_id))  # noqa: B023
                found += [_result(line, self._transport.completion) for line in lines]
        return found

    async def _lines(self, file_id: str) -> list[dict[str, JSON]]:
        with line_by_line():
            async with self._client.files.with_streaming_response.content(file_id) as opened:
                return await read_lines(opened.http_response.aiter_bytes())

    def _line(self, item: BatchItem) -> bytes:
        body, url = self._transport.batch_body(item.request, self._dialect), self._transport.path
        return to_json({"custom_id": item.custom_id, "method": "POST", "url": url, "body": body}) + b"\n"


def batches(backend: Backend) -> OpenAIBatches:
    """The batch endpoint of an open backend of this kind."""
    assert isinstance(backend, ApiBackend)
    assert isinstance(backend.transport, OpenAITransport | ResponsesTransport)
    return OpenAIBatches(backend, backend.transport)


def _result(line: Mapping[str, JSON], read: Callable[[Mapping[str, object]], Completion]) -> BatchResult:
    custom_id, response = str(line.get("custom_id")), line.get("response")
    if not isinstance(response, dict):
        return BatchResult(custom_id, None, error_text({"error": line.get("error")}) or "no response")
    status, body = response.get("status_code"), response.get("body")
    body = body if isinstance(body, dict) else {}
    if status == 200:
        return read_result(custom_id, lambda: read(body))
    return failed_result(custom_id, status if isinstance(status, int) else 500, error_text(body))
