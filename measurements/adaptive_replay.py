"""The adaptive schedule on verdicts of others, beside judging everything.

    python -m measurements.adaptive_replay alpaca BATTLES.parquet [--models 8,20,50] [--questions 200,500]
                                                 [--replicates 40] [--sure]
    python -m measurements.adaptive_replay recorded BATTLES.parquet TRUTH.json [--replicates 20]

alpaca: AlpacaEval has every model against one baseline (`preference`, P(model_a is preferred), of GPT-4 Turbo), so
pairs meet by it: P(i beats j on a question) is the logistic of the difference of their log-odds against the baseline,
which keeps how strong models are, how that changes from question to question, and how sure the judge was. Models are
drawn without and questions with replacement; the truth is the same fit on every question's probabilities. No liking
for a slot is in these numbers. With `--sure` nothing is left to chance: whoever did better against the baseline wins in
both orders, equals tie. A real judge stands between the two.

recorded: what was judged is all there is to draw (model_a in the first slot), and what a tenth, a fifth and two fifths
of it find is set beside all of it, and beside as many verdicts at random. Verdicts are the same in every replicate,
only the draw is another.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from arena.ratings import rate
from arena.ratings.data.arrays import FloatArray, sigmoid
from arena.ratings.methods.estimate import estimate
from measurements.adaptive import RATED, RATES, Item, Play, battles, covered, found, rate_of, recall, study, table_of
from measurements.adaptive import rounds as rounds_of

SUREST = 0.02
"""Probabilities nearer to 0 or 1 are taken for this: two of the surest verdicts still leave doubt about a third."""
PARTS = (0.1, 0.2, 0.4)


def alpaca(path: Path) -> FloatArray:
    """Log-odds against the baseline, (models, questions), of the questions that every model has."""
    table = pq.read_table(path)
    model, question = (np.array(table[name].to_pylist()) for name in ("model_a", "question_id"))
    names, i = np.unique(model, return_inverse=True)
    ids, q = np.unique(question, return_inverse=True)
    p = np.full((len(names), len(ids)), np.nan)
    p[i, q] = np.clip(table["preference"].to_numpy(), SUREST, 1 - SUREST)
    p = p[:, ~np.isnan(p).any(axis=0)]
    return np.asarray(np.log(p / (1 - p)))


def replayed(odds: FloatArray, m: int, q: int, seed: int, *, sure: bool) -> Item:
    """Some models on some questions, under all schedules."""
    rng = np.random.default_rng([seed, m, q])
    chosen = odds[rng.choice(len(odds), m, replace=False)]
    first, second = np.nonzero(~np.eye(m, dtype=bool))
    mean = _chance(chosen[first] - chosen[second], sure=sure).mean(axis=1)
    true = estimate(table_of(m, first, second, mean, np.zeros(len(mean), dtype=int), np.zeros(len(mean)))).theta
    asked = chosen[:, rng.integers(0, odds.shape[1], q)]
    p = _chance(asked[:, None] - asked[None, :], sure=sure)
    outcome = p if sure else (rng.random((m, m, q)) < p).astype(float)
    return study(Play(true, [], outcome, np.zeros((m, m, q), dtype=bool)), true, rng)


def _chance(ahead: FloatArray, *, sure: bool) -> FloatArray:
    return (np.sign(ahead) + 1) / 2 if sure else sigmoid(ahead)


def recorded(path: Path, truth: Path, replicates: int) -> None:
    """Parts of what was judged beside all of it."""
    table = pq.read_table(path)
    known = json.loads(truth.read_text(encoding="utf-8"))
    names = {name: place for place, name in enumerate(known["names"])}
    ids, q = np.unique(np.array(table["question_id"].to_pylist()), return_inverse=True)
    a, b = (np.array([names[name] for name in table[side].to_pylist()]) for side in ("model_a", "model_b"))
    won = np.array([{"model_a": 1.0, "tie": 0.5, "model_b": 0.0}[w] for w in table["winner"].to_pylist()])
    outcome = np.full((len(names), len(names), len(ids)), np.nan)
    outcome[a, b, q] = won
    possible = ~np.isnan(outcome)
    theta = np.array(known["theta"])
    game = Play(theta, [], outcome, np.zeros_like(possible))
    everything = rate(battles(game, possible), RATED)
    full, n = found(everything), int(possible.sum())
    print(f"{len(names)} models, {len(ids)} questions, {n:,} verdicts: all of them tell {len(full)} of "
          f"{len(names) * (len(names) - 1) // 2} pairs apart, their intervals hold the truth in "
          f"{100 * covered(everything, theta):.1f} %\n")  # fmt: skip
    items: dict[int, list[Item]] = {round(part * n): [] for part in PARTS}
    plain: dict[int, list[Item]] = {mark: [] for mark in items}
    for seed in range(replicates):
        rng = np.random.default_rng(seed)
        for calls, _, drawn in rounds_of(game, possible, max(items), sorted(items), rng):
            if calls in items:
                board = rate(battles(game, drawn), RATED)
                items[calls].append({"recall": recall(found(board), full), "covered": covered(board, theta)})
        places = rng.permutation(np.argwhere(possible))
        for mark, ones in plain.items():
            drawn = np.zeros_like(possible)
            drawn[tuple(places[:mark].T)] = True
            ones.append({"recall": recall(found(rate(battles(game, drawn), RATED)), full)})
    print("| verdicts | n | found | at random | holds the truth |\n" + "|---" * 5 + "|")
    for mark, ones in items.items():
        shown = [rate_of([ones], "recall"), rate_of([plain[mark]], "recall"), rate_of([ones], "covered")]
        cells = [f"{mark:,}", f"{len(ones)}", *(f"{r.mean:.1f} ± {r.error:.1f}" for r in shown)]
        print("| " + " | ".join(cells) + " |")


def main() -> None:
    """Replay and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["alpaca", "recorded"])
    parser.add_argument("battles", type=Path)
    parser.add_argument("truth", type=Path, nargs="?")
    parser.add_argument("--models", default="8,20,50")
    parser.add_argument("--questions", default="200,500")
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--sure", action="store_true")
    arguments = parser.parse_args()
    if arguments.kind == "recorded":
        recorded(arguments.battles, arguments.truth, arguments.replicates)
        return
    odds = alpaca(arguments.battles)
    print(f"{len(odds)} models on {odds.shape[1]} questions\n")
    names = [name for name in RATES if not name.startswith("twins")]
    print(
        "| M | Q | n | " + " | ".join(RATES[name][0] for name in names) + " | spread |\n|" + "---|" * (4 + len(names))
    )
    for m, q in itertools.product(
        *([int(x) for x in part.split(",")] for part in (arguments.models, arguments.questions))
    ):
        items = [replayed(odds, m, q, seed, sure=arguments.sure) for seed in range(arguments.replicates)]
        shown = [rate_of([items], name) for name in (*names, "scale")]
        cells = [f"{m}", f"{q}", f"{len(items)}", *(f"{r.mean:.1f} ± {r.error:.1f}" for r in shown)]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
