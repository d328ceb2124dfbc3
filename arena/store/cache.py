"""What was understood of big ledgers, kept in the user's cache folder so that the same lines need not be read again.

Disposable: a file that is damaged, that another version of the program wrote, or that does not belong to this very
ledger counts as not there; of a ledger that grew what is new is read. Of a text nothing is kept but its place and its
verdict.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

import arena
from arena.errors import DiskFull, InputError
from arena.files import Line, from_json, remove_leftovers, replacing, to_json
from arena.store.counts import Count
from arena.store.index import Index, Written
from arena.types import JSON

SMALL = 1 << 22
"""Bytes up to which a ledger is read faster than anything could be kept."""
_BLOCK = 1 << 20
_SOURCES = (
    "files.py",
    "keys.py",
    "prompts.py",
    "records.py",
    "board/*.py",
    "formats/*.py",
    "judging/*.py",
    "store/*.py",
)
Stamp = tuple[int, ...]


def stamp_of(path: Path) -> Stamp | None:
    """What no write leaves as it is: whose file it is, how long, and when anything about it changed last."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


class Kept(NamedTuple):
    """What was read of a ledger, up to a last line."""

    lines: Index
    last: Line
    stamp: Stamp
    """Of the file as it was."""
    sha256: str
    """Of the file, up to the end of the last line."""


class LedgerCache:
    """One folder of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, ledger: Path, judge: str | None, stamp: Stamp) -> Kept | None:
        """What is known of a ledger, or of the beginning of one that grew; None where nothing is, or nothing that can
        be used. The ledger is compared with it wherever its stamp is another."""
        if stamp[2] <= SMALL:
            return None
        try:
            head, parts = self._read(ledger)
            last, sha256 = Line(*cast("list[int]", head["last"])), str(head["sha256"])
            was = tuple(cast("list[int]", head["stamp"]))
            if head["about"] != _about(ledger, judge):
                return None
            if was != stamp and hash_of(ledger, last.offset + last.length) != sha256:
                return None
            return Kept(Index.restored(Written(head["index"], parts)), last, was, sha256)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def counted(self, ledger: Path) -> Count | None:
        """The whole lines of a ledger that is as it was; None where that is not known."""
        stamp = stamp_of(ledger)
        if stamp is None or stamp[2] <= SMALL:
            return None
        try:
            head, _ = self._read(ledger)
            about, (_, offset, length) = cast("list[JSON]", head["about"]), cast("list[int]", head["last"])
            if head["stamp"] != list(stamp) or about[:2] != _about(ledger, None)[:2]:
                return None
            with ledger.open("rb") as handle:
                handle.seek(offset + length)
                tail = handle.read()
            return Count(cast("int", head["lines"]), offset + length + tail.rfind(b"\n") + 1)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def _read(self, ledger: Path) -> tuple[dict[str, JSON], list[bytes]]:
        """What is kept of a ledger. Raises OSError, ValueError, KeyError or TypeError."""
        content = memoryview(self._file(ledger).read_bytes())
        checksum, content = bytes(content[:32]), content[32:]
        if hashlib.sha256(content).digest() != checksum:
            raise ValueError("damaged")
        size = int.from_bytes(content[:8], "big")
        head = cast("dict[str, JSON]", from_json(bytes(content[8 : 8 + size])))
        parts, at = [], 8 + size
        for length in cast("list[int]", head["lengths"]):
            parts.append(bytes(content[at : at + length]))
            at += length
        return head, parts

    def save(self, ledger: Path, judge: str | None, kept: Kept) -> None:
        """Keep it. Where that cannot be done it is read again the next time."""
        if kept.stamp[2] <= SMALL or kept.lines.imported:
            return
        index, parts = kept.lines.written()
        head: dict[str, JSON] = {
            "about": _about(ledger, judge), "stamp": list(kept.stamp), "last": list(kept.last), "sha256": kept.sha256,
            "lines": len(kept.lines),
            "index": index, "lengths": [len(part) for part in parts],
        }  # fmt: skip
        written = to_json(head)
        pieces = [len(written).to_bytes(8, "big"), written, *parts]
        remove_leftovers(self._folder)
        with suppress(InputError, DiskFull), replacing(self._file(ledger)) as write:
            write(_checksum(pieces))
            for piece in pieces:
                write(piece)

    def _file(self, ledger: Path) -> Path:
        return self._folder / hashlib.sha256(str(ledger.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def hash_of(path: Path, end: int, start: int = 0) -> str | None:
    """The sha256 of a file's bytes from `start` to `end`; None where they cannot be read."""
    digest = hashlib.sha256()
    left = end - start
    try:
        with path.open("rb", buffering=0) as handle:
            handle.seek(start)
            while left and (block := handle.read(min(_BLOCK, left))):
                digest.update(block)
                left -= len(block)
    except OSError:
        return None
    return None if left else digest.hexdigest()


def _checksum(pieces: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _about(ledger: Path, judge: str | None) -> list[JSON]:
    return [_version(), ascii(str(ledger.resolve())), judge]


@cache
def _version() -> str:
    """Of everything that decides how a line is understood: the sources, since a change may come without a number."""
    root = Path(arena.__file__).parent
    digest = hashlib.sha256(f"{arena.__version__} {sys.version} {sys.byteorder}".encode())
    for path in sorted(path for pattern in _SOURCES for path in root.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
