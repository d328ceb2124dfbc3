"""Files as the program writes and reads them: JSON lines that survive kill -9, atomic documents, safe names."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote

import orjson

from arena.errors import DataError, DiskFull, InputError

if TYPE_CHECKING:
    from arena.types import JSON

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
FSYNC_AFTER_S = 0.05
_TEMPORARY = re.compile(r"\..+\.(?P<pid>\d{1,9})@(?P<host>.+)\.\w{8}")
"""What `replacing` writes to: .NAME.PID@HOST.RANDOM, so that whoever finds it can tell whether its writer lives."""


def to_json(value: object, *, indent: bool = False) -> bytes:
    """UTF-8 JSON on one line, or indented, without a newline at its end; numbers that are none become null.

    Lone surrogates, which no UTF-8 can hold, are written as escapes.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | (orjson.OPT_INDENT_2 if indent else 0))
    except (TypeError, orjson.JSONEncodeError):
        marks = (",", ": ") if indent else (",", ":")
        text = json.dumps(_nulled(value), ensure_ascii=True, indent=2 if indent else None, separators=marks)
        return text.encode("ascii")


def utf8_json(value: object) -> bytes | None:
    """The same; None where it has lone surrogates, or is no JSON at all."""
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        return None


def from_json(line: bytes | str) -> JSON:
    """The value of one JSON text; NaN and Infinity, which other tools write, are null. Raises ValueError."""
    try:
        return cast("JSON", orjson.loads(line))
    except orjson.JSONDecodeError:
        pass
    try:
        return cast("JSON", json.loads(line, parse_constant=_null, parse_float=_finite, parse_int=_whole))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def round_floats(value: JSON) -> JSON:
    """Every float rounded to 10 significant digits, so that reports do not depend on the order of summation.

    Infinite and undefined numbers become null: JSON has none.
    """
    if isinstance(value, float):
        return (float(f"{value:.10g}") or 0.0) if math.isfinite(value) else None  # `or`: no negative zero
    if isinstance(value, dict):
        return {key: round_floats(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [round_floats(inner) for inner in value]
    return value


def file_stem(name: str) -> str:
    """A file name (without suffix) for any model or judge name: percent-encoded, never leaving the folder."""
    stem = quote(name, safe=" -_+=@(),'!~[]", errors="surrogatepass")
    if not stem.strip(". ") or stem.startswith(".") or stem.lower().split(".")[0] in _RESERVED or stem.endswith(" "):
        stem = "%" + f"{ord(stem[0]):02X}" + stem[1:] if stem else "%"
    return _suffixed(stem[:130], name) if len(stem) > 150 else stem


def file_stems(names: Iterable[str], stored: Collection[str] = ()) -> dict[str, str]:
    """`file_stem` for the names of one folder at once, in any order; `stored` are the stems that stand there already.

    Where two names differ only in case, the later one gets a suffix derived from the name, so that case-insensitive
    disks keep them apart. A name keeps the file it has, whichever names come and go beside it.
    """
    stems: dict[str, str] = {}
    ordered = sorted(set(names))
    for name in ordered:
        plain = file_stem(name)
        for stem in (_suffixed(plain, name), plain):
            if stem in stored:
                stems.setdefault(name, stem)
    taken = {stem.lower() for stem in (*stored, *stems.values())}
    for name in ordered:
        if name not in stems:
            plain = file_stem(name)
            stems[name] = _suffixed(plain, name) if plain.lower() in taken else plain
            taken.add(stems[name].lower())
    return stems


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace a file as a whole: readers see the old one or the new one. Raises DiskFull or InputError."""
    with replacing(path) as write:
        write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[Callable[[bytes], int]]:
    """Write a file piece by piece and put it in its place at the end: readers see the old one or the new one.

    Raises DiskFull or InputError; the old file then stays.
    """
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}@{_host()}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                yield out.write
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise write_error(path, error) from None


def remove_leftovers(folder: Path) -> None:
    """Remove what `replacing` left when it was killed, in a folder and two levels below it.

    Only files of dead processes of this host: those of the living and of other hosts stay.
    """
    if os.name != "posix":  # elsewhere nobody can be asked whether he lives without being disturbed
        return
    for below in ("", "*/", "*/*/"):
        for path in folder.glob(f"{below}.*@*"):
            written = _TEMPORARY.fullmatch(path.name)
            if written and written["host"] == _host() and not _lives(int(written["pid"])):
                with suppress(OSError):
                    path.unlink()


def _host() -> str:
    import socket

    return quote(socket.gethostname(), safe="")[:60]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def write_error(path: Path, error: OSError) -> DiskFull | InputError:
    """What a failed write means for the user."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull(f"{path}: the disk is full; what was written before is kept, free some space and run again")
    return InputError(f"{path}: cannot be written: {error.strerror or error}")


class Line(NamedTuple):
    """Where a line stands: its number from 1, its byte offset and its length without the newline."""

    number: int
    offset: int
    length: int


def read_lines(path: Path, *, growing: bool = False, after: Line | None = None) -> Iterator[tuple[Line, bytes]]:
    """Every line that is not blank, without its newline, and where it stands; of a file that grew, those `after` one.

    With `growing` an unterminated last line is ignored: its writer may not have finished it.
    Raises DataError when the file cannot be read.
    """
    first, offset = (after.number, after.offset + after.length) if after else (1, 0)
    try:
        with path.open("rb") as handle:
            handle.seek(offset)
            for number, line in enumerate(handle, first):
                if growing and not line.endswith(b"\n"):
                    return
                if not line.isspace():
                    content = line.rstrip(b"\r\n")
                    yield Line(number, offset, len(content)), content
                offset += len(line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_objects(path: Path, *, growing: bool = False) -> Iterator[tuple[Line, dict[str, JSON]]]:
    """The objects of a JSON-lines file and where they stand. Raises DataError naming the line that is none."""
    for where, line in read_lines(path, growing=growing):
        yield where, object_of(path, where.number, line)


def object_of(path: Path, number: int, line: bytes) -> dict[str, JSON]:
    """The object of one line of a file. Raises DataError naming the line that is none."""
    try:
        value = from_json(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}:{number}: not UTF-8 ({error})") from None
    except ValueError as error:
        raise DataError(f"{path}:{number}: not JSON, one object per line ({error})") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}:{number}: expected a JSON object, found {type(value).__name__}")
    return value


class Appender:
    """One writer of one JSON-lines file: a whole line per `os.write`, synced by a thread within 50 ms.

    A line counts as written when `append` returns: kill -9 cannot take it back. Opening repairs a torn tail.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._size = self._repair()
        except OSError as error:
            raise write_error(path, error) from None
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._syncer: threading.Thread | None = None

    def append(self, value: object) -> tuple[int, int]:
        """Write one line; returns its byte offset and length. Raises DiskFull with the file as it was before."""
        line = to_json(value) + b"\n"
        offset = self._size
        try:
            written = os.write(self._handle, line)
            if written != len(line):
                raise OSError(errno.ENOSPC, "short write")
        except OSError as error:
            os.ftruncate(self._handle, offset)
            raise write_error(self.path, error) from None
        self._size += len(line)
        self._sync_soon()
        return offset, len(line) - 1

    def sync(self) -> None:
        """Wait until everything appended is safe from a power cut."""
        os.fsync(self._handle)

    def read(self, offset: int, length: int) -> dict[str, JSON]:
        """The object written at an offset."""
        return cast("dict[str, JSON]", from_json(os.pread(self._handle, length, offset)))

    def close(self) -> None:
        """Sync and close."""
        self._closing.set()
        self._wake.set()
        if self._syncer is not None:
            self._syncer.join()
        os.fsync(self._handle)
        os.close(self._handle)

    def _repair(self) -> int:
        """Cut off a torn last line; keep one that is whole and only lost its newline. Returns the size."""
        size = os.fstat(self._handle).st_size
        tail = _tail(self._handle, size)
        if not tail:
            return size
        try:
            whole = isinstance(from_json(tail), dict)
        except ValueError:
            whole = False
        if whole:
            os.write(self._handle, b"\n")
            return size + 1
        os.ftruncate(self._handle, size - len(tail))
        return size - len(tail)

    def _sync_soon(self) -> None:
        if self._syncer is None:
            self._syncer = threading.Thread(target=self._sync_loop, name=f"fsync {self.path.name}", daemon=True)
            self._syncer.start()
        self._wake.set()

    def _sync_loop(self) -> None:
        while self._wake.wait() and not self._closing.is_set():
            self._wake.clear()
            os.fsync(self._handle)
            self._closing.wait(FSYNC_AFTER_S)


def _tail(handle: int, size: int) -> bytes:
    """What stands after the last newline of a file of this size."""
    tail = b""
    while size > 0:
        start = max(0, size - (1 << 16))
        block = os.pread(handle, size - start, start)
        cut = block.rfind(b"\n")
        if cut >= 0:
            return block[cut + 1 :] + tail
        tail, size = block + tail, start
    return tail


def lenient_decoder() -> json.JSONDecoder:
    """What reads JSON as other tools write it: see `from_json`."""
    return json.JSONDecoder(parse_constant=_null, parse_float=_finite, parse_int=_whole)


def _nulled(value: object) -> object:
    if isinstance(value, dict):
        return {key: _nulled(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_nulled(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _null(_: str) -> None:
    return None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"a number too large: {text[:20]}{'...' if len(text) > 20 else ''}")
    return value


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _suffixed(stem: str, name: str) -> str:
    return f"{stem}~{_short_hash(name)}"


def _short_hash(name: str) -> str:
    import hashlib

    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
