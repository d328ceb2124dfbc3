"""`arena diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.cli.terminal import say_json

if TYPE_CHECKING:
    from rich.text import Text

    from arena.reports.diff import BoardDiff, Moved

SHOWN = 10


@click.command()
@click.argument("before", metavar="BOARD")
@click.argument("after", metavar="BOARD")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object, all changed battles included.")
def diff(before: str, after: str, as_json: bool) -> None:
    """Compare two boards: ranks, ratings, win rates, and which battles changed hands.

    A BOARD is a config, an output folder, or a leaderboard.json.
    """
    from arena.cli.shorter import board_root, warn_of_shorter
    from arena.files import round_floats, to_json
    from arena.reports.diff import compare_boards, read_board
    from arena.store.folder import BoardFolder

    sides = [read_board(locate(place)) for place in (before, after)]
    warn_of_shorter(BoardFolder(root) for side in sides if (root := board_root(side.path)) is not None)
    found = compare_boards(*sides)
    if as_json:
        say_json(to_json(round_floats(found.to_json())))
    else:
        print_diff(found, str(sides[0].path.parent), str(sides[1].path.parent))


def locate(place: str) -> Path:
    """Where a board's reports are: a config means its output folder."""
    from arena.config.loading import load_config

    path = Path(place)
    if path.suffix in {".yaml", ".yml"}:
        return load_config(place).config.output_dir
    if path.is_dir() and (path / "config.yaml").is_file() and not (path / "reports").is_dir():
        return load_config(str(path / "config.yaml")).config.output_dir
    return path


def print_diff(found: BoardDiff, before: str, after: str) -> None:
    """The comparison as a table and a few sentences."""
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE

    console = console_on(width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.soft_wrap = True
    if found.simulated:
        console.print(simulated("One of these boards is a rehearsal."))
    table = Table(title=f"{before} → {after}", title_justify="left", title_style="bold", header_style="bold")
    cells = [_cells(row, found.same_scale) for row in found.models]
    numbers = [
        Shown(head, [row[place] for row in cells], spare=spare)
        for place, (head, spare) in enumerate({"rank": None, "rating": 102, "win rate": 101, "score": 100}.items())
    ]
    columns = [Shown("model", [row.model for row in found.models], left=True), *numbers]
    console.print(fill(table, columns, console.width) if found.models else "no model is on both boards")
    for line in sentences(found):
        console.print(line)
    for change in found.changed[:SHOWN]:
        note = " (its answers changed)" if change.answers_changed else ""
        place = f"{change.question_id}: {change.model_a} – {change.model_b}"
        console.print(f"  {place}: {change.winner_before} → {change.winner_after}{note}", style="dim")
    if len(found.changed) > SHOWN:
        console.print(f"  … and {len(found.changed) - SHOWN} more (--json lists all)", style="dim")


def sentences(found: BoardDiff) -> list[str]:
    """What the table does not say."""
    lines = []
    if not found.same_scale and any(None not in (row.rating_before, row.rating_after) for row in found.models):
        lines.append(
            "the ratings of the two boards do not compare: another model, or the mean of other models, holds them"
        )
    if found.spearman is not None and found.kendall is not None:
        lines.append(f"rank correlation: Spearman {found.spearman:.3f}, Kendall {found.kendall:.3f}")
    if found.battles_both:
        share = found.same_winner / found.battles_both
        lines.append(f"{found.battles_both:,} battles rated on both: {share:.1%} with the same winner, "
                     f"{len(found.changed):,} changed")  # fmt: skip
    for count, side in ((found.battles_only_before, "first"), (found.battles_only_after, "second")):
        if count:
            lines.append(f"{count:,} battles only on the {side}")
    for names, side in ((found.only_before, "first"), (found.only_after, "second")):
        if names:
            lines.append(f"only on the {side}: {', '.join(names)}")
    apart = [row.model for row in found.models if row.apart]
    if apart:
        lines.append(f"moved beyond both intervals: {', '.join(apart)}")
    return lines


def _cells(row: Moved, same_scale: bool) -> list[str | Text]:
    from rich.text import Text

    rank = Text(f"{row.rank_before or '–'} → {row.rank_after or '–'}")
    if row.step:
        rank.append(*((f" ▲{row.step}", "green") if row.step > 0 else (f" ▼{-row.step}", "red")))
    return [
        rank,
        _change(row.rating_before, row.rating_after, 0, step=same_scale),
        _change(_hundred(row.win_rate_before), _hundred(row.win_rate_after), 1, "%"),
        _change(row.score_before, row.score_after, 2),
    ]


def _hundred(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _change(before: float | None, after: float | None, digits: int, unit: str = "", step: bool = True) -> str:
    if before is None and after is None:
        return "–"
    shown = [f"{value:.{digits}f}{unit}" if value is not None else "–" for value in (before, after)]
    moved = f" ({after - before:+.{digits}f})" if step and before is not None and after is not None else ""
    return f"{shown[0]} → {shown[1]}{moved}"
