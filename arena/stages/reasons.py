"""Why models lose, found from the battles of a rated board. No call is made, nothing stored changes."""

from __future__ import annotations

from importlib.util import find_spec

from arena.board.open import OpenBoard
from arena.errors import ConfigError, InputError, MissingDependency
from arena.files import read_objects
from arena.reasons.find import find_reasons
from arena.reasons.losses import losses_of
from arena.reports.reasons import Reasons, write_reasons
from arena.stages.options import RunOptions
from arena.stages.reason_names import BATTLES, check_labels, stored_labels


def wanted(board: OpenBoard, options: RunOptions) -> bool:
    """Whether an invocation is about them."""
    return "scores" in options.stages and board.config.scores.reasons.enable


def check_reasons(board: OpenBoard, options: RunOptions) -> None:
    """All that can be wrong with `scores.reasons`, before anything is done. Raises InputError."""
    if not wanted(board, options):
        return
    if board.config.reviews_gen.mode == "single":
        raise ConfigError(
            f"{board.loaded.path}: scores.reasons: needs battles, so a mode of pairs; found reviews_gen.mode single"
        )
    check_labels(board)
    if find_spec("sklearn") is None:
        raise MissingDependency("scores.reasons needs scikit-learn: pip install 'llm-arena[analysis]'")
    path = board.review_folder.reports / BATTLES
    if options.stages == ("scores",) and not path.is_file():
        raise InputError(f"{path}: no such file; reasons are found in rated battles: run `arena run` first")


def write_board_reasons(board: OpenBoard) -> Reasons:
    """Read reports/battles.jsonl, write reports/reasons.json."""
    folder = board.review_folder.reports
    losses = losses_of(row for _, row in read_objects(folder / BATTLES))
    level, seed = board.config.rating_gen.interval.level, board.config.seed
    found = stored_labels(board, find_reasons(losses, level=level, seed=seed, simulated=board.simulated))
    write_reasons(folder, found)
    return found
