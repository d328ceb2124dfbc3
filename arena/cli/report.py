"""`arena report`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click

from arena.cli.options import config_option, dry_run_option
from arena.cli.terminal import say


@click.command()
@config_option
@dry_run_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: reports/leaderboard.html.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the page.")
def report(config: str, dry_run: str | None, out: Path | None, lang: str) -> None:
    """One self-contained HTML file of a rated board.

    It opens anywhere, loads nothing from the network, and holds the leaderboard, who beats whom, judges, a searchable
    sample of battles and how it all was made.
    """
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config
    from arena.files import write_atomically
    from arena.reports.page import read_page_data, render_page
    from arena.store.folder import BoardFolder

    loaded = load_config(config)
    real = BoardFolder(loaded.config.output_dir)
    answers, reviews = real.dry_run if dry_run == "all" else real, real.dry_run if dry_run else real
    warn_of_shorter(dict.fromkeys((answers, reviews)))
    data = read_page_data(loaded.config, _title(loaded.path), answers, reviews)
    page = render_page(data, cast("Literal['en', 'zh']", lang)).encode("utf-8", "replace")
    target = out if out is not None else reviews.reports / "leaderboard.html"
    write_atomically(target, page)
    size = f"{len(page) / 1e6:.1f} MB" if len(page) >= 1e6 else f"{len(page) / 1e3:.0f} kB"
    say(f"{target} ({size})")


def _title(path: Path) -> str:
    """The board's name: that of its config file, or of the folder around a plain `config.yaml`."""
    stem = path.stem.removeprefix("cfg_")
    name = path.resolve().parent.name + stem.removeprefix("config") if stem.startswith("config") else stem
    return name.replace("-", " ").replace("_", " ") if stem != "config" else name
