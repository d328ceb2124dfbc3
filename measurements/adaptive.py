"""What adaptive battles find, and whether what they claim is true, beside judging everything.

    python measurements/adaptive.py [--models 8,20,50] [--questions 80,200,500] [--sigma 0,1,2] [--position 0,1]
                                    [--unparsed 0.05] [--identical 0.2] [--error 0.7] [--most 2000] [--seed 1]
                                    --lines FILE
    python measurements/adaptive.py --table FILE [FILE ...] [--pooled]

The verdict on every cell is a coin, thrown once, so that all schedules see the same verdicts: judging everything turns
all of them up, the adaptive schedule those that it draws, baseline mode those with the baseline. Cells are drawn and
boards are rated by the code that makes the leaderboard. Half of the models are pairs of exactly the same strength. Each
question favours some models at random (sd σ on the logit scale).

A line of FILE is one replicate. A setting gets replicates until every rate has a standard error of at most `--error`
points, a few at a time over all settings; what FILE has already is not done again, so a run can be stopped and gone on
with, and settings can be spread over runs with files of their own. The table is written from whatever lines there are,
every rate with the standard error between replicates; `--pooled` takes σ and the liking for a slot together.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from arena.judging.adaptive import Estimates, Offer, early_boundary
from arena.judging.schedule import SCHEDULES
from arena.ratings import BattleTable, Leaderboard, RatingOptions, rate
from arena.ratings.data.arrays import FloatArray, sigmoid
from arena.ratings.data.table import Coded
from arena.ratings.findings.foresight import Foresight, foresee
from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.ratings.methods.estimate import estimate
from arena.ratings.methods.style import position_columns

ROUNDS = 50
FEWEST_CELLS = 200
FEWEST_QUESTIONS = 20
"""Before every model was seen on so many questions nothing is claimed by a run that may stop early."""
RATED = RatingOptions(methods=("bradley_terry",), slices=(), details=False, pairs=True)
GAUSS = np.polynomial.hermite_e.hermegauss(40)


Item = dict[str, Any]
"""What one replicate found."""


class World(NamedTuple):
    """One setting of the study."""

    models: int
    questions: int
    sigma: float
    position: float
    unparsed: float
    identical: float


class Play(NamedTuple):
    """Everybody's verdicts; arrays are (m, m, questions), the first slot's model first."""

    theta: FloatArray
    twins: list[tuple[int, int]]
    outcome: FloatArray
    """1: the first slot wins; ½ where the answers are identical; NaN where the verdict could not be read."""
    same: np.ndarray
    """Cells of identical answers: decided without a call."""


def play(world: World, rng: np.random.Generator) -> Play:
    """Throw all coins."""
    m, q = world.models, world.questions
    theta = rng.normal(0, 0.8, m)
    order, pairs = rng.permutation(m), m // 4
    twins = [(int(order[2 * k]), int(order[2 * k + 1])) for k in range(pairs)]
    for a, b in twins:
        theta[b] = theta[a]
    strength = (theta + rng.normal(0, 1, (q, m)) * world.sigma).T
    p = sigmoid(strength[:, None, :] - strength[None, :, :] + world.position)
    outcome = (rng.random((m, m, q)) < p).astype(float)
    same = rng.random((m, m, q)) < world.identical
    same = np.triu(np.ones((m, m), dtype=bool), 1)[:, :, None] & same
    same |= same.transpose(1, 0, 2)
    outcome[(rng.random((m, m, q)) < world.unparsed) & ~same] = np.nan
    outcome[same] = 0.5
    return Play(theta, twins, outcome, same)


def truth(world: World, theta: FloatArray) -> FloatArray:
    """What the same fit gives for infinitely many questions: question effects attenuate what was put in."""
    m = world.models
    first, second = (side.ravel() for side in np.nonzero(~np.eye(m, dtype=bool)))
    nodes, weights = GAUSS
    shift = np.sqrt(2.0) * world.sigma * nodes
    p = sigmoid((theta[first] - theta[second] + world.position)[:, None] + shift) @ (weights / weights.sum())
    p = world.identical * 0.5 + (1 - world.identical) * p if world.identical else p
    table = table_of(m, first, second, p, np.zeros(len(p), dtype=int), np.ones(len(p)))
    return estimate(table, interval="none", columns=position_columns(table)).theta


def table_of(m: int, first: np.ndarray, second: np.ndarray, outcome: FloatArray, question: np.ndarray,
           shown: FloatArray) -> BattleTable:  # fmt: skip
    names = tuple(f"m{i:03d}" for i in range(m))
    ids = tuple(f"{q:04d}" for q in range(int(question.max(initial=0)) + 1))
    return BattleTable(names, first.astype(np.int32), second.astype(np.int32), outcome,
                       question=Coded(ids, question.astype(np.int32)), first=shown)  # fmt: skip


def battles(game: Play, drawn: np.ndarray) -> BattleTable:
    """The rated battles of the drawn cells: one order, or the mean of both; half a pair is never rated."""
    first, second, question = np.nonzero(drawn)
    both, swapped = drawn[second, first, question], first > second
    outcome = game.outcome[first, second, question]
    outcome = np.where(both, (outcome + 1 - game.outcome[second, first, question]) / 2, outcome)
    outcome = np.where(swapped, 1 - outcome, outcome)
    shown = np.where(both | game.same[first, second, question], 0.0, np.where(swapped, -1.0, 1.0))
    kept = ~(both & swapped) & ~np.isnan(outcome)
    a, b = np.minimum(first, second), np.maximum(first, second)
    return table_of(len(drawn), a[kept], b[kept], outcome[kept], question[kept], shown[kept])


def found(board: Leaderboard) -> dict[tuple[str, str], int]:
    """Pairs that are told apart, and in which direction."""
    return {(p.a, p.b): int(np.sign(p.diff or 0)) for p in board.pairs
            if p.low is not None and p.high is not None and (p.low > 0 or p.high < 0)}  # fmt: skip


def recall(some: dict[tuple[str, str], int], full: dict[tuple[str, str], int]) -> float:
    """Pairs told apart with the same sign by both, of those of judging everything."""
    return sum(some.get(pair) == sign for pair, sign in full.items()) / len(full) if full else float("nan")


def covered(board: Leaderboard, theta: FloatArray) -> float:
    """The share of pairs whose interval holds the truth."""
    names = {f"m{i:03d}": ELO_SCALE * value for i, value in enumerate(theta)}
    known = [p for p in board.pairs if p.low is not None and p.high is not None]
    held = [p.low <= names[p.a] - names[p.b] <= p.high for p in known if p.low is not None and p.high is not None]
    return float(np.mean(held))


class Looks:
    """What a run that may stop at any round would have claimed."""

    def __init__(self, game: Play) -> None:
        self.game = game
        self.most = dict.fromkeys(game.twins, 0.0)
        """By twins: the largest ratio of a difference to its interval, the boundary's form without its scale."""
        self.claimed = dict.fromkeys(game.twins, False)
        self.top: dict[int, int] = {}
        self.reached: int | None = None

    def look(self, seen: Foresight, calls: int, budget: int) -> None:
        """After one round."""
        if seen.questions.min() < FEWEST_QUESTIONS:
            return
        factor = early_boundary(calls / budget)
        apart = seen.separated(factor) > 0
        ratio = np.abs(seen.difference) / seen.half_width
        for a, b in self.claimed:
            self.claimed[a, b] |= bool(apart[a, b])
            self.most[a, b] = max(self.most[a, b], float(ratio[a, b] / factor))
        order = np.argsort(-seen.theta)
        for k in (1, 3):
            if k not in self.top and apart[np.ix_(order[:k], order[k:])].all():
                self.top[k] = calls
        i, j = np.triu_indices(len(order), 1)
        there = apart[i, j].sum()
        if self.reached is None and there >= 0.9 * (there + (seen.power * ~apart)[i, j].sum()):
            self.reached = calls


def rounds(game: Play, possible: np.ndarray, budget: int, marks: Sequence[int],
           rng: np.random.Generator) -> Iterator[tuple[int, Foresight, np.ndarray]]:  # fmt: skip
    """The calls so far, the outlook and what was drawn, after every round of the adaptive schedule; one ends at every
    mark."""
    offer, calls, seen = Offer.of(possible, np.zeros_like(possible)), 0, None
    cells = possible.sum(axis=2).astype(float)
    for mark in marks:
        while calls < mark:
            told = None if seen is None else Estimates(seen.difference, seen.half_width, seen.power, seen.questions)
            size = min(max(FEWEST_CELLS, budget // ROUNDS), mark - calls)
            if not SCHEDULES["adaptive"].draw(offer, told, size, rng):
                return
            calls = int(np.count_nonzero(offer.drawn & ~game.same))
            seen = foresee(battles(game, offer.drawn), cells)
            yield calls, seen, offer.drawn


def replicate(world: World, seed: int) -> Item:
    """One game under all schedules."""
    rng = np.random.default_rng([seed, *(round(1000 * part) for part in world)])
    game = play(world, rng)
    return study(game, truth(world, game.theta), rng)


def study(game: Play, true: FloatArray, rng: np.random.Generator) -> Item:
    """All schedules on the same verdicts."""
    m, q = len(game.outcome), game.outcome.shape[2]
    possible = np.broadcast_to(~np.eye(m, dtype=bool)[:, :, None], (m, m, q)).copy()
    everything = rate(battles(game, possible), RATED)
    full, looks = found(everything), Looks(game)
    budget = min(m * (m - 1) * q, 3 * m * q)
    result: Item = {"found": len(full)}
    for calls, seen, drawn in rounds(game, possible, budget, (2 * m * q, budget), rng):
        looks.look(seen, calls, budget)
        if (share := {2 * m * q: 2, budget: 3}.get(calls)) is not None:
            board = rate(battles(game, drawn), RATED)
            result |= {f"recall_{share}": recall(found(board), full), f"covered_{share}": covered(board, true)}
    ratings = [np.array([row.rating for row in sorted(b.models, key=lambda row: row.model)], dtype=float)
               for b in (board, everything)]  # fmt: skip
    slope = float(np.polyfit(ratings[1], ratings[0], 1)[0]) if np.isfinite(ratings).all() else float("nan")
    star = np.zeros((m, m), dtype=bool)
    star[0, :] = star[:, 0] = True
    stars = Offer.of(possible, np.zeros_like(possible), star)
    SCHEDULES["baseline"].draw(stars, None, 2 * m * q, rng)
    twins = [found(board).get((f"m{min(t):03d}", f"m{max(t):03d}")) is not None for t in game.twins]
    return result | {
        "baseline": recall(found(rate(battles(game, stars.drawn), RATED)), full),
        "twins_planned": float(np.mean(twins)) if twins else float("nan"),
        "twins_early": float(np.mean(list(looks.claimed.values()))) if twins else float("nan"),
        "most": list(looks.most.values()),
        "top_1": looks.top.get(1, 0),
        "top_3": looks.top.get(3, 0),
        "reached": looks.reached or 0,
        "budget": budget,
        "full": m * (m - 1) * q,
        "scale": slope,
    }


RATES = {
    "recall_2": ("found at 2·M·Q", 90),
    "recall_3": ("found at 3·M·Q", 90),
    "baseline": ("baseline mode, 2·M·Q", None),
    "covered_2": ("holds the truth, 2·M·Q", 93),
    "covered_3": ("holds the truth, 3·M·Q", 93),
    "twins_planned": ("equals claimed, planned", None),
    "twins_early": ("equals claimed, early", 5),
}
"""What the table shows in per cent, and the goal, if there is one."""
CALLS = {"reached": "calls for 90 %", "top_1": "calls for top 1", "top_3": "calls for top 3"}
TOGETHER, AT_ONCE = 20, 20
"""So many replicates of a setting before its errors are looked at, and at a time."""
Setting = tuple[str, ...]


class Rate(NamedTuple):
    """In per cent."""

    mean: float
    error: float


def rate_of(worlds: list[list[Item]], name: str) -> Rate:
    """The mean over worlds, each with the weight of one, and its standard error between replicates."""
    means, variances = [], []
    for items in worlds:
        known = 100 * np.array([item[name] for item in items], dtype=float)
        known = known[np.isfinite(known)]
        if len(known) > 1:
            means.append(known.mean())
            variances.append(known.var(ddof=1) / len(known))
    return (
        Rate(float(np.mean(means)), float(np.sqrt(np.sum(variances))) / len(means))
        if means
        else Rate(float("nan"), float("inf"))
    )


def settled(items: list[Item], error: float) -> bool:
    """Whether every rate of a world is known well enough."""
    return len(items) >= TOGETHER and all(rate_of([items], name).error <= error for name in RATES)


def read_lines(paths: Iterable[Path]) -> dict[World, list[Item]]:
    """All replicates, by world."""
    by_world: dict[World, list[Item]] = defaultdict(list)
    for path in paths:
        for line in path.read_text().splitlines() if path.exists() else ():
            item = json.loads(line)
            world = item["world"]
            by_world[World(int(world[0]), int(world[1]), *map(float, world[2:]))].append(item)
    return by_world


def table(by_world: dict[World, list[Item]], pooled: bool) -> list[str]:
    """Markdown of all replicates, one row per setting, or per number of models and questions."""
    rows: dict[Setting, list[list[Item]]] = defaultdict(list)
    for world, items in sorted(by_world.items()):
        m, q, sigma, position = (f"{part:g}" for part in world[:4])
        special = f"{100 * world.unparsed:g} %", f"{100 * world.identical:g} %"
        rows[(m, q, *special) if pooled else (m, q, sigma, position, *special)].append(items)
    head = ["M", "Q", *([] if pooled else ["σ", "slot"]), "unparsed", "identical", "n",
            *(title for title, _ in RATES.values()), "spread", *CALLS.values(), "missed"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for setting, worlds in rows.items():
        rates = {name: rate_of(worlds, name) for name in (*RATES, "scale")}
        everything = [item for items in worlds for item in items]
        cells = [*setting, f"{len(everything)}", *(f"{r.mean:.1f} ± {r.error:.1f}" for r in rates.values()),
                 *(_calls([item[name] for item in everything], everything[0]["full"]) for name in CALLS),
                 ", ".join(_missed(int(setting[0]), int(setting[1]), rates))]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _missed(m: int, q: int, rates: dict[str, Rate]) -> Iterable[str]:
    """Goals that are missed by more than two standard errors."""
    for name, (title, goal) in RATES.items():
        mean, error = rates[name]
        if goal is None or (name.startswith("recall") and (m < 20 or q < 200)):
            continue
        low, high = mean - 2 * error, mean + 2 * error
        if low > goal if name == "twins_early" else high < goal or (name.startswith("covered") and low > 96):
            yield title


def _calls(values: list[float], full: float) -> str:
    """The median of those that got there, in per cent of judging everything, and in per cent how many did."""
    there = [value for value in values if value]
    if not there:
        return "never"
    return f"{100 * np.median(there) / full:.0f} ({100 * len(there) / len(values):.0f})"


def run(worlds: list[World], seed: int, error: float, most: int, path: Path) -> None:
    """Append replicates until every setting is known well enough, a few of each at a time."""
    done = read_lines([path])
    while unsettled := [w for w in worlds if len(done[w]) < most and not settled(done[w], error)]:
        for world in unsettled:
            for number in range(len(done[world]), min(most, len(done[world]) + AT_ONCE)):
                item = replicate(world, seed + number)
                done[world].append(item)
                with path.open("a") as file:
                    file.write(json.dumps({"world": world, **item}) + "\n")


def main() -> None:
    """Replicates as lines, or the table of lines there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("models", "8,20,50"), ("questions", "80,200,500"), ("sigma", "0,1,2"), ("position", "0,1"),
                          ("unparsed", "0"), ("identical", "0")):  # fmt: skip
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--error", type=float, default=0.7)
    parser.add_argument("--most", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=Path)
    parser.add_argument("--table", type=Path, nargs="+")
    parser.add_argument("--pooled", action="store_true")
    arguments = parser.parse_args()
    if arguments.table is None and arguments.lines is None:
        parser.error("--lines FILE or --table FILE is needed")
    if arguments.table is None:
        parts = [[float(part) for part in getattr(arguments, name).split(",")]
                 for name in ("models", "questions", "sigma", "position", "unparsed", "identical")]  # fmt: skip
        worlds = [World(int(m), int(q), *rest) for m, q, *rest in itertools.product(*parts)]
        run(worlds, arguments.seed, arguments.error, arguments.most, arguments.lines)
    print("\n".join(table(read_lines(arguments.table or [arguments.lines]), arguments.pooled)))


if __name__ == "__main__":
    main()
