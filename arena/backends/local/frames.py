"""What parent and child say to each other: pickled records, each behind its length, over a pipe."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

from arena.backends.local.spec import EngineSpec
from arena.types import Completion, Request

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Start:
    """Parent to child, first: load this."""

    spec: EngineSpec


@dataclass(frozen=True, slots=True)
class Ask:
    """Parent to child: generate."""

    number: int
    request: Request


@dataclass(frozen=True, slots=True)
class Ready:
    """Child to parent: the engine is loaded."""

    notes: tuple[str, ...]
    address: str = ""
    """Of a server: where it listens."""
    key: str = ""
    """And what it wants to be shown."""


@dataclass(frozen=True, slots=True)
class Done:
    """Child to parent: one request came to an end."""

    number: int
    completion: Completion


@dataclass(frozen=True, slots=True)
class Note:
    """Child to parent: something the user should know, found out while it runs."""

    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Child to parent, last: the engine could not start, or died."""

    when: Literal["start", "run"]
    message: str
    explained: bool = False
    """The message is all there is to say; else the log says more."""


Frame: TypeAlias = "Start | Ask | Ready | Done | Note | Broken"


def write_frames(stream: BinaryIO, *frames: Frame) -> None:
    """Send records, all at once. Raises OSError when nobody reads."""
    bodies = [pickle.dumps(frame, protocol=pickle.HIGHEST_PROTOCOL) for frame in frames]
    stream.write(b"".join(_LENGTH.pack(len(body)) + body for body in bodies))
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next record; None at the end of the stream, also when it ends inside a record."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        return None
    frame: Frame = pickle.loads(body)  # noqa: S301 - from our own child or parent
    return frame
