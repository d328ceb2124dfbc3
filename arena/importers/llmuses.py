"""llmuses (evalscope's arena mode): review files, swapped and single reviews, answer files, questions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arena.errors import DataError
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import (
    Row,
    fields_of,
    find_files,
    identity,
    moment,
    number,
    one_of,
    optional_text,
    read_rows,
    remember,
    stated_number,
    text,
    turns_in,
)
from arena.questions import load_categories
from arena.types import Label, Question

JUDGE = "llmuses-reviewer"
"""The review files do not name their judge."""
_WINS: Mapping[str, Label | None] = {"model_a": "first", "model_b": "second", "tie": "tie", "unknown": None}
_SWAPPED: Mapping[str, Label | None] = {"model_a": "second", "model_b": "first", "tie": "tie", "unknown": None}


def read_llmuses(source: Path) -> FoundBoard:
    """The board in a review file, or in a folder of reviews, answers and questions.

    Reviews may hold the answers themselves (`output_a`); otherwise the answer files must lie in SRC.
    """
    files = find_files(source)
    rows = [(where, row) for path in files for where, row in read_rows(path)]
    answers: dict[tuple[str, str], Said] = {}
    questions: dict[str, Question] = {}
    for where, row in rows:
        if "answer" in row and "model_id" in row:
            said = Said(_id(row, where), text(row, where, "model_id"), turns_in(row["answer"], where))
            answers[said.question_id, said.model] = said
            remember(questions, _question(row, where, "text"), where)
    replies: list[Judged] = []
    for where, row in rows:
        if "model_a" in row or ("model" in row and "score" in row):
            found = _reviews(row, where, answers)
            replies += found
            remember(questions, _question(row, where, "question"), where)
    if not replies and not answers:
        raise DataError(f"{source}: neither reviews (model_a, model_b, win) nor answers (model_id, answer) in it")
    for where, row in rows:
        if ("text" in row or "turns" in row) and "answer" not in row:
            _enrich(questions, row, where)
    mapping = source / "category_mapping.yaml" if source.is_dir() else source.parent / "category_mapping.yaml"
    categories = load_categories(mapping) if mapping.is_file() else {}
    return FoundBoard("llmuses", questions, tuple(answers.values()), tuple(replies), categories=categories)


def _reviews(row: Row, where: str, answers: Mapping[tuple[str, str], Said]) -> list[Judged]:
    if "model_a" not in row:
        return [_single(row, where, answers)]
    first = _said(row, where, "model_a", "output_a", answers)
    second = _said(row, where, "model_b", "output_b", answers)
    if "win_1" in row:
        return [
            _pair(row, where, first, second, "win_1", "review_text_1", _WINS),
            _pair(row, where, second, first, "win_2", "review_text_2", _SWAPPED),
        ]
    return [_pair(row, where, first, second, "win", "review_text", _WINS)]


def _pair(
    row: Row, where: str, first: Said, second: Said, win: str, review: str, labels: Mapping[str, Label | None]
) -> Judged:
    if win not in row:
        raise DataError(f"{where}: a review without {win} ({fields_of(row)})")
    stated = row[win]
    label = one_of(stated, labels, where, win) if stated is not None else None
    scores = row.get("scores") if win == "win" else None
    pair = [number(score) for score in scores] if isinstance(scores, list) and len(scores) == 2 else [None, None]
    reply = optional_text(row, review) or ""
    return Judged(
        JUDGE, first, second,
        raw={"win": stated, "scores": scores, "review": reply},
        label=label,
        score_first=pair[0] if label else None,
        score_second=pair[1] if label else None,
        text=reply,
        created_at=moment(row.get("tstamp")),
    )  # fmt: skip


def _single(row: Row, where: str, answers: Mapping[tuple[str, str], Said]) -> Judged:
    score = stated_number(row, where, "score")
    reply = optional_text(row, "review_text") or ""
    return Judged(
        JUDGE, _said(row, where, "model", "output", answers), None,
        raw={"score": row.get("score"), "review": reply},
        score_first=None if score is None or score == -1 else score,
        text=reply,
        created_at=moment(row.get("tstamp")),
    )  # fmt: skip


def _said(row: Row, where: str, model: str, output: str, answers: Mapping[tuple[str, str], Said]) -> Said:
    name, question_id = text(row, where, model), _id(row, where)
    if isinstance(written := row.get(output), str):
        return Said(question_id, name, (written,))
    if (question_id, name) in answers:
        return answers[question_id, name]
    raise DataError(
        f"{where}: no answer of {name} to question {question_id}: give the folder that also holds its answer file "
        "(without answers, `arena view --review-file` reads this file as it is)"
    )


def _question(row: Row, where: str, field: str) -> Question:
    if field not in row:
        raise DataError(f"{where}: no text under {field}")
    turns = turns_in(row[field], where)
    language = optional_text(row, "language")
    return Question(
        _id(row, where),
        turns,
        optional_text(row, "category") or "general",
        language=None if language == "NA" else language,
    )


def _enrich(questions: dict[str, Question], row: Row, where: str) -> None:
    """A question file adds references, but only to questions with the same text: ids are reused between sets."""
    known = questions.get(_id(row, where))
    if known is None or turns_in(row.get("turns", row.get("text")), where) != known.turns:
        return
    reference = turns_in(row.get("reference"), where)
    if any(reference) and len(reference) <= len(known.turns):
        questions[known.question_id] = Question(
            known.question_id, known.turns, known.category, reference, known.system, known.language
        )


def _id(row: Row, where: str) -> str:
    return identity(row, where, "question_id")
