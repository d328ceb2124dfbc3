"""What a GGUF file says about itself: its metadata and the table of its tensors, read without any package.

The layout is that of ggml's GGUF specification, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from arena.errors import InputError
from arena.types import JSON

SLOTS = 4
"""Answers llama.cpp has under way at once, where `engine.n_parallel` does not say."""
SLOT_CONTEXT = 4096
"""Tokens per slot, where `engine.n_ctx` (of all slots together) does not say and the model has as many."""
_MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_DIMENSIONS = 8
"""ggml has four."""
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
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of every tensor, in ggml's order: what a row has first, then how many rows."""

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
    def tokens(self) -> list[str]:
        """How every token is written, by its number."""
        found = self.metadata.get("tokenizer.ggml.tokens")
        return [str(token) for token in found] if isinstance(found, list) else []

    def token_id(self, role: str) -> int | None:
        """The number of the token that has a role (`bos`, `eos`)."""
        found = self.metadata.get(f"tokenizer.ggml.{role}_token_id")
        return found if isinstance(found, int) and 0 <= found < len(self.tokens) else None

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """Tokens that steer the model and stand in no text."""
        kinds = self.metadata.get("tokenizer.ggml.token_type")
        if not isinstance(kinds, list):
            return ()
        return tuple(token for token, kind in zip(self.tokens, kinds, strict=False) if kind == _CONTROL and token)


def gguf_fingerprint(path: Path) -> str:
    """What identifies the file wherever it lies and whenever it was installed: its size, header and tensor table.

    Raises InputError when it cannot be read as GGUF.
    """
    header = read_gguf(path)
    return hashlib.sha256(f"{header.size} {header.sha256}".encode()).hexdigest()


def misfit(base: GgufHeader, adapter: GgufHeader) -> str | None:
    """The first thing about a LoRA that does not fit its base, as half a sentence; None where everything fits."""
    if adapter.metadata.get("general.type") != "adapter" or adapter.metadata.get("adapter.type") != "lora":
        return "it is no LoRA, which says general.type: adapter and adapter.type: lora"
    for name, shape in adapter.shapes.items():
        module, _, side = name.rpartition(".")
        have = base.shapes.get(module)
        if side != "lora_a" or len(shape) != 2:
            continue
        if have is None or len(have) != 2:
            return f"the base has no {module}"
        rows = adapter.shapes.get(f"{module}.lora_b", (0, 0))[-1]
        if have != (shape[0], rows):
            return f"{module} is {have[0]}×{have[1]} in the base, {shape[0]}×{rows} in the adapter"
    return None


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
        shapes = {}
        for _ in range(int(tensors)):
            name, dimensions = self._string(), int(self._take("I"))
            if dimensions > _MOST_DIMENSIONS:
                raise IndexError
            shapes[name] = tuple(int(self._take("Q")) for _ in range(dimensions))
            self._at += 12  # type, offset
        if self._at > size:
            raise IndexError
        return GgufHeader(metadata, size, hashlib.sha256(self._data[: self._at]).hexdigest(), shapes)

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
