"""Questions, reference answers and category groups, read from the user's files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

from arena.config.strict import kind_of, read_yaml
from arena.errors import DataError
from arena.tables import is_lines, read_rows, texts_of
from arena.types import JSON, Question

_KNOWN = {"question_id", "category", "text", "turns", "reference", "system", "language"}
_TEXT = ("turns", "text", "prompt")
_TABLE = ("question_id", "id", *_TEXT, "category", "reference")
"""What tells the separator of a CSV."""


def load_questions(path: Path) -> list[Question]:
    """The questions of a file of lines or a table, in file order. Raises DataError naming line and field."""
    questions: list[Question] = []
    seen: dict[str, str] = {}
    for number, (place, row) in enumerate(read_rows(path, _TABLE), start=1):
        line = row if is_lines(path) else _of_table(row, number, place)
        question = _question(line, place)
        if question.question_id in seen:
            first = seen[question.question_id].removeprefix(f"{path}:").strip()
            first = first if first.startswith("row") else f"line {first}"
            raise DataError(f"{place}: question_id {question.question_id!r} stands on {first} too")
        seen[question.question_id] = place
        questions.append(question)
    if not questions:
        raise DataError(f"{path}: no questions in it (one JSON object per line, with question_id and text or turns)")
    return questions


def with_references(questions: list[Question], path: Path | None) -> list[Question]:
    """The questions with the references of a file of {question_id, reference | turns | choices} lines, which go before
    those that questions bring themselves.

    Raises DataError naming the line and field, and when the file is about none of the questions.
    """
    if path is None:
        return questions
    turns = {question.question_id: len(question.turns) for question in questions}
    references: dict[str, tuple[str, ...]] = {}
    for place, line in read_rows(path, _TABLE):
        question_id = _question_id(line, place)
        found = _first(line, "reference", "turns")
        choices = line.get("choices")  # MT-bench's reference_answer files
        if found is None and isinstance(choices, list) and choices and isinstance(choices[0], dict):
            found = choices[0].get("turns")
        if found is None and {"reference", "turns"} & line.keys():
            continue  # a table's row without one
        if found is None:
            raise DataError(f"{place}: needs reference (or turns): a text, or a list of texts")
        references[question_id] = _reference(found, place, turns.get(question_id))
    if not references.keys() & turns.keys():
        raise DataError(f"{path}: none of its question_ids is asked (have: {', '.join(list(turns)[:5])}, ...)")
    return [
        replace(question, reference=references.get(question.question_id, question.reference)) for question in questions
    ]


def load_categories(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Groups of categories: {group: categories}; `*` stands for all the rest. Empty without a file."""
    if path is None:
        return {}
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise DataError(f"{path}: expected `group: [categories]`, found {kind_of(raw)}")
    groups = {}
    for group, members in raw.items():
        listed = members if isinstance(members, list) else [members]
        if not all(_is_name(member) for member in listed):
            raise DataError(f"{path}: {group}: expected a list of categories, found {members!r:.80}")
        groups[group] = tuple(str(member) for member in listed)
    return groups


def group_of(category: str, groups: Mapping[str, Sequence[str]]) -> str:
    """The group a category is shown under; itself where it is in none."""
    for group, members in groups.items():
        if category in members:
            return group
    return next((group for group, members in groups.items() if "*" in members), category)


def category_warnings(groups: Mapping[str, Sequence[str]], categories: Collection[str]) -> list[str]:
    """What a file of groups says twice or about nothing."""
    warnings = []
    for category in sorted({member for members in groups.values() for member in members}):
        named = [group for group, members in groups.items() if category in members]
        if len(named) > 1:
            what = "the rest (*)" if category == "*" else category
            warnings.append(f"category_file: {what} stands in {', '.join(named)}; it is shown under {named[0]}")
    unused = {member for members in groups.values() for member in members} - {"*", *categories}
    if unused:
        warnings.append(f"category_file: no question has the category {', '.join(sorted(unused))}")
    return warnings


def _of_table(row: dict[str, JSON], number: int, place: str) -> dict[str, JSON]:
    """A row of a table as a line: `prompt` is a text as other tools call it, and rows without an id count from 1."""
    if not any(name in row for name in _TEXT):
        raise DataError(f"{place}: no column text, turns or prompt (have: {', '.join(row)})")
    if not any(name in row for name in ("question_id", "id")):
        row = {"question_id": number} | row
    elif "question_id" not in row:
        row = {"question_id": row["id"]} | {name: value for name, value in row.items() if name != "id"}
    if row.get("prompt") is not None and row.get("text") is None and row.get("turns") is None:
        row = {"text": row["prompt"]} | {name: value for name, value in row.items() if name not in ("prompt", "text")}
    turns = texts_of(row.get("turns"))
    reference = texts_of(row.get("reference")) if isinstance(turns, list) else row.get("reference")
    return row | {"turns": turns, "reference": reference}


def _question(line: dict[str, JSON], where: str) -> Question:
    question_id = _question_id(line, where)
    if None not in (line.get("turns"), line.get("text")):
        raise DataError(f"{where}: both text and turns are given; keep one")
    turns = _texts(_first(line, "turns", "text"), where, "turns (or text)")
    if not turns or not all(turn.strip() for turn in turns):
        raise DataError(f"{where}: question {question_id!r} has an empty turn")
    category = line.get("category")
    if category is not None and not _is_name(category):
        raise DataError(f"{where}: category must be a text, found {category!r:.80}")
    return Question(
        question_id,
        turns,
        str(category or "general"),
        _reference(line.get("reference"), where, len(turns)),
        _optional_text(line.get("system"), where, "system"),
        _optional_text(line.get("language"), where, "language"),
        {key: value for key, value in line.items() if key not in _KNOWN},
    )


def _question_id(line: dict[str, JSON], where: str) -> str:
    value = line.get("question_id")
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise DataError(f"{where}: question_id must be an integer or a text, found {value!r}")
    return str(value)


def _first(line: Mapping[str, JSON], *names: str) -> JSON:
    """The first of several fields that has a value."""
    return next((line[name] for name in names if line.get(name) is not None), None)


def _texts(value: JSON, where: str, field: str) -> tuple[str, ...]:
    listed: list[JSON] = list(value) if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in listed):
        raise DataError(f"{where}: {field} must be a text or a list of texts, found {value!r:.80}")
    return tuple(str(text) for text in listed)


def _reference(value: JSON, where: str, turns: int | None) -> tuple[str, ...]:
    """One text per turn; a number is a text, null stands for a turn without one. `turns` is None where unknown."""
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    found = _texts([str(v) if _is_name(v) else v or "" for v in listed], where, "reference")
    if turns is not None and len(found) > turns:
        raise DataError(f"{where}: {len(found)} references for {turns} turns")
    return found


def _is_name(value: JSON) -> bool:
    """Whether a value is a text, or a number that stands for one; a float that is not finite is none."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def _optional_text(value: JSON, where: str, field: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise DataError(f"{where}: {field} must be a text, found {value!r:.80}")
    return value or None
