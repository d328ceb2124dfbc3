"""The pages' style stands in the index page itself: a page that gets it from its script is painted twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from viz.ui.room import rooms_css

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_END = b"</body>"
_PARTLY = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
"""What a browser says to be sent less than the whole page as it is written."""
_OF_THE_FILE = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}


class Styled:
    """ASGI middleware: writes style.css at the end of every HTML page, behind what Streamlit puts into its head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        style = Path(__file__).with_name("style.css").read_bytes()
        self._style = b"<style>" + rooms_css().encode() + style + b"</style>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; a page that comes back is held until it is whole."""
        if scope["type"] != "http" or not _wants_page(scope["headers"]):
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in _PARTLY]}
        held: list[Message] = []

        async def styled(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                held.append(message)
            elif not held or message["type"] != "http.response.body":
                await send(message)
            else:
                held.append(message)
                if not message.get("more_body"):
                    await self._write(held, send)

        await self._app(scope, receive, styled)

    async def _write(self, held: list[Message], send: Send) -> None:
        start, *parts = held
        body = b"".join(part.get("body", b"") for part in parts)
        if body:  # a HEAD request has none
            body = body.replace(_END, self._style + _END)
            others = [(name, value) for name, value in start["headers"] if name.lower() not in _OF_THE_FILE]
            start = {**start, "headers": [*others, (b"content-length", str(len(body)).encode())]}
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _wants_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


def _is_page(start: Message) -> bool:
    headers: dict[bytes, bytes] = {name.lower(): value for name, value in start["headers"]}
    return headers.get(b"content-type", b"").startswith(b"text/html")
