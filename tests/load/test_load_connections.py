"""Connections of a load test, against real sockets: closed ones are replaced, each piece has its moment."""

from __future__ import annotations

import asyncio

import httpx2
from kit.sockets import HEAD, asked, bodies, chunk, whole

from arena.backends.http.network import ARRIVAL, Arrival
from arena.load.connections import TimedConnections


def test_one_that_the_server_closes_when_it_is_used_again_is_replaced() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    assert asked(once, bodies, TimedConnections) == ([b"onetwo"] * 3, 3)


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

    (found, began), _ = asked(in_pieces, late, TimedConnections)
    assert len(found) == 3
    assert found[0] < found[1] < found[2] < began
