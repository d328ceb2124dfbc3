"""How often does a gate decide wrongly? Simulated pull requests, decided by the code behind `arena gate`.

    python measurements/gate.py [--replicates 1000] [--questions 500] [--seed 1] [--only "rating 2"] [--out FILE]

NEW and OLD meet a baseline on every question; a verdict is the mean of two coins. A question favours a model by σ on
the logit scale, half of it shared by both models. "sorted": the file is sorted by category, NEW is better in the first
half of it (+0.8 logits) and worse in the second. "by length": the longer an answer takes, the worse NEW does on it, so
what has arrived favours NEW. Peeking looks after every 50 questions, at the longest complete prefix of a random order
(of the file's own order in the rows that say so, which the program does not offer), and stops at the first PASS or
FAIL. A goal is met when the rate − 2 standard errors is within it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from arena.ratings import BattleTable, RatingOptions
from arena.ratings.contrasts import Contrast, rating_contrast, win_rate_contrast
from arena.ratings.data.arrays import FloatArray, IntArray, sigmoid
from arena.ratings.data.table import Coded
from arena.ratings.intervals.sequence import BETWEEN_LOOKS, detectable, watched_level
from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.reports.gate import decide
from measurements.tables import print_table, study_parser

LEVEL, POWER = 0.95, 0.8
MARGINS = {"win_rate": 0.03, "rating": 20.0}
MODELS = ("base", "new", "old")
FLIGHT = 16
"""Questions in flight at a time, where they arrive out of order."""
TILT = 0.8


class Cell(NamedTuple):
    """One kind of pull request."""

    metric: str
    sigma: float
    file: str
    """`mixed`, `sorted`, `by length`."""
    peek: str
    """`no`, `yes`, `file order`."""


class Board(NamedTuple):
    """A simulated run: its battles, and the prefixes at which somebody looks."""

    table: BattleTable
    looks: list[int]


def main() -> None:
    """Run every cell and print (and write) the table."""
    parser = study_parser(__doc__, 1_000)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument(
        "--only", default="", help="only cells whose metric, σ, file and peeking, put together, hold this"
    )
    arguments = parser.parse_args()
    cells = [Cell(metric, sigma, "mixed", peek) for metric in MARGINS for sigma in (0, 1, 2) for peek in ("no", "yes")]
    cells += [Cell("win_rate", 1, file, peek) for file in ("sorted", "by length") for peek in ("no", "yes")]
    cells += [Cell("rating", 1, "sorted", "yes"), Cell("win_rate", 1, "sorted", "file order")]
    cells += [Cell("win_rate", 2, file, "yes") for file in ("sorted", "by length")]
    cells += [Cell("rating", sigma, file, "yes") for sigma, file in ((2, "sorted"), (1, "by length"), (2, "by length"))]
    cells += [Cell("win_rate", 2, file, "no") for file in ("sorted", "by length")]
    head = ("metric", "σ", "file", "peeking", "PASS at −margin", "FAIL at −margin", "FAIL at 0", "detectable",
            "PASS there")  # fmt: skip
    rows = (
        row_of(cell, arguments.questions, arguments.replicates, arguments.seed + 1_000_003 * number)
        for number, cell in enumerate(cells) if arguments.only in " ".join(map(str, cell))
    )  # fmt: skip
    note = (
        f"{arguments.replicates} pull requests per cell and difference, {arguments.questions} questions, seed "
        f"{arguments.seed}"
    )
    print_table(head, rows, note, arguments.out)


def row_of(cell: Cell, questions: int, replicates: int, seed: int) -> str:
    """A cell's row of the table."""
    margin = MARGINS[cell.metric]
    far = detectable(spread(cell, seed), questions, LEVEL, POWER, watched=cell.peek != "no")
    verdicts = {
        where: [decided(cell, difference, margin, questions, np.random.default_rng([seed, place, i]))
                for i in range(replicates)]
        for place, (where, difference) in enumerate({"edge": -margin, "zero": 0.0, "far": far - margin}.items())
    }  # fmt: skip
    shares = [("edge", "PASS", 0.05), ("edge", "FAIL", 0.05), ("zero", "FAIL", 0.05)]
    shown = [_share(verdicts[where], verdict, goal) for where, verdict, goal in shares]
    unit = f"{100 * far:.1f} pp" if cell.metric == "win_rate" else f"{far:.0f} elo"
    there = _share(verdicts["far"], "PASS", None)
    return f"| {cell.metric} | {cell.sigma:g} | {cell.file} | {cell.peek} | {' | '.join(shown)} | {unit} | {there} |"


def decided(cell: Cell, difference: float, margin: float, questions: int, rng: np.random.Generator) -> str:
    """The verdict on one pull request: the first that is one, or the last."""
    board = drawn(cell, difference, questions, rng)
    verdict = "INCONCLUSIVE"
    for seen in board.looks:
        table = board.table if seen == questions else board.table.select(board.table.clusters() < seen)
        level = 2 * LEVEL - 1 if cell.peek == "no" else watched_level(LEVEL, seen, questions)
        verdict = decide(*contrast_of(cell.metric)(table).ends(level), margin)
        if verdict != "INCONCLUSIVE":
            break
    return verdict


def contrast_of(metric: str) -> Callable[[BattleTable], Contrast]:
    """How NEW − OLD is found in a table."""
    if metric == "rating":
        options = RatingOptions(baseline="base")
        return lambda table: rating_contrast(table, "new", "old", options)
    return lambda table: win_rate_contrast(table, "new", "old", "base")


def drawn(cell: Cell, difference: float, questions: int, rng: np.random.Generator) -> Board:
    """A board on which NEW − OLD is `difference` in the long run. Questions are numbered in the order of the looks."""
    place = np.arange(questions) if cell.peek == "file order" else rng.permutation(questions)
    length = rng.exponential(1.0, questions)
    tilt = _tilt(cell, place / questions, length)
    new_rate = 0.5 + difference if cell.metric == "win_rate" else float(sigmoid(np.array(difference / ELO_SCALE)))
    shared = rng.normal(0, 1, questions)
    outcomes = []
    for rate, more in ((new_rate, tilt), (0.5, np.zeros(questions))):
        effect = cell.sigma * (shared + rng.normal(0, 1, questions)) / math.sqrt(2)
        p = sigmoid(_strength(cell, rate, tilted=bool(more.any())) + more + effect)
        outcomes.append((rng.random(questions) < p).astype(float) / 2 + (rng.random(questions) < p) / 2)
    ids = np.tile(np.arange(questions, dtype=np.int32), 2)
    a = np.repeat(np.array([1, 2], dtype=np.int32), questions)
    question = Coded(tuple(map(str, range(questions))), ids)
    table = BattleTable(MODELS, a, np.zeros_like(a), np.concatenate(outcomes), question=question)
    return Board(table, _looks(cell, questions, length))


def _looks(cell: Cell, questions: int, length: FloatArray) -> list[int]:
    """The prefixes that are complete whenever 50 more questions are."""
    if cell.peek == "no":
        return [questions]
    if cell.file != "by length":
        return [*range(BETWEEN_LOOKS, questions, BETWEEN_LOOKS), questions]
    finished: IntArray = np.arange(questions) + FLIGHT * length
    moments = np.sort(finished)[BETWEEN_LOOKS - 1 :: BETWEEN_LOOKS]
    complete = [int(np.argmax(np.r_[finished > moment, True])) for moment in moments]
    return [*dict.fromkeys(seen for seen in complete if seen >= BETWEEN_LOOKS and seen < questions), questions]


def _tilt(cell: Cell, place: FloatArray, length: FloatArray) -> FloatArray:
    match cell.file:
        case "sorted":
            return np.where(place < 0.5, TILT, -TILT)
        case "by length":
            return TILT * (1 - length)
        case _:
            return np.zeros(len(place))


_STRENGTHS: dict[tuple[str, float, float, bool], float] = {}


def _strength(cell: Cell, rate: float, *, tilted: bool) -> float:
    """The strength whose win rate in the long run is `rate`, by bisection on quadratures."""
    key = (cell.file, cell.sigma, rate, tilted)
    if key not in _STRENGTHS:
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        u = (np.arange(2_000) + 0.5) / 2_000
        tilt = _tilt(cell, u, -np.log1p(-u)) if tilted else np.zeros(1)
        low, high = -20.0, 20.0
        for _ in range(60):
            middle = (low + high) / 2
            p = sigmoid(middle + tilt[:, None] + cell.sigma * nodes[None, :]).mean(axis=0)
            low, high = (middle, high) if float((weights * p).sum() / weights.sum()) < rate else (low, middle)
        _STRENGTHS[key] = (low + high) / 2
    return _STRENGTHS[key]


def spread(cell: Cell, seed: int) -> float:
    """What one question's difference varies by, seen on a board of many."""
    board = drawn(cell._replace(peek="no"), 0.0, 20_000, np.random.default_rng(seed))
    sd = contrast_of(cell.metric)(board.table).sd
    assert sd is not None
    return sd


def _share(verdicts: list[str], verdict: str, goal: float | None) -> str:
    """A share with its standard error; bold where a goal is missed."""
    n, share = len(verdicts), verdicts.count(verdict) / len(verdicts)
    error = math.sqrt(share * (1 - share) / n)
    text = f"{share:.3f} ± {error:.3f}"
    missed = share - 2 * error > goal if goal is not None else abs(share - POWER) - 2 * error > 0.03
    return f"**{text}**" if missed else text


if __name__ == "__main__":
    main()
