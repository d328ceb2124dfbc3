"""Searching what was asked and answered, without keys as it is shown: every distinct text once, in lower case, in one
file of the cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arena.redact import masked, masks
from viz.data.cache import Signature, cache_file, load, save

_BLOCK = 1 << 23


def text_key(text: str) -> int:
    """64 bits that stand for a text (or for the name of one)."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class TextStore:
    """Texts one after another in a file, separated by a zero byte."""

    path: Path
    starts: NDArray[np.int64]
    """Where each text begins, ascending."""
    keys: NDArray[np.uint64]
    """The key of each text, in the same order."""

    def matching(self, needle: str) -> NDArray[np.uint64]:
        """Keys of the texts that contain the needle, letter case aside, sorted."""
        wanted = _normal(needle)
        if not wanted or not len(self.keys):
            return np.zeros(0, dtype=np.uint64)
        hits = np.fromiter(_find_all(self.path, wanted), dtype=np.int64)
        texts = np.unique(np.searchsorted(self.starts, hits, side="right") - 1)
        return np.unique(self.keys[texts])


class TextWriter:
    """Collects distinct texts into a new store."""

    def __init__(self, source: Signature) -> None:
        self._source = _with_masks(source)
        self._index = cache_file("texts.idx", source)
        self._seen: set[int] = set()
        self._starts, self._keys = array("q"), array("Q")
        self._size = 0
        try:
            self._index.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._index.parent, prefix=".texts.")
        except OSError:  # no cache folder: a temporary file that lives as long as this process needs it
            handle, name = tempfile.mkstemp(prefix="arena-texts.")
        self._out, self._temporary = os.fdopen(handle, "wb", buffering=1 << 20), Path(name)

    def add(self, key: int, text: str) -> None:
        """Store a text under its key, once."""
        if key in self._seen:
            return
        self._seen.add(key)
        data = _normal(masked(text)) + b"\0"
        self._starts.append(self._size)
        self._keys.append(key)
        self._size += len(data)
        self._out.write(data)

    def finish(self) -> TextStore:
        """Put the file in place and return the store."""
        self._out.close()
        blob = self._index.with_suffix(".bin")
        try:
            self._temporary.replace(blob)
        except OSError:
            blob = self._temporary
        starts, keys = np.frombuffer(self._starts, dtype=np.int64), np.frombuffer(self._keys, dtype=np.uint64)
        save(self._index, self._source, {"starts": starts, "keys": keys}, self._size)
        return TextStore(blob, starts, keys)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._out.close()
        self._temporary.unlink(missing_ok=True)


def load_texts(source: Signature) -> TextStore | None:
    """The store kept for these files, if it still fits."""
    index = cache_file("texts.idx", source)
    found = load(index, _with_masks(source))
    blob = index.with_suffix(".bin")
    try:
        if found is None or blob.stat().st_size != found[1]:
            return None
    except OSError:
        return None
    arrays = found[0]
    return TextStore(blob, arrays["starts"], arrays["keys"])  # type: ignore[arg-type]


def _with_masks(source: Signature) -> Signature:
    """The files, and which keys their texts are searched without."""
    return (*source, ("masks", masks(), 0, 0, 0))


def _normal(text: str) -> bytes:
    return text.lower().replace("\0", " ").encode("utf-8", "replace")


def _find_all(path: Path, needle: bytes) -> list[int]:
    """Byte offsets of the needle, at most one per 64 bytes or so is enough to find every text."""
    found: list[int] = []
    with path.open("rb") as handle:
        base, kept = 0, b""
        while block := handle.read(_BLOCK):
            window = kept + block
            at = window.find(needle)
            while at >= 0:
                found.append(base + at)
                end = window.find(b"\0", at)  # one hit per text
                if end < 0:
                    break
                at = window.find(needle, end)
            kept = window[-(len(needle) - 1) :] if len(needle) > 1 else b""
            base += len(window) - len(kept)
    return found
