"""Leaked benchmarks: who knows the published order falls, who loves a letter does not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from kit.commands import arena
from kit.downloads import write_downloads
from kit.examinees import exam_board, number_of, right_letter, shown_options, wrong_letter
from kit.judges import by_model
from kit.servers import Action, Call, FakeServer, Say

from arena.evals.documents import Choice, Part, documents_of
from arena.evals.order_check import ORDERS, PUBLISHED, exchanged, holm, order_check, orders_of
from arena.reports.benchmarks import BenchmarkRow


def test_the_right_letter_keeps_its_published_distribution_in_every_order() -> None:
    documents = documents_of(Part("s", [{"n": n} for n in range(200)]))
    golds = {document.doc_id: 0 if document.index % 3 else 2 for document in documents}
    choices = {d.item: Choice("q", ("a", "b", "c", "d")[: 3 + d.index % 2], golds[d.doc_id]) for d in documents}
    by_row = {d.index: choices[d.item] for d in documents}
    orders = orders_of(documents, lambda row: by_row[row["n"]], seed=0)

    def places(number: int) -> Counter[tuple[int, int]]:
        return Counter(
            (len(orders[d.doc_id, number]), orders[d.doc_id, number].index(golds[d.doc_id])) for d in documents
        )

    for number in range(1, ORDERS + 1):
        assert places(number) == places(PUBLISHED)
        assert sorted(orders["s/0", number]) == [0, 1, 2]
        assert any(orders[d.doc_id, number] != orders[d.doc_id, PUBLISHED] for d in documents)
    assert orders_of(documents, lambda row: by_row[row["n"]], seed=0) == orders


def test_few_mistakes_are_as_likely_in_any_order() -> None:
    """By hand: four documents with one mistake in five orders each, none of them in the published order."""
    assert exchanged([4] * 4 + [5] * 96, 100) == pytest.approx(2 * 0.8**4)
    assert exchanged([1] * 10 + [0] * 90, 10) == pytest.approx(2 * 0.2**10)
    assert exchanged([3] * 50, 30) == 1.0


def test_a_model_that_hardly_errs_is_not_suspected() -> None:
    def row(place: int, score: float) -> BenchmarkRow:
        return BenchmarkRow(task="t", category="c", model="m", question_id=f"d{place}", score=score)

    published = [row(place, 1.0) for place in range(100)]
    seeded = [row(p, float(not (p < 5 and n == 0))) for p in range(100) for n in range(ORDERS)]
    check = order_check(published, seeded, 0.95)
    assert check is not None
    assert check.p == pytest.approx(2 * 0.8**5)  # Student's t says 0.025
    assert check.to_json(check.p, 0.95)["said"] is None


def test_no_gap_seen_is_not_none_at_all() -> None:
    alike = [BenchmarkRow(task="t", category="c", model="m", question_id=f"d{n}", score=1.0) for n in range(100)]
    check = order_check(alike, [row for row in alike for _ in range(ORDERS)], 0.95)
    assert check is not None
    assert (check.gap, check.low is not None and -0.1 < check.low < -0.01) == (0.0, True)
    assert check.high == pytest.approx(-(check.low or 0.0))


def test_holm_by_hand() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == [0.03, None, 0.06, 0.06]


def loves_a(call: Call) -> Action:
    return Say("A")


def honest(call: Call) -> Action:
    return Say(right_letter(call) if number_of(call) % 4 < 3 else wrong_letter(call))


def memorised(call: Call) -> Action:
    """Right wherever the options stand as published; else it guesses."""
    texts = list(shown_options(call).values())
    right = next(text for text in texts if text.startswith("right"))
    stem, n = right.removeprefix("right "), number_of(call)
    published = [right if place == n % 4 else f"wrong {stem} {place}" for place in range(4)]
    return Say(right_letter(call) if texts == published or n % 5 == 0 else wrong_letter(call))


@pytest.mark.slow
def test_what_knows_the_test_by_heart_falls(tmp_path: Path) -> None:
    data = write_downloads(tmp_path / "data", 40)
    planted = {"loves-a": loves_a, "honest": honest, "memorised": memorised}
    with FakeServer(by_model(planted)) as server:
        tasks = ["arc_easy", "truthful_qa_mc2"]
        config = exam_board(tmp_path, server, list(planted), tasks, data, order_check=True)
        plan = arena("plan", "-c", config, "--stage", "benchmarks")
        assert "arc_easy, 5 orders, of honest" in plan.stdout
        done = arena("bench", "-c", config)
        assert done.returncode == 0, done.stderr
        asked = len(server.calls)
        assert asked == 3 * (40 + 5 * 40)
        assert arena("bench", "-c", config).returncode == 0 and len(server.calls) == asked
    found = json.loads((tmp_path / "out/reports/benchmarks.json").read_text())["order_check"]
    assert found["loves-a"]["arc_easy"]["gap"] == pytest.approx(0.0, abs=1e-9)
    assert found["honest"]["arc_easy"]["gap"] == 0.0 and found["honest"]["arc_easy"]["said"] is None
    assert found["memorised"]["arc_easy"]["gap"] > 0.5
    assert found["memorised"]["arc_easy"]["said"] == "depends on the published order"
    assert found["honest"]["truthful_qa_mc2"] is None
    assert "depends on the published order" in done.stdout and "truthful_qa_mc2 –" in done.stdout
    scores = json.loads((tmp_path / "out/reports/benchmarks.json").read_text())["models"]
    assert scores["honest"]["arc_easy"]["n"] == 40, "the score rests on one order alone"
