"""A ledger's lines as columns: where each stands, how it ended, and where in it the reply's text is.

Texts stay on disk. Of a million lines the columns take about 150 MB.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from arena.files import Line, from_json, to_json
from arena.keys import filed_under
from arena.records import check_reply, reply_from_json, written_by
from arena.types import JSON, Reply, Status

T = TypeVar("T")
By = TypeVar("By")
_STATUSES: tuple[Status, ...] = ("ok", "refused", "truncated", "empty", "bad_request", "error")
_CODES = {status: code for code, status in enumerate(_STATUSES)}
_TEXT = b',"text":'
_LOGPROBS, _FILED = 1, 2


class Said(NamedTuple):
    """The part of a reply that a verdict is read from."""

    key: str
    status: Status
    text: str
    nonce: str | None
    logprobs: bool
    """Whether it has log-probabilities, which only the whole reply holds."""
    cost_usd: float | None


class Way(NamedTuple, Generic[By, T]):
    """A way to read replies with the help of something (a prompt), whose results can be kept."""

    read: Callable[[By, Said], T]
    name: Callable[[By], str]
    """What is different wherever results would be."""
    to_json: Callable[[T], JSON]
    """Never null."""
    from_json: Callable[[JSON], T]


ToJson = Callable[[object], JSON]


class _Memory(NamedTuple):
    by: object
    """Kept, so that no other object can have its id."""
    name: str
    found: list[object]
    """By row; None where nothing was read yet."""
    to_json: ToJson


def _coded(memory: _Memory) -> tuple[array[int], bytes]:
    """Each result once, and by row which of them it is; -1 for none."""
    seen: dict[int, int] = {}
    values: list[JSON] = []
    codes = array("i")
    for one in memory.found:
        code = -1 if one is None else seen.get(id(one))
        if code is None:
            code = seen[id(one)] = len(values)
            values.append(memory.to_json(one))
        codes.append(code)
    return codes, to_json(values)


_ARRAYS = ("_offsets", "_lengths", "_text_at", "_text_lengths", "_costs")


class Index:
    """From each key to its last line."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        """The row of each key's last line. Rows are never given to another line."""
        self.imported: dict[tuple[str, str, str | None], list[str]] = {}
        """Keys of what came with an imported board, by question, model_a and model_b."""
        self.models: set[tuple[JSON, str]] = set()
        """Which model was asked for and which one the server said it was, of what was not imported."""
        self._offsets, self._lengths = array("q"), array("q")
        self._text_at, self._text_lengths = array("q"), array("q")
        self._costs = array("d")
        self._statuses, self._marks = bytearray(), bytearray()
        self._nonces: list[str | None] = []
        self._known: dict[str | None, str | None] = {}
        self._read: dict[int, _Memory] = {}
        self._kept: dict[str, tuple[array[int], list[JSON]]] = {}

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

    def add(self, place: Line, reply: Reply) -> None:
        """Remember a line that was just written."""
        about: dict[str, JSON] = {
            "key": reply.key, "status": reply.status, "nonce": reply.nonce, "via": reply.via,
            "cost_usd": reply.cost_usd, "logprobs": bool(reply.logprobs), "question_id": reply.question_id,
            "model_a": reply.model_a, "model_b": reply.model_b, "model_requested": reply.model_requested,
            "model_returned": reply.model_returned,
        }  # fmt: skip
        self._add(place, (0, 0), about, written_by(reply))

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

    def own_key(self, key: str) -> str:
        """The key as it stands in the line, of one that `filed_under` made."""
        return key.partition(":")[2] if self._marks[self.rows[key]] & _FILED else key

    def memory(self, by: By, way: Way[By, T]) -> list[T | None]:
        """What somebody who reads with this object made of each row; None where it has made nothing yet."""
        memory = self._read.get(id(by))
        if memory is None:
            name = way.name(by)
            codes, values = self._kept.pop(name, (array("i"), []))
            made = [None if value is None else way.from_json(value) for value in [*values, None]]
            memory = self._read[id(by)] = _Memory(by, name, [made[code] for code in codes], cast("ToJson", way.to_json))
        found = memory.found
        if len(found) < len(self._offsets):
            found.extend([None] * (len(self._offsets) - len(found)))
        return found  # type: ignore[return-value]

    @property
    def remembers(self) -> bool:
        """Whether anybody has read verdicts."""
        return bool(self._read)

    def columns(self) -> tuple[list[JSON], list[bytes]]:
        """Everything but what was imported: names of memories, and columns, for `restored`."""
        nonces = list(self._known)
        code = {nonce: number for number, nonce in enumerate(nonces)}
        memories = {name: (codes, to_json(values)) for name, (codes, values) in self._kept.items()}
        memories |= {memory.name: _coded(memory) for memory in self._read.values()}
        columns = [
            *(getattr(self, name).tobytes() for name in _ARRAYS), bytes(self._statuses), bytes(self._marks),
            array("i", [code[nonce] for nonce in self._nonces]).tobytes(), to_json(nonces),
            to_json(list(self.rows)), array("q", self.rows.values()).tobytes(),
        ]  # fmt: skip
        for codes, values in memories.values():
            columns += [codes.tobytes(), values]
        return list(memories), columns

    @classmethod
    def restored(cls, names: Sequence[str], columns: Sequence[bytes]) -> Index:
        """The index of what `columns` gave. Raises ValueError where it is none."""
        index = cls()
        for name, column in zip(_ARRAYS, columns, strict=False):
            getattr(index, name).frombytes(column)
        statuses, marks, codes, nonces, keys, rows, *memories = columns[len(_ARRAYS) :]
        index._statuses, index._marks = bytearray(statuses), bytearray(marks)
        known = cast("list[str | None]", from_json(nonces))
        index._known = {nonce: nonce for nonce in known}
        index._nonces = [known[code] for code in array("i", codes)]
        index.rows = dict(zip(cast("list[str]", from_json(keys)), array("q", rows), strict=True))
        for number, name in enumerate(names):
            values = cast("list[JSON]", from_json(memories[2 * number + 1]))
            index._kept[name] = array("i", memories[2 * number]), values
        return index

    def _add(self, place: Line, text: tuple[int, int], line: Mapping[str, JSON], own: str | None) -> None:
        plain, nonce, cost = str(line["key"]), line.get("nonce"), line.get("cost_usd")
        key = filed_under(plain, own)
        imported = line.get("via") == "import"
        self.rows[key] = len(self._offsets)
        self._offsets.append(place.offset)
        self._lengths.append(place.length)
        self._text_at.append(text[0])
        self._text_lengths.append(text[1])
        self._costs.append(cost if isinstance(cost, int | float) else math.nan)
        self._statuses.append(_CODES[line["status"]])  # type: ignore[index]  # checked before
        logprobs, filed = bool(line.get("logprobs")), key is not plain
        self._marks.append(_LOGPROBS * logprobs | _FILED * filed)
        self._nonces.append(self._known.setdefault(nonce, nonce))  # type: ignore[arg-type]
        if not imported and isinstance(returned := line.get("model_returned"), str) and returned:
            self.models.add((line.get("model_requested"), returned))
        if imported:  # equal answers share a key: every battle that names it finds it
            where = str(line["question_id"]), line["model_a"], line.get("model_b")
            keys = self.imported.setdefault(where, [])  # type: ignore[arg-type]
            if key not in keys:
                keys.append(key)
