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

    pairs: Callable[[Sequence[str], Sequence[str]], Pairs]
    """Of sorted names and the baselines."""
    draw: Callable[[Offer, Estimates | None, int, np.random.Generator], list[Cell]]
    """Up to so many cells, taken from the offer; estimates are None while nothing is known."""
    adapts: bool = False
    """Whether what comes next depends on what was judged: then only what was drawn is on the board."""


def _all_pairs(names: Sequence[str], baselines: Sequence[str]) -> Pairs:
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def _with_baselines(names: Sequence[str], baselines: Sequence[str]) -> Pairs:
    """Everybody with each baseline; of two baselines the one that is listed first is model_b."""
    there = [name for name in baselines if name in names]
    return [(name, one) for place, one in enumerate(there) for name in names if name not in there[: place + 1]]


SCHEDULES: dict[str, Schedule] = {
    "all": Schedule(_all_pairs, draw_everything),
    "baseline": Schedule(_with_baselines, draw_everything),
    "adaptive": Schedule(_all_pairs, draw_adaptive, adapts=True),
}


def pairs(models: Iterable[str], mode: Mode, baselines: Sequence[str]) -> Pairs:
    """The pairs (model_a, model_b) of a board, sorted; those with the first baseline first.

    `pairwise`: all, with model_a < model_b by code point. `pairwise_baseline`: everyone against each baseline,
    which is model_b, and these against each other. `single`: none.
    """
    names = sorted(set(models))
    match mode:
        case "single":
            return []
        case "pairwise":
            return SCHEDULES["all"].pairs(names, baselines)
        case "pairwise_baseline":
            return SCHEDULES["baseline"].pairs(names, baselines)


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
