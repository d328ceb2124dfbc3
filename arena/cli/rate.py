"""`arena rate`."""

from __future__ import annotations

from math import isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import FiniteRange
from arena.cli.terminal import say, say_json

if TYPE_CHECKING:
    from arena.ratings import Anchored
    from arena.ratings.options import EloOrder, Interval, Slice
    from arena.reports.board import Report

INTERVALS = ("sandwich", "bootstrap", "independent", "none")


@click.command("rate")
@click.argument("battles", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--method",
    "methods",
    metavar="M[,M]",
    multiple=True,
    help="bradley_terry, elo, win_rate; several with commas, the first ranks.",
)
@click.option("--baseline", "baselines", multiple=True, metavar="MODEL",
              help="Win rates against it; it stands at 1000. Repeated: the mean over them.")  # fmt: skip
@click.option("--anchor", metavar="MODEL=POINTS", help="Hold a model at so many points.")
@click.option(
    "--interval",
    type=click.Choice(INTERVALS),
    default="sandwich",
    show_default=True,
    help="sandwich goes by question; bootstrap too, for ratings alone.",
)
@click.option(
    "--cluster",
    metavar="COLUMN",
    default="question_id",
    show_default=True,
    help="Rows with the same value depend on each other.",
)
@click.option(
    "--level",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="How often an interval should hold the truth.",
)
@click.option("--simultaneous", is_flag=True, help="Ranks and differences that hold for all pairs at once.")
@click.option(
    "--style",
    metavar="COL[,COL]",
    default="",
    help="Control for these columns (x, or x_a and x_b), or a preset: arena, alpaca_eval.",
)
@click.option("--by", type=click.Choice(["category", "language"]), multiple=True, help="The same within each of these.")
@click.option("--judge", metavar="J", help="Only this judge's battles.")
@click.option("--pairs/--no-pairs", default=None, help="Differences between all pairs; default up to 50 models.")
@click.option(
    "--elo-order",
    type=click.Choice(["seeded", "file"]),
    default="seeded",
    show_default=True,
    help="Mean over seeded random orders, or the one order of the file.",
)
@click.option("--elo-k", type=FiniteRange(0, min_open=True), default=4.0, show_default=True)
@click.option("--elo-orders", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--bootstraps", type=click.IntRange(50, 100_000), default=1000, show_default=True)
@click.option("--schedule", type=click.Choice(["all", "adaptive"]), default="all", show_default=True,
              help="adaptive: opponents were chosen, so win rates are those that the fit implies; no Elo.")  # fmt: skip
@click.option("--boundary", type=FiniteRange(1), default=1.0, show_default=True,
              help="Factor on the quantile of every interval, as an adaptive board says it.")  # fmt: skip
@click.option("--weights", metavar="FILE",
              help="Also rate by your own weights: a file of what rating_gen.weights holds, a leaderboard.json, or "
              "the word balanced.")  # fmt: skip
@click.option("--category-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Groups of categories, as a board has them.")  # fmt: skip
@click.option("--set-aside", metavar="M[,M]", multiple=True,
              help="Models whose battles count for nobody else; they have no rank.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Show so many models; all are rated, and in the JSON.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write leaderboard.json, .csv, .md, .html and .svg there, and .png with the extra viz.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The ratings with their intervals as a figure: .svg, or .png with the extra viz.",
)
@click.option("--ray", metavar="ADDRESS", help="Add up Parquet files on this Ray cluster (extra cluster).")
@click.option("--json", "as_json", is_flag=True, help="leaderboard.json's object on stdout.")
def rate(
    battles: tuple[Path, ...], methods: tuple[str, ...], baselines: tuple[str, ...], anchor: str | None, interval: str,
    cluster: str, level: float, simultaneous: bool, style: str, by: tuple[str, ...], judge: str | None,
    pairs: bool | None, elo_order: str, elo_k: float, elo_orders: int, bootstraps: int, schedule: str, boundary: float,
    weights: str | None, category_file: Path | None, set_aside: tuple[str, ...], seed: int, top: int | None,
    out: Path | None, plot: Path | None, ray: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Ratings of any battle files: .jsonl, .csv, .tsv, .parquet, a .json array, each also .gz; - is stdin.

    Several files, a folder or a quoted pattern ('battles/*.parquet') are rated as one file; they need the same columns.

    Needs model_a, model_b and outcome (0 to 1), winner (a model's name, model_a, model_b, tie, both_bad, skip) or
    human_pref (0: model_a, 1: model_b); question_id makes intervals true where questions repeat. Rows without an
    outcome are skipped and counted. A board's votes.jsonl is read too.
    """
    from arena.battles.read.wanted import Wanted
    from arena.ratings import RatingOptions
    from arena.stages.rate_file import FIGURES, rate_files, read_weights, shown, write_figure, write_files

    if plot is not None and plot.suffix.lower() not in FIGURES:
        raise click.BadParameter(f"found {plot.name!r}, allowed: a file {' or '.join(FIGURES)}", param_hint="--plot")
    features = tuple(dict.fromkeys(name.strip() for name in style.split(",") if name.strip()))
    options = RatingOptions(
        methods=_methods(methods, schedule), baseline=next(iter(baselines), None),
        more_baselines=baselines[1:], anchor=_anchor(anchor),
        interval=cast("Interval", interval),
        level=level, simultaneous=simultaneous, style=features, elo_k=elo_k, elo_orders=elo_orders,
        elo_order=cast("EloOrder", elo_order), seed=seed, pairs=pairs, slices=cast("tuple[Slice, ...]", by),
        bootstraps=bootstraps, implied=schedule == "adaptive", boundary=boundary,
        weights=None if weights is None else read_weights(weights), set_aside=set_aside,
    )  # fmt: skip
    rated = rate_files(battles, options, Wanted(judge, _needed(features), cluster, by), ray, category_file)
    if out is not None:
        write_files(out, rated, top)
    if plot is not None:
        write_figure(plot, rated.report, top)
    if as_json:
        from arena.files import to_json

        say_json(to_json(rated.report.stored, indent=True))
    else:
        _print(shown(rated.report, top), len(rated.report.models), out, by, with_pairs=bool(pairs))


def _print(report: Report, models: int, out: Path | None, by: tuple[str, ...], *, with_pairs: bool) -> None:
    from arena.cli.details import print_pairs, print_slices
    from arena.cli.table import print_board

    print_board(report, out)
    if len(report.models) < models:
        say(f"the first {len(report.models):,} of {models:,} models")
    for name in by:
        print_slices(report, name)
    if with_pairs:
        print_pairs(report)


def _methods(given: tuple[str, ...], schedule: str) -> tuple[str, ...]:
    from arena.ratings.methods import wrong_method
    from arena.ratings.options import USUAL_METHODS

    chosen = tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))
    for name in chosen:
        if (wrong := wrong_method(name)) is not None:
            raise click.BadParameter(wrong, param_hint="--method")
    if schedule == "adaptive":
        if chosen[:1] == ("elo",):
            raise click.BadParameter("elo has no meaning where opponents are chosen; not first", param_hint="--method")
        chosen = tuple(name for name in chosen if name != "elo")
    return chosen or USUAL_METHODS


def _anchor(text: str | None) -> Anchored | None:
    from arena.ratings import Anchored

    if text is None:
        return None
    model, _, points = text.rpartition("=")
    try:
        anchor = Anchored(model, float(points)) if model else Anchored(text, 1000.0)
    except ValueError:
        anchor = Anchored(text, nan)
    if not isfinite(anchor.rating):
        raise click.BadParameter(f"found {text!r}, allowed: MODEL=POINTS", param_hint="--anchor")
    return anchor


def _needed(features: tuple[str, ...]) -> tuple[str, ...]:
    from arena.ratings.methods.style import columns_needed

    return columns_needed(features)
