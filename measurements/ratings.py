"""The speed of ratings, on one core and in one run with arena-rank and choix.

    python make_battles.py DIR s1 s2           # any two million battles with these columns will do
    python measurements/ratings.py DIR [--rivals PYTHON] [--elo-orders 100]

DIR holds s1.parquet and s2.parquet (question_id, model_a, model_b, winner, winner_style, f0..f3). `--rivals` is a
Python that has arena-rank, choix and pyarrow. Times are CPU seconds; compare ratios inside one run only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from arena.battles.read.files import read_battles
from arena.battles.read.wanted import Wanted
from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.data.table import Coded
from arena.ratings.findings.stability import stability
from arena.ratings.methods.bootstrap import question_bootstrap
from arena.ratings.methods.elo import elo_in_order
from arena.ratings.methods.elo_orders import elo_over_orders
from arena.ratings.methods.estimate import Estimate, estimate
from arena.ratings.methods.refits import of_fit
from arena.ratings.methods.style import style_columns

ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
LEAST, GOAL = 20, 25
"""How many times as long arena-rank takes for S2 from Parquet."""
MOST_FITS = 3
"""So many plain fits the questions that decide may take, on S2."""
STYLE = ("f0", "f1", "f2", "f3")

RIVAL_PLAIN = """
import sys, pandas as pd
from arena_rank.utils.data_utils import PairDataset
from arena_rank.models.bradley_terry import BradleyTerry
frame = pd.read_parquet(sys.argv[1], columns=["model_a", "model_b", "winner"])
data = PairDataset.from_pandas(frame)
BradleyTerry(n_competitors=len(data.competitors)).compute_ratings_and_cis(data)
"""
RIVAL_STYLE = """
import sys, time, pandas as pd
from arena_rank.utils.data_utils import ContextualPairDataset
from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
columns = ["f0", "f1", "f2", "f3"]
frame = pd.read_parquet(sys.argv[1], columns=["model_a", "model_b", "winner_style", *columns])
frame = frame.rename(columns={"winner_style": "winner"})
data = ContextualPairDataset.from_pandas(frame, feature_cols=columns, reweighted=False)
started = time.process_time()
model = ContextualBradleyTerry(n_competitors=len(data.competitors), n_features=4)
model.compute_ratings_and_cis(data)
print(time.process_time() - started)
"""
RIVAL_CHOIX = """
import sys, time, choix, numpy as np, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1], columns=["model_a", "model_b", "winner"]).to_pydict()
names = {name: i for i, name in enumerate(sorted({*table["model_a"], *table["model_b"]}))}
wins = []
for a, b, winner in zip(table["model_a"], table["model_b"], table["winner"]):
    i, j = names[a], names[b]
    wins += [(i, j)] * (1 + (winner == "model_a")) if winner != "model_b" else []
    wins += [(j, i)] * (1 + (winner == "model_b")) if winner != "model_a" else []
started = time.process_time()
choix.ilsr_pairwise(len(names), wins)
print(time.process_time() - started)
"""


def main() -> None:
    """Measure everything that is claimed, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rivals", help="a Python with arena-rank and choix")
    parser.add_argument("--elo-orders", type=int, default=100)
    arguments = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in ONE_CORE.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_CORE)  # BLAS reads it when it is loaded
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    s1, s2 = arguments.data / "s1.parquet", arguments.data / "s2.parquet"
    whole_process(s2, arguments.rivals)
    whole_jsonl(s2)
    style = inside(s2, arguments.elo_orders)
    growth()
    if arguments.rivals:
        rivals(arguments.rivals, s1, s2, style)


def whole_process(path: Path, rival: str | None) -> None:
    """`arena rate` from parquet to JSON with clustered intervals, in turn with arena-rank."""
    commands = {"arena rate, S2 parquet, clustered": [sys.executable, "-m", "arena", "rate", str(path), "--json"]}
    if rival:
        commands["arena-rank BT + sandwich, S2"] = [rival, "-c", RIVAL_PLAIN, str(path)]
    ours, *theirs = _in_turn(commands, times=5)
    for cpu in theirs:
        print(f"  ratio to ours: {cpu / ours:.1f} (at least {LEAST}, goal {GOAL})")


def whole_jsonl(path: Path) -> None:
    """The same from JSONL."""
    lines = path.with_name("s2.jsonl")
    if not lines.exists():
        columns = pq.read_table(path, columns=["question_id", "model_a", "model_b", "winner"]).to_pydict()
        with lines.open("w") as file:
            for row in zip(*columns.values(), strict=True):
                file.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")
    _in_turn({"arena rate, S2 JSONL": [sys.executable, "-m", "arena", "rate", str(lines), "--json"]}, times=3)


def inside(path: Path, orders: int) -> float:
    """Parts of it in this process, data already in memory. Returns the seconds of the style fit."""
    table = read_battles(path, Wanted()).table
    fit = estimate(table)
    _clock("1,000 question bootstraps of S2, refitted",
           lambda: question_bootstrap(table, fit.theta, fit.block, 1_000, 0))  # fmt: skip
    _clock("1,000 question bootstraps of S2, one step",
           lambda: question_bootstrap(table, fit.theta, fit.block, 1_000, 0, one_step=True))  # fmt: skip
    _clock("online Elo over S2, file order", lambda: elo_in_order(table, 4.0))
    _clock(f"online Elo over S2, {orders} orders", lambda: elo_over_orders(table, 4.0, orders, 0), times=2)
    rows = table.by_question()
    plain = _clock("Bradley–Terry with clustered intervals, S2, in process", lambda: estimate(rows))
    line = _clock("how few questions decide between neighbours, S2", lambda: _stability_of(rows, fit))
    print(f"  in plain fits: {line / plain:.1f} (at most {MOST_FITS})", flush=True)
    styled = _styled(path)
    columns = style_columns(styled, STYLE)
    return _clock("style fit of S2, 4 features, clustered intervals", lambda: estimate(styled, columns=columns))


def _stability_of(table: BattleTable, fit: Estimate) -> object:
    assert table.question is not None
    return stability(table.models, of_fit(table, fit, None), table.question.names, lambda _: {})


def growth() -> None:
    """Cost by the number of battles and of models."""
    for models, battles in ((200, 250_000), (200, 500_000), (200, 1_000_000), (250, 200_000), (500, 200_000),
                            (1_000, 200_000), (10_000, 200_000)):  # fmt: skip
        table = _random(models, battles)
        options = RatingOptions(slices=(), pairs=False, details=False)
        _clock(f"{battles:,} battles, {models:,} models, clustered", lambda t=table, o=options: rate(t, o))


def rivals(python: str, s1: Path, s2: Path, style: float) -> None:
    """arena-rank and choix on the same files, in process."""
    fit = _inner("arena-rank contextual fit, S2", [python, "-c", RIVAL_STYLE, str(s2)])
    print(f"  ratio to ours: {fit / style:.1f}")
    table = read_battles(s1, Wanted()).table
    own = _clock("Bradley–Terry with intervals, S1, in process", lambda: estimate(table))
    choix = _inner("choix ilsr_pairwise, S1, no intervals", [python, "-c", RIVAL_CHOIX, str(s1)])
    print(f"  ratio to ours: {choix / own:.0f}", flush=True)


def _styled(path: Path) -> BattleTable:
    table = read_battles(path, Wanted(style=STYLE)).table
    winner = np.array(pq.read_table(path, columns=["winner_style"]).column(0).to_pylist())
    outcome = np.where(winner == "model_a", 1.0, np.where(winner == "model_b", 0.0, 0.5))
    return BattleTable(table.models, table.a, table.b, outcome, question=table.question, style=table.style)


def _random(models: int, battles: int) -> BattleTable:
    rng = np.random.default_rng(0)
    a = rng.integers(0, models, battles).astype(np.int32)
    b = ((a + rng.integers(1, models, battles)) % models).astype(np.int32)
    theta = rng.normal(0, 0.7, models)
    outcome = (rng.random(battles) < 1 / (1 + np.exp(theta[b] - theta[a]))).astype(float)
    question = Coded(tuple(f"q{i:04d}" for i in range(1_000)), rng.integers(0, 1_000, battles).astype(np.int32))
    return BattleTable(tuple(f"m{i:05d}" for i in range(models)), a, b, outcome, question=question)


def _clock(what: str, task: Callable[[], object], times: int = 3) -> float:
    """The smallest CPU time of a few runs in this process."""
    taken = float("inf")
    for _ in range(times):
        started = time.process_time()
        task()
        taken = min(taken, time.process_time() - started)
    print(f"{what}: {taken:.2f} s", flush=True)
    return taken


def _in_turn(commands: dict[str, list[str]], times: int) -> list[float]:
    """The smallest CPU time of several runs of each process, with its wall time and peak memory."""
    rounds = [[_process(command) for command in commands.values()] for _ in range(times)]
    found = [min(runs) for runs in zip(*rounds, strict=True)]
    for what, (cpu, wall, peak) in zip(commands, found, strict=True):
        print(f"{what}, whole process: {cpu:.2f} s CPU, {wall:.2f} s wall, {peak:.0f} MB", flush=True)
    return [cpu for cpu, _, _ in found]


def _process(command: list[str]) -> tuple[float, float, float]:
    started = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | ONE_CORE
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=environment
    ) as child:  # byte code is kept, as installed
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} failed with {child.returncode}")
    scale = 1_024 if sys.platform != "darwin" else 1_048_576
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / scale


def _inner(what: str, command: list[str]) -> float:
    """The seconds that a process prints about itself."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | ONE_CORE)
    taken = float(done.stdout.split()[-1])
    print(f"{what}: {taken:.2f} s", flush=True)
    return taken


if __name__ == "__main__":
    main()
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024:.0f} MB")
