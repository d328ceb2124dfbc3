"""What a GGUF file says about itself: its metadata and the table of its tensors, read without any package.

The layout is that of ggml's GGUF specification, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from arena.errors import InputError
from arena.types import JSON

_MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_CONTROL = 3
"""`tokenizer.ggml.token_type` of tokens that no text can hold (`<|im_end|>`)."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Everything before the weights."""

    metadata: Mapping[str, JSON]
    size: int
    """Of the whole file, in bytes."""
    sha256: str
    """Over the header and the tensor table: names, shapes, types and places, not the weights."""

    @property
    def chat_template(self) -> str | None:
        """The template that the file carries."""
        found = self.metadata.get("tokenizer.chat_template")
        return found if isinstance(found, str) else None

    @property
    def context_length(self) -> int | None:
        """Tokens that the model was trained to see."""
        found = self.metadata.get(f"{self.metadata.get('general.architecture')}.context_length")
        return found if isinstance(found, int) else None

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """Tokens that steer the model and stand in no text."""
        tokens, kinds = self.metadata.get("tokenizer.ggml.tokens"), self.metadata.get("tokenizer.ggml.token_type")
        if not isinstance(tokens, list) or not isinstance(kinds, list):
            return ()
        return tuple(str(token) for token, kind in zip(tokens, kinds, strict=False) if kind == _CONTROL and token)


def gguf_fingerprint(path: Path) -> str:
    """What identifies the file wherever it lies and whenever it was installed: its size, header and tensor table.

    Raises InputError when it cannot be read as GGUF.
    """
    header = read_gguf(path)
    return hashlib.sha256(f"{header.size} {header.sha256}".encode()).hexdigest()


def read_gguf(path: Path) -> GgufHeader:
    """The header of a file. Raises InputError when there is none, or when it is no GGUF file, or ends too early."""
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


@cache
def _read(path: Path, changed_ns: int, size: int) -> GgufHeader:
    with path.open("rb") as handle:
        if handle.read(4) != _MAGIC:
            raise InputError(f"{path}: is no GGUF file")
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return _Reader(data).header(size)
            except (struct.error, KeyError, IndexError, OverflowError, RecursionError):
                raise InputError(f"{path}: its GGUF header is damaged or cut off") from None


class _Reader:
    """Walks through a header from its beginning."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 4

    def header(self, size: int) -> GgufHeader:
        version, tensors, pairs = self._take("I"), self._take("Q"), self._take("Q")
        if version not in (2, 3):
            raise KeyError(version)
        metadata = {self._string(): self._value(int(self._take("I"))) for _ in range(int(pairs))}
        for _ in range(int(tensors)):
            self._string()
            dimensions = int(self._take("I"))
            self._at += 8 * dimensions + 12  # shape; type, offset
        if self._at > size:
            raise IndexError
        return GgufHeader(metadata, size, hashlib.sha256(self._data[: self._at]).hexdigest())

    def _take(self, code: str) -> float:
        (value,) = struct.unpack_from(f"<{code}", self._data, self._at)
        self._at += struct.calcsize(f"<{code}")
        found: float = value
        return found

    def _string(self) -> str:
        end = self._at + 8 + int.from_bytes(self._data[self._at : self._at + 8], "little")
        if end > len(self._data):
            raise IndexError
        text = self._data[self._at + 8 : end].decode("utf-8", "replace")
        self._at = end
        return text

    def _value(self, kind: int) -> JSON:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._take(_SCALARS[kind])
        inner, count = int(self._take("I")), int(self._take("Q"))
        if count > len(self._data):
            raise IndexError
        if inner in (_STRING, _ARRAY):
            return [self._value(inner) for _ in range(count)]
        code = f"<{count}{_SCALARS[inner]}"
        values = struct.unpack_from(code, self._data, self._at)
        self._at += struct.calcsize(code)
        return list(values)
