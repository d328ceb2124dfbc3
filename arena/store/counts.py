"""run.json's `files`: how many lines of answers/, reviews/ and benchmarks/ are safe, so that a file that became shorter
is noticed.

A count names whole lines that were synced before it is written, so no kill makes a file shorter than its count. Not
noticed is a file of at least as many lines and bytes with other contents, unless a line of it is none of its owner's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from arena.files import to_json, write_atomically, write_error
from arena.store.folder import BoardFolder
from arena.types import JSON

GROWING = {"answers": "*.jsonl", "reviews": "*.jsonl", "benchmarks": "*/*.jsonl"}
"""The folders whose files only grow, and where in them these lie."""
WAY_OUT = "Put the file back, or take it as it is with `arena run --accept-shorter`: what is gone is asked for again"
_BLOCK = 1 << 16
"""Small: what a thread has read with stays its own when it is done, and every thread of a pool gets its turn."""
_EMPTY_LINE = re.compile(rb"\n[ \t\r]*(?=\n)")
"""From the end of the line before: a pattern that begins with a sign is looked for many times as fast."""


class Count(NamedTuple):
    """The whole lines of a file: those that hold something, and how far the last of them reaches."""

    lines: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        return f"{self.lines:,} lines ({self.bytes:,} bytes)"


def stored_counts(folder: BoardFolder) -> dict[str, Count]:
    """What run.json says, by path inside the folder; nothing where it says nothing, as on a board of 0.1.0."""
    files = folder.run_document().get("files")
    found: dict[str, Count] = {}
    for path, entry in files.items() if isinstance(files, dict) else ():
        lines, size = (entry.get("lines"), entry.get("bytes")) if isinstance(entry, dict) else (None, None)
        if _is_growing(path) and isinstance(lines, int) and isinstance(size, int):
            found[path] = Count(lines, size)
    return found


class Shortfall(NamedTuple):
    """What is missing of a file that run.json counted."""

    sentence: str
    """File, found and expected."""
    torn: bool = False
    """Nothing but the end of its last line: that is repaired like the line that a kill tore, and asked for again."""


def shortfalls(folders: Iterable[BoardFolder], counted: dict[Path, Count] | None = None) -> list[Shortfall]:
    """What is missing of the files that run.json counted; all may be where run.json itself cannot be read.

    What was `counted` before is not counted again; everything that was stands in it afterwards.
    """
    missing = []
    counted = {} if counted is None else counted
    for folder in folders:
        if folder.run_file_is_damaged:
            missing.append(Shortfall(f"{folder.run_file}: it is damaged: no JSON object, so no file can be compared"))
        for name, expected in stored_counts(folder).items():
            path = folder.root / name
            if not path.is_file():
                missing.append(Shortfall(f"{path}: it is missing, expected {expected}"))
                continue
            found = counted[path] = counted.get(path) or _count(path)
            counts = f"found {found}, expected {expected}"
            if found.lines == expected.lines - 1 and path.stat().st_size > found.bytes:
                missing.append(Shortfall(f"{path}: its last line is torn: {counts}", torn=True))
            elif found.lines < expected.lines or found.bytes < expected.bytes:
                missing.append(Shortfall(f"{path}: it is shorter than it was: {counts}"))
    return missing


class SyncedCounts:
    """The counts of one board while its files grow."""

    def __init__(self, folder: BoardFolder, counted: Mapping[Path, Count] | None = None) -> None:
        self._folder = folder
        self._counts: dict[str, Count] = {}
        self._counted = counted or {}
        """What somebody counted before, which may not be synced."""

    def update(self) -> None:
        """Count what was added, once it is safe from a power cut. Raises DiskFull or InputError."""
        counts: dict[str, Count] = {}
        for path in _growing_files(self._folder):
            name = path.relative_to(self._folder.root).as_posix()
            try:
                synced = self._counts.get(name)
                counts[name] = _count(path, synced or self._counted.get(path), sync=True, synced=synced is not None)
            except OSError as error:
                raise write_error(path, error) from None
        self._counts = counts

    def to_json(self) -> dict[str, JSON]:
        """As it stands in run.json."""
        return {name: count._asdict() for name, count in sorted(self._counts.items())}


def count_anew(folder: BoardFolder, *, without: Iterable[Path] = ()) -> None:
    """Write run.json with counts of the files as they are, `without` some that are about to be replaced.

    Where no run was yet nothing is written. Raises DiskFull or InputError.
    """
    document = folder.run_document()
    if not document:
        return
    counts = SyncedCounts(folder)
    counts.update()
    left_out = {path.relative_to(folder.root).as_posix() for path in without}
    files = {name: count for name, count in counts.to_json().items() if name not in left_out}
    if files != document.get("files"):
        write_atomically(folder.run_file, to_json({**document, "files": files}, indent=True) + b"\n")


def _growing_files(folder: BoardFolder) -> list[Path]:
    found = [path for name, inside in GROWING.items() for path in sorted((folder.root / name).glob(inside))]
    return [path for path in found if path.is_file()]


def _is_growing(name: str) -> bool:
    """Whether it can be a file of this board: nothing in run.json leads out of its folder."""
    path = PurePosixPath(name)
    depth = 1 + len(PurePosixPath(GROWING.get(path.parts[0] if path.parts else "", "")).parts)
    plain = path.suffix == ".jsonl" and "\\" not in name and ".." not in path.parts
    return depth > 1 and len(path.parts) == depth and plain


def _count(path: Path, known: Count | None = None, *, sync: bool = False, synced: bool = True) -> Count:
    """The whole lines of a file, those that are `known` (and `synced`) not read again; a file that was cut since is
    read anew."""
    with path.open("rb" if os.name == "posix" else "r+b", buffering=0) as handle:
        size = os.fstat(handle.fileno()).st_size
        lines, whole = known if known is not None and known.bytes <= size else Count()
        if size == whole and (synced or not sync):
            return Count(lines, whole)
        handle.seek(whole)
        tail = b""
        while block := handle.read(min(_BLOCK, size - whole - len(tail))):
            head, newline, tail = (tail + block).rpartition(b"\n")
            whole += len(head) + len(newline)
            lines += head.count(b"\n") + len(newline) - len(_EMPTY_LINE.findall(b"\n" + head + newline))
        if sync:
            os.fsync(handle.fileno())
        return Count(lines, whole)
