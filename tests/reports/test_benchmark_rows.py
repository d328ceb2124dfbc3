"""reports/benchmarks.jsonl and the board's benchmarks: written, read back, compared only where asked alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from arena.errors import DataError
from arena.reports.benchmarks import BenchmarkRow, read_benchmark_rows
from arena.reports.board import BenchmarkScore, report_of
from arena.reports.typed import write_typed_rows

ROW = BenchmarkRow(
    question_id="anatomy/3", category="anatomy", model="m", score=1.0, criteria={"acc": 1.0}, task="mmlu", item="0f",
    mode="letter", shots=0, parsed="B", gold=1,
)  # fmt: skip


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, score=None, state="excluded", reason="call_failed", parsed=None)]
    write_typed_rows(tmp_path / "b.jsonl", rows)
    assert list(read_benchmark_rows(tmp_path / "b.jsonl")) == rows
    assert list(read_benchmark_rows(tmp_path / "none.jsonl")) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"question_id": "x"}, "model: missing"),
        ({"question_id": "x", "model": "m", "task": "t"}, "rated, and its score is None"),
        ({"question_id": "x", "model": "m", "task": "t", "score": "x"}, "score: expected a number, found 'x'"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: dict[str, str], said: str) -> None:
    (tmp_path / "b.jsonl").write_text(f"{json.dumps(line)}\n")
    with pytest.raises(DataError, match=rf"b\.jsonl:1: not a row of a benchmark: {said}"):
        list(read_benchmark_rows(tmp_path / "b.jsonl"))


def test_the_board_holds_the_scores_of_a_task() -> None:
    stored = {"score": 0.5, "low": 0.2, "high": 0.8, "metric": "acc", "n": 10, "mode": "letter", "shots": 0,
              "subjects": {"anatomy": {"score": 0.5, "n": 10}}}  # fmt: skip
    (row,) = report_of({"models": [{"model": "m", "benchmarks": {"mmlu": stored}}]}).models
    score = row.benchmarks["mmlu"]
    assert score.ends.low == 0.2 and score.subjects["anatomy"].n == 10


def test_scores_asked_otherwise_are_not_compared() -> None:
    score = BenchmarkScore(metric="acc", mode="letter", shots=0)
    assert score.comparable(replace(score, score=0.1))
    assert not score.comparable(replace(score, mode="loglikelihood"))
    assert not score.comparable(replace(score, shots=5))
    assert not score.comparable(replace(score, chat_template=True))
