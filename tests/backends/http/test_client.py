"""The SDKs' clients on both of their transports: which one is taken, and that nobody can tell them apart."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from kit.api_calls import ask, complete, open_on
from kit.servers import FakeServer, Raw, Say

from arena.backends.http import client
from arena.config.kinds import OpenAIConfig

BODY = b'{"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}'


def entry(**fields: object) -> OpenAIConfig:
    return OpenAIConfig(backend="openai", base_url="http://127.0.0.1:9/v1", api_key_env=None, **fields)


@contextmanager
def speaking(reply: bytes) -> Iterator[str]:
    """A server that reads a request, says this to it and hangs up, again and again."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                taken, _ = listening.accept()
                with taken:
                    while b"\r\n\r\n" not in taken.recv(1 << 16):
                        pass
                    taken.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


async def given_up(server: FakeServer, api: str, calls: int) -> None:
    """So many calls, cancelled once all of them are under way."""
    backend = open_on(server, api, concurrency=calls)
    begun = [asyncio.create_task(backend.complete(ask(str(number)))) for number in range(calls)]
    async with asyncio.timeout(60):
        while server.in_flight < calls:
            await asyncio.sleep(0.01)
    for call in begun:
        call.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
    await backend.close()


@pytest.mark.parametrize("version", ["3.14.4", "3.20.1rc1", "4.0"])
def test_a_new_enough_aiohttp_takes_calls_that_do_not_stream(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(client.metadata, "version", lambda name: version)
    assert client.through_aiohttp(entry())
    assert not client.through_aiohttp(entry(stream=True))
    assert not client.through_aiohttp(entry(transport="httpx"))


def test_an_old_aiohttp_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.metadata, "version", lambda name: "3.14.3")
    assert not client.through_aiohttp(entry())


def test_calls_go_through_aiohttp_and_those_to_a_proxy_do_not(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    from arena.backends.http import aio

    left: list[str] = []

    class Noted(aio._Request):
        async def send(self, conn):
            left.append(str(self.url))
            return await super().send(conn)

    monkeypatch.setattr(aio, "_Request", Noted)
    with FakeServer(lambda call: Say()) as server:
        assert complete(server, api, ask()).status == "ok"
        assert len(left) == 1
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        assert complete("http://api.invalid/v1", api, ask()).status == "ok"
        assert len(left) == 1
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert complete(server, api, ask()).status == "ok"
        assert len(left) == 2
        assert complete(server, api, ask(), stream=True).status == "ok"
        assert complete(server, api, ask(), transport="httpx").status == "ok"
    assert len(left) == 2 and len(server.calls) == 5


@pytest.mark.slow
@pytest.mark.usefixtures("transport")
def test_as_many_calls_as_the_entry_allows_are_under_way_at_once(api: str) -> None:
    """More than the connections either library opens unless it is told otherwise."""
    with FakeServer(lambda call: Say(latency_s=600)) as server:
        asyncio.run(given_up(server, api, 120))
    assert server.most_in_flight == 120


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-le", b"\x00" * 99]
)
def test_what_is_no_http_is_a_broken_call_that_may_have_been_billed(api: str, reply: bytes) -> None:
    with speaking(reply) as url:
        found = complete(url, api, ask())
    assert (found.status, found.attempts, found.maybe_billed) == ("error", 3, True)
    assert "0x" not in found.error and "cannot connect" not in found.error


@pytest.mark.usefixtures("transport")
def test_a_long_header_is_read() -> None:
    with FakeServer(lambda call: Raw(BODY, headers={"x-policy": "p" * 50_000})) as server:
        assert complete(server, "openai", ask()).text == "A"


@pytest.mark.usefixtures("transport")
def test_what_aiohttp_does_not_read_is_read_by_the_usual_transport() -> None:
    with FakeServer(lambda call: Raw(BODY, headers={f"x-{n}": "y" for n in range(300)})) as server:
        found = complete(server, "openai", ask(follow_ups=("more", "and more")))
    assert found.turns == ("A", "A", "A") and found.broken <= 1 and len(server.calls) == 3 + found.broken


@pytest.mark.usefixtures("transport")
def test_a_query_is_sent_as_it_is_spelled() -> None:
    with FakeServer(lambda call: Say()) as server:
        complete(server, "openai", ask(), extra_query={"sig": "a/b+c=~", "v": "1 2"})
    assert server.calls[0].path == "/v1/chat/completions?sig=a%2Fb%2Bc%3D~&v=1+2"


@pytest.mark.usefixtures("transport")
def test_cookies_are_sent_back_once() -> None:
    with FakeServer(lambda call: Raw(BODY, headers={"set-cookie": "seen=yes; Path=/"})) as server:
        complete(server, "openai", ask(follow_ups=("more",)))
    assert [call.headers.get("cookie") for call in server.calls] == [None, "seen=yes"]


@pytest.mark.slow
@pytest.mark.usefixtures("transport")
def test_a_call_that_is_given_up_leaves_nothing_open(api: str, caplog: pytest.LogCaptureFixture) -> None:
    with FakeServer(lambda call: Say(latency_s=30)) as server:
        asyncio.run(given_up(server, api, 4))
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]
