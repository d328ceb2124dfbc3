"""`arena report`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import click

from arena.cli.options import dry_run_option
from arena.cli.terminal import say


@click.command()
@click.argument("battles", nargs=-1, type=click.Path(path_type=Path))
@click.option("-c", "--config", "--c", "config", metavar="CFG", help="Config file, or the name of a shipped one.")
@dry_run_option
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: reports/leaderboard.html, or BATTLES.html."
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the page.")
@click.option("--title", metavar="TEXT", help="What stands at its top; default: the name of the board or file.")
@click.option("--trend", "earlier", multiple=True, metavar="BOARD", help="An earlier board, for a chart over time.")
@click.option("--show-endpoints", is_flag=True, help="Do not hide the names of hosts in the config and the notes.")
def report(
    battles: tuple[Path, ...],
    config: str | None,
    dry_run: str | None,
    out: Path | None,
    lang: str,
    title: str | None,
    earlier: tuple[str, ...],
    show_endpoints: bool,
) -> None:
    """One self-contained HTML file of a rated board, or of any battle files that `arena rate` reads.

    It lies in the board's reports/, or beside the battle file. It opens anywhere, loads nothing from the network, and
    holds the leaderboard, who beats whom, judges, a searchable sample of battles and how it all was made.
    """
    language = cast("Literal['en', 'zh']", lang)
    if (config is None) == (not battles) or (battles and dry_run is not None):
        raise click.UsageError("give either a board with -c CFG, or battle files")
    if battles and earlier:
        raise click.UsageError("--trend goes with a board, -c CFG")
    target, size = (
        _of_file(battles, out, language, title)
        if battles
        else _of_board(str(config), dry_run, out, language, title, show_endpoints, earlier)
    )
    say(f"{target} ({f'{size / 1e6:.1f} MB' if size >= 1e6 else f'{size / 1e3:.0f} kB'})")


def _of_file(
    battles: tuple[Path, ...], out: Path | None, language: Literal["en", "zh"], title: str | None
) -> tuple[Path, int]:
    from arena.battles.read.wanted import Wanted
    from arena.ratings import RatingOptions
    from arena.stages.rate_file import rate_files, write_page

    rated = rate_files(battles, RatingOptions(), Wanted())
    target = out if out is not None else rated.files[0].with_name(f"{rated.title}.html")
    return target, write_page(target, replace(rated, called=title), language)


def _of_board(
    config: str,
    dry_run: str | None,
    out: Path | None,
    language: Literal["en", "zh"],
    title: str | None,
    show_endpoints: bool,
    earlier: tuple[str, ...],
) -> tuple[Path, int]:
    from arena.cli.diff import locate
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config
    from arena.files import write_atomically
    from arena.reports.page import read_page_data, render_page, without_endpoints
    from arena.reports.trend import trend_of
    from arena.store.folder import BoardFolder

    loaded = load_config(config)
    real = BoardFolder(loaded.config.output_dir)
    answers, reviews = real.dry_run if dry_run == "all" else real, real.dry_run if dry_run else real
    warn_of_shorter(dict.fromkeys((answers, reviews)))
    data = read_page_data(loaded.config, title or board_title(loaded.path), answers, reviews)
    if earlier:
        data = replace(data, trend=trend_of([*map(locate, earlier), reviews.reports]))
    if not show_endpoints:
        data = without_endpoints(data, loaded.config, os.environ)
    page = render_page(data, language).encode("utf-8", "replace")
    target = out if out is not None else reviews.reports / "leaderboard.html"
    write_atomically(target, page)
    return target, len(page)


def board_title(path: Path) -> str:
    """The board's name: that of its config file, or of the folder around a plain `config.yaml`."""
    stem = path.stem.removeprefix("cfg_")
    name = path.resolve().parent.name + stem.removeprefix("config") if stem.startswith("config") else stem
    return name.replace("-", " ").replace("_", " ") if stem != "config" else name
