"""Where each answer of a board lies: its file, byte offset and length, by answer key."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from arena.files import from_json
from arena.records import answer_from_json
from arena.redact import masked_json
from arena.reports.typed import read_as
from arena.types import JSON, Answer, Question
from viz.data.cache import Signature, cache_file, load, save
from viz.data.indexing import answer_text_key, question_text_key
from viz.data.text_store import TextStore, TextWriter, load_texts


@dataclass(frozen=True, slots=True)
class AnswerIndex:
    """Offsets of answers, sorted by search key."""

    files: tuple[Path, ...]
    keys: NDArray[np.uint64]
    file: NDArray[np.int32]
    offset: NDArray[np.int64]
    length: NDArray[np.int64]

    def read(self, answer_key: str | None) -> Answer | None:
        """The answer with this key; None when it is not on the board (any more)."""
        wanted = np.uint64(answer_text_key(answer_key))
        at = int(np.searchsorted(self.keys, wanted, side="right")) - 1
        while answer_key and at >= 0 and self.keys[at] == wanted:
            line = read_span(self.files[self.file[at]], int(self.offset[at]), int(self.length[at]))
            try:
                answer = _typed(masked_json(from_json(line)))
            except (ValueError, TypeError, AttributeError):
                return None  # damaged, or the file was rewritten under us and the next page load has a new index
            if answer.key == answer_key:
                return answer
            at -= 1
        return None


def _typed(line: JSON) -> Answer:
    """An answer whose fields hold what they should. Raises ValueError, TypeError or AttributeError."""
    answer = answer_from_json(line)  # type: ignore[arg-type]
    told = {name: getattr(answer, name) for name in ("error", "finish_reason", "ttft_s", "latency_s", "cost_usd")}
    read_as(_Told, told)
    if not all(thought is None or isinstance(thought, str) for thought in answer.reasoning):
        raise ValueError("reasoning must be a list of texts")
    return answer


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page writes about an answer."""

    error: str | None
    finish_reason: str | None
    ttft_s: float | None
    latency_s: float | None
    cost_usd: float | None


def read_span(path: Path, offset: int, length: int) -> bytes:
    """Some bytes of a file; empty when the file is gone."""
    try:
        with path.open("rb") as handle:
            handle.seek(offset)
            return handle.read(length)
    except OSError:
        return b""


def answers_of(files: list[Path], source: Signature, questions: dict[str, Question]) -> tuple[AnswerIndex, TextStore]:
    """Answer index and search texts of a board, from the cache or made anew."""
    cached, texts = load(cache_file("answers", source), source), load_texts(source)
    if cached is not None and texts is not None:
        return AnswerIndex(tuple(files), **cached[0]), texts  # type: ignore[arg-type]
    writer = TextWriter(source)
    columns = {"keys": array("Q"), "file": array("i"), "offset": array("q"), "length": array("q")}
    for question in questions.values():
        writer.add(question_text_key(question.question_id), "\n".join(question.turns))
    for number, path in enumerate(files):
        _index_file(path, number, columns, writer)
    arrays = {name: np.frombuffer(a, dtype=a.typecode) if a else np.zeros(0, a.typecode) for name, a in columns.items()}
    order = np.argsort(arrays["keys"], kind="stable")
    arrays = {name: a[order] for name, a in arrays.items()}
    save(cache_file("answers", source), source, arrays, None)
    return AnswerIndex(tuple(files), **arrays), writer.finish()


def _index_file(path: Path, number: int, columns: dict[str, Any], writer: TextWriter) -> None:
    offset = 0
    try:
        with path.open("rb") as handle:
            for line in handle:
                if line.endswith(b"\n") and (found := _key_and_text(line)) is not None:
                    key = answer_text_key(found[0])
                    for name, value in (("keys", key), ("file", number), ("offset", offset), ("length", len(line))):
                        columns[name].append(value)
                    writer.add(key, found[1])
                offset += len(line)
    except OSError:
        return


def _key_and_text(line: bytes) -> tuple[str, str] | None:
    """What a line of answers/*.jsonl is found by; None for a damaged one, which `arena check` reports."""
    try:
        value = orjson.loads(line)
        return str(value["key"]), "\n".join(str(turn) for turn in value["turns"])
    except (ValueError, KeyError, TypeError):
        return None
