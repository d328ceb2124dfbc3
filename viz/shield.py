"""The wall around the app: what a page may load, who may ask, and under which name."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {inline}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; media-src 'self' blob:; "
    "worker-src 'self' blob:; manifest-src 'self'; frame-src 'none'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HOSTS_VARIABLE = "ARENA_VIEW_HOSTS"
"""Further host names that `arena view --host` allows, separated by commas."""
POLICY_VARIABLE = "ARENA_VIEW_POLICY"
"""`off` leaves the content security policy out. The hostile-text suite needs it to show that the renderer
holds without it; nobody else does."""


def content_policy() -> str:
    """The content security policy, with the hashes of the inline scripts of Streamlit's own index page."""
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = _INLINE_SCRIPT.findall(index.read_bytes())
    hashes = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts)
    return _POLICY.format(inline=" ".join(f"'sha256-{digest}'" for digest in hashes))


class Shield:
    """ASGI middleware: refuses foreign Host and Origin headers and sets the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        extra = [name.strip().lower() for name in os.environ.get(HOSTS_VARIABLE, "").split(",")]
        self._hosts = frozenset([*LOOPBACK, *(name for name in extra if name)])
        self._headers = [
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        if os.environ.get(POLICY_VARIABLE) != "off":
            self._headers.append((b"content-security-policy", content_policy().encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 403."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if not self._welcome(scope):
            await _refuse(scope, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        await self._app(scope, receive, guarded)

    def _welcome(self, scope: Scope) -> bool:
        """Whether it is asked for under a name of its own, by nobody or by a page of its own origin."""
        named = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        own = _origin(f"{scheme}://{named.get(b'host', '')}")
        origin = named.get(b"origin")
        return own is not None and own[1] in self._hosts and (origin is None or _origin(origin) == own)


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port of a URL; None where it has no host or no proper port."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return (parts.scheme, parts.hostname, port) if parts.hostname else None
    except ValueError:
        return None


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"This viewer answers on its own address only.\n"})
