"""What commands that only read say about files that are shorter than they were."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from arena.cli.terminal import say
from arena.store.counts import WAY_OUT, Count, shortfalls
from arena.store.folder import BoardFolder


def warn_of_shorter(folders: Iterable[BoardFolder], counted: dict[Path, Count] | None = None) -> None:
    """One line on stderr for every answers file or ledger that lacks lines it had, those that were `counted` before not
    counted again."""
    missing = shortfalls(folders, counted)
    for sentence, _ in missing:
        say(f"warning: {sentence}", err=True)
    if not all(torn for _, torn in missing):
        say(WAY_OUT, err=True)


def board_root(report: Path) -> Path | None:
    """The board's folder around a file of its reports, or of a judge's view; None for a copy elsewhere."""
    return next((folder for folder in report.parents[1:3] if (folder / "run.json").is_file()), None)
