"""Diagnostics: what does not fit, and what would sharpen the board."""

from __future__ import annotations

import numpy as np

from arena.ratings import BattleTable, rate


def cyclic(strength: float, questions: int = 100, seed: int = 0) -> BattleTable:
    """Rock, paper, scissors, and a fourth that is equal to all."""
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(questions):
        for a, b in (("paper", "rock"), ("rock", "scissors"), ("scissors", "paper")):
            rows.append((a, b, float(rng.random() < 0.5 + strength), q))
        rows += [("plain", name, float(rng.random() < 0.5), q) for name in ("paper", "rock", "scissors")]
    a, b, y, q = zip(*rows, strict=True)
    return BattleTable.from_columns(a, b, y, question_id=q)


def test_a_cycle_is_found_and_named() -> None:
    found = rate(cyclic(0.3)).diagnostics["intransitivity"]
    assert found["ratio"] > 5
    assert found["p"] < 1e-6
    worst = found["triples"][0]
    assert worst["is_cycle"]
    assert set(worst["models"]) == {"paper", "rock", "scissors"}
    assert all(share > 0.6 for share in worst["win_rates"])


def test_without_a_cycle_the_ratio_is_about_one() -> None:
    ratios = [rate(cyclic(0.0, seed=seed)).diagnostics["intransitivity"]["ratio"] for seed in range(20)]
    assert 0.6 < np.mean(ratios) < 1.4


def test_a_star_can_show_no_intransitivity() -> None:
    table = BattleTable.from_columns(["a", "a", "b", "b"] * 10, ["base"] * 40, [1.0, 0.0] * 20, question_id=range(40))
    assert rate(table).diagnostics["intransitivity"] is None


def test_components_and_separation_are_listed() -> None:
    table = BattleTable.from_columns(
        ["a", "a", "top", "x", "x"], ["b", "b", "a", "y", "y"], [1.0, 0.0, 1.0, 1.0, 0.0], question_id=range(5)
    )
    found = rate(table).diagnostics
    assert found["components"] == [3, 2]
    assert found["separated"] == ["top"]
    assert found["gradient_norm"] < 1e-8


def test_separability_is_the_share_of_pairs_told_apart() -> None:
    board = rate(cyclic(0.0, questions=50))
    apart = sum(pair.low > 0 or pair.high < 0 for pair in board.pairs)
    assert board.diagnostics["separability"] == apart / len(board.pairs)


def test_the_share_of_verdict_noise() -> None:
    def share(sigma: float) -> tuple[float, tuple[str, ...]]:
        rng = np.random.default_rng(0)
        rows = []
        for q in range(300):
            tilt = rng.normal(0, sigma, 4)
            for i in range(4):
                for j in range(i + 1, 4):
                    p = 1 / (1 + np.exp(tilt[j] - tilt[i]))
                    rows.append((f"m{i}", f"m{j}", *(rng.random(2) < p).astype(float), q))
        a, b, first, second, q = zip(*rows, strict=True)
        y = [(x + z) / 2 for x, z in zip(first, second, strict=True)]
        table = BattleTable.from_columns(a, b, y, question_id=q, outcome_a_first=first, outcome_b_first=second)
        board = rate(table)
        return board.diagnostics["verdict_noise_share"], board.warnings

    assert share(0.0)[0] > 0.85
    assert share(2.0)[0] < 0.4
    assert share(0.0)[1] == ()
    assert any("more questions would narrow" in text for text in share(4.0)[1])
