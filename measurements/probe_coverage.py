"""Do the intervals of `arena probe` contain the truth as often as they say? Simulated with the code that makes them.

    python measurements/probe_coverage.py [--replicates 2000] [--seed 1]

Questions, texts and requests differ at random (sd 1 on the logit scale); everything made of one shares that. The truth
is the mean over infinitely many of them, found by as many draws as matter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from arena.probes import PROBES
from arena.probes.score import probe_score
from arena.ratings.data.arrays import FloatArray, sigmoid
from arena.reports.probes import ProbeRow

LEVEL = 0.95
Draw = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]
"""(generator, clusters) -> values and controls, one row per cluster."""


def consistency(base: float, effect: float) -> Draw:
    """Disturbed and repeat of every question, each the same or not."""

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        own = rng.normal(0, 1, (n, 1))
        values, controls = (rng.random((n, 1)) < sigmoid(base + shift + own) for shift in (effect, 0.0))
        return values.astype(float), controls.astype(float)

    return draw


def compliance(base: float, effect: float) -> Draw:
    """Seven suffixes of every request against the one plain answer."""

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        own = rng.normal(0, 1, (n, 1))
        values = rng.random((n, 7)) < sigmoid(base + effect + own)
        plain = rng.random((n, 1)) < sigmoid(base + own)
        return values.astype(float), np.repeat(plain, 7, axis=1).astype(float)

    return draw


def preference(shift: float) -> Draw:
    """Two or three pairs of names for every text, two orders of a judge each."""

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        p = sigmoid(shift + rng.normal(0, 1, (n, 1)))
        wins = sum((rng.random((n, 3)) < p).astype(float) for _ in range(2))
        return np.asarray(wins) - 1, np.zeros((n, 3))

    return draw


def retrieval(base: float) -> Draw:
    """Five depths of every text."""

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        found = rng.random((n, 5)) < sigmoid(base + rng.normal(0, 1, (n, 1)))
        return found.astype(float), np.full((n, 5), np.nan)

    return draw


CASES: tuple[tuple[str, str, str, tuple[int, ...], Draw], ...] = (
    ("disturbance, effect 0, 88 %", "typo", "effect", (20, 50, 200), consistency(2.5, 0.0)),
    ("disturbance, effect 0, 98 %", "typo", "effect", (20, 50, 200), consistency(4.5, 0.0)),
    ("disturbance, effect −20", "typo", "effect", (20, 50, 200), consistency(2.5, -1.5)),
    ("jailbreak, effect +25", "jailbreak", "effect", (12, 20, 50), compliance(-2.0, 1.5)),
    ("counterfactual, none", "counterfactual", "effect", (6, 12, 24), preference(0.0)),
    ("counterfactual, −30", "counterfactual", "effect", (6, 12, 24), preference(-0.8)),
    ("needle, 50 %", "needle", "value", (5, 15, 50), retrieval(0.0)),
    ("needle, 90 %", "needle", "value", (5, 15, 50), retrieval(2.7)),
)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"| case | questions or texts | coverage of {LEVEL:.0%} intervals | mean width, points |\n|---|---|---|---|")
    for name, probe, number, sizes, draw in CASES:
        rng = np.random.default_rng(given.seed)
        values, controls = draw(rng, 400_000)
        truth = float((values - (controls if number == "effect" else 0)).mean())
        for n in sizes:
            inside, width = 0, 0.0
            for _ in range(given.replicates):
                low, high = interval(probe, number, *draw(rng, n))
                inside += low <= truth <= high
                width += high - low
            share = inside / given.replicates
            print(f"| {name} | {n} | {share:.1%} | {100 * width / given.replicates:.1f} |", flush=True)


def interval(probe: str, number: str, values: FloatArray, controls: FloatArray) -> tuple[float, float]:
    """As `arena probe` would have it, of these rows."""
    bare = ProbeRow(probe=probe, model="m", question_id="", of="")
    rows = [
        replace(bare, of=str(i), value=float(value), control=None if np.isnan(control) else float(control))
        for i, (own, plain) in enumerate(zip(values, controls, strict=True))
        for value, control in zip(own, plain, strict=True)
    ]
    score = probe_score(PROBES[probe], rows, LEVEL)
    ends = ("effect_low", "effect_high") if number == "effect" else ("low", "high")
    return float(str(score[ends[0]])), float(str(score[ends[1]]))


if __name__ == "__main__":
    main()
