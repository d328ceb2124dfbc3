"""`gate --metric benchmarks.TASK`: paired by document, failed calls counting as 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena

from arena.reports.benchmarks import BenchmarkRow
from arena.reports.typed import write_typed_rows


def written(folder: Path, **models: list[float | str]) -> Path:
    """A board with scores of `sums`: a word in place of a score is why there is none."""
    rows = [
        BenchmarkRow(
            question_id=f"sums/{i}", category="even" if i % 2 == 0 else "odd", model=model, task="sums", item=str(i),
            score=score if isinstance(score, float) else None, reason=score if isinstance(score, str) else None,
            state="rated" if isinstance(score, float) else "pending" if score == "pending" else "excluded",
        )
        for model, scores in models.items() for i, score in enumerate(scores)
    ]  # fmt: skip
    config = arithmetic_board(folder)
    (folder / "out/reports").mkdir(parents=True)
    write_typed_rows(folder / "out/reports/benchmarks.jsonl", rows, simulated=False)
    return config


def decided(config: Path, *args: str, code: int) -> dict:
    done = arena("gate", "-c", config, "right", "half", "--metric", "benchmarks.sums", *args, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


GOOD, BAD = [1.0] * 80 + [0.0] * 20, [1.0, 0.0] * 50


def test_better_on_the_documents_passes(tmp_path: Path) -> None:
    config = written(tmp_path, right=GOOD, half=BAD)
    found = decided(config, code=0)
    assert (found["new_value"], found["old_value"], found["n_questions"]) == (0.8, 0.5, 100)
    assert found["difference"] == pytest.approx(0.3)
    by = decided(config, "--by", "category", code=4)
    assert {name: part["verdict"] for name, part in by["categories"].items()} == {"even": "FAIL", "odd": "PASS"}


def test_failed_calls_of_the_new_one_count_as_0(tmp_path: Path) -> None:
    config = written(tmp_path, right=[*GOOD[:40], *["call_failed"] * 60], half=BAD)
    found = decided(config, code=5)
    assert found["failed"] == 60
    assert found["new_value"] == pytest.approx(0.4)
    assert found["without_failures"]["value"] == pytest.approx(0.5)
    assert "60 of 100 documents of right failed" in found["reasons"][0]


def test_documents_still_to_come_decide_nothing(tmp_path: Path) -> None:
    found = decided(written(tmp_path, right=[*GOOD[:90], *["pending"] * 10], half=BAD), code=5)
    assert "10 documents are still to be asked" in found["reasons"][0]


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    config = written(tmp_path, right=GOOD, wrong=BAD)
    for args, said in (
        (["right", "wrong", "--metric", "benchmarks.sum"], "no such task; did you mean sums?"),
        (["right", "half", "--metric", "benchmarks.sums"], "half was not asked sums"),
        (["right", "wrong", "--metric", "benchmarks.sums", "--peek"], "goes with neither --peek nor --against"),
        (["right", "wrong", "--metric", "benchmarks.sums", "--margin", "3"], "its unit is missing"),
        (["right", "wrong", "--metric", "benchmarks.sums", "--plan"], "plans nothing"),
    ):
        done = arena("gate", "-c", config, *args)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert said in done.stderr
