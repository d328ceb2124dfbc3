"""arena-hard-auto: questions, answers, judgments in the layouts of v2 (uid, messages) and v0.1 (turns, choices)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from arena.errors import DataError
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import (
    Row,
    count,
    fields_of,
    find_files,
    identity,
    moment,
    one_of,
    optional_text,
    read_rows,
    remember,
    rows_in,
    text,
    turns_in,
)
from arena.types import JSON, Label, Question, Usage

BASELINES = ("gpt-4-0314", "o3-mini-2025-01-31")
"""The baselines of v0.1 and v2, for judgments that do not name theirs and boards without judgments."""
_LABELS: Mapping[str, Label] = {
    "A>>B": "first_strong", "B<<A": "first_strong", "A>B": "first", "B<A": "first", "A=B": "tie", "B=A": "tie",
    "B>A": "second", "A<B": "second", "B>>A": "second_strong", "A<<B": "second_strong",
}  # fmt: skip

_BRACKETED = re.compile("[AB<>=]+")


def read_arena_hard(source: Path) -> FoundBoard:
    """The board in a folder with question.jsonl, model_answer/ and, where it was judged, model_judgment/."""
    questions: dict[str, Question] = {}
    answers: dict[tuple[str, str], Said] = {}
    judgments: list[tuple[str, Row, Path]] = []
    for path in find_files(source, (".jsonl",)):
        for where, row in read_rows(path):
            if "games" in row:
                judgments.append((where, row, path))
            elif "messages" in row or "choices" in row:
                said = _answer(row, where, path)
                answers[said.question_id, said.model] = said
            elif "prompt" in row or "turns" in row:
                remember(questions, _question(row, where), where)
    if not questions:
        raise DataError(f"{source}: no question.jsonl (uid, prompt) in it")
    baseline = next((name for name in BASELINES if any(model == name for _, model in answers)), None)
    replies = [game for where, row, path in judgments for game in _games(row, where, path, answers, baseline)]
    met = {_baseline_of(row, where, baseline) for where, row, _ in judgments}
    return FoundBoard(
        "arena_hard", questions, tuple(answers.values()), tuple(replies),
        baseline=baseline if not met else next(iter(met)) if len(met) == 1 else None,
        default_mode="pairwise_baseline" if baseline else "pairwise",
        strong_weight=3.0,
    )  # fmt: skip


def _question(row: Row, where: str) -> Question:
    question_id = identity(row, where, "uid", "question_id")
    turns = turns_in(row.get("prompt", row.get("turns")), where)
    metadata = {key: row[key] for key in ("cluster", "subcategory") if key in row}
    return Question(question_id, turns, optional_text(row, "category") or "general", metadata=metadata)


def _answer(row: Row, where: str, path: Path) -> Said:
    metadata = row.get("metadata")
    tokens = metadata.get("token_len") if isinstance(metadata, dict) else None
    if "messages" in row:
        said = [item.get("content") for item in rows_in(row["messages"]) if item.get("role") == "assistant"]
        turns = turns_in([c.get("answer") if isinstance(c, dict) else c for c in said], where)
    else:
        choices = rows_in(row["choices"])
        turns = turns_in(choices[0].get("turns") or [], where) if choices else ()
        first = rows_in(choices[0].get("turns"))[:1] if choices else []
        tokens = tokens if tokens is not None else first[0].get("token_len") if first else None
    if not turns:
        raise DataError(f"{where}: no assistant message in it")
    model = optional_text(row, "model", "model_id") or path.stem
    return Said(identity(row, where, "uid", "question_id"), model, turns, usage=Usage(output_tokens=count(tokens)))


def _baseline_of(row: Row, where: str, default: str | None) -> str:
    baseline = optional_text(row, "baseline") or default
    if baseline is None:
        raise DataError(f"{where}: no baseline stated, and none of {', '.join(BASELINES)} has answers in SRC")
    return baseline


def _games(
    row: Row, where: str, path: Path, answers: Mapping[tuple[str, str], Said], default: str | None
) -> list[Judged]:
    """Game 1 shows the baseline first, game 2 the model first. A game that is null was a failed call."""
    question_id = identity(row, where, "uid", "question_id")
    model, baseline = text(row, where, "model"), _baseline_of(row, where, default)
    judge = optional_text(row, "judge") or path.parent.name
    sides = []
    for name in (baseline, model):
        if (question_id, name) not in answers:
            raise DataError(f"{where}: no answer of {name} to question {question_id} in SRC")
        sides.append(answers[question_id, name])
    games = row["games"]
    if not isinstance(games, list):
        raise DataError(f"{where}: games must be a list, found {type(games).__name__}")
    orders = (tuple(sides), tuple(reversed(sides)))
    return [
        _game(game, where, judge, orders[number % 2], number // 2, moment(row.get("tstamp")))
        for number, game in enumerate(games)
    ]


def _game(game: JSON, where: str, judge: str, order: tuple[Said, ...], sample: int, created_at: str | None) -> Judged:
    first, second = order
    if not isinstance(game, dict):
        return Judged(judge, first, second, raw=None, status="error", error="no judgment stored", turn=sample + 1)
    if "score" not in game:
        raise DataError(f"{where}: a game without score ({fields_of(game)})")
    score = game["score"]
    label = None if _is_off_the_menu(score) else one_of(score, _LABELS, where, "score")
    judgment = game.get("judgment")
    reply = judgment.get("answer") if isinstance(judgment, dict) else judgment
    return Judged(
        judge, first, second,
        raw={"score": score, "judgment": judgment},
        label=label,
        text=reply if isinstance(reply, str) else "",
        turn=sample + 1,
        messages=_messages(game),
        created_at=created_at,
    )  # fmt: skip


def _is_off_the_menu(score: JSON) -> bool:
    """No verdict, or one such as `A`: arena-hard stores whatever stood in the brackets and gives it no weight."""
    return score is None or (isinstance(score, str) and score not in _LABELS and bool(_BRACKETED.fullmatch(score)))


def _messages(game: Row) -> tuple[Row, ...]:
    prompt = game.get("prompt", game.get("user_prompt"))
    if isinstance(prompt, str):
        return ({"role": "user", "content": prompt},)
    return tuple({"role": item.get("role"), "content": item.get("content")} for item in rows_in(prompt))
