"""Who meets whom, and in which order the judge sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from arena.config.schema import Mode, OrderRule
from arena.judging.adaptive import Cell, Estimates, Offer, draw_adaptive, draw_everything
from arena.keys import canonical
from arena.types import Order

BOTH: tuple[Order, ...] = ("a_first", "b_first")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A way to choose what judges read: who can meet whom, and which cells come next."""

    pairs: Callable[[Sequence[str], str | None], Pairs]
    """Of sorted names and the baseline."""
    draw: Callable[[Offer, Estimates | None, int, np.random.Generator], list[Cell]]
    """Up to so many cells, taken from the offer; estimates are None while nothing is known."""
    adapts: bool = False
    """Whether what comes next depends on what was judged: then only what was drawn is on the board."""


def _all_pairs(names: Sequence[str], baseline: str | None) -> Pairs:
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def _with_baseline(names: Sequence[str], baseline: str | None) -> Pairs:
    return (
        [(name, baseline) for name in names if name != baseline] if baseline is not None and baseline in names else []
    )


SCHEDULES: dict[str, Schedule] = {
    "all": Schedule(_all_pairs, draw_everything),
    "baseline": Schedule(_with_baseline, draw_everything),
    "adaptive": Schedule(_all_pairs, draw_adaptive, adapts=True),
}


def pairs(models: Iterable[str], mode: Mode, baseline: str | None) -> Pairs:
    """The pairs (model_a, model_b) of a board, sorted.

    `pairwise`: all, with model_a < model_b by code point. `pairwise_baseline`: everyone against the baseline, which
    is model_b. `single`: none.
    """
    names = sorted(set(models))
    match mode:
        case "single":
            return []
        case "pairwise":
            return SCHEDULES["all"].pairs(names, baseline)
        case "pairwise_baseline":
            return SCHEDULES["baseline"].pairs(names, baseline)


def orders(rule: OrderRule, seed: int, question_id: str, model_a: str, model_b: str) -> tuple[Order, ...]:
    """The orders to ask for. `random` draws one of both from a hash, so that going on to `both` reuses it.

    `recorded` asks for both where nothing is stored; `adaptive` where nobody draws (the null sentinel's battles).
    """
    match rule:
        case "both" | "recorded" | "adaptive":
            return BOTH
        case "fixed":
            return ("a_first",)
        case "random":
            bit = hashlib.sha256(canonical([seed, question_id, model_a, model_b])).digest()[-1] & 1
            return (BOTH[bit],)
