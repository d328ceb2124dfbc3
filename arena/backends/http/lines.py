"""The lines of a response as they come in: events of a stream, or a file with a reply on each line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

EACH_LINE = ContextVar("EACH_LINE", default=False)
"""Whether the response that is read is a file of replies: the largest size is then a line's, not the file's."""


@contextmanager
def line_by_line() -> Iterator[None]:
    """While this lasts, responses are files with a reply on each line."""
    token = EACH_LINE.set(True)
    try:
        yield
    finally:
        EACH_LINE.reset(token)


class Lines:
    """Lines, without their ends, of text that comes in pieces. They end at \\n alone: JSON may hold other Unicode line
    ends."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def of(self, piece: bytes) -> list[bytes]:
        """Those that end in a piece."""
        *whole, rest = piece.split(b"\n")
        if whole and self._begun:
            whole[0] = b"".join((*self._begun, whole[0]))
            self._begun.clear()
        if rest:
            self._begun.append(rest)
        return whole

    def rest(self) -> bytes:
        """What is left at the end."""
        return b"".join(self._begun)


async def lines_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of pieces as they come in."""
    lines = Lines()
    async for piece in pieces:
        for line in lines.of(piece):
            yield line
    yield lines.rest()
