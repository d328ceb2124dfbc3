"""Before and after on benchmarks: paired by document, tested, corrected, and worded no stronger than it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_rel

from arena.evals.changes import difference_of, mcnemar, task_differences
from arena.evals.scores import paired_rows, sheet_of
from arena.ratings.intervals.holm import holm
from arena.reports.benchmarks import BenchmarkRow
from arena.reports.comparison import TaskDifference


def rows(model: str, scores: Sequence[float], task: str = "t", **fields: object) -> list[BenchmarkRow]:
    shared: dict[str, object] = {"mode": "letter", "shots": 0, "metric": "acc", "version": "1", "category": ""} | fields
    return [
        BenchmarkRow(question_id=f"s/{n}", model=model, score=score, task=task, item=f"i{n}", **shared)  # type: ignore[arg-type]
        for n, score in enumerate(scores)
    ]


def compared(*parts: list[BenchmarkRow], margin: float = 0.02, twin: str | None = None) -> dict[str, TaskDifference]:
    sheet = sheet_of([row for part in parts for row in part])
    found = task_differences(sheet, "base", "tuned", level=0.95, margin=margin, twin=twin)
    return {task.task: task for task in found}


def of_counts(learnt: int, forgotten: int, kept: int, wrong: int) -> tuple[list[float], list[float]]:
    base = [0.0] * learnt + [1.0] * forgotten + [1.0] * kept + [0.0] * wrong
    tuned = [1.0] * learnt + [0.0] * forgotten + [1.0] * kept + [0.0] * wrong
    return base, tuned


def test_differences_are_tuned_minus_base_with_gross_counts_and_exact_mcnemar() -> None:
    base, tuned = of_counts(20, 5, 60, 15)
    task = compared(rows("base", base), rows("tuned", tuned))["t"]
    assert (task.n, task.base, task.tuned) == (100, pytest.approx(0.65), pytest.approx(0.80))
    assert task.diff.value == pytest.approx(0.15)
    assert (task.learnt, task.forgotten, task.net.value) == (20, 5, 15)
    assert task.net.low == pytest.approx(100 * (task.diff.low or 0)) and (task.net.low or 0) > 0
    assert (task.test, task.p) == ("mcnemar_exact", pytest.approx(binomtest(5, 25).pvalue))
    assert task.change == "better"


def test_exchanging_the_models_mirrors_everything() -> None:
    base, tuned = of_counts(12, 3, 40, 10)
    one = compared(rows("base", base), rows("tuned", tuned))["t"]
    two = compared(rows("base", tuned), rows("tuned", base))["t"]
    assert (two.diff.value, two.diff.low) == (
        pytest.approx(-(one.diff.value or 0)),
        pytest.approx(-(one.diff.high or 0)),
    )
    assert (two.learnt, two.forgotten, two.p) == (one.forgotten, one.learnt, one.p)


def test_scores_between_0_and_1_are_tested_by_paired_t() -> None:
    rng = random.Random(1)
    base = [rng.random() * 0.8 for _ in range(40)]
    tuned = [x + rng.gauss(0.05, 0.05) for x in base]
    task = compared(rows("base", base), rows("tuned", tuned))["t"]
    assert (task.test, task.p) == ("paired_clustered_t", pytest.approx(ttest_rel(tuned, base).pvalue))
    assert task.learnt + task.forgotten == 40


def test_questions_of_one_article_are_one_cluster() -> None:
    rng = np.random.default_rng(5)
    effects = rng.normal(0, 0.3, 40).repeat(6)  # six questions share what their article does
    base = [0.5] * 240
    tuned = list(np.clip(0.5 + effects, 0, 1))
    articles = [f"a{n // 6}" for n in range(240)]

    def clustered(model: str, scores: list[float]) -> list[BenchmarkRow]:
        return [
            BenchmarkRow(
                question_id=f"s/{n}", model=model, score=x, task="t", item=f"i{n}", category="", cluster=articles[n]
            )
            for n, x in enumerate(scores)
        ]

    def width(task: TaskDifference) -> float:
        return (task.diff.high or 0) - (task.diff.low or 0)

    apart = compared(rows("base", base), rows("tuned", tuned))["t"]
    together = compared(clustered("base", base), clustered("tuned", tuned))["t"]
    assert together.diff.value == pytest.approx(apart.diff.value)
    assert width(together) == pytest.approx(6**0.5 * width(apart), rel=0.15)
    binary = compared(clustered("base", [1.0, 0.0] * 120), clustered("tuned", [1.0, 1.0] * 120))["t"]
    assert binary.test == "paired_clustered_t"  # McNemar takes documents as independent


def test_samples_of_one_document_are_one_pair() -> None:
    base = [*rows("base", [1.0, 0.0, 1.0]), *rows("base", [0.0, 0.0, 1.0], sample=1)]
    tuned = [*rows("tuned", [1.0, 1.0, 1.0]), *rows("tuned", [1.0, 0.0, 1.0], sample=1)]
    task = compared(base, tuned)["t"]
    assert (task.n, task.base, task.tuned, task.test) == (3, 0.5, pytest.approx(5 / 6), "paired_clustered_t")
    assert (task.learnt, task.forgotten) == (2, 0)


def test_nothing_changed_on_few_documents_shows_nothing() -> None:
    same = [1.0, 0.0] * 10
    few = compared(rows("base", same), rows("tuned", same))["t"]
    assert (few.diff.value, few.p, few.change) == (0.0, 1.0, "undecided")
    assert few.diff.low is not None and few.diff.low < -0.02
    many = [1.0, 0.0] * 1000
    kept = compared(rows("base", many), rows("tuned", many))["t"]
    assert kept.change == "no_forgetting"
    assert compared(rows("base", many), rows("tuned", many), margin=0.0)["t"].change == "undecided"


def test_one_document_has_no_interval_and_decides_nothing() -> None:
    task = compared(rows("base", [1.0]), rows("tuned", [0.0]))["t"]
    assert (task.diff.value, task.diff.low, task.change) == (-1.0, None, "undecided")


def test_holm_over_tasks_and_a_family_of_its_own_for_subjects() -> None:
    parts = []
    for name in "abcd":
        base, tuned = of_counts(9, 1, 20, 10)  # p = 0.0215 alone
        for model, scores in (("base", base), ("tuned", tuned)):
            parts.append(rows(model, scores, name))
    found = compared(*parts)
    assert {task.p for task in found.values()} == {mcnemar(9, 1)}
    assert all(task.p_holm == pytest.approx(4 * mcnemar(9, 1)) for task in found.values())
    assert {task.change for task in found.values()} == {"no_forgetting"}  # better alone, not among four
    base, tuned = of_counts(9, 1, 20, 10)
    split = [
        BenchmarkRow(question_id=f"{s}/{n}", model=m, score=x, task="t", item=f"{s}{n}", category=s)
        for s in ("one", "two") for m, scores in (("base", base), ("tuned", tuned)) for n, x in enumerate(scores)
    ]  # fmt: skip
    task = compared(split)["t"]
    assert task.p_holm == task.p == mcnemar(18, 2)
    assert [part.p_holm for part in task.subjects.values()] == [pytest.approx(2 * mcnemar(9, 1))] * 2


def test_holm_is_the_textbook_s() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.9, 0.8]) == [1.0, 1.0]


def test_tasks_asked_otherwise_or_of_one_alone_are_named_not_compared() -> None:
    found = compared(
        rows("base", [1.0] * 5), rows("tuned", [1.0] * 5, shots=5, mode="loglikelihood"),
        rows("base", [1.0] * 5, "alone"), rows("base", [1.0] * 5, "other"),
        [row for row in rows("tuned", [1.0] * 9, "other") if row.item in {"i7", "i8"}],
    )  # fmt: skip
    assert found["t"].not_compared == "not asked alike: mode letter and loglikelihood, shots 0 and 5"
    assert found["alone"].not_compared == "only BASE was asked it"
    assert found["other"].not_compared == "they share no document"
    assert all(task.p_holm is None for task in found.values())


def test_documents_of_one_side_are_left_out_and_counted() -> None:
    base = rows("base", [1.0, 0.0, 1.0, 1.0])
    tuned = [row for row in rows("tuned", [1.0, 1.0, 0.0, 1.0]) if row.item != "i3"]
    tuned += [replace(row, state="excluded", score=None) for row in rows("tuned", [0.0] * 4) if row.item == "i3"]
    task = compared(base, tuned)["t"]
    assert (task.n, task.only_base, task.only_tuned) == (3, 1, 0)


def test_base_with_another_seed_stands_beside() -> None:
    base, tuned = of_counts(8, 2, 20, 10)
    again, _ = of_counts(3, 4, 20, 13)
    task = compared(rows("base", base), rows("tuned", tuned), rows("again", again), twin="again")["t"]
    assert task.itself.value == pytest.approx(
        difference_of(paired_rows(rows("x", again), rows("y", base)), 0.95).diff.value
    )


@pytest.mark.slow
def test_the_interval_covers_a_planted_forgetting() -> None:
    """80 documents, of which a share of 6 % is forgotten and 2 % learnt: the truth is −4 points."""
    rng = np.random.default_rng(11)
    inside, trials = 0, 400
    for _ in range(trials):
        draw = rng.random(80)
        base, tuned = (draw >= 0.02).astype(float), ((draw < 0.02) | (draw >= 0.08)).astype(float)
        part = difference_of(paired_rows(rows("t", list(tuned)), rows("b", list(base))), 0.95)
        assert part.diff.low is not None and part.diff.high is not None
        inside += part.diff.low <= -0.04 <= part.diff.high
    assert inside / trials > 0.93
