"""What a rating rests on, as `options` of leaderboard.json, and the command that gives the same numbers again."""

from __future__ import annotations

from shlex import join, quote
from typing import TYPE_CHECKING, cast

from arena.ratings import RatingOptions
from arena.ratings.methods import METHODS, methods_of
from arena.ratings.methods.bradley_terry import ELO_MEAN
from arena.ratings.results import Anchored
from arena.reports.board import Report

if TYPE_CHECKING:
    from arena.types import JSON

_USUAL = RatingOptions()


def options_json(options: RatingOptions) -> dict[str, JSON]:
    """What the ratings rest on that stands nowhere else on the board: whoever rates a part of it needs the same."""
    adaptive: dict[str, JSON] = {"schedule": "adaptive", "boundary": options.boundary}
    return {
        "style_control": cast("list[JSON]", list(options.style)),
        "simultaneous": options.simultaneous,
        "elo_k": options.elo_k,
        "elo_orders": options.elo_orders,
        "weights": None if options.weights is None else options.weights.to_json(),
        "baselines": cast("list[JSON]", list(options.baselines)),
        "set_aside": cast("list[JSON]", list(options.set_aside)),
        **(adaptive if options.implied or options.boundary != 1 else {}),
    }


def methods_shown(report: Report) -> tuple[str, ...]:
    """What a board of battles was rated by, as far as its numbers tell; the first ranks."""
    there = [name for name in methods_of(scores=False)
             if any(row.ends(METHODS[name].main).value is not None for row in report.models)]  # fmt: skip
    return tuple(dict.fromkeys([report.ranked_by, *there]))


def rate_command(report: Report, reports: str = "reports", categories: str | None = None) -> str | None:
    """The command that rates the board's battles as the board does; None of a board of scores, which has no battles.

    `reports` is the folder of its battles.jsonl and leaderboard.json, `categories` its file of groups of categories.
    """
    if report.single or report.mode is None:
        return None
    own, battles, board = report.options, f"{reports}/battles.jsonl", f"{reports}/leaderboard.json"
    given = [("--method", ",".join(methods_shown(report)))]
    given += [("--baseline", name) for name in report.baselines]
    usual_anchor = None if report.baseline is None else Anchored(report.baseline, ELO_MEAN)
    if report.anchor is not None and report.anchor != usual_anchor:
        given.append(("--anchor", f"{report.anchor.model}={report.anchor.rating!r}"))
    numbers = (
        ("--interval", report.interval, _USUAL.interval), ("--level", report.level, _USUAL.level),
        ("--elo-k", own.elo_k, _USUAL.elo_k), ("--elo-orders", own.elo_orders, _USUAL.elo_orders),
        ("--seed", report.seed, _USUAL.seed),
    )  # fmt: skip
    given += [(name, f"{value}") for name, value, usual in numbers if value is not None and value != usual]
    if own.style_control:
        given.append(("--style", ",".join(own.style_control)))
    if report.adaptive:
        given += [("--schedule", "adaptive"), ("--boundary", repr(own.boundary))]
    if own.weighted:
        given.append(("--weights", board))
        given += [("--category-file", categories)] if categories is not None else []
    given += [("--set-aside", name) for name in own.set_aside]
    words = [f"{name}={quote(value)}" if value.startswith("-") else f"{name} {quote(value)}" for name, value in given]
    return " ".join(["arena rate", quote(battles), *words, *(["--simultaneous"] if own.simultaneous else [])])


def arguments(*words: str) -> str:
    """Arguments of a command as a shell takes them, behind `--` where one would pass for an option."""
    return join([*(["--"] if any(word.startswith("-") for word in words) else []), *words])
