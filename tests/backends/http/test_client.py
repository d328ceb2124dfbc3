"""The SDKs' clients on connections of ours: what is read, what is sent, what stays open."""

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

from arena.backends.http import connections
from arena.backends.http.connections import Connections

BODY = b'{"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}'


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


def test_direct_calls_have_connections_of_ours_and_those_to_a_proxy_do_not(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[str] = []

    class Noted(Connections):
        async def handle_async_request(self, request):
            left.append(str(request.url))
            return await super().handle_async_request(request)

    monkeypatch.setattr(connections, "Connections", Noted)
    with FakeServer(lambda call: Say()) as server:
        assert complete(server, api, ask()).status == "ok"
        assert complete(server, api, ask(), stream=True).status == "ok"
        assert len(left) == 2
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        assert complete("http://api.invalid/v1", api, ask()).status == "ok"
        assert len(left) == 2
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert complete(server, api, ask()).status == "ok"
    assert len(left) == 3 and len(server.calls) == 4


@pytest.mark.slow
def test_as_many_calls_as_the_entry_allows_are_under_way_at_once(api: str) -> None:
    """More than the connections either library opens unless it is told otherwise."""
    with FakeServer(lambda call: Say(latency_s=600)) as server:
        asyncio.run(given_up(server, api, 120))
    assert server.most_in_flight == 120


@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-le", b"\x00" * 99]
)
def test_what_is_no_http_is_a_broken_call_that_may_have_been_billed(api: str, reply: bytes) -> None:
    with speaking(reply) as url:
        found = complete(url, api, ask())
    assert (found.status, found.attempts, found.maybe_billed) == ("error", 3, True)
    assert "0x" not in found.error and "cannot connect" not in found.error


def test_a_long_header_is_read() -> None:
    with FakeServer(lambda call: Raw(BODY, headers={"x-policy": "p" * 50_000})) as server:
        assert complete(server, "openai", ask()).text == "A"


def test_three_hundred_headers_are_read() -> None:
    with FakeServer(lambda call: Raw(BODY, headers={f"x-{n}": "y" for n in range(300)})) as server:
        found = complete(server, "openai", ask(follow_ups=("more", "and more")))
    assert found.turns == ("A", "A", "A") and len(server.calls) == 3


def test_a_query_is_sent_as_it_is_spelled() -> None:
    with FakeServer(lambda call: Say()) as server:
        complete(server, "openai", ask(), extra_query={"sig": "a/b+c=~", "v": "1 2"})
    assert server.calls[0].path == "/v1/chat/completions?sig=a%2Fb%2Bc%3D~&v=1+2"


def test_cookies_are_sent_back_once() -> None:
    with FakeServer(lambda call: Raw(BODY, headers={"set-cookie": "seen=yes; Path=/"})) as server:
        complete(server, "openai", ask(follow_ups=("more",)))
    assert [call.headers.get("cookie") for call in server.calls] == [None, "seen=yes"]


@pytest.mark.slow
def test_a_call_that_is_given_up_leaves_nothing_open(api: str, caplog: pytest.LogCaptureFixture) -> None:
    with FakeServer(lambda call: Say(latency_s=30)) as server:
        asyncio.run(given_up(server, api, 4))
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]
