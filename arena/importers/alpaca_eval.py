"""alpaca_eval: model_outputs.json and annotations.json, and their repackaging as questions, answers and judgments."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

from arena.errors import DataError
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import (
    Row,
    count,
    find_files,
    identity,
    number,
    optional_text,
    read_rows,
    remember,
    rows_in,
    stated_number,
    text,
)
from arena.keys import digest
from arena.types import Label, Question, TokenLogprobs, Usage

ANNOTATOR = "weighted_alpaca_eval_gpt4_turbo"
"""AlpacaEval 2's own annotator, for judgments that do not name theirs."""
_FIRST_TOKEN, _SECOND_TOKEN = "m", "M"
"""How that annotator's prompt names the output shown first and the one shown second."""


def read_alpaca_eval(source: Path) -> FoundBoard:
    """The board in a file or folder of outputs and annotations.

    The instruction is the key: question ids are the first 12 hex digits of its sha256, unless the rows bring ids. The
    one model that is output_1 everywhere is the baseline.
    """
    files = find_files(source)
    questions: dict[str, Question] = {}
    answers: dict[tuple[str, str], Said] = {}
    for path in files:
        for where, row in read_rows(path):
            if "preference" not in row and ("instruction" in row or "answer" in row or "output" in row):
                _output(row, where, path, questions, answers)
    replies: list[Judged] = []
    references = set()
    for path in files:  # a second pass: raw completions of a whole leaderboard do not fit into memory beside the rest
        for where, row in read_rows(path):
            if "preference" in row:
                replies.append(_judged(row, where, path, questions, answers))
                references.add(optional_text(row, "generator_1", "model_1"))
    if not answers and not replies:
        raise DataError(f"{source}: neither outputs (instruction, output) nor annotations (preference) in it")
    baseline = next(iter(references)) if len(references) == 1 else None
    notes = (
        () if len(references) <= 1 else (f"{len(references)} reference models: no baseline, all pairs on one scale",)
    )
    return FoundBoard("alpaca_eval", questions, tuple(answers.values()), tuple(replies), baseline=baseline, notes=notes)


def _output(
    row: Row, where: str, path: Path, questions: dict[str, Question], answers: dict[tuple[str, str], Said]
) -> None:
    question_id = _question(row, where, questions)
    if "output" in row or "answer" in row:
        model = optional_text(row, "generator", "model") or path.stem
        answers[question_id, model] = Said(question_id, model, (text(row, where, "output", "answer"),))


def _question(row: Row, where: str, questions: dict[str, Question]) -> str:
    """The id of a row's question, which is remembered when the row brings its text."""
    instruction = optional_text(row, "instruction")
    if instruction is None:
        return identity(row, where, "question_id")
    extra = optional_text(row, "input")
    asked = f"{instruction}\n\n{extra}" if extra else instruction
    hashed = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    question_id = hashed if row.get("question_id") is None else identity(row, where, "question_id")
    remember(questions, Question(question_id, (asked,), optional_text(row, "dataset") or "general"), where)
    return question_id


def _judged(
    row: Row, where: str, path: Path, questions: dict[str, Question], answers: dict[tuple[str, str], Said]
) -> Judged:
    question_id = _question(row, where, questions)
    one = _side(row, where, path, question_id, 1, answers)
    two = _side(row, where, path, question_id, 2, answers)
    raw = row.get("raw_completion", row.get("top_logprobs"))
    tokens = _tokens(raw)
    preference = stated_number(row, where, "preference")
    shown_first = _shown_first(row, tokens, preference)
    first, second = (two, one) if shown_first == 2 else (one, two)
    win_of_one = _probability_of_one(preference, where)
    probability = win_of_one if win_of_one is None or first is one else 1 - win_of_one
    reply = optional_text(row, "text") or _content(raw)
    return Judged(
        optional_text(row, "annotator") or ANNOTATOR, first, second,
        raw=digest({"raw_completion": raw, "preference": row.get("preference")}),
        label=_label(probability),
        probability=probability if probability not in (None, 0.0, 0.5, 1.0) else None,
        order_known=shown_first is not None,
        text=reply,
        logprobs=tokens,
        usage=_usage(row, raw),
        cost_usd=number(row.get("price_per_example", row.get("price_usd"))),
        latency_s=number(row.get("time_per_example", row.get("time_s"))),
    )  # fmt: skip


def _side(row: Row, where: str, path: Path, question_id: str, side: int, answers: dict[tuple[str, str], Said]) -> Said:
    """What one of the two models said. A file named after a model speaks for a placeholder such as `example`."""
    model = text(row, where, f"generator_{side}", f"model_{side}")
    written = row.get(f"output_{side}")
    if isinstance(written, str):
        known = answers.setdefault((question_id, model), Said(question_id, model, (written,)))
        return known if known.turns == (written,) else Said(question_id, model, (written,))
    for name in (model, path.stem):
        if (question_id, name) in answers:
            return answers[question_id, name]
    raise DataError(f"{where}: no answer of {model} to question {question_id} in SRC")


def _probability_of_one(preference: float | None, where: str) -> float | None:
    """P(output_1 is better). AlpacaEval writes 1 for output_1 to 2 for output_2; 1.5 and the older 0 are draws."""
    if preference is None:
        return None
    if preference == 0:
        return 0.5
    if not 1 <= preference <= 2:
        raise DataError(f"{where}: preference is {preference}, known are 1 (output_1) to 2 (output_2), 1.5, 0 and null")
    return 2 - preference


def _label(probability: float | None) -> Label | None:
    if probability is None:
        return None
    if probability == 0.5:
        return "tie"
    return "first" if probability > 0.5 else "second"


def _shown_first(row: Row, tokens: tuple[TokenLogprobs, ...], preference: float | None) -> int | None:
    """Which output the judge saw first: stated, or read off the token probabilities; None when neither tells."""
    stated = {"model_1": 1, "model_2": 2, "output_1": 1, "output_2": 2}.get(str(row.get("first")))
    if stated is not None:
        return stated
    top = dict(tokens[0].top) if tokens else {}
    if preference is None or _FIRST_TOKEN not in top or _SECOND_TOKEN not in top:
        return None
    one, two = math.exp(top[_FIRST_TOKEN]), math.exp(top[_SECOND_TOKEN])
    first_wins = one / (one + two)
    as_one, as_two = abs(first_wins - (2 - preference)), abs(first_wins - (preference - 1))
    if min(as_one, as_two) > 0.01 or abs(as_one - as_two) < 0.01:
        return None
    return 1 if as_one < as_two else 2


def _tokens(raw: object) -> tuple[TokenLogprobs, ...]:
    """The label's log-probabilities, in either spelling: a completion as stored, or the list of alternatives alone."""
    if isinstance(raw, list):
        top = _alternatives(raw)
        return (TokenLogprobs(*top[0], top),) if top else ()
    logprobs = raw.get("logprobs") if isinstance(raw, dict) else None
    content = rows_in(logprobs.get("content")) if isinstance(logprobs, dict) else []
    found = []
    for item in content:
        value = number(item.get("logprob"))
        if value is not None:
            found.append(TokenLogprobs(str(item.get("token", "")), value, _alternatives(item.get("top_logprobs"))))
    return tuple(found)


def _alternatives(value: object) -> tuple[tuple[str, float], ...]:
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return tuple((str(i.get("token", "")), p) for i in items if (p := number(i.get("logprob"))) is not None)


def _content(raw: object) -> str:
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, dict):
        return ""
    message = raw.get("message")
    return (
        optional_text(raw, "text") or (optional_text(message, "content") if isinstance(message, dict) else None) or ""
    )


def _usage(row: Row, raw: object) -> Usage:
    """Only the total is stored; the label is one or two tokens of it, so it stands for the input."""
    total = row.get("total_tokens", raw.get("total_tokens") if isinstance(raw, dict) else None)
    return Usage(input_tokens=count(total))
