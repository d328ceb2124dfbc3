"""`arena agree`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import click

from arena.cli.options import FiniteRange
from arena.cli.terminal import say, say_json
from arena.types import JSON

Row = Mapping[str, JSON]


@click.command()
@click.option("-c", "--config", "--c", "config", metavar="CFG", help="The board whose judges are compared.")
@click.option("--votes", type=click.Path(path_type=Path), metavar="FILE",
              help="People's votes, any file `arena rate` reads; default: the board's votes.jsonl.")  # fmt: skip
@click.option("--judge", metavar="J", help="Only this judge.")
@click.option("--with", "other", metavar="J", help="Compare with this judge of the board instead of with people.")
@click.option("--level", type=FiniteRange(0, 1, min_open=True, max_open=True), default=0.95, show_default=True)
@click.option("--width", type=FiniteRange(0, 0.5, min_open=True), default=0.05, show_default=True,
              help="How wide (±) the interval of the agreement may be, to say how many votes that takes.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON on stdout.")
def agree(
    config: str | None,
    votes: Path | None,
    judge: str | None,
    other: str | None,
    level: float,
    width: float,
    seed: int,
    as_json: bool,
) -> None:
    """A judge against people: agreement, kappa, rank correlation, and where it leans.

    Votes are matched with verdicts by question and pair of models. A file needs model_a, model_b and winner (or
    outcome, or human_pref: 0 model_a, 1 model_b, 0.5 tie), with question_id, voter, category, language where known.
    Without -c the file must hold the judge's verdicts too, in a column judge_pref.
    """
    from arena.stages.agree import Wish, agree_in_file, agree_on_board, verdicts_as_votes
    from arena.store.votes import read_votes

    wish = Wish(judge, level, width, seed, other)
    if config is None:
        if votes is None:
            raise click.UsageError("give a board with -c, or a file with --votes")
        found = read_votes(votes)
        document = agree_in_file(found, wish)
    else:
        from arena.board.open import open_board
        from arena.board.verdicts import counted
        from arena.cli.shorter import warn_of_shorter
        from arena.config.loading import load_config
        from arena.errors import InputError

        board = open_board(load_config(config))
        warn_of_shorter(board.folders, counted(board))
        cast_in = votes or board.answer_folder.votes_file
        if other is None and votes is None and not cast_in.is_file():
            raise InputError(
                f"{cast_in}: nobody has voted yet: arena view -c {config} has the page Vote; --votes FILE reads votes "
                "from elsewhere, --with JUDGE compares with a judge"
            )
        found = verdicts_as_votes(board, other) if other else read_votes(cast_in)
        document = agree_on_board(board, found, wish)
    for warning in found.odd_names():
        say(f"! {warning}", err=True)
    if as_json:
        from arena.files import round_floats, to_json

        say_json(to_json(round_floats(document), indent=True))
    else:
        _print(document)


def _print(document: Row) -> None:
    from rich.table import Table

    from arena.cli.console import console_on

    console = console_on()
    people = cast("Row", document["people"])
    console.print(f"{document['n_votes']} votes of {_count(document['n_voters'], 'voter')}")
    if people["n_battles"]:
        raw, decisive = _share(people["agree_raw"]), _share(people["agree_decisive"])
        console.print(
            f"people among themselves: {raw} the same winner, {decisive} where neither calls a tie "
            f"({_count(people['n_battles'], 'battle')} with several votes)"
        )
    for judge in cast("Sequence[Row]", document["judges"]):
        table = Table(
            title=f"judge {judge['judge']}", title_justify="left", show_header=False, box=None, pad_edge=False
        )
        table.add_column(no_wrap=True)
        table.add_column()
        for label, value in _lines(judge):
            table.add_row(label, value)
        console.print()
        console.print(table)
    left_out = cast("Mapping[str, int]", document["left_out"])
    if left_out:
        console.print("\nleft out: " + ", ".join(f"{n:,} {reason}" for reason, n in left_out.items()), style="dim")


def _lines(judge: Row) -> list[tuple[str, str]]:
    """What there is to say about one judge; measures that rest on nothing are not shown."""
    majority = cast("Row", judge["majority"])
    half = cast("float", judge["half_width"])
    lines = [
        ("agrees with people", f"{_share(majority['raw'])} on {_count(majority['n_battles'], 'battle')}"),
        ("  where neither ties", _share(majority["decisive"])),
        ("  with one voter", _share(judge["single_vote"])),
        ("  beyond chance (κ)", _plain(majority["kappa"])),
        ("order of the models", f"Spearman {_plain(majority['spearman'])}, Kendall {_plain(majority['kendall'])}"),
        ("battles: orders agree", _share(judge["consistency"])),
        ("points to the first slot", _share(judge["first_slot"])),
        ("prefers the longer answer", f"{_share(judge['longer_judge'])}, people {_share(judge['longer_people'])}"),
        ("  more than people do by", _points(judge["length_bias"])),
        ("calls a tie", f"{_share(judge['ties_judge'])}, people {_share(judge['ties_people'])}"),
    ]
    lines = [(label, value) for label, value in lines if not value.startswith("–")]
    for what in ("categories", "languages"):
        slices = cast("Mapping[str, JSON]", judge[what])
        lines += [(f"  {name}", _share(value)) for name, value in slices.items() if len(slices) > 1]
    if temperature := cast("Row | None", judge["temperature"]):
        loss = f"log loss {temperature['log_loss']:.3f} (a coin: {temperature['log_loss_coin']:.3f})"
        beta = f"β = {temperature['beta']:.3f}{_ends(temperature, 3, 1.0)}"
        lines.append(("soft verdicts", f"P = σ(β·signal) with {beta}, {loss}"))
    if paste := judge.get("entry"):
        lines.append(("to put into its entry", f"{paste} (the fitted value; nothing changes by itself)"))
    more = judge["more_questions"]
    if more is not None:
        enough = "reached" if more == 0 else f"{more} more questions with votes"
        lines.append((f"for ±{100 * half:g} points", enough))
    return lines


def _share(mean: JSON) -> str:
    return _mean(mean, 1, 100.0, "%")


def _points(mean: JSON) -> str:
    return _mean(mean, 1, 100.0, " points")


def _plain(mean: JSON) -> str:
    return _mean(mean, 2, 1.0, "")


def _mean(mean: JSON, digits: int, factor: float, unit: str) -> str:
    row = cast("Row", mean)
    value = row.get("value")
    if not isinstance(value, int | float):
        return "–"
    return f"{factor * value:.{digits}f}{unit}{_ends(row, digits, factor)}"


def _ends(row: Row, digits: int, factor: float) -> str:
    low, high = row.get("low"), row.get("high")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return ""
    return f" [{factor * low:.{digits}f}, {factor * high:.{digits}f}]"


def _count(n: JSON, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n:,} {what}s"
