"""Batch endpoints: many requests handed over at once, done within a day, at half the price.

A client submits, looks and fetches; it remembers nothing. What was handed over when is kept by the caller, on disk.
Every request carries its key as `custom_id`, so that a result is recognised whatever happened in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from arena.backends.http.api import ApiBackend, D
from arena.backends.http.errors import call_error, http_errors, status_error
from arena.backends.http.lines import lines_of
from arena.errors import ArenaError, CallError, EndpointDead, Rejected, Unauthorized, Unstable
from arena.files import from_json
from arena.types import JSON, Completion, Request

T = TypeVar("T")
_NOTHING = Request("", "", ())


class BatchItem(NamedTuple):
    """One request of a batch."""

    custom_id: str
    request: Request


class BatchState(NamedTuple):
    """How far a batch is."""

    ended: bool
    done: int
    total: int
    refused: str | None = None
    """Why the whole batch was turned down; None when it was taken."""


class BatchResult(NamedTuple):
    """What came back for one request."""

    custom_id: str
    completion: Completion | None
    """None: expired, cancelled, or failed at the provider's side. Nothing was billed; it can be asked again."""
    complaint: str | None = None
    """The error text, where there is one."""


class SubmissionUnknown(ArenaError):
    """The connection broke while a batch was being created: it may exist or not."""


class BatchRefused(EndpointDead):
    """The endpoint took no batch, or does not have it. The message says why."""


class BatchClient(Protocol):
    """One provider's batch endpoint."""

    most_requests: int
    most_bytes: int

    @property
    def enforces(self) -> bool:
        """Whether replies are held to their JSON schema."""

    def size(self, item: BatchItem) -> int:
        """Bytes of one request as it is sent."""

    def learn(self, complaint: str) -> bool:
        """Ask differently from now on, because of this complaint; whether that changes anything."""

    def knows(self, complaint: str) -> bool:
        """Whether this complaint is about something that can be asked for differently."""

    async def submit(self, items: Sequence[BatchItem], uuid: str) -> str:
        """Create one batch; returns its id. Raises SubmissionUnknown, BatchRefused and EndpointDead."""

    async def clock(self) -> float | None:
        """The provider's own time (seconds of the epoch), where a lost batch is looked for by time; else None."""

    async def recent(self, uuid: str, total: int, since: float | None) -> list[str]:
        """Batches that can be the submission `uuid` of `total` requests.

        Where they carry no uuid, those created after `since` by the provider's clock; all, where that is not known.
        """

    async def state(self, batch_id: str) -> BatchState:
        """How far a batch is."""

    async def results(self, batch_id: str) -> list[BatchResult]:
        """Everything an ended batch holds, in any order. What it does not hold was not done."""


class Batches(Generic[D]):
    """What both providers' clients do alike: they ask in the dialect learnt so far, within the endpoint's patience."""

    def __init__(self, backend: ApiBackend[D]) -> None:
        self._backend = backend
        self._first = self._dialect = backend.transport.dialect

    @property
    def enforces(self) -> bool:
        """Whether the schema is sent along."""
        return self._dialect.schema

    def learn(self, complaint: str) -> bool:
        """Correct the dialect; whether the complaint said how."""
        better = self._dialect.corrected(complaint)
        self._dialect = better or self._dialect
        return better is not None

    def knows(self, complaint: str) -> bool:
        """Whether the complaint is about something that has another form."""
        return self._first.corrected(complaint) is not None

    async def _do(self, what: Callable[[], Awaitable[T]], *, once: bool = False) -> T:
        return await patiently(self._backend, what, once=once)


async def patiently(backend: ApiBackend[Any], what: Callable[[], Awaitable[T]], *, once: bool = False) -> T:
    """Do one call of a batch endpoint within the endpoint's patience.

    With `once` a connection that breaks on the way is not tried again, since the server may have done it: then
    SubmissionUnknown. Raises BatchRefused for what the endpoint turns down, EndpointDead when nobody gets in.
    """
    found: list[T] = []
    sdk = backend.transport.sdk

    async def transport(request: Request) -> Completion:
        try:
            found.append(await what())
        except CallError as error:
            failure = error
        except http_errors(sdk) as error:
            failure = call_error(error, sdk)
        else:
            return Completion("ok")
        if once and isinstance(failure, Unstable):
            raise SubmissionUnknown(str(failure))
        if isinstance(failure, Unauthorized) and failure.status_code == 404:  # this batch, not the endpoint
            raise Rejected(str(failure), 404)
        raise failure

    completion = await backend.endpoint.call(transport, _NOTHING)
    if not found:
        raise BatchRefused(completion.error or "no reason given")
    return found[0]


class HasId(Protocol):
    """Anything in a provider's list."""

    id: str


L = TypeVar("L", bound=HasId)


async def each_once(listed: AsyncIterable[L]) -> AsyncIterator[L]:
    """What a list holds, page after page, until an endpoint that knows no pages begins again."""
    seen: set[str] = set()
    async for one in listed:
        if one.id in seen:
            return
        seen.add(one.id)
        yield one


def date_of(headers: Mapping[str, str]) -> float | None:
    """When a response was sent, by the clock of who sent it; None where it does not say."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None


async def read_lines(pieces: AsyncIterator[bytes]) -> list[dict[str, JSON]]:
    """The objects of a file of results. A line that is none is left out: its request was not done."""
    found: list[dict[str, JSON]] = []
    async for line in lines_of(pieces):
        with suppress(ValueError):
            if isinstance(value := from_json(line), dict):
                found.append(value)
    return found


def failed_result(custom_id: str, status: int, message: str) -> BatchResult:
    """What an error inside a batch means: turned down for good, or to be asked again."""
    error = status_error(status, message)
    if isinstance(error, Rejected | Unauthorized):
        return BatchResult(custom_id, Completion("bad_request", error=str(error)), str(error))
    return BatchResult(custom_id, None, str(error))


def read_result(custom_id: str, read: Callable[[], Completion]) -> BatchResult:
    """A body of status 200, read; one that is no completion is asked again."""
    try:
        return BatchResult(custom_id, read())
    except CallError as error:
        return BatchResult(custom_id, None, str(error))
