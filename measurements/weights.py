"""Do the intervals of weighted ratings contain the truth 95 % of the time? Simulated with the board's own code.

    python measurements/weights.py [--replicates 2000] [--seed 1] [--out FILE]

Categories differ in whom they favour (sd τ on the logit scale, drawn anew for every board), and so do questions within
one (sd σ); a verdict is the mean of two coins, as of both orders. The truth is the same weighted fit for infinitely
many questions of each category: the mix is fixed, its questions are drawn. `plain sandwich` takes all questions as
drawn from one pool, on the same boards, as if the weighted rows were a battle file of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from arena.ratings import BattleTable, RatingOptions, Weights, rate
from arena.ratings.data.arrays import FloatArray, IntArray, sigmoid
from arena.ratings.data.mix import mixed
from arena.ratings.data.pair_sums import PairSums
from arena.ratings.data.table import Coded
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.ratings.methods.newton import fit_bradley_terry
from measurements.tables import print_table, study_parser

THETA = np.linspace(-1.0, 1.0, 8)
NAMES = tuple(f"m{i}" for i in range(len(THETA)))


class Setting(NamedTuple):
    """One row of the table."""

    name: str
    sizes: tuple[int, ...]
    """Questions of each category."""
    weights: Weights
    tau: float
    sigma: float = 1.0


SETTINGS = (
    Setting("all weights 1", (180, 20), Weights(category={"c1": 1.0}), 1.0),
    Setting("weight 5 on 20 of 200", (180, 20), Weights(category={"c1": 5.0}), 1.0),
    Setting("weight 20 on 20 of 200", (180, 20), Weights(category={"c1": 20.0}), 1.0),
    Setting("weight 50 on 5 of 200", (195, 5), Weights(category={"c1": 50.0}), 1.0),
    Setting("weight 50 on 5 of 200, no category effects", (195, 5), Weights(category={"c1": 50.0}), 0.0),
    Setting("balanced, 100/50/30/15/5", (100, 50, 30, 15, 5), Weights(balanced=True), 1.5),
    Setting("balanced, 40/8/2", (40, 8, 2), Weights(balanced=True), 1.5),
    Setting("weight 5, 30 questions of 150, ten of them alone in their language", (120, 20, *(1,) * 10),
            Weights(category={"c1": 5.0}), 1.0),
)  # fmt: skip


class Shares(NamedTuple):
    """What came out: shares of intervals that hold the truth."""

    rating: float
    win_rate: float
    rank: float
    """Rank intervals that hold the true rank, the lowest of all models."""
    plain: float
    """Ratings, by the sandwich that knows no strata."""


def main() -> None:
    """Run every setting on both designs and print (and write) the table."""
    arguments = study_parser(__doc__, 2_000).parse_args()
    error = sqrt(0.05 * 0.95 / arguments.replicates)
    note = (
        f"The Monte-Carlo standard error of one model's share is {error:.4f}, at most that of the mean over models."
        f" {arguments.replicates} boards per row, seed {arguments.seed}"
    )
    head = ("weights", "design", "rating", "win rate", "rank (worst model)", "plain sandwich")
    print_table(head, _rows(arguments.replicates, arguments.seed), note, arguments.out)


def _rows(replicates: int, seed: int) -> Iterator[str]:
    for number, setting in enumerate(SETTINGS):
        for star in (False, True):
            shares = study(setting, replicates, seed + 1_000_003 * number, star=star)
            shown = " | ".join(f"{share:.3f}" for share in shares)
            yield f"| {setting.name} | {'star' if star else 'all pairs'} | {shown} |"


def study(setting: Setting, replicates: int, seed: int, *, star: bool) -> Shares:
    """Coverage of one setting."""
    rng = np.random.default_rng(seed)
    m, q = len(THETA), sum(setting.sizes)
    a, b = (np.arange(1, m), np.zeros(m - 1, dtype=np.int64)) if star else np.triu_indices(m, 1)
    category = np.repeat(np.arange(len(setting.sizes)), setting.sizes)
    rows = np.repeat(np.arange(q, dtype=np.int32), len(a))
    names = tuple(f"c{i}" for i in range(len(setting.sizes)))
    fixed = {
        "question": Coded(tuple(f"q{i:04d}" for i in range(q)), rows),
        "category": Coded(names, category[rows].astype(np.int32)),
    }
    first, second = np.tile(a, q).astype(np.int32), np.tile(b, q).astype(np.int32)
    options = RatingOptions(baseline=NAMES[0] if star else None, slices=(), pairs=False, details=False)
    per_category = 1.0 / np.array(setting.sizes) if setting.weights.balanced else np.array(
        [setting.weights.category.get(name, 1.0) for name in names]
    )  # fmt: skip
    hits = np.zeros((replicates, 4, m))
    for replicate in range(replicates):
        theta = THETA + rng.normal(0, setting.tau, (len(names), m))
        if star:
            theta[:, 0] = 0.0
        tilt = theta[category] + rng.normal(0, setting.sigma, (q, m))
        p = sigmoid(tilt[:, a] - tilt[:, b]).ravel()
        outcome = ((rng.random(len(p)) < p).astype(float) + (rng.random(len(p)) < p)) / 2
        table = BattleTable(NAMES, first, second, outcome, **fixed)  # type: ignore[arg-type]
        chosen = per_category * np.array(setting.sizes)
        hits[replicate] = _hits(table, setting, options, truth(theta, a, b, chosen, setting.sigma, star=star))
    shares = hits[:, :, 1:].mean(axis=0) if star else hits.mean(axis=0)
    return Shares(shares[0].mean(), shares[1].mean(), shares[2].min(), shares[3].mean())


def _hits(
    table: BattleTable, setting: Setting, options: RatingOptions, true: tuple[FloatArray, FloatArray]
) -> FloatArray:
    rating, rate_of = true
    rank = 1 + (rating[None, :] > rating[:, None] + 1e-9).sum(axis=1)
    found = np.zeros((4, len(rating)))
    for row in rate(table, replace(options, weights=setting.weights)).models:
        i, weighted = int(row.model[1:]), row.weighted or {}
        found[0, i] = _within(weighted["low"], weighted["high"], rating[i])
        found[1, i] = _within(weighted["win_rate_low"], weighted["win_rate_high"], rate_of[i])
        found[2, i] = (weighted["rank_low"] or 0) <= rank[i] <= (weighted["rank_high"] or 0)
    for row in rate(replace(mixed(table, setting.weights)[0], mix=None), options).models:
        found[3, int(row.model[1:])] = _within(row.rating_low, row.rating_high, rating[int(row.model[1:])])
    return found


def truth(
    theta: FloatArray, a: IntArray, b: IntArray, mix: FloatArray, sigma: float, *, star: bool
) -> tuple[FloatArray, FloatArray]:
    """Ratings and win rates of the weighted fit for infinitely many questions; `theta` is (categories, models)."""
    m = theta.shape[1]
    p = (mix[:, None] * _expected(theta[:, a] - theta[:, b], sigma * np.sqrt(2))).sum(axis=0) / mix.sum()
    if star:
        strength = np.concatenate([[0.0], np.log(p / (1 - p))])
        return ELO_MEAN + ELO_SCALE * strength, np.concatenate([[0.5], p])
    pairs = PairSums(m, a, b, p, np.ones(len(a)))
    strength = fit_bradley_terry(pairs, np.zeros(m, dtype=np.int64)).theta
    points = np.bincount(a, p, m) + np.bincount(b, 1 - p, m)
    return ELO_MEAN + ELO_SCALE * strength, points / (m - 1)


@cache
def _quadrature() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return nodes, weights / weights.sum()


def _expected(difference: FloatArray, sigma: float) -> FloatArray:
    """E σ(difference + N(0, σ²))."""
    nodes, weights = _quadrature()
    result: FloatArray = sigmoid(difference[..., None] + sigma * nodes) @ weights
    return result


def _within(low: object, high: object, value: float) -> bool:
    """Whether an interval holds the value; a missing end is open."""
    return (not isinstance(low, float) or low <= value) and (not isinstance(high, float) or value <= high)


if __name__ == "__main__":
    main()
