"""Recorded answers: files that hold what a model said, in our layout or a simpler one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from arena.errors import DataError
from arena.records import usage_from_json
from arena.tables import is_lines, number_of, read_rows, texts_of
from arena.types import JSON, Load, Question, Status, Usage

_TABLE = ("question_id", "prompt", "turns", "answer", "response", "sample")
"""What tells the separator of a CSV."""

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


def load_recording(path: Path, questions: Sequence[Question] = ()) -> Recording:
    """Read a file of answers: `question_id` with `turns`, `answer` or `response`; the last line of a question counts.

    A row without an id is about the question of its `prompt`, word for word. Raises DataError naming the line that is
    none.
    """
    recording: Recording = {}
    asked: dict[str, list[str]] = {}
    for question in questions:
        asked.setdefault(question.turns[0].strip(), []).append(question.question_id)
    for place, line in read_rows(path, _TABLE):
        if not is_lines(path):  # an empty cell is an empty text
            line |= {name: line[name] or "" for name in ("answer", "response") if name in line}
        sample = line.get("sample") or 0
        if isinstance(sample, str) and sample.isdecimal():
            sample = int(sample)
        if not isinstance(sample, int):
            raise DataError(f"{place}: sample must be an integer, found {sample!r}")
        recording[_question_of(line, asked, place), sample] = _recorded(line, place)
    return recording


def _question_of(line: dict[str, JSON], asked: Mapping[str, Sequence[str]], place: str) -> str:
    question_id, prompt = line.get("question_id"), line.get("prompt")
    if question_id is None and isinstance(prompt, str) and "question_id" not in line:
        found = asked.get(prompt.strip(), ())
        if len(found) > 1:
            raise DataError(f"{place}: {len(found)} questions have this prompt; a column question_id tells them apart")
        return found[0] if found else f"prompt: {prompt}"
    if isinstance(question_id, bool) or not isinstance(question_id, int | str):
        there = "" if "question_id" in line else f" (have: {', '.join(line)})"
        raise DataError(f"{place}: question_id must be an integer or a text, found {question_id!r}{there}")
    return str(question_id)


def _recorded(line: dict[str, JSON], place: str) -> Recorded:
    named = [name for name in ("turns", "answer", "response") if line.get(name) is not None]
    value = texts_of(line["turns"]) if named[:1] == ["turns"] else line[named[0]] if named else None
    turns = [value] if isinstance(value, str) else value
    if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
        there = "" if named else f" (have: {', '.join(line)})"
        raise DataError(f"{place}: needs turns (a list of texts) or answer or response (a text){there}")
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
    try:
        return number_of(value)
    except ValueError:
        return None
