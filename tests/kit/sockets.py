"""A server of sockets that answers as a test says, and a client on connections of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from arena.backends.http.connections import Connections

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Job = Callable[[httpx2.AsyncClient, str], Awaitable[Any]]
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


def asked(answer: Answer, job: Job, kind: Callable[[], Connections] = Connections) -> tuple[Any, int]:
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
        async with httpx2.AsyncClient(transport=kind(), timeout=5) as client:
            found = await job(client, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        server.close()
        return found

    return asyncio.run(run()), opened


async def whole(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + chunk(b"one") + chunk(b"two") + b"0\r\n\r\n")


async def bodies(client: httpx2.AsyncClient, url: str) -> list[bytes]:
    return [(await client.get(url)).content for _ in range(3)]
