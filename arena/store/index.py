"""A ledger's lines as columns: where each stands, how it ended, and where in it the reply's text is.

Texts stay on disk. Of a million lines the columns take about 150 MB.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

from arena.files import Line, to_json
from arena.keys import filed_under
from arena.records import check_reply, reply_from_json, written_by
from arena.types import JSON, Reply, Status

_STATUSES: tuple[Status, ...] = ("ok", "refused", "truncated", "empty", "bad_request", "error")
_CODES = {status: code for code, status in enumerate(_STATUSES)}
_TEXT = b',"text":'
_LOGPROBS, _FILED = 1, 2


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
        self._read: dict[int, tuple[object, list[object]]] = {}

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

    def memory(self, by: object) -> list[object]:
        """What somebody who reads with this object made of each row; None where it has made nothing yet."""
        _, found = self._read.setdefault(id(by), (by, []))
        if len(found) < len(self._offsets):
            found.extend([None] * (len(self._offsets) - len(found)))
        return found

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
