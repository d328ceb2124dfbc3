"""Lines of text that probes bring themselves, or take from a user's file of the same form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arena.config.shipped import shipped
from arena.errors import DataError
from arena.tables import read_rows
from arena.types import JSON

_COLUMNS = ("text", "language", "attack", "attribute", "topic", "a", "b", "hints")


def lines_of(
    name: str, path: Path | None, key: str = "", needed: Sequence[str] = ("text",)
) -> list[tuple[str, dict[str, JSON]]]:
    """(place, line) of a user's file, which stands under a key of `probes`, or of the shipped one. Raises DataError
    naming a line that lacks something."""
    if path is not None and not path.is_file():
        raise DataError(f"probes.{key}: {path}: no such file")
    found = list(read_rows(path or shipped("data") / "probes" / name, _COLUMNS))
    for place, line in found:
        for field in needed:
            value = line.get(field)
            if not isinstance(value, str) or not value.strip():
                raise DataError(f"{place}: {field} must be a text, found {value!r:.80}")
    if not found:
        raise DataError(f"{path}: no lines in it (each one with {', '.join(needed)})")
    return found


def text_of(line: dict[str, JSON], field: str, otherwise: str) -> str:
    """A field that need not be there."""
    value = line.get(field)
    return value if isinstance(value, str) and value else otherwise
