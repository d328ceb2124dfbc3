"""Single mode: mean scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from arena.errors import DataError
from arena.ratings import RatingOptions, ScoreTable, rate_scores


def scored(seed: int = 0, questions: int = 40) -> tuple[list[str], list[int], list[float]]:
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(questions):
        hard = rng.normal(0, 2)
        rows += [(f"m{i}", q, 5 + 0.5 * i + hard + rng.normal(0, 0.5)) for i in range(3)]
    model, question, score = (list(column) for column in zip(*rows, strict=True))
    return model, question, score


def test_one_score_per_question_gives_the_t_interval_of_a_mean() -> None:
    model, question, score = scored()
    for row in rate_scores(ScoreTable.from_columns(model, question, score)).models:
        own = [s for name, s in zip(model, score, strict=True) if name == row.model]
        expected = stats.t.interval(0.95, 39, np.mean(own), stats.sem(own))
        assert (row.score_low, row.score_high) == pytest.approx(expected)
        assert row.score == pytest.approx(np.mean(own))
        assert row.rating is None


def test_shared_questions_make_differences_certain() -> None:
    model, question, score = scored()
    board = rate_scores(ScoreTable.from_columns(model, question, score))
    assert [(row.model, row.rank_low, row.rank_high) for row in board.models] == [
        ("m2", 1, 1),
        ("m1", 2, 2),
        ("m0", 3, 3),
    ]
    assert board.models[0].score_low < board.models[1].score_high  # though the means' intervals overlap
    pair = next(pair for pair in board.pairs if (pair.a, pair.b) == ("m0", "m1"))
    gaps = np.array(score[1::3]) - np.array(score[0::3])
    assert (-pair.high, -pair.low) == pytest.approx(stats.t.interval(0.95, 39, gaps.mean(), stats.sem(gaps)))


def test_samples_and_judges_of_a_question_count_once() -> None:
    model, question, score = scored()
    once = rate_scores(ScoreTable.from_columns(model, question, score))
    more = rate_scores(ScoreTable.from_columns(model * 3, question * 3, score * 3))
    for one, other in zip(once.models, more.models, strict=True):
        assert (other.score, other.score_low) == pytest.approx((one.score, one.score_low))
        assert other.n_questions == 40


def test_the_order_of_rows_does_not_matter() -> None:
    model, question, score = scored()
    order = np.random.default_rng(0).permutation(len(model))
    shuffled = [[column[i] for i in order] for column in (model, question, score)]
    assert rate_scores(ScoreTable.from_columns(*shuffled)) == rate_scores(
        ScoreTable.from_columns(model, question, score)
    )


def test_equal_scores_have_no_interval() -> None:
    board = rate_scores(ScoreTable.from_columns(["a"] * 5 + ["b"] * 5, [*range(5)] * 2, [7.0] * 5 + [1.0, 2, 3, 4, 5]))
    row = board.models[0]
    assert (row.model, row.score, row.score_low, row.score_high) == ("a", 7.0, None, None)


def test_a_gap_that_never_varies_is_no_certainty() -> None:
    """Two questions, one model exactly a point better on both: no spread was seen, so nobody is surely ahead."""
    board = rate_scores(ScoreTable.from_columns(["a", "b"] * 2, ["p", "p", "q", "q"], [7.0, 6.0, 3.0, 2.0]))
    assert [(row.rank, row.rank_low, row.rank_high) for row in board.models] == [(1, 1, 2), (2, 1, 2)]
    assert [(pair.diff, pair.low, pair.high, pair.p_better) for pair in board.pairs] == [(1.0, None, None, None)]


def test_simultaneous_ranks_are_wider() -> None:
    rng = np.random.default_rng(2)
    model, question, score = zip(
        *((f"m{i}", q, i / 5 + rng.normal()) for q in range(40) for i in range(8)), strict=True
    )
    table = ScoreTable.from_columns(model, question, score)
    each, joint = (
        {row.model: row.rank_high - row.rank_low for row in rate_scores(table, RatingOptions(simultaneous=x)).models}
        for x in (False, True)
    )
    assert all(joint[name] >= width for name, width in each.items())
    assert joint != each


def test_slices_and_criteria() -> None:
    model, question, score = scored()
    table = ScoreTable.from_columns(
        model, question, score, category=["x" if q < 10 else "y" for q in question], language=["en"] * len(model),
        criteria={"tone": [None if q == 0 else 3.0 for q in question]},
    )  # fmt: skip
    row = rate_scores(table).models[0]
    assert (row.categories["x"].thin, row.categories["y"].thin) == (True, False)
    assert row.categories["x"].n_questions == 10
    assert row.languages["en"].score == pytest.approx(row.score)
    assert row.criteria == {"tone": 3.0}


def test_edges() -> None:
    assert rate_scores(ScoreTable.from_columns([], [], [], models=["a"])).warnings == ("no scores: nothing to rate",)
    board = rate_scores(ScoreTable.from_columns(["a", "b"], ["q", "q"], [1.0, 2.0], models=["c"]))
    assert any("one question only" in text for text in board.warnings)
    assert [(row.model, row.rank, row.score_low) for row in board.models] == [
        ("b", 1, None),
        ("a", 2, None),
        ("c", None, None),
    ]
    with pytest.raises(DataError, match="row 2: score: found nan"):
        ScoreTable.from_columns(["a", "b"], [1, 1], [1.0, float("nan")])
    assert (
        rate_scores(ScoreTable.from_columns(["a"], [1], [1.0]), RatingOptions(interval="none")).models[0].rank_low
        is None
    )
