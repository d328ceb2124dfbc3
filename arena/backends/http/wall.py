"""The wall around one endpoint's connections: what is sent stays at its origin, and what comes back has a largest size.

It stands in the hooks of the SDK's own HTTP client, so that calls, streams, batches, error bodies and the bodies of
redirects all pass it. The errors it raises are CallErrors; the SDKs wrap what a hook raises, see `errors.call_error`.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx2

from arena.backends.http.departure import DEPARTURE
from arena.backends.http.errors import shorten
from arena.backends.http.lines import EACH_LINE
from arena.errors import Unauthorized, Unstable

PIECE = 1 << 16
"""Bytes that a decoder gives out at once."""
ENCODINGS = "gzip, deflate"
"""What is asked for, and all that is read: their decoders stop where they are told to."""

_PORTS = {"http": 80, "https": 443}


class Wall:
    """The two hooks, for one origin (scheme, host and port) and one largest size in decoded bytes."""

    def __init__(self, base_url: str, most_bytes: int) -> None:
        self._origin = _origin(httpx2.URL(base_url))
        self._most = most_bytes

    @property
    def hooks(self) -> dict[str, list[Callable[..., Awaitable[None]]]]:
        """As an HTTP client takes them."""
        return {"request": [self._leaves], "response": [self._arrives]}

    async def _leaves(self, request: httpx2.Request) -> None:
        """Raises Unauthorized for a request to another origin, be it by a redirect or by a URL in a reply."""
        if _origin(request.url) != self._origin:
            raise _elsewhere(str(request.url.copy_with(username="", password="", query=None, fragment=None)))
        if (departure := DEPARTURE.get()) is not None:
            departure.begin(request)

    async def _arrives(self, response: httpx2.Response) -> None:
        """From here on the response's body is plain, and ends with an error where it gets too large."""
        if response.has_redirect_location:
            _readable_target(response)
        encodings = response.headers.get_list("content-encoding", split_commas=True)
        response.headers.pop("content-encoding", None)
        names = [name.strip().lower() for name in reversed(encodings)]
        response.stream = _Limited(response.stream, names, self._most, each_line=EACH_LINE.get())


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _elsewhere(target: str) -> Unauthorized:
    return Unauthorized(shorten(f"sends us on to {target}, another origin than its own: not followed (check base_url)"))


def _readable_target(response: httpx2.Response) -> None:
    """Raises Unauthorized where a redirect names no URL at all."""
    target = response.headers["location"]
    try:
        response.request.url.join(target)
    except httpx2.InvalidURL:
        raise _elsewhere(target.partition("?")[0].rpartition("@")[2]) from None


class _Limited(httpx2.AsyncByteStream):
    """A response's stream, decoded, counted and cut off.

    Raises Unstable, not to be asked again, once more has come than may.
    """

    def __init__(self, inner: Any, encodings: list[str], most: int, *, each_line: bool) -> None:  # noqa: ANN401
        self._inner = inner
        self._decoders = [_decoder(name) for name in encodings if name not in ("", "identity")]
        self._most = most
        self._each_line = each_line
        self._counts = [0] * (len(self._decoders) + 1)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The plain pieces."""
        async for piece in self._inner:
            if not self._decoders:
                self._count(piece, 0)
                yield piece
                continue
            for plain in self._plain(piece, 0):
                yield plain

    async def aclose(self) -> None:
        """Close the connection's side."""
        await self._inner.aclose()

    def _plain(self, piece: bytes, step: int) -> Iterator[bytes]:
        """A piece through the decoders from `step` on; what leaves each of them is counted."""
        self._count(piece, step)
        if step == len(self._decoders):
            yield piece
            return
        for decoded in self._decoders[step](piece):
            yield from self._plain(decoded, step + 1)

    def _count(self, piece: bytes, step: int) -> None:
        if self._each_line and step < len(self._decoders):
            return
        self._counts[step] += len(piece)
        if self._each_line and (end := piece.rfind(b"\n")) >= 0:
            self._counts[step] = len(piece) - end - 1
        if self._counts[step] > self._most:
            what = "a line of the results" if self._each_line else "the reply"
            raise Unstable(f"{what} is larger than max_reply_bytes ({self._most:,})", again=False)


def _decoder(name: str) -> Callable[[bytes], Iterator[bytes]]:
    """What takes pieces in one encoding and gives out plain ones of bounded size. Raises Unstable for an encoding
    that nobody asked for."""
    if name not in ("gzip", "x-gzip", "deflate"):
        raise Unstable(shorten(f"a reply in the encoding {name!r}, which nobody asked for"))
    inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its head
    begun = False

    def decode(piece: bytes) -> Iterator[bytes]:
        nonlocal inner, begun
        while piece and not inner.eof:
            try:
                plain = inner.decompress(piece, PIECE)
            except zlib.error as error:
                if begun or name != "deflate":
                    raise Unstable(f"a broken reply: {error}") from None
                inner, begun = zlib.decompressobj(wbits=-zlib.MAX_WBITS), True  # without a head
                continue
            begun = True
            piece = inner.unconsumed_tail
            if plain:
                yield plain
            elif not piece:
                break
        while not inner.eof and (rest := inner.decompress(b"", PIECE)):  # what needs no further input
            yield rest

    return decode
