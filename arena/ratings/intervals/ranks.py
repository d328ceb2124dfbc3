"""Ranks, and the range each could be in: who is surely better than whom."""

from __future__ import annotations

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask
from arena.ratings.intervals.covariance import NO_SPREAD, Uncertainty
from arena.ratings.intervals.marginal import MarginalUncertainty


def told_apart(
    values: FloatArray, low: FloatArray, high: FloatArray, uncertainty: Uncertainty | MarginalUncertainty | None
) -> Mask:
    """(m, m): whether i is surely better than j: by the difference where both vary, else where intervals do not touch.

    `low` and `high` need not be in the units of `values` and `uncertainty`.
    """
    apart: Mask = low[:, None] > high[None, :]
    if uncertainty is None:
        return apart
    error = uncertainty.standard_error()
    solid = np.isfinite(values) & np.isfinite(error) & (uncertainty.df >= 1) & (error > NO_SPREAD)
    with np.errstate(invalid="ignore"):
        return np.where(solid[:, None] & solid[None, :], uncertainty.surely_better(values), apart)


def rank_ranges(better: Mask, group: IntArray) -> tuple[IntArray, IntArray]:
    """rank_low = 1 + models surely better, rank_high = models of the group − models surely worse.

    `better` is (m, m) and holds within groups only (`group` −1 means unranked, both ends 0).
    """
    size = np.bincount(group[group >= 0], minlength=1)[np.maximum(group, 0)]
    low = 1 + better.sum(axis=0)
    high = size - better.sum(axis=1)
    ranked = group >= 0
    return np.where(ranked, low, 0), np.where(ranked, high, 0)


def competition_ranks(key: FloatArray, group: IntArray) -> IntArray:
    """1 + how many of the group are truly above; equal values (to 10 digits) share a rank. 0 outside all groups."""
    ranks = np.zeros(len(key), dtype=np.int64)
    for number in range(int(group.max(initial=-1)) + 1):
        members = np.flatnonzero(group == number)
        values = key[members]
        finite = np.abs(values[np.isfinite(values)])
        slack = 1e-9 * (1.0 + float(finite.max(initial=0.0)))
        ordered = np.sort(values)
        ranks[members] = 1 + len(members) - np.searchsorted(ordered, values + slack, side="right")
    return ranks
