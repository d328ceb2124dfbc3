"""Whether a stored record still fits what lies there: files by hash, then the record by its own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from arena.board.open import OpenBoard
from arena.board.record.facts import record_of
from arena.errors import DataError, InputError
from arena.files import from_json, to_json
from arena.reports.record import FORMAT, Record, to_markdown
from arena.types import JSON

JSON_FILE, MARKDOWN_FILE = "record.json", "record.md"


def json_bytes(record: Record) -> bytes:
    """record.json."""
    return to_json(record.to_json(), indent=True) + b"\n"


def problems_of(board: OpenBoard, title: str) -> Iterator[str]:
    """One sentence for every file that is missing, other or new since the record was written, and for a record that was
    changed. Nothing: all of it holds. Raises InputError where there is no record, or none that can be read."""
    folder = board.review_folder.reports
    stored, text = _stored(board)
    now = record_of(board, title)
    then = {_place(source): source for source in _sources(stored)}
    today = {source.place: source for source in now.sources}
    yield from _compared(then, {place: source.sha256 for place, source in today.items()})
    markdown = folder / MARKDOWN_FILE
    if stored.get("arena_version") != now.arena_version:
        return  # what another version says of the same files may be worded otherwise
    if all(place in today and source.get("sha256") == today[place].sha256 for place, source in then.items()):
        if text != json_bytes(now):
            yield f"{JSON_FILE}: it is not what these files say: it was changed, or the board's folder was"
        if not markdown.is_file():
            yield f"{MARKDOWN_FILE}: it is missing"
        elif markdown.read_bytes() != to_markdown(now).encode("utf-8", "backslashreplace"):
            yield f"{MARKDOWN_FILE}: it is not what {JSON_FILE} says"


def _stored(board: OpenBoard) -> tuple[Mapping[str, JSON], bytes]:
    path = board.review_folder.reports / JSON_FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; write the record first with `arena record`") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        document = from_json(text)
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise DataError(f"{path}: format: found {found!r}, allowed: {FORMAT}")
    if not isinstance(document.get("sources"), list):
        raise DataError(f"{path}: sources: not a list")
    return document, text


def _sources(stored: Mapping[str, JSON]) -> list[Mapping[str, JSON]]:
    return [source for source in cast("list[JSON]", stored["sources"]) if isinstance(source, dict)]


def _place(source: Mapping[str, JSON]) -> tuple[str, str, str | None]:
    part = source.get("part")
    return str(source.get("role")), str(source.get("file")), None if part is None else str(part)


def _compared(
    then: Mapping[tuple[str, str, str | None], Mapping[str, JSON]], today: Mapping[tuple[str, str, str | None], str]
) -> Iterator[str]:
    """What is missing, what is other, what is new."""
    for place, source in then.items():
        role, name, part = place
        shown = name if part is None else f"{name}#{part}"
        if place not in today:
            yield f"{shown}: it is missing ({role})"
        elif source.get("sha256") != today[place]:
            yield f"{shown}: sha256 {str(source.get('sha256'))[:12]}… recorded, {today[place][:12]}… found ({role})"
    for role, name, part in today.keys() - then.keys():
        yield f"{name if part is None else f'{name}#{part}'}: it is not in the record ({role})"
