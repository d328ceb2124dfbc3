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

    A question's influence is its weight times what it would be at weight 1; the latter are centred within each pool of
    questions (`pooled`) and multiplied by √(Q/(Q − 1)) of the pool (Cochran, Sampling Techniques, 5.9). `seen` marks
    the questions that an estimate rests on itself. Degrees of freedom: (ΣV)²/Σ(V²/df) over the pools (Satterthwaite
    1946); of a pool Q − 1, less where weights differ in it or a model was not seen on all of it. Where a few questions
    carry most of the weight their variance may come out near 0 by chance, and the others' degrees with it: they are no
    more than with V as it would be if all questions differed alike (balanced over 40, 8 and 2 questions: .96 for .86).
    """
    result = np.zeros_like(influence)
    rows = np.flatnonzero(seen.any(axis=1))
    found, known, alike = [], [], []
    for own in pooled(mix.stratum[rows]):
        at, q = rows[own], len(own)
        if q < 2:
            return Stratified(np.full_like(influence, np.nan), np.full(influence.shape[1], np.nan))
        weight = mix.weight[at]
        unit = influence[at] / weight[:, None]
        result[at] = (unit - unit.mean(axis=0)) * weight[:, None] * np.sqrt(q / (q - 1))
        own_df = effective_size(seen[at].astype(float), weight**2) * (q - 1) / q
        known.append(np.where(own_df > 0, np.maximum(own_df, 1.0), q - 1.0))
        found.append((result[at] ** 2).sum(axis=0))
        alike.append(seen[at].T @ weight**2)
    at_most = seen.sum(axis=0) - 1.0
    for variances in (np.array(found), np.array(alike)):
        with np.errstate(divide="ignore", invalid="ignore"):
            df = variances.sum(axis=0) ** 2 / (variances**2 / np.array(known)).sum(axis=0)
        at_most = np.fmin(at_most, df)
    return Stratified(result, at_most)
