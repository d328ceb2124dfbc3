"""People's verdicts from any file: our votes.jsonl, a CSV or JSONL of another tool."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from arena.errors import DataError
from arena.files import read_objects
from arena.types import JSON

_QUESTION = ("question_id", "row_id", "id")
_VOTER = ("voter", "annotator", "annotator_id", "user")
_LANGUAGE = ("language", "meta_lang", "lang")
_OUTCOMES: Mapping[str, float] = {
    "model_a": 1.0, "a": 1.0, "model_b": 0.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5, "bothbad": 0.5,
    "tie (bothbad)": 0.5, "tie (inconsistent)": 0.5,
}  # fmt: skip
"""Who won, as P(model_a wins)."""
_SKIPPED = ("skip", "", "none", "null")


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's verdict on one battle, and what the same line says about a judge's, where it does."""

    question_id: str
    model_a: str
    model_b: str
    outcome: float
    """P(model_a wins): 1, ½ or 0."""
    voter: str
    category: str | None = None
    language: str | None = None
    left: str | None = None
    """The model that was shown on the left, where it is known."""
    answer_keys: tuple[str | None, str | None] = (None, None)
    judge_outcome: float | None = None
    judge_signal: float | None = None
    """Difference of the judge's scores, model_a − model_b."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What a file of votes holds."""

    votes: tuple[Vote, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many lines, by reason."""


def read_votes(path: Path) -> Votes:
    """Read a file of votes. The last vote of a voter on a battle counts.

    Lines need model_a, model_b and one of: winner (model_a, model_b, tie, both_bad or a model's name; skip is left
    out), outcome (P(model_a wins)), or human_pref in SoftElo's coding (0: model_a wins, 1: model_b wins, 0.5: a tie).
    question_id (or row_id), voter, category and language are used where they stand. Raises DataError naming the line.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    latest: dict[tuple[str, ...], Vote] = {}
    left_out: Counter[str] = Counter()
    for number, line in _lines(path):
        try:
            vote = _vote(line, number)
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}") from None
        if vote is None:
            left_out["skipped by the voter"] += 1
            continue
        pair = sorted((vote.model_a, vote.model_b))
        key = (vote.voter, vote.question_id, *pair)
        left_out["replaced by a later vote"] += key in latest
        latest[key] = vote
    return Votes(tuple(latest.values()), {reason: n for reason, n in left_out.items() if n})


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, JSON]]]:
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        for where, line in read_objects(path, growing=path.name == "votes.jsonl"):
            yield where.number, line
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            for row in reader:
                yield reader.line_num, dict(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from None


def _vote(line: Mapping[str, JSON], number: int) -> Vote | None:
    model_a, model_b = (_name(line, name) for name in ("model_a", "model_b"))
    outcome = _outcome(line, model_a, model_b)
    if outcome is None:
        return None
    question = _first(line, _QUESTION)
    return Vote(
        question_id=f"line {number}" if question is None else question,
        model_a=model_a,
        model_b=model_b,
        outcome=outcome,
        voter=_first(line, _VOTER) or "somebody",
        category=_first(line, ("category",)),
        language=_first(line, _LANGUAGE),
        left={"model_a": model_a, "model_b": model_b}.get(str(line.get("left"))),
        answer_keys=(_first(line, ("answer_key_a",)), _first(line, ("answer_key_b",))),
        judge_outcome=None if (judge := _number(line.get("judge_pref"))) is None else 1 - judge,
        judge_signal=_signal(line),
    )


def _outcome(line: Mapping[str, JSON], model_a: str, model_b: str) -> float | None:
    """P(model_a wins), in whichever coding the line has; None where the voter skipped."""
    if (stated := _first(line, ("winner",))) is not None:
        if stated in (model_a, model_b):
            return float(stated == model_a)
        if stated.lower() in _SKIPPED:
            return None
        if stated.lower() not in _OUTCOMES:
            raise ValueError(f"winner: found {stated!r}, allowed: {', '.join(_OUTCOMES)}, skip, or a model's name")
        return _OUTCOMES[stated.lower()]
    for name, swapped in (("outcome", False), ("human_pref", True)):
        if name in line:
            value = _number(line[name])
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name}: found {value:g}, allowed: a number in [0, 1]")
            return value if value is None or not swapped else 1 - value
    if "winner" in line:
        return None
    raise ValueError("needs winner, outcome or human_pref")


def _signal(line: Mapping[str, JSON]) -> float | None:
    """Mean difference of the judge's scores over the criteria that both sides have."""
    sides = [_scores(line.get(name)) for name in ("scores_a", "scores_b")]
    if sides[0] is None or sides[1] is None:
        a, b = _number(line.get("score_a")), _number(line.get("score_b"))
        return None if a is None or b is None else a - b
    shared = sides[0].keys() & sides[1].keys()
    return fmean(sides[0][name] - sides[1][name] for name in shared) if shared else None


def _scores(value: JSON) -> dict[str, float] | None:
    """Scores by criterion: an object, or its text in a CSV cell with either kind of quotes."""
    if isinstance(value, str):
        try:
            value = json.loads(value.replace("'", '"'))
        except ValueError:
            return None
    if not isinstance(value, dict):
        return None
    return {name: float(v) for name, v in value.items() if isinstance(v, int | float)}


def _name(line: Mapping[str, JSON], field_name: str) -> str:
    value = _first(line, (field_name,))
    if value is None:
        raise ValueError(f"no {field_name}")
    return value


def _first(line: Mapping[str, JSON], names: Iterable[str]) -> str | None:
    return next((str(line[name]) for name in names if line.get(name) not in (None, "")), None)


def _number(value: JSON) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)  # type: ignore[arg-type]  # text from a CSV cell
    except (TypeError, ValueError):
        raise ValueError(f"expected a number, found {value!r}") from None
