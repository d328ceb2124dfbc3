"""Connections of a load test: each serves one request at a time and is used again, and notes when every piece arrives.

They stand below the official SDK in the place of its HTTP library's pool, which looks at every connection for every
request. HTTP itself, with TLS, stays that library's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import ssl
import urllib.request
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, cast

import httpcore2
import httpx2

from arena.backends.http.api import ApiBackend
from arena.backends.http.wall import ENCODINGS, Wall

KEPT_S = 5.0
"""So long a connection waits for its next request."""
_MOST_HELD = 1 << 20
"""Bytes that wait to be read before the other side is slowed down."""


class Arrival:
    """When what was read last had arrived, and when its request was sent: moments of the event loop's clock."""

    def __init__(self) -> None:
        self.at: float | None = None
        self.left: float | None = None
        """Past what the SDK does first, and before it is connected."""

    def now(self) -> float:
        """That moment; the present one where the connection does not tell."""
        return asyncio.get_running_loop().time() if self.at is None else self.at


ARRIVAL: ContextVar[Arrival | None] = ContextVar("ARRIVAL", default=None)
"""Of the request that is under way."""


class _Client(Protocol):
    base_url: object
    timeout: Any

    def copy(self, *, http_client: httpx2.AsyncClient) -> _Client:
        """The same client on another HTTP client."""


class _Transport(Protocol):
    client: _Client


def connect_straight(backend: ApiBackend, most_bytes: int) -> None:
    """Put a backend that nothing was sent with on connections of this kind; one behind a proxy is left as it is."""
    transport = cast("_Transport", backend.transport)
    base = httpx2.URL(str(transport.client.base_url))
    if not urllib.request.proxy_bypass(base.host) and urllib.request.getproxies().keys() & {base.scheme, "all"}:
        return
    inner = httpx2.AsyncClient(
        transport=Connections(), timeout=transport.client.timeout, follow_redirects=True,
        headers={"accept-encoding": ENCODINGS}, event_hooks=Wall(str(base), most_bytes).hooks,
    )  # fmt: skip
    transport.client = transport.client.copy(http_client=inner)


class Connections(httpx2.AsyncBaseTransport):
    """A connection for each request under way at one origin; of those that are free, the last one used is taken."""

    def __init__(self) -> None:
        self._free: list[httpcore2.AsyncHTTPConnection] = []
        self._network = _Network()
        self._tls: ssl.SSLContext | None = None

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
        """A connection and how the response begins there. One that was used before and ends before a byte has come was
        closed by the server while it waited: the request goes out on a new one."""
        arrival = ARRIVAL.get()
        if arrival is None:
            ARRIVAL.set(arrival := Arrival())
        arrival.at, arrival.left = None, asyncio.get_running_loop().time()
        if (waiting := await self._waiting()) is not None:
            try:
                return waiting, await waiting.handle_async_request(request)
            except (httpcore2.NetworkError, httpcore2.RemoteProtocolError):
                if arrival.at is not None:
                    raise
        connection = self._new(request.url.origin)
        return connection, await connection.handle_async_request(request)

    async def aclose(self) -> None:
        """Close those that are free."""
        while self._free:
            await self._free.pop().aclose()

    async def _waiting(self) -> httpcore2.AsyncHTTPConnection | None:
        while self._free:
            connection = self._free.pop()
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    def _new(self, origin: httpcore2.Origin) -> httpcore2.AsyncHTTPConnection:
        if origin.scheme == b"https" and self._tls is None:
            self._tls = httpx2.create_ssl_context()
        return httpcore2.AsyncHTTPConnection(origin, self._tls, KEPT_S, network_backend=self._network)


class _Stream(Protocol):
    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class _Body(httpx2.AsyncByteStream):
    """A response's body; once it is closed, its connection is free where it can be used again."""

    def __init__(
        self, stream: _Stream, connection: httpcore2.AsyncHTTPConnection, free: list[httpcore2.AsyncHTTPConnection]
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


class _Network(httpcore2.AsyncNetworkBackend):
    """Opens connections on the running event loop."""

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:  # fmt: skip
        """Raises ConnectError, ConnectTimeout."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, wire = await loop.create_connection(
                    lambda: _Wire(loop), host, port, happy_eyeballs_delay=None if _is_address(host) else 0.25
                )
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no connection within {timeout} s") from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return _Line(wire, loop)

    async def sleep(self, seconds: float) -> None:
        """Between tries."""
        await asyncio.sleep(seconds)


class _Wire(asyncio.Protocol):
    """What came in and is still to be read, each piece with its moment."""

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pieces: deque[tuple[float, bytes]] = deque()
        self.held = 0
        self.over: float | None = None
        """When the other side had ended."""
        self.error: Exception | None = None
        self.waiter: asyncio.Future[None] | None = None
        self._loop = loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Note it and its moment."""
        self.pieces.append((self._loop.time(), data))
        self.held += len(data)
        if self.held > _MOST_HELD:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Nothing more comes."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._end(exc)

    def _end(self, error: Exception | None) -> None:
        self.over = self._loop.time() if self.over is None else self.over
        self.error = self.error or error
        self._wake()

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class _Line(httpcore2.AsyncNetworkStream):
    """One connection as the HTTP library reads and writes it."""

    def __init__(self, wire: _Wire, loop: asyncio.AbstractEventLoop) -> None:
        self._wire, self._loop = wire, loop

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next piece, as it arrived; empty at the end. Raises ReadError, ReadTimeout."""
        wire = self._wire
        if not wire.pieces and wire.over is None:
            await self._wait(timeout)
        if not wire.pieces:
            if wire.error is not None:
                raise httpcore2.ReadError(str(wire.error))
            if (arrival := ARRIVAL.get()) is not None and arrival.at is not None:
                arrival.at = wire.over
            return b""
        at, data = wire.pieces.popleft()
        if len(data) > max_bytes:
            wire.pieces.appendleft((at, data[max_bytes:]))
            data = data[:max_bytes]
        if wire.held > _MOST_HELD >= wire.held - len(data):
            wire.transport.resume_reading()
        wire.held -= len(data)
        if (arrival := ARRIVAL.get()) is not None:
            arrival.at = at
        return data

    async def _wait(self, timeout: float | None) -> None:
        self._wire.waiter = waiter = self._loop.create_future()
        clock = None if timeout is None else self._loop.call_later(timeout, _expire, waiter)
        try:
            await waiter
        except TimeoutError:
            raise httpcore2.ReadTimeout(f"nothing came for {timeout} s") from None
        finally:
            self._wire.waiter = None
            if clock is not None:
                clock.cancel()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand it to the system, or to what waits for it. Raises WriteError."""
        if self._wire.over is not None or self._wire.transport.is_closing():
            raise httpcore2.WriteError("the other side has closed the connection")
        if buffer:
            self._wire.transport.write(buffer)

    async def aclose(self) -> None:
        """Close it."""
        self._wire.transport.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """From here on encrypted. Raises ConnectError."""
        wire = self._wire
        try:
            encrypted = await self._loop.start_tls(
                wire.transport, wire, ssl_context, server_hostname=server_hostname, ssl_handshake_timeout=timeout
            )
        except OSError as error:
            wire.transport.abort()
            raise httpcore2.ConnectError(str(error) or type(error).__name__) from error
        assert encrypted is not None
        wire.transport = encrypted
        return self

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - whatever it is asked for
        """`is_readable`: whether a connection that waits has ended; else as asyncio tells it."""
        if info != "is_readable":
            return self._wire.transport.get_extra_info(info)
        if self._wire.over is not None or self._wire.pieces or self._wire.transport.is_closing():
            return True
        poll = select.poll()
        poll.register(self._wire.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
