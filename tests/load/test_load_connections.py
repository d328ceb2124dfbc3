"""Connections of a load test, against real sockets: used again, closed by the other side, broken, encrypted, late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from arena.load.connections import ARRIVAL, Arrival, Connections

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


def asked(answer: Answer, job: Callable[[httpx2.AsyncClient, str], Awaitable[Any]]) -> tuple[Any, int]:
    """What a job comes to against a server, and how many connections it opened."""
    opened = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        try:
            while (await reader.readuntil(b"\r\n\r\n")) and not writer.is_closing():
                await answer(reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def run() -> Any:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        async with httpx2.AsyncClient(transport=Connections(), timeout=5) as client:
            found = await job(client, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        server.close()
        return found

    return asyncio.run(run()), opened


async def whole(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + chunk(b"one") + chunk(b"two") + b"0\r\n\r\n")


async def bodies(client: httpx2.AsyncClient, url: str) -> list[bytes]:
    return [(await client.get(url)).content for _ in range(3)]


def test_a_connection_is_used_again() -> None:
    assert asked(whole, bodies) == ([b"onetwo"] * 3, 1)


def test_one_that_the_server_has_closed_is_not() -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole(reader, writer)
        writer.close()

    async def slowly(client: httpx2.AsyncClient, url: str) -> list[bytes]:
        found = []
        for _ in range(3):
            found.append((await client.get(url)).content)
            await asyncio.sleep(0.02)
        return found

    assert asked(closes, slowly) == ([b"onetwo"] * 3, 3)


def test_one_that_the_server_closes_when_it_is_used_again_is_replaced() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    assert asked(once, bodies) == ([b"onetwo"] * 3, 3)


def test_a_new_one_that_ends_without_a_word_is_a_failure() -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def fails(client: httpx2.AsyncClient, url: str) -> None:
        for _ in range(2):
            with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                await client.get(url)

    assert asked(never, fails)[1] == 2


def test_two_at_once_have_one_each() -> None:
    async def together(client: httpx2.AsyncClient, url: str) -> list[bytes]:
        async with client.stream("GET", url) as first:
            second = await client.get(url)
            return [await first.aread(), second.content]

    assert asked(whole, together) == ([b"onetwo"] * 2, 2)


def test_every_piece_has_the_moment_of_its_arrival_however_late_it_is_read() -> None:
    through: list[asyncio.Event] = []

    async def in_pieces(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for text in (b"one", b"two", b"three"):
            await asyncio.sleep(0.01)
            writer.write(chunk(text))
        through[0].set()
        writer.write(b"0\r\n\r\n")

    async def late(client: httpx2.AsyncClient, url: str) -> tuple[list[float], float]:
        through.append(asyncio.Event())
        ARRIVAL.set(arrival := Arrival())
        found = []
        async with client.stream("GET", url) as response:
            await through[0].wait()
            await asyncio.sleep(0.01)  # whatever has come is taken from the socket meanwhile
            began = asyncio.get_running_loop().time()
            async for _ in response.aiter_raw():
                found.append(arrival.now())
        assert arrival.left is not None and arrival.left < found[0]
        return found, began

    (found, began), _ = asked(in_pieces, late)
    assert len(found) == 3
    assert found[0] < found[1] < found[2] < began


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", httpx2.RemoteProtocolError),
        (HEAD + b"5\r\non", httpx2.RemoteProtocolError),
        (b"hello\r\n\r\n", httpx2.RemoteProtocolError),
    ],
)
def test_what_breaks_off_says_so(sent: bytes, error: type[Exception]) -> None:
    async def breaks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        writer.close()

    async def fails(client: httpx2.AsyncClient, url: str) -> None:
        with pytest.raises(error):
            await client.get(url)

    asked(breaks, fails)


def test_a_reset_is_a_read_error_and_silence_a_timeout() -> None:
    async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"one"))
        await asyncio.sleep(0.01)
        writer.transport.abort()

    async def is_reset(client: httpx2.AsyncClient, url: str) -> None:
        with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
            await client.get(url)

    asked(resets, is_reset)

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)

    async def waits(client: httpx2.AsyncClient, url: str) -> None:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(url, timeout=0.05)

    asked(silent, waits)


def test_nobody_there_and_no_such_host_are_connect_errors() -> None:
    async def job() -> None:
        async with httpx2.AsyncClient(transport=Connections()) as client:
            for url in ("http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/"):
                with pytest.raises(httpx2.ConnectError):
                    await client.get(url)

    asyncio.run(job())


def test_a_large_body_is_read_whole_though_it_waits() -> None:
    size = 5 << 20

    async def large(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        await writer.drain()

    async def reads(client: httpx2.AsyncClient, url: str) -> int:
        async with client.stream("GET", url) as response:
            await asyncio.sleep(0.1)
            return len(await response.aread())

    assert asked(large, reads) == (size, 1)
