"""Win rates at equal length."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from arena.errors import DataError
from arena.ratings import BattleTable, RatingOptions, rate
from arena.ratings.methods.length_control import GamedAnchors, alpaca_length_controlled


@pytest.mark.shared
def test_alpaca_evals_published_length_controlled_win_rates(shared_dir: Path) -> None:
    data, golden = shared_dir / "data/alpaca_eval", shared_dir / "golden"
    sums = json.loads((golden / "alpaca_gamed_sums.json").read_text())
    gamed = GamedAnchors(
        np.load(golden / "alpaca_gamed_X.npz")["X"], np.array([sums["S_tanh_len"], sums["S_difficulty"]])
    )
    with (golden / "alpaca_instruction_difficulty_recovered.csv").open() as lines:
        difficulty = {
            int(row["question_index"]) + 1: float(row["instruction_difficulty"]) for row in csv.DictReader(lines)
        }

    def lengths(model: str) -> dict[int, int]:
        texts = (data / f"answers/{model}.jsonl").read_text().splitlines()
        return {line["question_id"]: len(line["answer"]) for line in map(json.loads, texts)}

    baseline = lengths("gpt4_1106_preview")
    with (data / "published_leaderboard.csv").open() as lines:
        published = {row[""]: float(row["length_controlled_winrate"]) for row in csv.DictReader(lines)}
    assert len(published) == 8
    for model, value in published.items():
        own = lengths(model)
        verdicts = [json.loads(text) for text in (data / f"judgments/{model}.jsonl").read_text().splitlines()]
        ids = [verdict["question_id"] for verdict in verdicts]
        found = alpaca_length_controlled(
            np.array([verdict["preference"] - 1 for verdict in verdicts]),
            np.array([float(baseline[q] - own[q]) for q in ids]),
            np.array([difficulty[q] for q in ids]),
            gamed=gamed,
        )
        assert 100 * found == pytest.approx(value, abs=0.2)


def simulated(n: int = 300, seed: int = 0, ids: bool = True) -> BattleTable:
    """Two models of equal merit at equal length; one writes long answers, and the judge likes length."""
    rng = np.random.default_rng(seed)
    rows: list[tuple] = []
    for q in range(n):
        hard = rng.normal(0, 0.7)
        for name, length in (("brief", 400), ("wordy", 1_600)):
            sides = (float(length * rng.lognormal(0, 0.6)), float(800 * rng.lognormal(0, 0.6)))
            gap = (sides[0] - sides[1]) / sum(sides)
            p = 1 / (1 + np.exp(-(0.3 + 2.5 * gap + hard)))
            rows.append((name, "base", float(rng.random() < p), q, sides, hard))
    a, b, y, q, sides, hard = zip(*rows, strict=True)
    style = {"length": sides, "difficulty": hard}
    return BattleTable.from_columns(a, b, y, question_id=q if ids else None, style=style)


def test_the_arena_preset_brings_equal_models_together() -> None:
    board = rate(simulated(), RatingOptions(baseline="base", style=("arena",)))
    rows = {row.model: row for row in board.models}
    assert rows["wordy"].win_rate - rows["brief"].win_rate > 0.3
    assert abs(rows["wordy"].lc_win_rate - rows["brief"].lc_win_rate) < 0.15
    assert rows["base"].lc_win_rate == 0.5
    assert board.style["length"].low > 0
    assert board.n_battles == 600


def test_without_a_preset_or_a_baseline_there_is_none() -> None:
    table = simulated(40)
    assert all(row.lc_win_rate is None for row in rate(table, RatingOptions(baseline="base")).models)
    assert all(row.lc_win_rate is None for row in rate(table, RatingOptions(style=("arena",))).models)


def test_the_alpaca_preset_uses_the_difficulty_column() -> None:
    board = rate(simulated(100), RatingOptions(baseline="base", style=("alpaca_eval",)))
    rows = {row.model: row for row in board.models}
    table = simulated(100)
    for name in ("brief", "wordy"):
        mine = table.a == table.models.index(name)
        sides = table.style["length"][mine]
        gap = sides[:, 1] - sides[:, 0]
        direct = alpaca_length_controlled(table.outcome[mine], gap, table.style["difficulty"][mine])
        assert rows[name].lc_win_rate == pytest.approx(direct, abs=1e-9)


def test_the_alpaca_preset_names_what_is_missing() -> None:
    table = simulated(20)
    bare = BattleTable(table.models, table.a, table.b, table.outcome, question=table.question,
                       style={"length": table.style["length"]})  # fmt: skip
    with pytest.raises(DataError, match="difficulty"):
        rate(bare, RatingOptions(baseline="base", style=("alpaca_eval",)))


def test_the_penalised_fit_is_that_of_liblinear() -> None:
    rng = np.random.default_rng(1)
    gap, difficulty = rng.normal(0, 300, 400), rng.normal(0, 1, 400)
    x = np.column_stack([np.tanh(gap / np.std(gap, ddof=1)), difficulty, np.ones(400)])
    p = 1 / (1 + np.exp(-(x @ np.array([0.8, -0.5, 0.4]))))
    y = (rng.random(400) < p).astype(float)
    check = LogisticRegression(C=0.5, l1_ratio=1.0, solver="liblinear", fit_intercept=False, tol=1e-10, max_iter=5_000)
    w = check.fit(x, y).coef_[0]
    expected = (1 / (1 + np.exp(-(w[2] + w[1] * difficulty)))).mean()
    assert alpaca_length_controlled(y, gap, difficulty, c=0.5) == pytest.approx(expected, abs=1e-5)


def test_c_can_be_cross_validated() -> None:
    rng = np.random.default_rng(2)
    y = rng.random(60)
    value = alpaca_length_controlled(y, rng.normal(0, 100, 60), rng.normal(0, 1, 60), c=None, groups=np.arange(60))
    assert 0.3 < value < 0.7
