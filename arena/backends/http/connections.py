"""Connections that each serve one request at a time and are used again.

They stand below the official SDKs in the place of their HTTP library's pool, which looks at every connection for every
request: a fifth of a call's CPU at 128 in flight. HTTP itself, with TLS, stays that library's.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Protocol, cast

import httpcore2
import httpx2

from arena.backends.http.network import Network

KEPT_S = 5.0
"""So long a connection waits for its next request."""


class Connections(httpx2.AsyncBaseTransport):
    """A connection for each request under way at one origin; of those that are free, the last one used is taken."""

    def __init__(self, certificates: ssl.SSLContext | None = None, kept_s: float = KEPT_S) -> None:
        self._free: deque[httpcore2.AsyncHTTPConnection] = deque()
        self._network = Network()
        self._tls, self._kept_s = certificates, kept_s

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the response's body is still to come. Raises the exceptions of httpx2."""
        url, stream = request.url, request.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = httpcore2.Request(
            request.method, target, headers=request.headers.raw, content=stream, extensions=request.extensions
        )
        with _as_httpx():
            connection, response = await self._answered(sent)
        body = _Body(cast("_Stream", response.stream), connection, self._free)
        return httpx2.Response(response.status, headers=response.headers, stream=body, extensions=response.extensions)

    async def _answered(self, request: httpcore2.Request) -> tuple[httpcore2.AsyncHTTPConnection, httpcore2.Response]:
        """A connection and how the response begins there. What was sent once is not sent again: it may be billed."""
        connection = await self._waiting() or self._new(request.url.origin)
        return connection, await connection.handle_async_request(request)

    async def aclose(self) -> None:
        """Close those that are free."""
        while self._free:
            await self._free.pop().aclose()

    async def _waiting(self) -> httpcore2.AsyncHTTPConnection | None:
        """One that is free and that the server has not closed. The one that waits longest is closed after its time."""
        if len(self._free) > 1 and self._free[0].has_expired():
            await self._free.popleft().aclose()
        while self._free:
            connection = self._free.pop()
            if connection.is_available() and not connection.has_expired() and _has_nothing_left(connection):
                return connection
            await connection.aclose()
        return None

    def _new(self, origin: httpcore2.Origin) -> httpcore2.AsyncHTTPConnection:
        if origin.scheme == b"https" and self._tls is None:
            self._tls = httpx2.create_ssl_context()
        return httpcore2.AsyncHTTPConnection(origin, self._tls, self._kept_s, network_backend=self._network)


def _has_nothing_left(connection: httpcore2.AsyncHTTPConnection) -> bool:
    """Whether the last response was all that came: what came behind it would be taken for the next one."""
    state = getattr(getattr(connection, "_connection", None), "_h11_state", None)
    return state is None or not state.trailing_data[0]


class _Stream(Protocol):
    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class _Body(httpx2.AsyncByteStream):
    """A response's body; once it is closed, its connection is free where it can be used again."""

    def __init__(
        self, stream: _Stream, connection: httpcore2.AsyncHTTPConnection, free: deque[httpcore2.AsyncHTTPConnection]
    ) -> None:
        self._stream, self._connection, self._free = stream, connection, free
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Its pieces."""
        with _as_httpx():
            async for piece in self._stream:
                yield piece

    async def aclose(self) -> None:
        """No more is read."""
        if self._closed:
            return
        self._closed = True
        await self._stream.aclose()
        if self._connection.is_available():
            self._free.append(self._connection)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Errors by their names: httpx2 has one for each of httpcore2's."""
    try:
        yield
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from error
