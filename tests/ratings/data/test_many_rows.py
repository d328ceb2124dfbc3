"""Many plain battles are sorted and counted as numbers; that changes nothing but the time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from arena.files import to_json
from arena.ratings import BattleTable, Leaderboard, RatingOptions, rate, rounded
from arena.ratings.data.battle_sums import battle_sums
from arena.ratings.data.pair_sums import count_winners, pair_sums
from arena.ratings.data.table import Coded
from arena.types import JSON

ROWS = 510_000
"""More than the rows whose dispersion is measured question by question."""
OPTIONS = RatingOptions(pairs=True)


@pytest.fixture(scope="module")
def many() -> BattleTable:
    """More rows than are sorted column by column; one model has no battle, one question no row."""
    rng = np.random.default_rng(4)
    a, question = rng.integers(0, 6, ROWS), rng.integers(0, 50, ROWS)
    b = (a + rng.integers(1, 6, ROWS)) % 6
    tilt = rng.normal(0, 0.5, (50, 6)) + np.linspace(0, 1, 6)
    p = 1 / (1 + np.exp(tilt[question, b] - tilt[question, a]))
    outcome = np.round(2 * np.clip(p + rng.normal(0, 0.4, ROWS), 0, 1)) / 2
    models, names = tuple(f"m{i}" for i in range(7)), tuple(f"q{i:02d}" for i in range(51))
    return BattleTable(models, *(x.astype(np.int32) for x in (a, b)), outcome,
                       question=Coded(names, question.astype(np.int32)))  # fmt: skip


def written(board: Leaderboard) -> bytes:
    return to_json(board.to_json())


def test_the_order_of_many_rows_does_not_matter(many: BattleTable) -> None:
    order = np.random.default_rng(1).permutation(ROWS)
    assert written(rate(many.select(order), OPTIONS)) == written(rate(many, OPTIONS))


def test_rows_that_are_not_sorted_are_rated_alike(many: BattleTable) -> None:
    """Rows with weights stay as they are, and are added up in other ways."""
    plain, weighted = (rate(table, OPTIONS) for table in (many, replace(many, weight=np.full(ROWS, 3.0))))
    assert plain.stability == weighted.stability
    for name in ("models", "pairs", "diagnostics"):
        mine, theirs = (board.to_json()[name] for board in (plain, weighted))
        assert rounded(without_noise(mine), 9) == rounded(without_noise(theirs), 9)


def without_noise(value: JSON) -> JSON:
    """The gradient at the maximum is all rounding."""
    return value | {"gradient_norm": 0.0} if isinstance(value, dict) else value


def test_sorted_rows_are_the_same_battles(many: BattleTable) -> None:
    def keys(table: BattleTable) -> list[tuple[int, int, int, float]]:
        return sorted(zip(table.question.codes, table.a, table.b, table.outcome, strict=True))

    found = many.by_question(limit=0)
    assert (np.diff(found.question.codes) >= 0).all()
    assert keys(found) == keys(many)
    few = many.select(np.arange(10))
    assert few.by_question(limit=10) is few


@pytest.mark.parametrize("more", ["soft", "judged"])
def test_rows_of_which_more_is_known_stay_as_they_are(many: BattleTable, more: str) -> None:
    judged = replace(many, judge=Coded(("j",), np.zeros(ROWS, np.int32)))
    soft = replace(many, outcome=np.where(np.arange(ROWS) == ROWS - 1, 0.75, many.outcome))
    table = {"soft": soft, "judged": judged}[more]
    assert table.by_question() is table
    assert (battle_sums(table) is None) == (more == "soft")


def test_sums_by_winner_are_those_by_pair(many: BattleTable) -> None:
    found, pairs = battle_sums(many), pair_sums(many)
    assert found is not None
    for name in ("i", "j", "wins", "games"):
        assert np.array_equal(getattr(found.pair_sums(), name), getattr(pairs, name))
    for mine, theirs in zip(found.winners(), count_winners(many), strict=True):
        assert np.array_equal(mine, theirs)
    assert battle_sums(many.select(np.arange(100))) is None
