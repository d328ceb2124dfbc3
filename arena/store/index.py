"""A ledger's lines as columns: where each stands, how it ended, and where in it the reply's text is.

Texts stay on disk. Of a million lines the columns take about 150 MB.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import NamedTuple, cast

from arena.files import Line, from_json, to_json
from arena.keys import filed_under
from arena.records import check_reply, reply_from_json, written_by
from arena.store.memory import CellTable, Columns
from arena.types import JSON, Status

_STATUSES: tuple[Status, ...] = ("ok", "refused", "truncated", "empty", "bad_request", "error")
_CODES = {status: code for code, status in enumerate(_STATUSES)}
_TEXT = b',"text":'
_LOGPROBS, _FILED = 1, 2
_ARRAYS = ("_offsets", "_lengths", "_text_at", "_text_lengths", "_costs")


class Written(NamedTuple):
    """An index as it is kept."""

    head: JSON
    parts: list[bytes]


class Index:
    """From each key to its last line."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        """The row of each key's last line. Rows are never given to another line."""
        self.imported: dict[tuple[str, str, str | None], list[str]] = {}
        """Keys of what came with an imported board, by question, model_a and model_b."""
        self.models: set[tuple[JSON, str]] = set()
        """Which model was asked for and which one the server said it was, of what was not imported."""
        self.replaced: dict[int, int] = {}
        """Rows whose key has a later line: from each to the next."""
        self.read = Columns()
        """What was read in the replies."""
        self.cells = CellTable()
        self.facts: dict[str, JSON] = {}
        """What was found out about all lines together."""
        self._offsets, self._lengths = array("q"), array("q")
        self._text_at, self._text_lengths = array("q"), array("q")
        self._costs = array("d")
        self._statuses, self._marks = bytearray(), bytearray()
        self._nonces: list[str | None] = []
        self._known: dict[str | None, str | None] = {}
        self._keys: list[str] = []

    def __len__(self) -> int:
        return len(self._offsets)

    def add_line(self, place: Line, raw: bytes, line: Mapping[str, JSON]) -> None:
        """Remember a line of the file. Raises ValueError or TypeError where it is no reply."""
        check_reply(line)
        odd = line.get("logprobs") or line.get("simulated") or line.get("model_returned") == "reference"
        own = written_by(reply_from_json(line)) if odd else None
        text = line["text"]
        start = raw.rfind(_TEXT) + len(_TEXT)
        quoted = to_json(text) if isinstance(text, str) else b""
        known = start >= len(_TEXT) and quoted and raw.startswith(quoted, start)
        self._add(place, (start, len(quoted)) if known else (0, 0), line, own)

    def place(self, row: int) -> tuple[int, int]:
        """The offset and the length of a row's line."""
        return self._offsets[row], self._lengths[row]

    def text_place(self, row: int) -> tuple[int, int] | None:
        """The offset and the length of its text as a JSON string; None where that is not known."""
        at = self._text_at[row]
        return (self._offsets[row] + at, self._text_lengths[row]) if at else None

    def about(self, row: int) -> tuple[Status, str | None, bool, float | None]:
        """How a row's reply ended, its nonce, whether it has log-probabilities, and its cost."""
        cost = self._costs[row]
        known = None if math.isnan(cost) else cost
        return _STATUSES[self._statuses[row]], self._nonces[row], bool(self._marks[row] & _LOGPROBS), known

    def status(self, row: int) -> Status:
        """How a row's reply ended."""
        return _STATUSES[self._statuses[row]]

    def own_key(self, row: int) -> str:
        """The key as it stands in a row's line."""
        key = self._keys[row]
        return key.partition(":")[2] if self._marks[row] & _FILED else key

    def written(self) -> Written:
        """Everything but what was imported, for `restored`."""
        nonces = list(self._known)
        code = {nonce: number for number, nonce in enumerate(nonces)}
        names, columns = self.read.columns()
        cells, joined = self.cells.columns()
        own = [
            *(getattr(self, name).tobytes() for name in _ARRAYS), bytes(self._statuses), bytes(self._marks),
            array("i", [code[nonce] for nonce in self._nonces]).tobytes(), to_json(nonces),
            to_json(list(self.rows)), array("q", self.rows.values()).tobytes(),
            array("q", [row for pair in self.replaced.items() for row in pair]).tobytes(),
        ]  # fmt: skip
        head: JSON = {
            "own": len(own), "columns": names, "cells": cells, "facts": self.facts,  # type: ignore[dict-item]
            "models": [list(pair) for pair in self.models],
        }  # fmt: skip
        return Written(head, [*own, *columns, *joined])

    @classmethod
    def restored(cls, kept: Written) -> Index:
        """The index of what `written` gave. Raises ValueError, KeyError or TypeError where it is none."""
        index = cls()
        head = cast("dict[str, JSON]", kept.head)
        size, names = cast("int", head["own"]), cast("list[str]", head["columns"])
        own, others = kept.parts[:size], kept.parts[size:]
        for name, column in zip(_ARRAYS, own, strict=False):
            getattr(index, name).frombytes(column)
        statuses, marks, codes, nonces, keys, rows, replaced = own[len(_ARRAYS) :]
        index._statuses, index._marks = bytearray(statuses), bytearray(marks)
        known = cast("list[str | None]", from_json(nonces))
        index._known = {nonce: nonce for nonce in known}
        index._nonces = [known[code] for code in array("i", codes)]
        index.rows = dict(zip(cast("list[str]", from_json(keys)), array("q", rows), strict=True))
        index._keys = [""] * len(index._offsets)
        for key, row in index.rows.items():
            index._keys[row] = key
        pairs = array("q", replaced)
        index.replaced = dict(zip(pairs[::2], pairs[1::2], strict=True))
        index.models = {(asked, str(returned)) for asked, returned in cast("list[list[JSON]]", head["models"])}
        index.facts = cast("dict[str, JSON]", head["facts"])
        width = len(names) * Columns.WIDTH
        index.read.restore(names, others[:width])
        index.cells.restore(cast("list[list[int]]", head["cells"]), others[width:])
        return index

    def _add(self, place: Line, text: tuple[int, int], line: Mapping[str, JSON], own: str | None) -> None:
        plain, nonce, cost = str(line["key"]), line.get("nonce"), line.get("cost_usd")
        key = filed_under(plain, own)
        imported = line.get("via") == "import"
        row = len(self._offsets)
        if (earlier := self.rows.get(key)) is not None:
            self.replaced[earlier] = row
        self.rows[key] = row
        self._keys.append(key)
        self._offsets.append(place.offset)
        self._lengths.append(place.length)
        self._text_at.append(text[0])
        self._text_lengths.append(text[1])
        self._costs.append(cost if isinstance(cost, int | float) else math.nan)
        self._statuses.append(_CODES[line["status"]])  # type: ignore[index]  # checked before
        logprobs, filed = bool(line.get("logprobs")), key is not plain
        self._marks.append(_LOGPROBS * logprobs | _FILED * filed)
        self._nonces.append(self._known.setdefault(nonce, nonce))  # type: ignore[arg-type]
        self.facts.clear()
        self.read.grow(row + 1)
        if not imported and isinstance(returned := line.get("model_returned"), str) and returned:
            self.models.add((line.get("model_requested"), returned))
        if imported:  # equal answers share a key: every battle that names it finds it
            where = str(line["question_id"]), line["model_a"], line.get("model_b")
            keys = self.imported.setdefault(where, [])  # type: ignore[arg-type]
            if key not in keys:
                keys.append(key)
