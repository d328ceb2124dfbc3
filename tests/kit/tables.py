"""Tables of battles made at random."""

from __future__ import annotations

import numpy as np

from arena.ratings import BattleTable, Leaderboard


def by_name(board: Leaderboard) -> dict:
    return {row.model: row for row in board.models}


def battles(seed: int = 0, m: int = 5, questions: int = 40, sigma: float = 1.0, both: bool = True) -> BattleTable:
    """All pairs of m models on every question; each question favours some models at random."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 0.7, m)
    columns: list[list] = [[], [], [], []]
    for q in range(questions):
        tilt = theta + rng.normal(0, sigma, m)
        for i in range(m):
            for j in range(i + 1, m):
                p = 1 / (1 + np.exp(tilt[j] - tilt[i]))
                outcome = float(np.mean(rng.random(2) < p)) if both else float(rng.random() < p)
                for column, value in zip(columns, (f"m{i}", f"m{j}", outcome, f"q{q}"), strict=True):
                    column.append(value)
    return BattleTable.from_columns(*columns[:3], question_id=columns[3])


def columns_of(table: BattleTable) -> tuple[list[str], list[str], list[float], list[str]]:
    assert table.question is not None
    return (
        [table.models[i] for i in table.a],
        [table.models[i] for i in table.b],
        table.outcome.tolist(),
        [table.question.names[i] for i in table.question.codes],
    )


def table_of(a, b, outcome, question=None, **more) -> BattleTable:
    return BattleTable.from_columns(a, b, outcome, question_id=question, **more)


def clustered(seed: int = 0, questions: int = 120, m: int = 5, ids: bool = True) -> BattleTable:
    rng = np.random.default_rng(seed)
    theta, rows = np.linspace(-0.8, 0.8, m), []
    for q in range(questions):
        tilt = theta + rng.normal(0, 1, m)
        for i in range(m):
            for j in range(i + 1, m):
                p = 1 / (1 + np.exp(tilt[j] - tilt[i]))
                rows.append((f"m{i}", f"m{j}", float(np.mean(rng.random(2) < p)), q))
    a, b, y, q = zip(*rows, strict=True)
    return BattleTable.from_columns(a, b, y, question_id=q if ids else None)
