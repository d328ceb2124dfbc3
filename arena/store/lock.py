"""One run at a time on one board: an advisory lock that the system releases when the process dies."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from arena.errors import BoardLocked
from arena.files import remove_leftovers, write_error


class BoardLock:
    """Holds `lock` in a board's folder, and clears away what killed writers left there.

    Raises BoardLocked with the other's pid, host and start.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise write_error(self.path, error) from None
        if not _try_lock(self._handle):
            other = os.pread(self._handle, 4096, 0) if hasattr(os, "pread") else b""
            os.close(self._handle)
            raise BoardLocked(f"{folder}: another run works on this board ({_describe(other)}); wait for it or stop it")
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": datetime.now(UTC).isoformat("T", "seconds"),
        }
        try:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, json.dumps(holder).encode() + b"\n")
        except OSError as error:
            os.close(self._handle)
            raise write_error(self.path, error) from None
        remove_leftovers(folder)

    def release(self) -> None:
        """Let the next run in. The file stays: removing it would race with a waiting one."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)

    def __enter__(self) -> BoardLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def held(handle: int) -> Iterator[None]:
    """A short lock on an open file that several append to: waits for the others. Released with the file at the latest.

    Where the system (Windows) or the disk (some network shares) has none, who writes a whole line at once goes without.
    """
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_UN)


def _try_lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _describe(content: bytes) -> str:
    try:
        other = json.loads(content)
        return f"pid {other['pid']} on {other['host']} since {other['started']}"
    except (ValueError, KeyError, TypeError):
        return "it has just started"
