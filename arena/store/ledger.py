"""One judge's ledger: replies in a file that only grows, and columns of what is known of its lines.

Nothing here knows what a battle is. Texts of replies stay on disk: the columns hold offsets.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from arena.errors import DataError
from arena.files import Appender, Line, from_json, object_of, read_lines
from arena.records import reply_from_json, reply_to_json
from arena.store.cache import Kept, LedgerCache, Stamp, hash_of, stamp_of
from arena.store.folder import check_owner
from arena.store.index import Index
from arena.store.memory import NOTHING, Cells, Column, Said, Way
from arena.types import JSON, Reply, Status

T = TypeVar("T")
By = TypeVar("By")


class Known(NamedTuple):
    """The beginning of a file that was read."""

    end: int
    sha256: str


class Ledger:
    """One judge's replies: an append-only file and an index from key to its last line.

    Wherever a key is asked for it is the key as `filed_under` says, for a judge that no weights stand behind. Each line
    is read once, here; a ledger that was closed may be opened again, and then reads what was added since.
    Raises DataError naming a line that is no reply, or another judge's.
    """

    def __init__(
        self, path: Path, judge: str | None = None, *, writable: bool = False, cache: LedgerCache | None = None
    ) -> None:
        self.path = path
        self._judge, self._cache = judge, cache
        self._appender: Appender | None = None
        self._reader: int | None = None
        self._index = Index()
        self._last: Line | None = None
        self._stamp: Stamp | None = None
        """Of the file, all of which was read; None while that is not sure."""
        self._known: Known | None = None
        self._added = hashlib.sha256()
        """Of what was written after what is known."""
        self._news = False
        self._said: tuple[int, Said] | None = None
        self.open(writable=writable)

    def open(self, *, writable: bool = False) -> None:
        """Read what was added to the file. Raises DataError naming an alien line."""
        if writable and self._appender is None:
            self._appender = Appender(self.path)
        stamp = stamp_of(self.path)
        if stamp is None or stamp == self._stamp:
            return
        if self._last is not None and not self._is_as_understood(stamp):
            self._index, self._last = Index(), None  # another file
        self._stamp = self._said = None
        if self._last is None and self._cache and (kept := self._cache.load(self.path, self._judge, stamp)):
            self._index, self._last = kept.lines, kept.last
            if kept.stamp == stamp:
                self._know(stamp, Known(self._end, kept.sha256))
                return
        self._read_on()
        if stamp[2] - self._end <= len("\r\n") and stamp_of(self.path) == stamp:
            self._know(stamp, self._hashed(stamp) if self._cache else None)
            self._news = True

    @property
    def _end(self) -> int:
        """Up to where the file is known: the end of its last line."""
        return self._last.offset + self._last.length if self._last else 0

    def _know(self, stamp: Stamp | None, known: Known | None) -> None:
        self._stamp, self._known, self._added = stamp, known, hashlib.sha256()

    def _hashed(self, stamp: Stamp) -> Known | None:
        """The file up to the last line known, as long as it has this stamp."""
        digest = hash_of(self.path, self._end)
        return None if digest is None or stamp_of(self.path) != stamp else Known(self._end, digest)

    def _is_as_understood(self, stamp: Stamp) -> bool:
        """Whether the file begins with what was read of it and written to it."""
        same = (self._stamp is None or self._stamp[:2] == stamp[:2]) and stamp[2] >= self._end
        if not same or self._cache is None:
            return same
        if self._known is None or hash_of(self.path, self._known.end) != self._known.sha256:
            return False
        return hash_of(self.path, self._end, self._known.end) == self._added.hexdigest()

    def _read_on(self) -> None:
        for where, raw in read_lines(self.path, growing=True, after=self._last):
            try:
                line = object_of(self.path, where.number, raw)
                self._index.add_line(where, raw, line)
                check_owner("a reply", line["judge"], self._judge)
            except (ValueError, TypeError) as error:
                raise DataError(f"{self.path}:{where.number}: not a reply: {error}") from None
            self._last = where

    def __contains__(self, key: str) -> bool:
        return key in self._index.rows

    def __len__(self) -> int:
        return len(self._index.rows)

    def keys(self) -> list[str]:
        """All keys, in the order they were first stored."""
        return list(self._index.rows)

    def status(self, key: str) -> Status | None:
        """How the stored reply ended; None when there is none."""
        row = self._index.rows.get(key)
        return None if row is None else self._index.status(row)

    def get(self, key: str) -> Reply | None:
        """The reply stored under a key, read from the file."""
        row = self._index.rows.get(key)
        return None if row is None else self._reply(row)

    def models_returned(self, asked: str) -> frozenset[str]:
        """What the judge's server said it was when this model was asked for."""
        return frozenset(returned for requested, returned in self._index.models if requested == asked)

    def row(self, key: str) -> int | None:
        """The row of the reply stored under a key: its number in the columns."""
        return self._index.rows.get(key)

    def said(self, row: int) -> Said:
        """The text of a row's reply and what it is read with; the rest of the line is not read."""
        if self._said is not None and self._said[0] == row:
            return self._said[1]
        place = self._index.text_place(row)
        text = self._reply(row).text if place is None else str(from_json(self._bytes(*place)))
        status, nonce, logprobs, cost_usd = self._index.about(row)
        said = Said(self._index.own_key(row), status, text, nonce, logprobs, cost_usd)
        self._said = row, said
        return said

    def column(self, by: By, way: Way[By, T]) -> Column[T]:
        """What was read of the replies with the help of `by`, as far as somebody has read them with the same."""
        return self._index.read.of(by, way, len(self._index))

    def once(self, row: int, by: By, way: Way[By, T]) -> tuple[T, int]:
        """What is read of a reply with the help of `by`, remembered for all who read with the same."""
        column = self.column(by, way)
        if column.codes[row] == NOTHING:
            column.set(row, *way.read(by, self.said(row)))
            self._news = True
        return column.values[column.codes[row]], column.numbers[row]

    def cells(self, frame: bytes) -> Cells:
        """Which rows answer the cases that have what has this digest in common, as far as somebody has looked."""
        return self._index.cells.of(frame)

    def newest(self, row: int) -> int:
        """The row of the last line under the key of a row's line."""
        while (later := self._index.replaced.get(row)) is not None:
            row = later
        return row

    @property
    def replaced(self) -> bool:
        """Whether any key has several lines."""
        return bool(self._index.replaced)

    def own_key(self, row: int) -> str:
        """The key as it stands in a row's line."""
        return self._index.own_key(row)

    def quoted(self, row: int, length: int) -> bytes | None:
        """So many bytes of a row's text as it stands in the file, as JSON; None where that is not known."""
        place = self._index.text_place(row)
        return None if place is None else self._bytes(place[0] + 1, length)

    def fact(self, name: str, find: Callable[[], JSON]) -> JSON:
        """What is found out about all lines together, once."""
        facts = self._index.facts
        if name not in facts:
            facts[name] = find()
            self._news = True
        return facts[name]

    def imported(self, question_id: str, model_a: str, model_b: str | None) -> list[Reply]:
        """Replies that came with an imported board, of one battle (or, in single mode, of one answer)."""
        keys = self._index.imported.get((question_id, model_a, model_b), [])
        return [reply for key in keys if (reply := self.get(key)) is not None]

    def add(self, reply: Reply) -> None:
        """Store one reply; it is kept once this returns."""
        assert self._appender is not None, "opened for reading"
        line, newline = reply_to_json(reply), b"\n" if self._last else b""
        self._last = Line(self._last.number + 1 if self._last else 1, *self._appender.append(line))
        raw = self._bytes(self._last.offset, self._last.length)
        self._index.add_line(self._last, raw, line)
        self._added.update(newline + raw)
        self._stamp = None
        row = len(self._index) - 1
        status, nonce, logprobs, cost_usd = self._index.about(row)
        self._said = row, Said(self._index.own_key(row), status, reply.text, nonce, logprobs, cost_usd)
        self._news = True

    def close(self) -> None:
        """Sync and close. What was understood of all of it is kept."""
        if self._appender is not None:
            self._appender.close()
        if self._reader is not None:
            os.close(self._reader)
        self._appender = self._reader = None
        if self._cache and self._news and self._last and self._index.read:
            self._keep(self._cache, self._last)
            self._news = False

    def _keep(self, cache: LedgerCache, last: Line) -> None:
        """Keep what was read, where the file is sure to hold what was read and written and nothing else."""
        stamp = stamp_of(self.path)
        if stamp is None or stamp[2] - self._end > len("\r\n"):
            return
        if self._stamp is None and self._is_as_understood(stamp):
            self._know(stamp, self._hashed(stamp))
        if self._stamp == stamp and self._known is not None:
            cache.save(self.path, self._judge, Kept(self._index, last, stamp, self._known.sha256))

    def _reply(self, row: int) -> Reply:
        line = from_json(self._bytes(*self._index.place(row)))
        assert isinstance(line, dict)
        return reply_from_json(line)

    def _bytes(self, offset: int, length: int) -> bytes:
        if self._reader is None:
            self._reader = os.open(self.path, os.O_RDONLY)
        return os.pread(self._reader, length, offset)
