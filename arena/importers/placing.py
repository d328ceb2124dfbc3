"""Writing over an earlier import: no run may be at work there, and what is replaced is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from arena.files import remove_leftovers, write_atomically, write_error
from arena.store.lock import BoardLock


@contextmanager
def boards_held(out: Path, written: Iterable[Path]) -> Iterator[None]:
    """The locks of every board below a folder, those about to be written included. Raises BoardLocked."""
    found = {path.parent for path in out.rglob("lock") if path.is_file()} if out.is_dir() else set()
    with ExitStack() as stack:
        for folder in sorted(found | set(written)):
            stack.enter_context(BoardLock(folder))
        remove_leftovers(out)
        yield


class Placing:
    """Writes files into a folder; one that stood there is kept under the same path in `replaced-N/`."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.replaced: Path | None = None
        """Where the replaced files are; None while there are none."""

    def write(self, path: Path, content: bytes | str) -> None:
        """Write a file as a whole; at any moment the old one is in one of its two places. Raises DiskFull."""
        if path.exists():
            try:
                self._keep(path)
            except OSError as error:
                raise write_error(path, error) from None
        write_atomically(path, content)

    def _keep(self, path: Path) -> None:
        if self.replaced is None:
            self.replaced = next(place for n in count(1) if not (place := self.out / f"replaced-{n}").exists())
        kept = self.replaced / path.relative_to(self.out)
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, kept)
        except OSError:  # a file system without links
            shutil.copy2(path, kept)
