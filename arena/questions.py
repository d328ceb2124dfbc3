"""Questions, reference answers and category groups, read from the user's files."""

from __future__ import annotations

from pathlib import Path

import yaml

from arena.errors import DataError
from arena.files import read_objects
from arena.types import JSON, Question

_KNOWN = {"question_id", "category", "text", "turns", "reference", "system", "language"}


def load_questions(path: Path) -> list[Question]:
    """The questions of a JSONL file, in file order. Raises DataError naming line and field."""
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for where, line in read_objects(path):
        question = _question(line, f"{path}:{where.number}")
        if question.question_id in seen:
            first = seen[question.question_id]
            raise DataError(f"{path}:{where.number}: question_id {question.question_id!r} stands on line {first} too")
        seen[question.question_id] = where.number
        questions.append(question)
    if not questions:
        raise DataError(f"{path}: no questions in it (one JSON object per line, with question_id and text or turns)")
    return questions


def with_references(questions: list[Question], path: Path | None) -> list[Question]:
    """The questions with the references of a file of {question_id, reference | turns | choices} lines filled in."""
    if path is None:
        return questions
    references: dict[str, tuple[str, ...]] = {}
    for where, line in read_objects(path):
        found = line.get("reference", line.get("turns"))
        if (
            found is None
            and isinstance(choices := line.get("choices"), list)
            and choices
            and isinstance(choices[0], dict)
        ):
            found = choices[0].get("turns")  # MT-bench's reference_answer files
        references[_question_id(line, f"{path}:{where.number}")] = _texts(found, f"{path}:{where.number}", "reference")
    return [
        Question(q.question_id, q.turns, q.category, references[q.question_id], q.system, q.language, q.metadata)
        if q.question_id in references
        else q
        for q in questions
    ]


def load_categories(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Groups of categories: {group: categories}; `*` stands for all the rest. Empty without a file."""
    if path is None:
        return {}
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if not isinstance(raw, dict):
        raise DataError(f"{path}: expected `group: [categories]`, found {type(raw).__name__}")
    groups = {}
    for group, members in raw.items():
        listed = members if isinstance(members, list) else [members]
        groups[str(group)] = tuple(str(member) for member in listed)
    return groups


def _question(line: dict[str, JSON], where: str) -> Question:
    question_id = _question_id(line, where)
    if "turns" in line and "text" in line:
        raise DataError(f"{where}: both text and turns are given; keep one")
    turns = _texts(line.get("turns", line.get("text")), where, "turns (or text)")
    if not turns or not all(turn.strip() for turn in turns):
        raise DataError(f"{where}: question {question_id!r} has an empty turn")
    reference = _texts(line.get("reference"), where, "reference")
    if len(reference) > len(turns):
        raise DataError(f"{where}: {len(reference)} references for {len(turns)} turns")
    return Question(
        question_id,
        turns,
        str(line.get("category") or "general"),
        reference,
        _optional_text(line.get("system"), where, "system"),
        _optional_text(line.get("language"), where, "language"),
        {key: value for key, value in line.items() if key not in _KNOWN},
    )


def _question_id(line: dict[str, JSON], where: str) -> str:
    value = line.get("question_id")
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise DataError(f"{where}: question_id must be an integer or a text, found {value!r}")
    return str(value)


def _texts(value: JSON, where: str, field: str) -> tuple[str, ...]:
    if value is None and field == "reference":
        return ()
    listed: list[JSON] = list(value) if isinstance(value, list) else [value]
    if field == "reference":
        listed = [str(v) if isinstance(v, int | float) and not isinstance(v, bool) else v or "" for v in listed]
    if not all(isinstance(text, str) for text in listed):
        raise DataError(f"{where}: {field} must be a text or a list of texts, found {value!r:.80}")
    return tuple(str(text) for text in listed)


def _optional_text(value: JSON, where: str, field: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise DataError(f"{where}: {field} must be a text, found {value!r:.80}")
    return value or None
