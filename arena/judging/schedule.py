"""Who meets whom, and in which order the judge sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from arena.config.schema import Mode, OrderRule
from arena.keys import canonical
from arena.types import Order

BOTH: tuple[Order, ...] = ("a_first", "b_first")


def pairs(models: Iterable[str], mode: Mode, baseline: str | None) -> list[tuple[str, str]]:
    """The pairs (model_a, model_b) of a board, sorted.

    `pairwise`: all, with model_a < model_b by code point. `pairwise_baseline`: everyone against the baseline, which
    is model_b. `single`: none.
    """
    names = sorted(set(models))
    match mode:
        case "single":
            return []
        case "pairwise":
            return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        case "pairwise_baseline":
            return [(name, baseline) for name in names if name != baseline] if baseline in names else []


def orders(rule: OrderRule, seed: int, question_id: str, model_a: str, model_b: str) -> tuple[Order, ...]:
    """The orders to ask for. `random` draws one of both from a hash, so that going on to `both` reuses it.

    `recorded` asks for both where nothing is stored.
    """
    match rule:
        case "both" | "recorded":
            return BOTH
        case "fixed":
            return ("a_first",)
        case "random":
            bit = hashlib.sha256(canonical([seed, question_id, model_a, model_b])).digest()[-1] & 1
            return (BOTH[bit],)
