"""Thousands of models."""

from __future__ import annotations

import numpy as np
import pytest

from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.data.table import Coded


def many(m: int, battles: int, seed: int = 0) -> BattleTable:
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 0.7, m)
    a, b = rng.integers(0, m, battles), rng.integers(0, m - 1, battles)
    b = np.where(b >= a, b + 1, b)
    y = (rng.random(battles) < 1 / (1 + np.exp(theta[b] - theta[a]))).astype(float)
    names = tuple(f"m{i:05d}" for i in range(m))
    question = Coded(tuple(f"q{i:03d}" for i in range(60)), rng.integers(0, 60, battles).astype(np.int32))
    return BattleTable(names, a.astype(np.int32), b.astype(np.int32), y, question=question)


@pytest.mark.parametrize("interval", ["sandwich", "independent"])
def test_the_sparse_path_gives_the_dense_numbers(interval: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = many(60, 3_000)
    options = RatingOptions(interval=interval, pairs=False)
    dense = {row.model: row for row in rate(table, options).models}
    for module in (
        "data.pair_sums",
        "methods.estimate",
        "methods.newton",
        "methods.elo",
        "findings.diagnostics",
        "leaderboard",
    ):
        monkeypatch.setattr(f"arena.ratings.{module}.DENSE_LIMIT", 10)
    for row in rate(table, options).models:
        for field in ("rating", "rating_low", "rating_high", "win_rate_low"):
            assert getattr(row, field) == pytest.approx(getattr(dense[row.model], field), abs=1e-6)
        # ranks are judged by intervals that do not overlap: never narrower
        assert row.rank_low <= dense[row.model].rank_low
        assert row.rank_high >= dense[row.model].rank_high


@pytest.mark.slow
def test_ten_thousand_models() -> None:
    board = rate(many(10_000, 150_000), RatingOptions(slices=()))
    rated = [row for row in board.models if row.rating is not None]
    assert len(board.models) == 10_000
    assert len(rated) > 9_990
    assert all(row.rating_low < row.rating < row.rating_high for row in rated)
    assert board.diagnostics["gradient_norm"] < 1e-6
    assert board.pairs == ()
