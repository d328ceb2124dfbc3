"""The network below an SDK's HTTP library, on asyncio alone: each piece that comes in is kept with its moment until it
is read."""

from __future__ import annotations

import asyncio
import ipaddress
import select
import socket
import ssl
from collections import deque
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, cast

import httpcore2

_MOST_HELD = 1 << 20
"""Bytes that wait to be read before the other side is slowed down."""
_READ_AT_ONCE = 1 << 16
"""Bytes that are taken from the system at once, as the HTTP library reads them."""
_PROBE_S, _PROBES = 60, 5
"""A connection that is silent for a minute is asked whether it lives, as Anthropic's SDK does: what stands between may
otherwise forget it in the middle of a long call."""


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


def keep_alive(made: socket.socket) -> None:
    """Have the silence of a socket noticed."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", _PROBE_S), ("TCP_KEEPINTVL", _PROBE_S), ("TCP_KEEPCNT", _PROBES)):
        if (option := getattr(socket, name, None)) is not None:  # not everywhere
            made.setsockopt(socket.IPPROTO_TCP, option, value)


class Network(httpcore2.AsyncNetworkBackend):
    """Opens connections on the running event loop."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(_READ_AT_ONCE))

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:  # fmt: skip
        """Raises ConnectError, ConnectTimeout."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport, wire = await loop.create_connection(
                    lambda: _Wire(loop, self._buffer),
                    host,
                    port,
                    happy_eyeballs_delay=None if _is_address(host) else 0.25,
                )
            keep_alive(transport.get_extra_info("socket"))
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no connection within {timeout} s") from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return _Line(wire, loop)

    async def sleep(self, seconds: float) -> None:
        """Between tries."""
        await asyncio.sleep(seconds)


class _Wire(asyncio.BufferedProtocol):
    """What came in and is still to be read, each piece with its moment.

    All connections read through one buffer: asyncio would make one of 256 KiB for every piece, which leaves holes in
    the memory of a long run.
    """

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        self.pieces: deque[tuple[float, bytes]] = deque()
        self.held = 0
        self.over: float | None = None
        """When the other side had ended."""
        self.error: Exception | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.full = False
        """Whether what is written piles up."""
        self._loop, self._buffer = loop, buffer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next piece goes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Note it and its moment."""
        self.pieces.append((self._loop.time(), bytes(self._buffer[:nbytes])))
        self.held += nbytes
        if self.held > _MOST_HELD:
            self.transport.pause_reading()
        self._wake()

    def pause_writing(self) -> None:
        """The other side does not take it as fast."""
        self.full = True

    def resume_writing(self) -> None:
        """It has taken most of it."""
        self.full = False
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
        while not wire.pieces and wire.over is None:
            await self._wait(timeout, httpcore2.ReadTimeout)
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

    async def _wait(self, timeout: float | None, late: type[httpcore2.TimeoutException]) -> None:
        self._wire.waiter = waiter = self._loop.create_future()
        clock = None if timeout is None else self._loop.call_later(timeout, _expire, waiter)
        try:
            await waiter
        except TimeoutError:
            raise late(f"nothing came or went for {timeout} s") from None
        finally:
            self._wire.waiter = None
            if clock is not None:
                clock.cancel()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand it to the system, as far as the other side takes it. Raises WriteError, WriteTimeout."""
        wire = self._wire
        if wire.over is not None or wire.transport.is_closing():
            raise httpcore2.WriteError("the other side has closed the connection")
        if buffer:
            wire.transport.write(buffer)
        while wire.full and wire.over is None:
            await self._wait(timeout, httpcore2.WriteTimeout)

    async def aclose(self) -> None:
        """Close it at once: TLS's own farewell would wait for the other side, and outlive the event loop."""
        self._wire.transport.abort()

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
        if not hasattr(select, "poll"):  # Windows, where the end is known once asyncio has told it
            return False
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
