"""The disposable index on disk: written atomically, validated on reading, never in the board's folder."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from arena.files import from_json, to_json
from viz.data.rows import COLUMNS, Names, Rows

_MAGIC = b"arena viewer index 4\n"
Signature = tuple[tuple[str, int, int, int, int], ...]
"""(path, mtime in ns, size, ctime in ns, inode) of every file an index was made from: a file that was written again at
equal size, with its old date put back, differs in the last two."""


def cache_folder() -> Path:
    """Where this user's disposable files go."""
    if explicit := os.environ.get("XDG_CACHE_HOME"):
        return Path(explicit) / "arena" / "viewer"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "arena" / "viewer"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "arena" / "viewer"
    return Path.home() / ".cache" / "arena" / "viewer"


def signature(paths: list[Path]) -> Signature:
    """What identifies the present content of these files; absent files count as absent."""
    found = []
    for path in paths:
        try:
            stat = path.stat()
            found.append((str(path.resolve()), stat.st_mtime_ns, stat.st_size, stat.st_ctime_ns, stat.st_ino))
        except OSError:
            found.append((str(path.resolve()), 0, -1, 0, 0))
    return tuple(found)


def cache_file(kind: str, source: Signature) -> Path:
    """The file that holds an index of this kind over these paths, whatever their present content."""
    paths = "\n".join(path for path, *_ in source)
    return cache_folder() / f"{hashlib.sha256(paths.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.{kind}"


def save(path: Path, source: Signature, arrays: dict[str, NDArray[np.generic]], extra: object) -> None:
    """Write arrays and a JSON-able value. A folder that cannot be written means no cache, not an error."""
    header = to_json(
        {
            "source": source,
            "extra": extra,
            "arrays": [[name, a.dtype.str, len(a)] for name, a in arrays.items()],
        }
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_MAGIC + len(header).to_bytes(8, "little") + header)
            for a in arrays.values():
                out.write(np.ascontiguousarray(a).tobytes())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)


def load(path: Path, source: Signature) -> tuple[dict[str, NDArray[np.generic]], object] | None:
    """What `save` wrote for the same files in the same state; None on any mismatch or damage."""
    try:
        blob = path.read_bytes()
    except OSError:
        return None
    start = len(_MAGIC) + 8
    if not blob.startswith(_MAGIC) or len(blob) < start:
        return None
    try:
        body = start + int.from_bytes(blob[len(_MAGIC) : start], "little")
        header = cast("dict[str, Any]", from_json(blob[start:body]))
        if tuple(tuple(entry) for entry in header["source"]) != source:
            return None
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, dtype, count in header["arrays"]:
            arrays[name] = np.frombuffer(blob, dtype=dtype, count=count, offset=body)
            body += arrays[name].nbytes
    except (ValueError, KeyError, TypeError):
        return None
    return (arrays, header["extra"]) if body == len(blob) else None


def save_rows(path: Path, source: Signature, rows: Rows, names: Names) -> None:
    """Keep a battle index."""
    save(path, source, {f.name: getattr(rows, f.name) for f in fields(rows)}, asdict(names))


def load_rows(path: Path, source: Signature) -> tuple[Rows, Names] | None:
    """A kept battle index, if it still fits."""
    found = load(path, source)
    if found is None or set(found[0]) != set(COLUMNS) or not isinstance(found[1], dict):
        return None
    arrays, extra = found
    try:
        names = Names(**{str(key): tuple(value) for key, value in cast("dict[str, list[str]]", extra).items()})
    except TypeError:
        return None
    return Rows(**arrays), names  # type: ignore[arg-type]
