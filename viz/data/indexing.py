"""Indexing our own files: reports/battles.jsonl and reports/scores.jsonl."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from arena.errors import DataError
from arena.files import from_json
from arena.judging.slots import order_outcomes, without_judge
from arena.judging.style import FEATURES
from arena.records import verdict_from_json
from viz.data.rows import NONE, STATES, WINNERS, Names, Rows, RowsBuilder
from viz.data.text_store import text_key

_FIRST, _SECOND = {"first", "first_strong"}, {"second", "second_strong"}
_STATE = {name: code for code, name in enumerate(STATES)}
_WINNER = {name: code for code, name in enumerate(WINNERS)}


def index_battles(path: Path) -> tuple[Rows, Names]:
    """The index of a battles file. Raises DataError naming the line that is no battle."""
    return _index(path, _battle_values)


def index_scores(path: Path) -> tuple[Rows, Names]:
    """The index of a scores file (single mode): model_b is absent, `score` is set."""
    return _index(path, _score_values)


def answer_text_key(answer_key: str | None) -> int:
    """The search key of an answer, from its answer key; 0 when there is none."""
    return text_key(f"answer\n{answer_key}") if answer_key else 0


def question_text_key(question_id: str) -> int:
    """The search key of a question."""
    return text_key(f"question\n{question_id}")


def _index(
    path: Path, values: Callable[[RowsBuilder, dict[str, Any], int, int], tuple[float, ...]]
) -> tuple[Rows, Names]:
    builder = RowsBuilder()
    offset, number = 0, 0
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):  # noqa: B007 - named in the error below
                if line.strip():
                    builder.add(values(builder, parse_line(line), offset, len(line)))
                offset += len(line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DataError(f"{path}:{number}: not a battle of ours ({type(error).__name__}: {error})") from None
    return builder.build()


def parse_line(line: bytes) -> dict[str, Any]:
    """One JSON line; what is no object fails on its first field."""
    return cast("dict[str, Any]", from_json(line))


def _battle_values(to: RowsBuilder, line: dict[str, Any], offset: int, length: int) -> tuple[float, ...]:
    question_id = str(line["question_id"])
    first = second = tie = identical = unparsed = failed = 0
    verdicts = [verdict_from_json(verdict) for verdict in line.get("verdicts") or ()]
    for verdict in verdicts:
        status, label = verdict.status, verdict.label
        if status == "ok":
            first += label in _FIRST
            second += label in _SECOND
            tie += label == "tie"
        identical += status == "identical"
        unparsed += status == "unparsed"
        failed += status == "failed"
    style = line.get("style") or {}
    looks = (style.get(f"{feature}_{side}", math.nan) for feature in FEATURES for side in "ab")
    a_first, b_first = order_outcomes(verdicts)
    outcome, winner = line.get("outcome"), line.get("winner")
    consistent = None if without_judge(verdicts) else line.get("consistent")
    return (
        offset, length, NONE, NONE,
        to.question(question_id), to.category(str(line.get("category") or "general")),
        to.language(line.get("language")),
        to.model(str(line["model_a"])), to.model(str(line["model_b"])), to.judge(str(line["judge"])),
        line.get("sample") or 0, _STATE[line["state"]], to.reason(line.get("reason")),
        NONE if winner is None else _WINNER[winner], NONE if consistent is None else int(consistent),
        _number(outcome), _number(a_first), _number(b_first),
        line.get("weight", 1.0), math.nan,
        first, second, tie, identical, unparsed, failed,
        *looks,
        question_text_key(question_id), answer_text_key(line.get("answer_key_a")),
        answer_text_key(line.get("answer_key_b")),
    )  # fmt: skip


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _score_values(to: RowsBuilder, line: dict[str, Any], offset: int, length: int) -> tuple[float, ...]:
    question_id = str(line["question_id"])
    score, reason = line.get("score"), line.get("reason")
    return (
        offset, length, NONE, NONE,
        to.question(question_id), to.category(str(line.get("category") or "general")),
        to.language(line.get("language")),
        to.model(str(line["model"])), NONE, to.judge(str(line["judge"])),
        line.get("sample") or 0, _STATE[line["state"]], to.reason(reason),
        NONE, NONE, math.nan, math.nan, math.nan, 1.0, _number(score),
        0, 0, 0, 0, int(reason == "unparsed"), int(reason == "call_failed"),
        *[math.nan] * (2 * len(FEATURES)),
        question_text_key(question_id), answer_text_key(line.get("answer_key")), 0,
    )  # fmt: skip
