"""Bradley–Terry on the Elo scale, R = 1000 + θ·400/ln 10, with intervals clustered by question."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from arena.ratings.columns import Column, with_ends
from arena.ratings.data.arrays import FloatArray
from arena.ratings.data.graph import HIGH, INCOMPARABLE, LOW
from arena.ratings.data.table import BattleTable, listed
from arena.ratings.intervals.covariance import Uncertainty
from arena.ratings.intervals.marginal import MarginalUncertainty
from arena.ratings.intervals.ranks import told_apart
from arena.ratings.intervals.student_t import widened
from arena.ratings.methods.bootstrap import percentile_interval, question_bootstrap
from arena.ratings.methods.estimate import CoreRates, Estimate, among_the_core, degenerate_ends
from arena.ratings.methods.method import Battles, Fitted, Method
from arena.ratings.methods.refits import of_fit
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored

ELO_SCALE = 400 / math.log(10)
"""Elo points per unit of θ."""
ELO_MEAN = 1000.0


class Ratings(NamedTuple):
    """Ratings in points, one entry per model; NaN where there is none."""

    rating: FloatArray
    low: FloatArray
    high: FloatArray
    held: int | None
    """The model that is held at the anchor, None when each component has mean 1000."""
    all_ties: bool
    """Whether every battle is a tie, so that there are none."""


def _rated(given: Battles) -> Fitted:
    ratings = rating_points(given.table, given.estimate, given.options, given.anchor)
    return fitted(given.table.models, ratings, given.estimate, given.anchor, ranks=given.ranks)


def fitted(models: Sequence[str], ratings: Ratings, fit: Estimate, anchor: Anchored | None, *, ranks: bool) -> Fitted:
    """Ratings as the board's columns, with what tells models apart where they rank it."""
    better = told_apart(fit.theta, *ends_to_compare(ratings, fit), fit.uncertainty) if ranks else None
    sides = {HIGH: "high", LOW: "low"}
    played = zip(fit.graph.side.tolist(), fit.graph.component.tolist(), strict=True)
    unbounded = [sides.get(side) if component >= 0 else None for side, component in played]
    warnings = tuple(_warnings(models, fit, anchor, all_ties=ratings.all_ties))
    return Fitted(ratings.rating, ratings.low, ratings.high, {"unbounded": unbounded}, fit.order, better, warnings)


def rating_points(table: BattleTable, fit: Estimate, options: RatingOptions, anchor: Anchored | None) -> Ratings:
    """Ratings and intervals in points: the anchor's component stands on the anchor, the others have mean 1000."""
    independent = options.interval == "independent" or table.question is None
    level = widened(options.level, options.boundary)
    core = partial(among_the_core, table, fit, level, independent=independent)
    replaced = partial(_percentiles, table, fit, options) if options.interval == "bootstrap" else None
    return points_of(table.models, fit, options, anchor, core, replaced, all_ties=table.all_ties)


def points_of(
    models: Sequence[str], fit: Estimate, options: RatingOptions, anchor: Anchored | None, core: CoreRates,
    percentiles: Callable[[FloatArray, int | None], tuple[FloatArray, FloatArray]] | None = None, *, all_ties: bool,
) -> Ratings:  # fmt: skip
    """`rating_points` of a fit, whatever its battles are held as.

    `core` gives what `degenerate_ends` asks for, `percentiles` the ends that replace the sandwich's.
    """
    centre = np.full(len(fit.theta), ELO_MEAN)
    uncertainty, held = fit.uncertainty, None
    if anchor is not None:
        model = models.index(anchor.model)
        if fit.block[model] >= 0:
            held = model
            together = fit.graph.component == fit.graph.component[model]
            centre[together] = anchor.rating - fit.theta[model] * ELO_SCALE
            uncertainty = None if uncertainty is None else uncertainty.held_at(model, fit.block)
    elif options.centre:
        centre, uncertainty = _centred(models, fit, options.centre)
    rating = centre + fit.theta * ELO_SCALE
    low, high = np.full(len(rating), np.nan), np.full(len(rating), np.nan)
    if uncertainty is not None:
        half = uncertainty.half_width() * ELO_SCALE
        low, high = rating - half, rating + half
        if percentiles is not None:
            low, high = (np.where(np.isnan(half), np.nan, end) for end in percentiles(centre, held))
        flat, flat_low, flat_high = degenerate_ends(fit, uncertainty.standard_error(), core)
        low = np.where(flat, centre + flat_low * ELO_SCALE, low)
        high = np.where(flat, centre + flat_high * ELO_SCALE, high)
    if held is not None:
        low[held] = high[held] = np.nan
    if options.interval != "none":
        low = np.where(np.isnan(fit.open_low), low, centre + fit.open_low * ELO_SCALE)
        high = np.where(np.isnan(fit.open_high), high, centre + fit.open_high * ELO_SCALE)
    if all_ties:
        rating, low, high = (np.full(len(rating), np.nan) for _ in range(3))
    return Ratings(rating, low, high, held, all_ties)


def _centred(
    models: Sequence[str], fit: Estimate, names: tuple[str, ...]
) -> tuple[FloatArray, Uncertainty | MarginalUncertainty | None]:
    """Where each component has its 1000, at the mean of those of the named models that are in it; and how sure."""
    centre, uncertainty = np.full(len(fit.theta), ELO_MEAN), fit.uncertainty
    named = np.isin(models, names)
    for number in range(fit.graph.n_components):
        there = named & (fit.block == number)
        if there.any():
            centre[fit.graph.component == number] -= float(fit.theta[there].mean()) * ELO_SCALE
            if isinstance(uncertainty, Uncertainty):
                uncertainty = uncertainty.centred_on(there, fit.block)
    return centre, uncertainty


def ends_to_compare(ratings: Ratings, fit: Estimate) -> tuple[FloatArray, FloatArray]:
    """The ends of every rating, one entry per model; a model that holds the scale has both at its rating.

    That is the model at the anchor, and one that is alone in its core: the others' open ends are measured against it.
    """
    low, high = ratings.low.copy(), ratings.high.copy()
    alone = (fit.block >= 0) & (np.bincount(fit.block[fit.block >= 0], minlength=1)[np.maximum(fit.block, 0)] == 1)
    fixed = alone & fit.graph.separated
    if ratings.held is not None:
        fixed[ratings.held] = True
    return np.where(fixed, ratings.rating, low), np.where(fixed, ratings.rating, high)


def _percentiles(
    table: BattleTable, fit: Estimate, options: RatingOptions, centre: FloatArray, held: int | None
) -> tuple[FloatArray, FloatArray]:
    """Percentile intervals in points, relative to the anchor where one is held."""
    replicates = question_bootstrap(table, fit.theta, fit.block, options.bootstraps, options.seed)
    if held is not None:
        together = fit.block == fit.block[held]
        with np.errstate(invalid="ignore"):
            moved = replicates[:, together] - replicates[:, held][:, None] + fit.theta[held]
        replicates[:, together] = moved
    low, high = percentile_interval(replicates, widened(options.level, options.boundary))
    return centre + low * ELO_SCALE, centre + high * ELO_SCALE


def _warnings(models: Sequence[str], fit: Estimate, anchor: Anchored | None, *, all_ties: bool) -> list[str]:
    """What is wrong with the ratings themselves."""
    found = []
    if all_ties:
        found.append("every battle is a tie: nothing tells the models apart, so there are no ratings")
    for side, text, end in ((HIGH, "won", "upper"), (LOW, "lost", "lower")):
        names = listed(models, (fit.graph.side == side) & (fit.graph.component >= 0))
        if names:
            found.append(
                f"{names}: {text} everything against the models with a finite rating, directly or through others, "
                f"so the rating has no {end} end"
            )
    cut = listed(models, fit.graph.side == INCOMPARABLE)
    if cut:
        found.append(f"{cut}: only met models of unbounded rating, so it cannot be placed")
    if anchor is not None and fit.block[models.index(anchor.model)] < 0:
        found.append(f"{anchor.model} cannot hold the scale (it has no finite rating): ratings have mean 1000 instead")
    return found


BRADLEY_TERRY = Method(
    (with_ends("rating", "rating", "points"), Column("unbounded", "unbounded", "text", where="files")),
    of_battles=_rated,
    refits=lambda given: of_fit(given.table, given.estimate, given.columns),
)
