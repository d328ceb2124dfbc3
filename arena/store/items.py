"""benchmarks/<task>/<model>.jsonl: one line per document of a benchmark and what a model said to it. Append-only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, cast

from arena.errors import DataError
from arena.files import Appender, read_objects
from arena.records import usage_from_json
from arena.types import JSON, Status, Usage

ItemState = Literal["rated", "unreadable", "failed"]
"""`rated`: an answer was read (and is right or wrong). `unreadable`: something came, no answer in it; it counts 0.
`failed`: the call failed; it counts nowhere."""


_UNCOUNTED = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line. What was asked and what came back is fact; `parsed`, `score`, `metrics` and `state` are how it was
    read that day, and are read again whenever the reports are written."""

    task: str
    model: str
    doc_id: str
    """subject/index, the index as in the file it comes from."""
    item: str
    """16 hex digits over the document itself: the same item has the same, wherever it stands."""
    key: str
    """32 hex digits over everything that can change what comes back."""
    mode: str
    """letter, loglikelihood or generate."""
    status: Status
    state: ItemState
    subject: str = ""
    sample: int = 0
    shots: int | None = None
    chat_template: bool | None = None
    version: str | None = None
    """Of the task's definition."""
    prompt_sha256: str | None = None
    order: str | None = None
    """Letter mode: the published places of the options as they were shown, `2,0,3,1`."""
    reply: str | None = None
    reasoning: str | None = None
    loglikelihoods: tuple[tuple[float, bool], ...] = ()
    """Of every option, in published order: sum of natural log-probabilities, and whether it is the greedy text."""
    parsed: JSON = None
    """The answer that was read; null when none could be."""
    gold: JSON = None
    score: float | None = None
    """Headline metric of this document in [0, 1]; null when the call failed."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    finish_reason: str | None = None
    usage: Usage = _UNCOUNTED
    latency_s: float | None = None
    cost_usd: float | None = None
    model_returned: str | None = None
    created_at: str | None = None
    """ISO 8601, UTC."""
    via: str = "live"
    """live, or import."""
    simulated: bool = False


_FIELDS = {f.name for f in fields(Item)}
_NEEDED = ("task", "model", "doc_id", "item", "key", "mode", "status", "state")


def item_to_json(item: Item) -> dict[str, JSON]:
    """One line. -inf, which a token that cannot be drawn has, is written as null."""
    line: dict[str, JSON] = {f.name: getattr(item, f.name) for f in fields(item)}
    line["metrics"] = dict(item.metrics)
    line["loglikelihoods"] = [[x if math.isfinite(x) else None, greedy] for x, greedy in item.loglikelihoods] or None
    line["usage"] = {"input_tokens": item.usage.input_tokens, "output_tokens": item.usage.output_tokens,
                     "reasoning_tokens": item.usage.reasoning_tokens,
                     "cached_input_tokens": item.usage.cached_input_tokens}  # fmt: skip
    if not item.simulated:
        del line["simulated"]
    return line


def item_from_json(line: Mapping[str, JSON]) -> Item:
    """Read a line back. Raises ValueError saying which field is wrong."""
    for name in _NEEDED:
        if not isinstance(line.get(name), str):
            raise ValueError(f"no {name}")
    known: dict[str, object] = {k: v for k, v in line.items() if k in _FIELDS}
    pairs = cast("list[tuple[JSON, bool]]", line.get("loglikelihoods") or [])
    known["loglikelihoods"] = tuple((float(x) if isinstance(x, int | float) else -math.inf, bool(g)) for x, g in pairs)
    known["usage"] = usage_from_json(line.get("usage"))
    known["metrics"] = line.get("metrics") or {}
    known["sample"] = line.get("sample") or 0
    return Item(**known)  # type: ignore[arg-type]


def read_items(path: Path, *, model: str | None = None) -> Iterator[Item]:
    """Every stored line, oldest first. Raises DataError naming an alien line: none, or not `model`'s."""
    if not path.exists():
        return
    for where, line in read_objects(path, growing=True):
        try:
            item = item_from_json(line)
            if model is not None and item.model != model:
                raise ValueError(f"a document of {item.model!r} in the file of {model!r}")
            yield item
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}:{where.number}: not a document of a benchmark: {error}") from None


class ItemStore:
    """One model's documents of one task: those under today's keys are found by key, and one can be added.

    Raises DataError naming a line that is none, or another model's.
    """

    def __init__(self, path: Path, model: str | None = None, *, writable: bool = False) -> None:
        self.path = path
        self._appender = Appender(path) if writable else None
        self._current = {(item.key, item.doc_id, item.sample): item for item in read_items(path, model=model)}

    def get(self, key: str, doc_id: str, sample: int = 0) -> Item | None:
        """What is stored of a document under a key; the last line counts."""
        return self._current.get((key, doc_id, sample))

    def newest(self, most: int) -> list[Item]:
        """The last documents stored."""
        return list(self._current.values())[-most:]

    def add(self, item: Item) -> None:
        """Store one document; it is kept once this returns."""
        assert self._appender is not None, "opened for reading"
        self._appender.append(item_to_json(item))
        self._current[item.key, item.doc_id, item.sample] = item

    def close(self) -> None:
        """Sync and close."""
        if self._appender is not None:
            self._appender.close()
