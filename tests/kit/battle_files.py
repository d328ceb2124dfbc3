"""Battle files in every layout, and `arena rate` on them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner, Result

from arena.cli.rate import rate
from arena.errors import DataError

MEETINGS = (
    ("x", "y", "model_a"),
    ("y", "z", "tie"),
    ("x", "z", "model_b"),
    ("z", "x", "model_b"),
    ("y", "x", "model_b"),
    ("z", "y", "tie (bothbad)"),
    ("x", "y", "model_b"),
    ("y", "z", "model_a"),
    ("z", "x", "tie"),
)
BATTLES = [
    {"question_id": f"q{i // 3}", "model_a": a, "model_b": b, "winner": winner, "category": "even" if i % 2 else "odd"}
    for i, (a, b, winner) in enumerate(MEETINGS)
]


def write(path: Path, rows: list[dict]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def invoke(path: Path, *options: str) -> Result:
    return CliRunner().invoke(rate, [str(path), *options], catch_exceptions=True)


def board_of(path: Path, *options: str) -> dict:
    done = invoke(path, *options, "--json")
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def refused(path: Path, *options: str) -> str:
    error = invoke(path, *options).exception
    assert isinstance(error, DataError), error
    return str(error)
