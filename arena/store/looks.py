"""looks.jsonl: what was seen at each look at a growing run, so that the next look sees the same of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from arena.errors import DataError
from arena.files import from_json, to_json, write_error
from arena.store.lock import held
from arena.types import JSON

Terms = dict[str, list[list[JSON]]]
"""What each question's rows said (`arena.board.evidence`)."""


class About(NamedTuple):
    """Which looks belong together."""

    new: str
    old: str
    metric: str


@dataclass
class Looks:
    """The looks at one pair and metric, while the file is locked."""

    sequence: int = 1
    order: str | None = None
    """The sha256 of the order of the questions; None before the first look of the sequence."""
    terms: Terms = field(default_factory=dict)
    """What was seen so far in this sequence."""
    began: str | None = None
    """Why this sequence began, where it is not the first."""
    _lines: list[dict[str, JSON]] = field(default_factory=list)

    def begin_again(self, why: str) -> None:
        """A new sequence: what was seen in the last one does not bind."""
        self.sequence, self.order, self.terms, self.began = self.sequence + 1, None, {}, why

    def add(self, line: Mapping[str, JSON]) -> None:
        """Store a look as one line when the file is let go of."""
        self._lines.append({"sequence": self.sequence, **line})


@contextmanager
def looking(path: Path, about: About) -> Iterator[Looks]:
    """The looks so far at one pair and metric; others wait until what is added is stored. Raises DataError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise write_error(path, error) from None
    try:
        with held(handle):
            content = _content(handle)
            looks = _read(path, content, about)
            yield looks
            _write(path, handle, content, looks._lines)
    finally:
        os.close(handle)


def begin_sequences(path: Path, why: str) -> bool:
    """From here on all looks are new ones; whether there were any to begin anew. Raises DiskFull or InputError."""
    if not path.is_file():
        return False
    handle = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        with held(handle):
            content = _content(handle)
            lines = _objects(path, content)
            if not lines or "began" in lines[-1]:
                return False
            _write(path, handle, content, [{"began": why}])
    finally:
        os.close(handle)
    return True


def _content(handle: int) -> bytes:
    size, found = os.fstat(handle).st_size, b""
    os.lseek(handle, 0, os.SEEK_SET)
    while len(found) < size and (block := os.read(handle, size - len(found))):
        found += block
    return found


def _objects(path: Path, content: bytes) -> list[dict[str, JSON]]:
    """The lines; one that was torn at the end is none."""
    found = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if line:
            try:
                value = from_json(line)
            except ValueError:
                value = None
            if not isinstance(value, dict):
                raise DataError(f"{path}:{number}: not a look; move the file away to begin anew")
            found.append(value)
    return found


def _read(path: Path, content: bytes, about: About) -> Looks:
    looks = Looks()
    any_look = False
    for number, line in enumerate(_objects(path, content), start=1):
        if "began" in line:
            if any_look:
                looks.begin_again(str(line["began"]))
                any_look = False
            continue
        if (line.get("new"), line.get("old"), line.get("metric")) != about:
            continue
        sequence, terms, order = line.get("sequence"), line.get("terms"), line.get("order")
        if not isinstance(sequence, int) or not isinstance(terms, dict) or not isinstance(order, dict):
            raise DataError(f"{path}:{number}: not a look; move the file away to begin anew")
        if sequence != looks.sequence:
            looks.sequence, looks.terms = sequence, {}
        looks.order, any_look = str(order.get("sha256")), True
        looks.terms |= cast("Terms", terms)
    return looks


def _write(path: Path, handle: int, content: bytes, lines: Sequence[Mapping[str, JSON]]) -> None:
    """One write for whole lines; what was torn before them goes."""
    if not lines:
        return
    try:
        os.ftruncate(handle, content.rfind(b"\n") + 1)
        os.write(handle, b"".join(to_json(line) + b"\n" for line in lines))
        os.fsync(handle)
    except OSError as error:
        raise write_error(path, error) from None
