"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def config_option(function: F) -> F:
    """-c/--config (also --c): a file, or the name of a shipped config."""
    option = click.option("-c", "--config", "--c", "config", required=True, metavar="CFG",
                          help="Config file, or the name of a shipped one.")  # fmt: skip
    return option(function)


def dry_run_option(function: F) -> F:
    """--dry-run[=judge]."""
    option = click.option(
        "--dry-run", is_flag=False, flag_value="all", default=None, type=click.Choice(["all", "judge"]),
        metavar="[=judge]", help="Rehearse without API, GPU, key or engine; =judge: real answers, simulated judge.",
    )  # fmt: skip
    return option(function)


def budget_option(function: F) -> F:
    """--budget-usd X."""
    option = click.option("--budget-usd", type=click.FloatRange(min=0), metavar="X", callback=_is_amount,
                          help="Stop before the next call could bring this run's spending above X.")  # fmt: skip
    return option(function)


def schedule_options(function: F) -> F:
    """--schedule all|adaptive and --calls N."""
    told = "Adaptive: judge requests, repairs apart; a larger number than before opens a new stage."
    schedule = click.option("--schedule", type=click.Choice(["all", "adaptive"]),
                            help="Judge all pairs, or the battles that can still tell models apart.")  # fmt: skip
    calls = click.option("--calls", metavar="N|economy", help=told)
    return schedule(calls(function))


def _is_amount(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not isfinite(value):
        raise click.BadParameter(f"{value:g} is no amount of money", ctx, param)
    return value


class FiniteRange(click.FloatRange):
    """A range of numbers that holds neither NaN nor an infinity."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails as a usage error."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def names(text: str | None, option: str = "--models") -> tuple[str, ...] | None:
    """A comma-separated list of names; None when the option was not given."""
    if text is None:
        return None
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise click.UsageError(f"{option} needs at least one name")
    return found
