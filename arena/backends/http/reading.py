"""Reading what came back: one body, or a stream of events, whatever its header calls it and whether it was asked for.

What the official SDKs read is read: `[DONE]` ends an answer, events that hold no object say nothing.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson

from arena.backends.http.errors import beginning_of, looks_like_a_page, shorten, web_page_error
from arena.backends.http.lines import Lines
from arena.errors import Throttled, Unstable
from arena.files import from_json, lenient_decoder

if TYPE_CHECKING:
    import httpx2

_BOM = codecs.BOM_UTF8
_EVENT_LINE = re.compile(rb"\s*(data|event|id|retry)?:")
_DONE = re.compile(r"\s*(data:\s*\[DONE\]\s*)*")


class Foldable(Protocol):
    """Folds a stream's events into one body."""

    def add(self, event: Mapping[str, object]) -> bool:
        """Take one event in; whether it brought generated text."""

    def done(self) -> None:
        """The endpoint said that nothing more comes."""

    def body(self) -> Mapping[str, object]:
        """The finished body."""


Watch = Callable[[Foldable], Foldable]
"""Lays something around what folds a stream's events, so that it sees each of them come."""


class Streamed(NamedTuple):
    """A finished stream."""

    body: Mapping[str, object]
    first_at: float | None
    """Moment of the event loop's clock at which the first generated piece came."""


def read_body(content: bytes, content_type: str) -> Mapping[str, object]:
    """A response body as a JSON object. Raises Unauthorized for a web page, Unstable for anything else broken."""
    content = content.removeprefix(_BOM)
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = _lenient(content, content_type)
    if not isinstance(body, dict):
        raise Unstable(
            shorten(f"200 with something else than an object: {beginning_of(content.decode(errors='replace'))}")
        )
    return body


def _lenient(content: bytes, content_type: str) -> object:
    """NaN and lone surrogates are no JSON, and no object is followed by `data: [DONE]`, but some servers send them."""
    text = content.decode(json.detect_encoding(content), errors="replace")
    if looks_like_a_page(content_type, text):
        raise web_page_error(text)
    try:
        found, end = lenient_decoder().raw_decode(text.lstrip())
        if not _DONE.fullmatch(text.lstrip(), end):
            raise ValueError("more than an object")
        return from_json(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        raise Unstable(shorten(f"200 with a body that is not JSON: {beginning_of(text)}")) from None


def read_whole(content: bytes, content_type: str, folded: Foldable) -> Mapping[str, object]:
    """A response to a call that asked for no stream, which some servers answer with one all the same."""
    content = content.removeprefix(_BOM)
    if not _EVENT_LINE.match(content):
        return read_body(content, content_type)
    events = _Events(folded)
    for line in content.split(b"\n"):
        events.take(line)
    return events.finished().body


async def read_stream(response: httpx2.Response, folded: Foldable) -> Streamed:
    """Read a response to its end, as a stream of events or, where the server ignored `stream`, as one body.

    An endpoint that says "overloaded" after it has begun to generate is Unstable, not Throttled.
    """
    events, lines = _Events(folded), Lines()
    plain: list[bytes] = []

    def take(line: bytes) -> None:
        if events.begun and not plain:
            events.take(line)
        elif plain or (line.strip() and not _EVENT_LINE.match(line.removeprefix(_BOM))):
            plain.append(line)
        else:
            events.take(line)

    async for piece in response.aiter_raw():  # the wall has decoded it
        for line in lines.of(piece):
            take(line)
    take(lines.rest())
    if plain:
        return Streamed(read_body(b"\n".join(plain), response.headers.get("content-type", "")), None)
    return events.finished()


class _Events:
    """Server-sent events, line by line."""

    def __init__(self, folded: Foldable) -> None:
        self.begun = False
        self._folded = folded
        self._done = False
        self._named = b""
        self._data: list[bytes] = []
        """Lines of an event that go on."""
        self._first_at: float | None = None

    def take(self, line: bytes) -> None:
        """One line, or several that end in a bare carriage return."""
        for part in line.removesuffix(b"\r").split(b"\r") if b"\r" in line else (line,):
            if not self._done:
                self._take(part.removeprefix(_BOM))

    def finished(self) -> Streamed:
        """What they came to."""
        self._end_event()
        return Streamed(self._folded.body(), self._first_at)

    def _take(self, line: bytes) -> None:
        line = line.strip()
        if not line:
            self._end_event()
            return
        self.begun = True
        field, _, value = line.partition(b":")
        value = value.strip()
        if field == b"event":
            self._named = value
        if field != b"data":
            return
        if value.startswith(b"[DONE]"):
            self._done = True
            self._folded.done()
            return
        event = ... if self._data else _json(value)
        if event is ...:
            self._data.append(value)
        else:  # most servers put an object on one line, and some no empty line after it
            self._fold(event)

    def _end_event(self) -> None:
        if self._data:
            data, self._data = b"\n".join(self._data), []
            self._fold(read_body(data, "text/event-stream"))
        self._named = b""

    def _fold(self, event: object) -> None:
        if not isinstance(event, Mapping):
            return
        if self._named == b"error" and not event.get("error"):
            event = {"error": event}
        try:
            if self._folded.add(event) and self._first_at is None:
                self._first_at = asyncio.get_running_loop().time()
        except Throttled as error:
            if self._first_at is None:
                raise
            raise Unstable(str(error)) from None


def _json(data: bytes) -> object:
    """The value of a JSON text, NaN allowed; an ellipsis for what is none, or not yet."""
    try:
        return from_json(data)
    except ValueError:
        return ...
