"""Recorded answers: files that hold what a model said, in our layout or a simpler one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from arena.errors import DataError
from arena.files import read_objects
from arena.records import usage_from_json
from arena.types import JSON, Load, Status, Usage

_STATUS: dict[str, Status] = {s: s for s in ("ok", "empty", "truncated", "refused", "error")}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded answer."""

    turns: tuple[str, ...]
    status: Status
    reasoning: tuple[str | None, ...] = ()
    error: str | None = None
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    ttft_s: float | None = None
    latency_s: float | None = None
    load: Load = "recorded"
    cost_usd: float | None = None
    model_returned: str | None = None
    created_at: str | None = None
    """When the answer was made, not when it was copied to a board; throughput can be told only from this."""
    simulated: bool = False
    """Whether it was invented in a rehearsal: copied elsewhere it stays so."""


Recording = dict[tuple[str, int], Recorded]
"""Answers by (question_id, sample)."""


def load_recording(path: Path) -> Recording:
    """Read a file of answers: `question_id` with `turns` or `answer`; the last line of a question counts.

    Raises DataError naming the line that is none.
    """
    recording: Recording = {}
    for where, line in read_objects(path):
        place = f"{path}:{where.number}"
        question_id = line.get("question_id")
        if isinstance(question_id, bool) or not isinstance(question_id, int | str):
            raise DataError(f"{place}: question_id must be an integer or a text, found {question_id!r}")
        sample = line.get("sample") or 0
        if not isinstance(sample, int):
            raise DataError(f"{place}: sample must be an integer, found {sample!r}")
        recording[str(question_id), sample] = _recorded(line, place)
    return recording


def _recorded(line: dict[str, JSON], place: str) -> Recorded:
    value = line.get("turns", line.get("answer"))
    turns = [value] if isinstance(value, str) else value
    if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
        raise DataError(f"{place}: needs turns (a list of texts) or answer (a text)")
    texts = tuple(str(turn) for turn in turns)
    stated = str(line.get("status") or ("ok" if any(text.strip() for text in texts) else "empty"))
    if stated not in _STATUS:
        raise DataError(f"{place}: status {stated!r} is none of {', '.join(_STATUS)}")
    reasoning = line.get("reasoning")
    load = line.get("load")
    return Recorded(
        texts,
        _STATUS[stated],
        tuple(str(r) if r is not None else None for r in reasoning) if isinstance(reasoning, list) else (),
        _text(line.get("error")),
        _text(line.get("finish_reason")),
        usage_from_json(line.get("usage")),
        _number(line.get("ttft_s")),
        _number(line.get("latency_s")),
        load if load in ("api", "offline-batch") else "recorded",  # type: ignore[arg-type]
        _number(line.get("cost_usd")),
        _text(line.get("model_returned")),
        _text(line.get("created_at")),
        line.get("simulated") is True,
    )


def _text(value: JSON) -> str | None:
    return None if value is None else str(value)


def _number(value: JSON) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
