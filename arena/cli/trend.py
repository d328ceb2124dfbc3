"""`arena trend`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from arena.cli.terminal import say, say_json

if TYPE_CHECKING:
    from arena.reports.trend import Trend


@click.command()
@click.argument("boards", metavar="BOARD...", nargs=-1, required=True)
@click.option("--by-time", is_flag=True, help="By the moment of each board's last run; without it in the order given.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="One self-contained page with a chart.")  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the page.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def trend(boards: tuple[str, ...], by_time: bool, html: Path | None, lang: str, as_json: bool) -> None:
    """Ratings over several boards, the earliest first, and where they share no scale.

    A BOARD is a config, an output folder, or a leaderboard.json. Numbers compare where judges, prompts, the texts of
    the questions in common and the answers of the anchor or baseline are the same; elsewhere a new line begins, and
    why. Says of judges that are the same how many of their verdicts on equal answers changed.
    """
    from arena.cli.diff import locate
    from arena.cli.shorter import board_root, warn_of_shorter
    from arena.files import round_floats, to_json, write_atomically
    from arena.reports.trend import trend_of
    from arena.store.folder import BoardFolder

    found = trend_of([locate(place) for place in boards], by_time=by_time)
    warn_of_shorter(BoardFolder(root) for b in found.boards if (root := board_root(Path(b.path))) is not None)
    if html is not None:
        from arena.reports.page.trend import render_trend

        write_atomically(html, render_trend(found, cast("Literal['en', 'zh']", lang)).encode("utf-8", "replace"))
    if as_json:
        say_json(to_json(round_floats(found.to_json())))
        return
    print_trend(found)
    if html is not None:
        say(f"page: {html}")


def print_trend(found: Trend) -> None:
    """The table and what must be known of it."""
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE
    from arena.reports.trend_words import number, sentences, word

    console = console_on(width_of_a_pipe=WIDTH_OF_A_PIPE)
    if found.simulated:
        console.print(simulated(word("simulated")))
    table = Table(title=word(found.measure), title_justify="left", title_style="bold", header_style="bold")
    columns = [Shown("model", [model for model, _ in found.models], left=True)]
    for place, board in enumerate(found.boards):
        own = [next((p for p in points if p.board == place), None) for _, points in found.models]
        heading = f"‖ {board.name}" if board.begins else board.name
        columns.append(Shown(heading, [number(point, found) for point in own], spare=place - len(found.boards)))
    console.print(fill(table, columns, console.width))
    if len(table.columns) <= len(found.boards):
        left_out = len(found.boards) - len(table.columns) + 1
        console.print(f"the first {left_out} boards do not fit the terminal; --json has all", style="dim")
    for line in sentences(found):
        console.print(line, soft_wrap=True)
