"""Direct connections through aiohttp: the transport that the SDKs bring for it, at half the CPU of their usual one.

That transport calls a connection that was lost after sending one that was never made, and does not tell when a request
leaves. Whether a call can have been billed hangs on both, so they are put right here: failures carry their own names,
and departures are noted.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import partial
from typing import Protocol, cast

import aiohttp
import httpx2
import yarl

from arena.backends.http.connections import KEPT_S, Connections
from arena.backends.http.departure import DEPARTURE
from arena.backends.http.network import keep_alive

LONGEST_HEADER = 100 * 1024
"""Bytes of one line of a response's head, as much as the usual transport reads."""
_KINDS: tuple[tuple[type[aiohttp.ClientError], type[httpx2.RequestError]], ...] = (
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx2.ReadTimeout),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError),
    (aiohttp.ClientConnectionError, httpx2.ReadError),
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
    (aiohttp.ClientError, httpx2.RemoteProtocolError),
)
"""What each failure is; the first that fits."""


_TARGET: ContextVar[str] = ContextVar("_TARGET")
"""The URL of the request under way, as it is to be sent: aiohttp would spell the escapes in a query its own way."""


class _Transport(Protocol):
    """The SDKs' transport, as far as it is told anything here."""

    client: object


class Direct(httpx2.AsyncBaseTransport):
    """The transport of an SDK's aiohttp client, with as many connections as there are calls.

    aiohttp refuses responses that the usual transport reads (more than 128 headers, a length that stands there twice):
    after the first of them the usual one is used.
    """

    def __init__(self, client: httpx2.AsyncClient, certificates: ssl.SSLContext) -> None:
        self._inner = self._brought = client._transport
        self._usual = Connections(certificates)
        cast("_Transport", self._brought).client = partial(_session, certificates)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises httpx2's RequestErrors."""
        _TARGET.set(str(request.url))
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx2.RequestError, aiohttp.ClientError) as error:
            if isinstance(_known(error), aiohttp.ClientResponseError):
                self._inner = self._usual
            raise _by_its_name(error) from error
        response.stream = _Stream(cast("httpx2.AsyncByteStream", response.stream))
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._brought.aclose()
        await self._usual.aclose()


class _Stream(httpx2.AsyncByteStream):
    """A response's body."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces as they come. Raises httpx2's RequestErrors."""
        try:
            async for piece in self._inner:
                yield piece
        except (httpx2.RequestError, aiohttp.ClientError) as error:
            raise _by_its_name(error) from error

    async def aclose(self) -> None:
        """Leave the connection."""
        await self._inner.aclose()


class _Request(aiohttp.ClientRequest):
    """A request that leaves for the URL it was given, and tells when."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Write it to the connection that was found for it."""
        if (departure := DEPARTURE.get()) is not None:
            departure.left()
        self.url = yarl.URL(_TARGET.get(), encoded=True)
        return await super().send(conn)


def _session(certificates: ssl.SSLContext) -> aiohttp.ClientSession:
    """Connections of this event loop: no limit of their own, and no cookies, which the client above keeps."""
    connector = aiohttp.TCPConnector(limit=0, ssl=certificates, keepalive_timeout=KEPT_S, socket_factory=_living_socket)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), request_class=_Request,
        max_line_size=LONGEST_HEADER, max_field_size=LONGEST_HEADER,
    )  # fmt: skip


def _living_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket whose silence is noticed."""
    family, kind, protocol, *_ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    keep_alive(made)
    return made


def _known(error: httpx2.RequestError | aiohttp.ClientError) -> BaseException | None:
    """What stands behind a failure."""
    return error if isinstance(error, aiohttp.ClientError) else error.__cause__


def _by_its_name(error: httpx2.RequestError | aiohttp.ClientError) -> httpx2.RequestError:
    """What a failure is, after the one of aiohttp that stands behind it."""
    known = _known(error)
    if not isinstance(known, aiohttp.ClientError):
        assert isinstance(error, httpx2.RequestError)
        return error
    kind = next(kind for name, kind in _KINDS if isinstance(known, name))
    why = getattr(known, "certificate_error", None) or getattr(known, "os_error", None) or known
    return kind(str(why))
