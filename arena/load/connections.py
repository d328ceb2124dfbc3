"""Connections of a load test: they tell when each piece arrives, and replace what a server closed while it waited."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any, Protocol, cast

import httpcore2
import httpx2

from arena.backends.http.api import ApiBackend
from arena.backends.http.connections import Connections
from arena.backends.http.network import ARRIVAL, Arrival
from arena.backends.http.wall import ENCODINGS, Wall


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
        transport=TimedConnections(), timeout=transport.client.timeout, follow_redirects=True,
        headers={"accept-encoding": ENCODINGS}, event_hooks=Wall(str(base), most_bytes).hooks,
    )  # fmt: skip
    transport.client = transport.client.copy(http_client=inner)


class TimedConnections(Connections):
    """Connections that note when a request is sent and its pieces arrive."""

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
