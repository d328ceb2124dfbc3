"""Files of downloads: CSV, JSON and JSON lines, plain or gzipped, with errors that say what is broken where."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

from arena.errors import DataError
from arena.files import from_json
from arena.types import JSON


def text_of(path: Path) -> str:
    """A file's text, unpacked where its name says `.gz`. Raises DataError, for half a download too."""
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        return raw.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{path}: cannot be unpacked; half a download? fetch it again") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def json_of(path: Path) -> JSON:
    """A JSON document. Raises DataError."""
    try:
        return from_json(text_of(path))
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}); half a download?") from None


def objects_of(path: Path, *needed: str) -> list[dict[str, JSON]]:
    """The objects of a JSON-lines file; each has the keys `needed`. Raises DataError naming the line."""
    found = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = from_json(line)
        except ValueError:
            raise DataError(f"{path}:{number}: not JSON, one object per line; half a download?") from None
        found.append(checked(value, f"{path}:{number}", *needed))
    if not found:
        raise DataError(f"{path}: no documents in it")
    return found


def checked(value: JSON, place: str, *needed: str) -> dict[str, JSON]:
    """An object that has all keys it needs. Raises DataError naming the one that is missing."""
    if not isinstance(value, dict):
        raise DataError(f"{place}: expected an object with {', '.join(needed)}")
    for name in needed:
        if value.get(name) is None:
            raise DataError(f"{place}: no {name} (expected {', '.join(needed)})")
    return value


def table_of(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, str]]:
    """The rows of a CSV file; its first row names the columns unless they are given. Raises DataError."""
    rows = [row for row in csv.reader(io.StringIO(text_of(path), newline="")) if any(cell.strip() for cell in row)]
    names = list(columns) if columns is not None else [name.strip() for name in rows[0]] if rows else []
    found = []
    for number, row in enumerate(rows if columns is not None else rows[1:], 1 if columns is not None else 2):
        if len(row) < len(names):
            raise DataError(f"{path}: row {number} has {len(row)} of {len(names)} cells ({','.join(names)})")
        found.append(dict(zip(names, row, strict=False)))
    if not found:
        raise DataError(f"{path}: no documents in it")
    return found


def letter_place(letter: str, options: int, place: str) -> int:
    """Which option a letter means, from 0. Raises DataError for one outside the options."""
    found = ord(letter.strip().upper() or "?") - ord("A") if len(letter.strip()) == 1 else -1
    if not 0 <= found < options:
        last = chr(ord("A") + options - 1)
        raise DataError(f"{place}: the right answer {letter.strip()!r} is none of the options A–{last}")
    return found


def subject_files(folder: Path, split: str, ending: str, dev: str, wanted: Sequence[str] | None) -> dict[str, Path]:
    """The files `<split>/<subject><ending>` of a folder by subject, sorted.

    Raises DataError where there are none, and where a subject has examples (`dev/<subject><dev>`) and no documents:
    its score would be of fewer subjects than it says, unless those `wanted` are named.
    """
    found = {path.name.removesuffix(ending): path for path in sorted((folder / split).glob(f"*{ending}"))}
    if not found:
        raise DataError(f"{folder / split}: no file *{ending} in it")
    shown = {path.name.removesuffix(dev) for path in (folder / "dev").glob(f"*{dev}")}
    if wanted is None and (missing := sorted(shown - found.keys())):
        others = f" (nor {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise DataError(
            f"{folder / split}: no {missing[0]}{ending}{others}, though dev/{missing[0]}{dev} is there; half a"
            " download? `subjects` names those that are meant"
        )
    return found


def first_of(folder: Path, *names: str) -> Path | None:
    """The first of several files that is there."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def file_in(folder: Path, *names: str) -> Path:
    """The same, which has to be there. Raises DataError."""
    found = first_of(folder, *names)
    if found is None:
        raise DataError(f"{folder}: no {' or '.join(names)} in it")
    return found
