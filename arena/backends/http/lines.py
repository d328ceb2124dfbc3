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


async def lines_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines, without their ends. They end at \\n alone: JSON may hold other Unicode line ends."""
    begun: list[bytes] = []
    async for piece in pieces:
        first, *others = piece.split(b"\n")
        begun.append(first)
        for other in others:
            yield b"".join(begun)
            begun = [other]
    yield b"".join(begun)
