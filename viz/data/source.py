"""What the viewer is asked to show: the arguments after `--`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import InputError


@dataclass(frozen=True, slots=True)
class Source:
    """The files to show: a board's folder, or one review file."""

    board: Path | None = None
    review_file: Path | None = None
    category_file: Path | None = None
    question_file: Path | None = None
    reference_file: Path | None = None
    other_boards: tuple[Path, ...] = ()
    """Further boards that the Runs page can compare with."""
    title: str | None = None
    answers_of: Path | None = None
    """Another board's folder that holds the answers: real ones under a simulated judge."""
    config: Path | None = None
    """The board's config: it names the keys that no text is shown with."""

    @property
    def name(self) -> str:
        """What to call it."""
        path = self.board or self.review_file
        assert path is not None
        return self.title or (path.resolve().name if self.board else path.stem)


def boards_beside(asked: Source) -> dict[str, Path]:
    """Boards to compare with, by name: the one that is shown first, those of the command line, those beside it."""
    assert asked.board is not None
    here = asked.board.resolve()
    beside = [path.parent.parent for path in sorted(here.parent.glob("*/reports/leaderboard.json"))]
    found: dict[str, Path] = {}
    for path in [here, *asked.other_boards, *beside]:
        if path.resolve() not in {p.resolve() for p in found.values()}:
            name = path.name if path.name not in found else str(path)
            found[name] = path
    return found


def parse_arguments(arguments: Sequence[str]) -> Source:
    """Read `--board DIR | --review-file F [--category-file F] ...`. Raises InputError with one line."""
    parser = _Parser(prog="viz/app.py", add_help=False)
    for option in (
        "--board",
        "--review-file",
        "--category-file",
        "--question-file",
        "--reference-file",
        "--answers-of",
        "--config",
    ):
        parser.add_argument(option, type=Path)
    parser.add_argument("--other-board", type=Path, action="append", default=[])
    parser.add_argument("--title")
    found = parser.parse_args(list(arguments))
    board, review = found.board, found.review_file
    if (board is None) == (review is None):
        raise InputError("give either --board DIR or --review-file FILE")
    if review is not None and not review.is_file():
        raise InputError(f"{review}: no such file")
    if board is not None and not board.is_dir():
        raise InputError(f"{board}: no such folder; nothing has been run there yet")
    if review is not None and review.name == "battles.jsonl" and (review.parent / "leaderboard.json").is_file():
        board, review = review.resolve().parent.parent, None  # the review file of one of our boards
    return Source(
        board, review, found.category_file, found.question_file, found.reference_file,
        tuple(found.other_board), found.title, found.answers_of, found.config,
    )  # fmt: skip


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise InputError(message)
