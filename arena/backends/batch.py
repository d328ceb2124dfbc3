"""Batch endpoints: many requests handed over at once, done within a day, at half the price.

A client submits, looks and fetches; it remembers nothing. What was handed over when is kept by the caller, on disk.
Every request carries its key as `custom_id`, so that a result is recognised whatever happened in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol, TypeVar

from arena.backends.http.api import ApiBackend, without_secrets_beside
from arena.backends.http.dialect import Dialect
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


class Lesson(NamedTuple):
    """What made an endpoint be asked differently."""

    complaint: str
    form: str | None = None
    """How, in words; None stands for what the complaint suggests first."""


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

    def recall(self, lessons: Sequence[Lesson]) -> None:
        """Ask as these lessons taught it."""

    def learn(self, complaint: str, request: Request | None, lessons: Sequence[Lesson]) -> str | None:
        """Ask differently from now on, because of a complaint about a request sent after these lessons.

        How: empty where that is known by now; None where the complaint is about nothing that has another form.
        """

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


class Batches:
    """What both providers' clients do alike: they ask in the dialect learnt so far, within the endpoint's patience."""

    def __init__(self, backend: ApiBackend) -> None:
        self._backend = backend
        self._dialect = backend.transport.dialect

    @property
    def enforces(self) -> bool:
        """Whether the schema is sent along."""
        return self._dialect.enforces

    def recall(self, lessons: Sequence[Lesson]) -> None:
        """Ask as these lessons taught it."""
        self._dialect = self._after(lessons)

    def learn(self, complaint: str, request: Request | None, lessons: Sequence[Lesson]) -> str | None:
        """Correct the dialect by a complaint about a request that was sent after these lessons."""
        then = self._after(lessons)
        better = self._better(then, Lesson(complaint), request)
        if better is None:
            return None
        known = self._dialect
        self._dialect = known.learning(then, better)
        return better.described(then) if self._dialect != known else ""

    def _after(self, lessons: Sequence[Lesson]) -> Dialect:
        dialect = self._backend.transport.dialect
        for lesson in lessons:
            dialect = self._better(dialect, lesson, None) or dialect
        return dialect

    def _better(self, dialect: Dialect, lesson: Lesson, request: Request | None) -> Dialect | None:
        """The first dialect that a complaint suggests in which the request, where it is known, would be another."""
        body = self._backend.transport.body
        for other in dialect.corrections(lesson.complaint, request.top_logprobs if request else 0):
            changes = request is None or body(request, other) != body(request, dialect)
            if changes and lesson.form in (None, other.described(dialect)):
                return other
        return None

    async def _do(self, what: Callable[[], Awaitable[T]], *, once: bool = False) -> T:
        return await patiently(self._backend, what, once=once)


async def patiently(backend: ApiBackend, what: Callable[[], Awaitable[T]], *, once: bool = False) -> T:
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

    completion = await backend.endpoint.call(transport, _NOTHING, costs=False)
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
        return BatchResult(custom_id, without_secrets_beside(read()))
    except CallError as error:
        return BatchResult(custom_id, None, str(error))
