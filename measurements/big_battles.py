"""More battles than memory holds: `arena rate` on a Parquet file of 100 million, beside what reading it costs.

    python measurements/big_battles.py DIR [--battles 100000000] [--models 2000] [--questions 10000] [--keep]

Writes DIR/big.parquet (half a gigabyte), and removes it again without `--keep`. Times are CPU seconds of one core, the
smallest of the runs, taken in turn; compare ratios inside one run only. Reading is what pyarrow takes for the columns
of each of the two passes, row group by row group: three columns for the fit, four for the intervals.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
COLUMNS = ("question_id", "model_a", "model_b", "winner")
GOAL, GOAL_MB = 2.5, 1_024
READING = """
import sys, time
import pyarrow.parquet as pq
path, dictionaries, passes = sys.argv[1], sys.argv[2] == "dictionaries", [column.split(",") for column in sys.argv[3:]]
started = time.process_time()
for columns in passes:
    file = pq.ParquetFile(path, read_dictionary=columns if dictionaries else None)
    for group in range(file.num_row_groups):
        file.read_row_group(group, columns=columns)
print(time.process_time() - started)
"""


def main() -> None:
    """Make the file, read and rate it in turn, and print each ratio beside its goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--battles", type=int, default=100_000_000)
    parser.add_argument("--models", type=int, default=2_000)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    path = chosen.folder / "big.parquet"
    if not path.exists():
        write(path, chosen.battles, chosen.models, chosen.questions)
    try:
        measure(path, chosen.times)
    finally:
        if not chosen.keep:
            path.unlink()


def measure(path: Path, times: int) -> None:
    """Reading and rating in turn."""
    read: dict[str, list[float]] = {"dictionaries": [], "texts": []}
    rated: list[tuple[float, float]] = []
    for _ in range(times):
        for kind, found in read.items():
            found.append(reading(path, kind))
        rated.append(rating(path))
    cpu = min(rated)[0]
    print(f"arena rate, {pq.read_metadata(path).num_rows:,} battles, whole process: {cpu:.1f} s CPU")
    for kind, found in read.items():
        print(f"  pyarrow reads both passes' columns as {kind}: {min(found):.1f} s; "
              f"ratio {cpu / min(found):.2f} (goal {GOAL})")  # fmt: skip
    print(f"  peak memory {max(mb for _, mb in rated):.0f} MB (goal {GOAL_MB})", flush=True)


def reading(path: Path, kind: str) -> float:
    """CPU seconds that pyarrow takes for the columns of both passes."""
    passes = ",".join(COLUMNS[1:]), ",".join(COLUMNS)
    done = subprocess.run([sys.executable, "-c", READING, str(path), kind, *passes], check=True, capture_output=True,
                          text=True, env=os.environ | ONE_CORE)  # fmt: skip
    return float(done.stdout)


def rating(path: Path) -> tuple[float, float]:
    """CPU seconds and peak megabytes of `arena rate`."""
    with tempfile.TemporaryFile() as out:
        command = [sys.executable, "-m", "arena", "rate", str(path), "--json"]
        with subprocess.Popen(command, stdout=out, env=os.environ | ONE_CORE) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"arena rate failed with {child.returncode}")
    scale = 1_024 if sys.platform != "darwin" else 1_048_576
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale


def write(path: Path, battles: int, models: int, questions: int) -> None:
    """Random battles as texts, a million to a row group: what any tool writes."""
    rng = np.random.default_rng(0)
    theta = rng.normal(0, 0.8, models)
    names = pa.array([f"m{i:05d}" for i in range(models)])
    asked = pa.array([f"q{i:06d}" for i in range(questions)])
    words = pa.array(["model_a", "model_b", "tie"])
    schema = pa.schema([(column, pa.string()) for column in COLUMNS])
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, battles, 1 << 20):
            n = min(1 << 20, battles - start)
            a = rng.integers(0, models, n)
            b = (a + rng.integers(1, models, n)) % models
            won = rng.random(n) < 1 / (1 + np.exp(theta[b] - theta[a]))
            winner = np.where(rng.random(n) < 0.2, 2, np.where(won, 0, 1))
            question = rng.integers(0, questions, n)
            columns = [asked.take(pa.array(question)), names.take(pa.array(a)), names.take(pa.array(b)),
                       words.take(pa.array(winner))]  # fmt: skip
            writer.write_table(pa.table(columns, schema=schema), row_group_size=1 << 20)


if __name__ == "__main__":
    main()
