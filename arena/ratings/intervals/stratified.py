"""How sure an estimate is whose mix of questions is fixed: questions are drawn within strata, not across them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, Mask
from arena.ratings.data.mix import effective_size, pooled
from arena.ratings.data.table import Mix


class Stratified(NamedTuple):
    """What questions contribute to the covariance of some estimates, and how well that is known."""

    influence: FloatArray
    """(questions, estimates): centred within strata, so that the sum of products over questions is the covariance."""
    df: FloatArray
    """Satterthwaite's degrees of freedom of each variance; NaN where there is one question only."""


def stratified(influence: FloatArray, seen: Mask, mix: Mix) -> Stratified:
    """Influences of weighted questions on estimates, (questions, estimates), made ready for their covariance.

    A question's influence is its weight times what it would be at weight 1. The latter are centred within each pool of
    questions (`pooled`), so that the variance of a pool is s² of its Q questions times the sum of their squared weights
    (Cochran, Sampling Techniques, 5.9). That five questions do not differ is not the same as that such questions never
    do: to the Q − 1 degrees of freedom of s² comes one of the s² of all pools together, which makes of Q/(Q − 1) in the
    sum of squares 1 and a share of all. Where there is one pool it changes nothing.

    `seen` marks the questions that an estimate rests on itself. Degrees of freedom: (ΣV)²/Σ(V²/df) over the pools
    (Satterthwaite 1946); of a pool Q, less where weights differ in it or a model was not seen on all of it, and never
    more in all than the questions of a model less one.
    """
    rows = np.flatnonzero(seen.any(axis=1))
    pools = [rows[own] for own in pooled(mix.stratum[rows])]
    if any(len(at) < 2 for at in pools):
        return Stratified(np.full_like(influence, np.nan), np.full(influence.shape[1], np.nan))
    unit, weight = np.zeros_like(influence), np.zeros(len(influence))
    for at in pools:
        weight[at] = mix.weight[at]
        unit[at] = influence[at] / weight[at, None]
        unit[at] -= unit[at].mean(axis=0)
    shared = 1.0 / max(len(rows) - len(pools), 1)
    of_all = shared * (unit**2).sum(axis=0)
    found, known = [], []
    for at in pools:
        q, squares = len(at), weight[at] ** 2
        own = effective_size(seen[at].astype(float), squares) * (q - 1) / q
        known.append(np.where(own > 0, np.maximum(own, 1.0), q - 1.0) + 1.0)
        found.append(squares @ unit[at] ** 2 + squares.mean() * of_all)
    variance = np.array(found)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = variance.sum(axis=0) ** 2 / (variance**2 / np.array(known)).sum(axis=0)
    scale = np.sqrt(weight**2 + shared * sum(float((weight[at] ** 2).mean()) for at in pools))
    flat = effective_size(seen[rows].astype(float), weight[rows]) - 1
    df = np.where(np.isnan(df), flat, np.minimum(df, seen.sum(axis=0) - 1.0))
    return Stratified(unit * scale[:, None], df)
