"""What several judges on one board say about each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from arena.errors import DataError
from arena.ratings.data.table import BattleTable
from arena.ratings.findings.agreement import agreement
from arena.ratings.findings.judge_aware import judge_aware_fit
from arena.ratings.intervals.student_t import normal_quantile
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.types import JSON

MOST_PAIRS = 45
MOST_MODELS = 200


def panel_diagnostics(table: BattleTable, level: float, seed: int) -> dict[str, JSON]:
    """`judges_agreement`: every two judges on the battles both decided. `judge_aware`: ratings that weigh each judge by
    how sharply it tells models apart (arXiv 2601.21817), mean 1000, beside the plain mean of the panel.

    `table` holds the rows of all judges, without the panel's.
    """
    assert table.judge is not None
    names = [name for code, name in enumerate(table.judge.names) if (table.judge.codes == code).any()]
    if len(names) < 2:
        return {}
    found: dict[str, JSON] = {"judges_agreement": _agreements(table, names, level, seed)}
    if len(table.models) <= MOST_MODELS:
        found["judge_aware"] = _judge_aware(table, level)
    return found


def _agreements(table: BattleTable, names: Sequence[str], level: float, seed: int) -> JSON:
    assert table.judge is not None
    own = {name: table.select(table.judge.codes == table.judge.names.index(name)) for name in names}
    found: list[JSON] = []
    for one, other in list(combinations(names, 2))[:MOST_PAIRS]:
        try:
            both = agreement(own[one], own[other], level=level, seed=seed, bootstraps=0)
        except DataError:  # they have no battle in common
            continue
        means = {"raw": dict(both.raw._asdict()), "kappa": dict(both.kappa._asdict())}
        found.append({"a": one, "b": other, "n_battles": both.n_battles, **means})
    return found


def _judge_aware(table: BattleTable, level: float) -> JSON:
    fit = judge_aware_fit(table, level)
    half = normal_quantile(level) * fit.se * ELO_SCALE
    rating = ELO_MEAN + fit.theta * ELO_SCALE

    def known(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return {
        model: {"rating": known(r), "rating_low": known(r - h), "rating_high": known(r + h)}
        for model, r, h in zip(table.models, rating, half, strict=True)
        if np.isfinite(r)
    }
