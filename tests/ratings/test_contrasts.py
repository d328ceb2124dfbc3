"""NEW − OLD by win rate, rating and score: the board's own numbers, on the questions that both were asked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from kit.tables import battles, by_name, columns_of

from arena.ratings import BattleTable, RatingOptions, ScoreTable, rate, rate_scores
from arena.ratings.contrasts import rating_contrast, score_contrast, win_rate_contrast


def test_ratings_differ_by_what_the_boards_pair_says() -> None:
    table = battles(questions=80)
    board = rate(table, RatingOptions(level=0.9))
    pair = next(pair for pair in board.pairs if (pair.a, pair.b) == ("m1", "m3"))
    found = rating_contrast(table, "m1", "m3", RatingOptions())
    assert found.value == pytest.approx(pair.diff)
    assert found.ends(0.9) == pytest.approx((pair.low, pair.high))
    turned = rating_contrast(table, "m3", "m1", RatingOptions())
    assert turned.ends(0.9) == pytest.approx((-pair.high, -pair.low))
    assert found.sd == pytest.approx((pair.high - pair.low) / 2 / 1.6644 * math.sqrt(80), rel=1e-3)


def test_win_rates_are_the_boards_own_where_nothing_is_left_out() -> None:
    table = battles(questions=60)
    rows = by_name(rate(table, RatingOptions()))
    found = win_rate_contrast(table, "m0", "m2")
    assert (found.new, found.old) == pytest.approx((rows["m0"].win_rate, rows["m2"].win_rate))
    mirrored = win_rate_contrast(table, "m2", "m0")
    assert mirrored.ends(0.9) == pytest.approx(tuple(-end for end in reversed(found.ends(0.9))))


def star(rng: np.random.Generator, questions: int) -> BattleTable:
    a, outcome, question = [], [], []
    for q in range(questions):
        for name, p in (("new", 0.6), ("old", 0.5)):
            a.append(name)
            outcome.append(float(rng.random() < p))
            question.append(q)
    return BattleTable.from_columns(a, ["base"] * len(a), outcome, question_id=question)


def test_against_a_baseline_everyone_is_compared_by_the_rate_against_it() -> None:
    table = star(np.random.default_rng(1), 100)
    rows = by_name(rate(table, RatingOptions(baseline="base")))
    found = win_rate_contrast(table, "new", "old", "base")
    assert (found.new, found.old) == pytest.approx((rows["new"].win_rate, rows["old"].win_rate))
    with_base = win_rate_contrast(table, "new", "base", "base")
    assert with_base.old == 0.5
    assert with_base.value == pytest.approx(rows["new"].win_rate - 0.5)
    assert win_rate_contrast(table, "base", "old", "base").value == pytest.approx(0.5 - rows["old"].win_rate)


def test_only_questions_and_opponents_of_both_count() -> None:
    table = battles(questions=30)
    a, b, outcome, question = columns_of(table)
    rows = [
        row for row in zip(a, b, outcome, question, strict=True)
        if not ("m0" in row[:2] and row[3] in {"q1", "q2"}) and not ({"m0", "m4"} <= set(row[:2]) and row[3] == "q5")
    ]  # fmt: skip
    a, b, outcome, question = (list(column) for column in zip(*rows, strict=True))
    kept = BattleTable.from_columns(a, b, outcome, question_id=question)
    found = win_rate_contrast(kept, "m0", "m1")
    assert found.n_questions == 28
    assert rating_contrast(kept, "m0", "m1", RatingOptions()).n_questions == 28
    of_both = [row for row in rows if row[3] == "q5" and "m4" not in row[:2]]
    mean = {
        name: np.mean([row[2] if row[0] == name else 1 - row[2] for row in of_both if name in row[:2]])
        for name in ("m0", "m1")
    }
    place = sorted({row[3] for row in rows} - {"q1", "q2"}).index("q5")
    assert found.paired.terms[place] == pytest.approx(mean["m0"] - mean["m1"])


def test_a_rating_that_is_open_at_one_end_takes_its_finite_end() -> None:
    """`all` wins every battle: there is no telling how much better it is, only by how much at least."""
    rng = np.random.default_rng(0)
    names, rows = ["all", "mid", "low"], []
    for q in range(40):
        for i in range(3):
            for j in range(i + 1, 3):
                outcome = 1.0 if i == 0 else float(rng.random() < 0.7)
                rows.append((names[i], names[j], outcome, q))
    a, b, outcome, question = zip(*rows, strict=True)
    table = BattleTable.from_columns(a, b, outcome, question_id=question)
    found = rating_contrast(table, "all", "mid", RatingOptions())
    assert found.value is None
    assert found.sd is None
    low, high = found.ends(0.9)
    assert 0 < low < high == math.inf
    assert rating_contrast(table, "mid", "all", RatingOptions()).ends(0.9) == pytest.approx((-math.inf, -low))


def test_scores_differ_by_what_the_boards_pair_says() -> None:
    rng = np.random.default_rng(5)
    model = [name for _ in range(50) for name in ("a", "b")]
    question = [q for q in range(50) for _ in range(2)]
    table = ScoreTable.from_columns(model, question, rng.integers(1, 11, 100).astype(float).tolist())
    pair = rate_scores(table, RatingOptions(level=0.9)).pairs[0]
    found = score_contrast(table, "a", "b", (1.0, 10.0))
    assert (found.value, *found.ends(0.9)) == pytest.approx((pair.diff, pair.low, pair.high), abs=0.05)
