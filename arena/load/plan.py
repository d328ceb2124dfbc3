"""What a load test will send and what that can cost, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from arena.asking.budget import OUTPUT_CAP, call_bound_usd
from arena.config.load_test import LoadTestConfig
from arena.load.levels import Level
from arena.load.limit import MOST_LEVELS
from arena.load.prompts import Prompts
from arena.load.targets import Target

_CHARS_PER_TOKEN = 4.0


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One endpoint's share."""

    target: Target
    requests: int | None
    """Warm-up included; None where a level lasts a time in a closed loop."""
    input_tokens: int | None
    """About four characters each."""
    most_output_tokens: int | None
    most_usd: float | None
    """None: no price, or no number of requests."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A load test before it starts."""

    rows: tuple[PlanRow, ...]
    levels: str
    """In words."""
    notes: tuple[str, ...]

    @property
    def most_usd(self) -> float | None:
        """The most that it can cost; None where that is not known."""
        costs = [row.most_usd for row in self.rows]
        return math.fsum(cost for cost in costs if cost is not None) if None not in costs else None


def make_plan(
    targets: Sequence[Target], levels: Sequence[Level], prompts: Sequence[Prompts], settings: LoadTestConfig, seed: int
) -> LoadPlan:
    """The plan of a load test; `prompts` belong to the targets. A search is planned with the most levels it takes."""
    told, slo = ", ".join(level.titled for level in levels), settings.slo
    if settings.find_limit:
        told = f"a search from {levels[0].titled} on, at most {MOST_LEVELS} levels"
        # how many come in a time depends on the rate
        levels = [replace(levels[0], number=n) for n in range(MOST_LEVELS)]
    expected = [None if settings.find_limit and level.requests is None else level.expected(seed) for level in levels]
    total = (
        None
        if None in expected
        else sum(n or 0 for n in expected) + sum(level.repeats * level.warmup for level in levels) + 1
    )
    rows = [_row(target, total, own) for target, own in zip(targets, prompts, strict=True)]
    notes = []
    for own in {one.what: one for one in prompts}.values():
        most = max([n for n in expected if n is not None], default=None)
        if own.count is not None and (most is None or most > own.count or len(levels) > 1):
            notes.append(
                f"{own.what} repeat: a prefix cache answers them faster than new ones"
                " (`prompts: {random: {input: N, output: N}}` never repeats)"
            )
    if slo is not None:
        needed = math.ceil(math.log(0.05) / math.log(slo.share))
        few = [level.titled for level, n in zip(levels, expected, strict=True) if n is not None and n < needed]
        if few:
            some = ", ".join(dict.fromkeys(few))
            notes.append(f"a share of {slo.share:g} cannot be shown by fewer than {needed:,} requests: {some}")
    return LoadPlan(tuple(rows), told, tuple(notes))


def _row(target: Target, requests: int | None, prompts: Prompts) -> PlanRow:
    request = prompts.of(0, 0)
    cap = request.sampling.max_tokens or OUTPUT_CAP
    if requests is None:
        return PlanRow(target, None, None, None, None)
    sample = [prompts.of(0, at) for at in range(min(prompts.count or 20, 2_000))]
    most = None
    if target.entry.token_price is not None:
        most = requests * max(call_bound_usd(one, target.entry.token_price) for one in sample)
    elif target.entry.keyless_local:
        most = 0.0
    return PlanRow(target, requests, round(requests * prompts.chars / _CHARS_PER_TOKEN), requests * cap, most)
