"""Connections, against real sockets: used again, closed by the other side, broken, late, and nothing sent twice."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from kit.sockets import HEAD, asked, bodies, chunk, whole

from arena.backends.http.connections import Connections


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


def test_what_comes_behind_a_response_is_no_response_to_the_next_request() -> None:
    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"onetwo") + b"0\r\n\r\n" + HEAD + chunk(b"another's") + b"0\r\n\r\n")

    assert asked(twice, bodies) == ([b"onetwo"] * 3, 3)


def test_a_new_one_that_ends_without_a_word_is_a_failure() -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def fails(client: httpx2.AsyncClient, url: str) -> None:
        for _ in range(2):
            with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                await client.get(url)

    assert asked(never, fails)[1] == 2


def test_what_was_sent_on_one_that_breaks_off_is_not_sent_again() -> None:
    heard = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        if heard == 2:
            writer.transport.abort()
        else:
            await whole(reader, writer)

    async def fails(client: httpx2.AsyncClient, url: str) -> None:
        await client.get(url)
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            await client.get(url)

    assert (asked(once, fails)[1], heard) == (1, 2)


def test_those_that_nobody_needs_any_more_are_closed() -> None:
    opened: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        await whole(reader, writer)

    async def fewer(client: httpx2.AsyncClient, url: str) -> None:
        await asyncio.gather(*(client.get(url) for _ in range(4)))
        while sum(writer.is_closing() for writer in opened[:4]) < 3:
            await asyncio.sleep(0.02)
            await client.get(url)

    async def in_time(client: httpx2.AsyncClient, url: str) -> None:
        await asyncio.wait_for(fewer(client, url), 20)

    asked(answer, in_time, lambda: Connections(kept_s=0.5))


def test_what_nobody_takes_is_a_timeout() -> None:
    async def takes_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        await asyncio.sleep(0.5)

    async def writes(client: httpx2.AsyncClient, url: str) -> None:
        with pytest.raises(httpx2.WriteTimeout):
            await client.post(url, content=b"x" * (32 << 20), timeout=httpx2.Timeout(5, write=0.05))

    asked(takes_nothing, writes)


def test_a_large_request_is_written_as_it_is_taken() -> None:
    size = 32 << 20

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = size
        while left:
            left -= len(await reader.read(1 << 20))
        await whole(reader, writer)

    async def writes(client: httpx2.AsyncClient, url: str) -> bytes:
        return (await client.post(url, content=b"x" * size)).content

    assert asked(slowly, writes) == (b"onetwo", 1)


def test_two_at_once_have_one_each() -> None:
    async def together(client: httpx2.AsyncClient, url: str) -> list[bytes]:
        async with client.stream("GET", url) as first:
            second = await client.get(url)
            return [await first.aread(), second.content]

    assert asked(whole, together) == ([b"onetwo"] * 2, 2)


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
