"""Who may ask the viewer: a page of its own origin, or nobody's."""

from __future__ import annotations

import asyncio

import pytest

from viz.shield import Shield

HOST = "127.0.0.1:8501"


@pytest.mark.parametrize(
    ("kind", "scheme", "host", "origin", "let_in"),
    [
        ("http", "http", HOST, None, True),
        ("websocket", "ws", HOST, f"http://{HOST}", True),
        ("websocket", "wss", "localhost", "https://localhost:443", True),
        ("websocket", "ws", HOST, "http://127.0.0.1:9999", False),
        ("websocket", "ws", HOST, "http://localhost:8501", False),
        ("websocket", "ws", HOST, f"https://{HOST}", False),
        ("websocket", "ws", HOST, "http://127.0.0.1", False),
        ("websocket", "ws", HOST, "http://127.0.0.1:port", False),
        ("websocket", "ws", HOST, "null", False),
        ("http", "http", HOST, "http://evil.example:8501", False),
        ("http", "http", "evil.example:8501", "http://evil.example:8501", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(kind: str, scheme: str, host: str, origin: str | None, let_in: bool) -> None:
    asked: list[object] = []

    async def app(scope: object, receive: object, send: object) -> None:
        asked.append(scope)

    async def send(message: object) -> None:
        pass

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    scope = {"type": kind, "scheme": scheme, "headers": headers}
    asyncio.run(Shield(app)(scope, None, send))
    assert bool(asked) == let_in
