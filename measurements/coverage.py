"""Do 95 % intervals contain the truth 95 % of the time? Simulated with the code that makes the leaderboard.

    python measurements/coverage.py [--replicates 2000] [--seed 1] [--out docs/coverage.md]

Each question favours some models at random (sd σ on the logit scale), every verdict is a coin at the resulting
probability; "both" is the mean of two such coins, as two orders of a judge without position effect. The truth is what
the same fit gives for infinitely many questions, not the θ that were put in: question effects attenuate it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.data.arrays import FloatArray, sigmoid
from arena.ratings.data.pair_sums import PairSums
from arena.ratings.data.table import Coded
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.ratings.methods.newton import fit_bradley_terry
from measurements.tables import print_table, study_parser

SIGMAS = (0.0, 1.0, 2.0)
QUESTIONS = (20, 50, 100, 500)
DESIGNS = ("all pairs", "star")
VERDICTS = ("one", "both")

THETA = np.linspace(-1.3, 1.3, 10)
"""All pairs: ten models, evenly spaced."""
STAR_RATES = np.array([0.03, 0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
"""Star: ten models by their true win rate against the baseline."""


class Cell(NamedTuple):
    """One setting of the study."""

    design: str
    sigma: float
    verdicts: str
    questions: int


class Shares(NamedTuple):
    """What came out of a cell, as shares."""

    rating: float
    """Intervals of ratings that hold the truth (star: models with true win rates in .1–.9)."""
    extreme: float
    """The same for the star's models beyond .1–.9; NaN for all pairs."""
    win_rate: float
    """The same for win rates (star: in .1–.9)."""
    rank: float
    """Rank intervals that hold the true rank, the lowest of all models."""
    open_ends: float
    """Ratings without a finite end on one side."""


def main() -> None:
    """Run every cell and print (and write) the table."""
    arguments = study_parser(__doc__, 2_000).parse_args()
    head = ("design", "σ", "verdicts", "questions", "rating", "beyond .1–.9", "win rate", "rank (worst model)",
            "open ends")  # fmt: skip
    note = f"{arguments.replicates} replicates per cell, seed {arguments.seed}"
    print_table(head, _rows(arguments.replicates, arguments.seed), note, arguments.out)


def _rows(replicates: int, seed: int) -> Iterator[str]:
    for number, cell in enumerate(itertools.starmap(Cell, itertools.product(DESIGNS, SIGMAS, VERDICTS, QUESTIONS))):
        shares = study(cell, replicates, seed + 1_000_003 * number)
        shown = " | ".join("–" if np.isnan(share) else f"{share:.3f}" for share in shares)
        yield f"| {cell.design} | {cell.sigma:g} | {cell.verdicts} | {cell.questions} | {shown} |"


def study(cell: Cell, replicates: int, seed: int) -> Shares:
    """Coverage of one cell."""
    rng = np.random.default_rng(seed)
    theta, a, b = design_of(cell.design, cell.sigma)
    m, q = len(theta), cell.questions
    names = tuple(f"m{i:02d}" for i in range(m))
    question = Coded(tuple(f"q{i:04d}" for i in range(q)), np.repeat(np.arange(q, dtype=np.int32), len(a)))
    first, second = np.tile(a, q).astype(np.int32), np.tile(b, q).astype(np.int32)
    true_rating, true_rate = truth(cell.design, theta, cell.sigma, a, b)
    true_rank = 1 + (true_rating[None, :] > true_rating[:, None] + 1e-9).sum(axis=1)
    hits = np.zeros((replicates, 4, m))
    baseline = names[0] if cell.design == "star" else None
    chosen = RatingOptions(baseline=baseline, slices=(), pairs=False, details=False)
    for replicate in range(replicates):
        tilt = theta + rng.normal(0, cell.sigma, (q, m)) if cell.sigma else np.tile(theta, (q, 1))
        if cell.design == "star":
            tilt[:, 0] = theta[0]
        p = sigmoid(tilt[:, a] - tilt[:, b]).ravel()
        outcome = (rng.random(len(p)) < p).astype(float)
        if cell.verdicts == "both":
            outcome = (outcome + (rng.random(len(p)) < p)) / 2
        board = rate(BattleTable(names, first, second, outcome, question=question), chosen)
        for row in board.models:
            i = int(row.model[1:])
            hits[replicate, 0, i] = _within(row.rating_low, row.rating_high, true_rating[i])
            hits[replicate, 1, i] = _within(row.win_rate_low, row.win_rate_high, true_rate[i])
            hits[replicate, 2, i] = (row.rank_low or 0) <= true_rank[i] <= (row.rank_high or 0)
            hits[replicate, 3, i] = row.unbounded is not None
    shares = hits.mean(axis=0)
    models = np.arange(m) > 0 if cell.design == "star" else np.ones(m, dtype=bool)
    middle = models & (true_rate >= 0.1 - 1e-9) & (true_rate <= 0.9 + 1e-9)
    extreme = models & ~middle
    return Shares(
        float(shares[0, middle].mean()),
        float(shares[0, extreme].mean()) if extreme.any() else float("nan"),
        float(shares[1, middle].mean()),
        float(shares[2].min()),
        float(shares[3, models].mean()),
    )


def design_of(design: str, sigma: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Strengths and the pairs that meet on every question."""
    if design == "all pairs":
        a, b = np.triu_indices(len(THETA), 1)
        return THETA, a, b
    # strengths whose attenuated win rates are STAR_RATES
    theta = np.array([_strength(rate, sigma) for rate in STAR_RATES])
    a = np.arange(1, len(theta) + 1)
    return np.concatenate([[0.0], theta]), a, np.zeros_like(a)


def truth(design: str, theta: FloatArray, sigma: float, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratings and win rates that the fit would give for infinitely many questions."""
    spread = sigma if design == "star" else sigma * np.sqrt(2)
    p = np.array([_expected(d, spread) for d in theta[a] - theta[b]])
    m = len(theta)
    if design == "star":
        strength = np.concatenate([[0.0], np.log(p / (1 - p))])
        return ELO_MEAN + ELO_SCALE * strength, np.concatenate([[0.5], p])
    pairs = PairSums(m, a, b, p, np.ones(len(a)))
    strength = fit_bradley_terry(pairs, np.zeros(m, dtype=np.int64)).theta
    points = np.bincount(a, p, m) + np.bincount(b, 1 - p, m)
    return ELO_MEAN + ELO_SCALE * strength, points / (m - 1)


def _expected(difference: float, sigma: float) -> float:
    """E σ(difference + N(0, σ²)) by Gauss–Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return float((weights * sigmoid(difference + sigma * nodes)).sum() / weights.sum())


def _strength(rate: float, sigma: float) -> float:
    """The strength whose expected win rate is `rate`, by bisection."""
    low, high = -30.0, 30.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _expected(middle, sigma) < rate else (low, middle)
    return (low + high) / 2


def _within(low: float | None, high: float | None, value: float) -> bool:
    """Whether an interval holds the value; a missing end is open."""
    return (low is None or low <= value) and (high is None or value <= high)


if __name__ == "__main__":
    main()
