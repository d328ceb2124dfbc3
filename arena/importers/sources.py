"""Reading other people's files: JSON arrays or JSON lines, fields that come in more than one type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from arena.errors import DataError, InputError
from arena.files import from_json, read_objects
from arena.types import JSON, Question

Row = Mapping[str, JSON]
T = TypeVar("T")


def find_files(source: Path, suffixes: tuple[str, ...] = (".json", ".jsonl")) -> list[Path]:
    """The data files of SRC: itself, or everything below it in a fixed order. Raises InputError when there is none."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise InputError(f"{source}: no such file or folder")
    below = [path.relative_to(source) for path in source.rglob("*") if path.suffix in suffixes]
    visible = sorted(path for path in below if not any(part.startswith(".") for part in path.parts))
    found = [source / path for path in visible if (source / path).is_file()]
    if not found:
        raise InputError(f"{source}: no {' or '.join(suffixes)} file in it")
    return found


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """The objects of a JSON array, a single JSON object or a JSON-lines file, each with where it stands."""
    if _starts_with_bracket(path):
        try:
            loaded = from_json(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: not JSON ({error})") from None
        assert isinstance(loaded, list)
        for number, row in enumerate(loaded, 1):
            if not isinstance(row, dict):
                raise DataError(f"{path}: element {number} is no object but {type(row).__name__}")
            yield f"{path}: element {number}", row
        return
    if path.suffix == ".json" and (document := read_document(path)) is not None:
        yield str(path), document
        return
    for where, row in read_objects(path):
        yield f"{path}:{where.number}", row


def read_document(path: Path) -> Row | None:
    """A file that holds one JSON object; None when it holds anything else or is not there."""
    try:
        loaded = from_json(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (OSError, ValueError, RecursionError):
        return None
    return loaded if isinstance(loaded, dict) else None


def text(row: Row, where: str, *names: str) -> str:
    """The first of these fields that stands there, as text. Raises DataError when none does."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    raise DataError(f"{where}: no text under {' or '.join(names)} ({fields_of(row)})")


def fields_of(row: Row) -> str:
    """What a row holds instead, for messages: the names of its fields, as many as a line has room for."""
    names = sorted(row)
    shown = ", ".join(names[:16])
    return f"fields: {shown}, … ({len(names)})" if len(names) > 16 else f"fields: {shown}"


def identity(row: Row, where: str, *names: str) -> str:
    """A question's id as text, the same for 7, 7.0 and "7". Raises DataError when there is none or it is blank."""
    found = text(row, where, *names)
    if not found.strip():
        raise DataError(f"{where}: {' or '.join(names)} is empty")
    return found


def remember(questions: MutableMapping[str, Question], question: Question, where: str) -> None:
    """Add a question that is not known yet. Raises DataError when a turn is empty or its id belongs to another text."""
    if not question.turns or not all(turn.strip() for turn in question.turns):
        raise DataError(f"{where}: question {question.question_id} has an empty turn")
    known = questions.setdefault(question.question_id, question)
    if _words(known) != _words(question):
        raise DataError(
            f"{where}: question {question.question_id} has another text than before in SRC; ids are reused between "
            "question sets, so import one set at a time"
        )


def _words(question: Question) -> list[str]:
    return " ".join(question.turns).split()


def optional_text(row: Row, *names: str) -> str | None:
    """The first of these fields that is a non-empty text."""
    return next((value for name in names if isinstance(value := row.get(name), str) and value), None)


def number(value: JSON) -> float | None:
    """A finite number that may have been written as text; None when it is absent or is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def stated_number(row: Row, where: str, field: str) -> float | None:
    """A verdict written as a number; None for null and NaN. Raises DataError for anything that is no number."""
    value = row.get(field)
    found = number(value)
    if found is None and value is not None and str(value).strip().lower() not in {"", "nan", "none", "null"}:
        raise DataError(f"{where}: {field} must be a number or null, found {value!r:.80}")
    return found


def one_of(value: JSON, known: Mapping[str, T], where: str, field: str) -> T:
    """What one of the tool's own words means here. Raises DataError for a word it is not known to use."""
    if isinstance(value, str) and value in known:
        return known[value]
    raise DataError(f"{where}: {field} is {value!r:.80} (known: {', '.join(known)})")


def count(value: JSON) -> int | None:
    """A whole number of tokens; None when unknown."""
    found = number(value)
    return None if found is None else int(found)


def seconds(milliseconds: JSON) -> float | None:
    """Milliseconds as seconds."""
    found = number(milliseconds)
    return None if found is None else found / 1000


def moment(value: JSON) -> str | None:
    """A time stamp, in seconds since 1970 or already as text, in ISO 8601."""
    found = number(value)
    if found is None:
        return value if isinstance(value, str) and value else None
    try:
        return datetime.fromtimestamp(found, UTC).isoformat("T", "seconds")
    except (OverflowError, ValueError, OSError):
        return None


def rows_in(value: JSON) -> list[Row]:
    """The objects of a list; anything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_in(row: Row, name: str) -> dict[str, JSON]:
    """An object under a name; empty where there is none."""
    value = row.get(name)
    return dict(value) if isinstance(value, dict) else {}


def turns_in(value: JSON, where: str) -> tuple[str, ...]:
    """Turns of a question, answer or reference (texts, or objects with `content`), each in its place; null is empty.

    Raises DataError for what is no text.
    """
    listed = value if isinstance(value, list) else [value]
    turns = [item.get("content") if isinstance(item, dict) else item for item in listed]
    for turn in turns:
        if turn is not None and not isinstance(turn, str):
            raise DataError(f"{where}: a turn must be a text, found {type(turn).__name__}")
    return tuple(turn if isinstance(turn, str) else "" for turn in turns)


def _starts_with_bracket(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
