"""How few questions decide between neighbours: every set is checked by rating the board without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit.tables import battles, clustered, table_of

from arena.battles.read.files import read_battles
from arena.battles.read.wanted import Wanted
from arena.ratings import BattleTable, Leaderboard, RatingOptions, ScoreTable, rate, rate_scores
from arena.ratings.data.table import Coded
from arena.ratings.findings import stability

PLAIN = RatingOptions(interval="none", slices=(), pairs=False, details=False)
RATED = RatingOptions(slices=(), pairs=False)


@pytest.fixture(autouse=True)
def every_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability, "NAMED", 10**9)


def without(table: BattleTable, questions: tuple[str, ...], options: RatingOptions) -> Leaderboard:
    gone = [table.question.names.index(name) for name in questions]
    return rate(table.select(~np.isin(table.question.codes, gone)), options)


def ahead(board: Leaderboard, first: str, second: str) -> bool:
    """Whether the first stands above the second on one scale."""
    ranks = {row.model: (row.component, row.rank) for row in board.models}
    return ranks[first][0] == ranks[second][0] and ranks[first][1] < ranks[second][1]


def check_sets(table: BattleTable, found: Leaderboard, options: RatingOptions, every: int = 1) -> int:
    """Each set turns its pair when the board is rated without it, and one question fewer does not; how many did."""
    assert found.stability is not None
    assert found.stability.of == len(np.unique(table.question.codes))
    sets = [pair for pair in found.stability.places if pair.k][::every]
    for pair in sets:
        assert len(pair.questions) == pair.k <= found.stability.of // 4
        assert ahead(without(table, pair.questions, options), pair.worse, pair.better)
        assert not ahead(without(table, pair.questions[:-1], options), pair.worse, pair.better)
    return len(sets)


def test_every_set_turns_its_pair_and_one_question_fewer_does_not() -> None:
    assert sum(check_sets(table, rate(table, RATED), PLAIN) for table in (battles(3, m=6), clustered(1))) >= 5


def test_no_single_question_was_overlooked() -> None:
    """Where a set of two is said to be needed, each question left out alone leaves the order as it is."""
    table = battles(5, m=4, questions=24)
    for pair in rate(table, RATED).stability.places:
        alone = [ahead(without(table, (q,), PLAIN), pair.worse, pair.better) for q in table.question.names]
        assert any(alone) == (pair.k == 1)


def test_neighbours_stand_in_the_order_of_the_board() -> None:
    board = rate(battles(2, m=6), RATED)
    order = [row.model for row in board.models]
    assert [(p.place, p.better, p.worse) for p in board.stability.places] == [
        (n, *order[n - 1 : n + 1]) for n in range(1, 6)
    ]


def test_what_is_said_does_not_depend_on_the_order_of_rows() -> None:
    table = battles(7, m=5)
    shuffled = table.select(np.random.default_rng(0).permutation(len(table)))
    assert rate(table, RATED).stability == rate(shuffled, RATED).stability


def test_a_win_rate_is_taken_without_the_questions_too() -> None:
    table = battles(3, m=6)
    for baseline in (None, "m2"):
        options = replace(RATED, methods=("win_rate",), baseline=baseline)
        assert check_sets(table, rate(table, options), replace(PLAIN, methods=("win_rate",), baseline=baseline))


def test_weights_count() -> None:
    table = battles(3, m=5)
    heavy = replace(table, weight=np.where(table.question.codes % 3 == 0, 5.0, 0.2))
    assert check_sets(heavy, rate(heavy, RATED), PLAIN)
    assert rate(heavy, RATED).stability != rate(table, RATED).stability


def test_a_fit_with_style_is_done_again_with_style() -> None:
    table = battles(3, m=5, both=False)
    lengths = np.random.default_rng(1).normal(0, 1, (len(table), 2)) ** 2
    styled = replace(table, style={"length": lengths})
    assert check_sets(styled, rate(styled, replace(RATED, style=("length",))), replace(PLAIN, style=("length",)))


def test_mean_scores_are_taken_without_the_questions() -> None:
    rng = np.random.default_rng(4)
    rows = [(f"m{i}", f"q{q:02d}", 5 + 0.1 * i + rng.normal(0, 1)) for q in range(40) for i in range(5)]
    table = ScoreTable.from_columns(*zip(*rows, strict=True))
    found = rate_scores(table).stability
    sets = [pair for pair in found.places if pair.k]
    assert sets
    for pair in sets:
        for questions, turned in ((pair.questions, True), (pair.questions[:-1], False)):
            kept = [row for row in rows if row[1] not in questions]
            board = rate_scores(ScoreTable.from_columns(*zip(*kept, strict=True)))
            scores = {row.model: row.score for row in board.models}
            assert (scores[pair.worse] > scores[pair.better]) == turned


def test_models_that_are_level_need_no_question_and_one_that_won_all_is_not_moved() -> None:
    questions = [f"q{n}" for n in range(12)]
    level = table_of(["a"] * 12, ["b"] * 12, [1.0, 0.0] * 6, questions)
    assert [pair.k for pair in rate(level, RATED).stability.places] == [0]
    swept = table_of(["a"] * 12 + ["b"] * 12, ["b"] * 12 + ["c"] * 12, [1.0] * 12 + [1.0, 0.0] * 6, questions * 2)
    assert [pair.k for pair in rate(swept, RATED).stability.places] == [None, 0]
    assert rate(table_of(["a"] * 12, ["b"] * 12, [0.5] * 12, questions), RATED).stability is None


def test_a_board_of_few_questions_has_no_small_set() -> None:
    table = table_of(["a"] * 3, ["b"] * 3, [1.0, 1.0, 0.0], ["x", "y", "z"])
    assert rate(table, RATED).stability.places[0].k is None


def test_rows_without_questions_are_left_out_one_by_one() -> None:
    found = rate(table_of(["a"] * 41, ["b"] * 41, [1.0] * 21 + [0.0] * 20), RATED).stability
    assert (found.unit, found.of, found.places[0].k, found.places[0].questions) == ("battles", 41, 2, ())


def test_a_category_and_a_judge_may_carry_the_leader() -> None:
    parts = (("math", 12), ("prose", 9))
    rows = [("a", "b", float(c == "math"), f"{c}{n}", c, "j") for c, size in parts for n in range(size)]
    rows += [("a", "b", 1.0 - y, q, c, "k") for _, _, y, q, c, _ in rows[:12:3]]
    a, b, y, q, c, j = zip(*rows, strict=True)
    found = rate(BattleTable.from_columns(a, b, y, question_id=q, category=c, judge=j), RATED).stability
    assert found.places[0].better == "b"
    assert found.without_category == {"math": "b", "prose": "a"}
    assert found.without_judge == {"j": "b", "k": "a"}


def test_the_panels_leader_is_compared_with_that_of_the_other_judges() -> None:
    questions = [f"q{n}" for n in range(10)]
    panel = table_of(["a"] * 10, ["b"] * 10, [0.6] * 10, questions)
    each = BattleTable.from_columns(
        ["a"] * 20, ["b"] * 20, [0.9] * 10 + [0.3] * 10, question_id=questions * 2, judge=["x"] * 10 + ["y"] * 10
    )
    assert rate(panel, RATED, every_judge=each).stability.without_judge == {"x": "b", "y": "a"}


def test_of_many_models_the_first_places_are_looked_at() -> None:
    table = battles(1, m=51, questions=8)
    assert len(rate(table, RATED).stability.places) == 20


@pytest.mark.shared
@pytest.mark.slow
def test_on_alpaca_eval_every_set_turns_its_pair(shared_dir: Path) -> None:
    table = read_battles(shared_dir / "data/alpaca_eval/battles_57_models.parquet", Wanted()).table
    board = rate(table, RATED)
    assert len(board.stability.places) == 20
    assert check_sets(table, board, PLAIN, every=3) >= 5


@pytest.mark.shared
@pytest.mark.slow
def test_quick_refits_are_those_of_the_whole_rating(shared_dir: Path) -> None:
    """Sums without some questions, by Newton's method with the curvature of the whole, on 100,000 battles."""
    table = read_battles(shared_dir / "data/synthetic/s1.parquet", Wanted()).table
    assert isinstance(table.question, Coded)
    assert check_sets(table, rate(table, RATED), PLAIN, every=8) >= 5
