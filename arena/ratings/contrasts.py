"""NEW − OLD of two models by one metric, on the questions that both were asked: what a decision rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from arena.ratings.data.arrays import Codes, FloatArray
from arena.ratings.data.pair_sums import by_cluster
from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import NO_SPREAD
from arena.ratings.intervals.paired import Paired
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.leaderboard import rate
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.ratings.options import RatingOptions
from arena.ratings.results import Leaderboard, Pair

_ROUGH = 0.9
"""The level at which a spread is read off an interval; any would do."""


class Contrast(Protocol):
    """A difference of two models that knows its own uncertainty."""

    @property
    def n_questions(self) -> int:
        """Questions that both were asked."""

    @property
    def new(self) -> float | None:
        """The new model's own number; None where it has none."""

    @property
    def old(self) -> float | None:
        """The old model's."""

    @property
    def value(self) -> float | None:
        """new − old; None where it has no finite estimate."""

    @property
    def sd(self) -> float | None:
        """The standard deviation that one question contributes: the standard error times √questions."""

    def ends(self, level: float) -> tuple[float, float]:
        """The ends of its two-sided interval; an end that is not known is infinite."""


@dataclass(frozen=True, slots=True)
class PairedContrast:
    """A mean over questions: a win rate, a score, a share of right answers."""

    paired: Paired

    @property
    def n_questions(self) -> int:
        """Questions that both were asked."""
        return len(self.paired.new)

    @property
    def new(self) -> float | None:
        """The new model's mean."""
        return float(self.paired.new.mean()) if self.n_questions else None

    @property
    def old(self) -> float | None:
        """The old model's mean."""
        return float(self.paired.old.mean()) if self.n_questions else None

    @property
    def value(self) -> float | None:
        """The mean difference."""
        return float(self.paired.terms.mean()) if self.n_questions else None

    @property
    def sd(self) -> float | None:
        """Of a question's difference."""
        return self.paired.sd

    def ends(self, level: float) -> tuple[float, float]:
        """Its interval: t over questions, with care where hardly any differs."""
        return self.paired.ends(level)


@dataclass(frozen=True, slots=True)
class RatingContrast:
    """A difference of Bradley–Terry ratings in points, from the board's own fit and clustered covariance."""

    table: BattleTable
    """Battles on the questions that both were asked."""
    names: tuple[str, str]
    """The new model and the old one."""
    options: RatingOptions
    n_questions: int
    boards: dict[float, Leaderboard] = field(default_factory=dict, repr=False)
    """The ratings by the level of their intervals, as far as they were made."""

    @property
    def new(self) -> float | None:
        """The new model's rating; None where it is unbounded."""
        return ELO_MEAN if self.table.all_ties else _rating(self._board(), self.names[0])

    @property
    def old(self) -> float | None:
        """The old model's rating."""
        return ELO_MEAN if self.table.all_ties else _rating(self._board(), self.names[1])

    @property
    def value(self) -> float | None:
        """The difference of the ratings."""
        return None if self.new is None or self.old is None else self.new - self.old

    @property
    def sd(self) -> float | None:
        """Read off the interval; None where an end is open."""
        low, high = self.ends(_ROUGH)
        if not math.isfinite(high - low) or self.n_questions < 2:
            return None
        quantile = float(t_quantile(_ROUGH, np.array([self.n_questions - 1.0]))[0])
        return (high - low) / 2 / quantile * math.sqrt(self.n_questions)

    def ends(self, level: float) -> tuple[float, float]:
        """The interval of the pair; of a rating that is open at one end, the end that is known."""
        pair = _pair(self._board(level), self.names)
        if self.n_questions < 2:
            return -math.inf, math.inf
        if pair is None:
            return self._without_spread(0.0, level) if self.table.all_ties else (-math.inf, math.inf)
        if pair.low is None and pair.high is None and self.value is not None:
            return self._without_spread(self.value, level)
        return -math.inf if pair.low is None else pair.low, math.inf if pair.high is None else pair.high

    def _board(self, level: float | None = None) -> Leaderboard:
        """The ratings with intervals of this level; of any, where nobody says."""
        if level is None:
            level = next(iter(self.boards), _ROUGH)
        if level not in self.boards:
            self.boards[level] = rate(self.table, _for_a_pair(self.options, level))
        return self.boards[level]

    def _without_spread(self, value: float, level: float) -> tuple[float, float]:
        """The ends where the difference is the same on every question: those of the win rates, in points. None where
        opponents are chosen: who met whom is no sample of anything."""
        if self.options.implied:
            return -math.inf, math.inf
        rates = win_rate_contrast(self.table, *self.names, *self.options.baselines)
        difference = rates.value or 0.0
        slope = value / difference if abs(value * difference) > NO_SPREAD else 4 * ELO_SCALE
        low, high = (value + slope * (end - difference) for end in rates.ends(level))
        return low, high


def win_rate_contrast(table: BattleTable, new: str, old: str, *baselines: str) -> PairedContrast:
    """The difference of win rates, every question counting once.

    Against baselines each is the mean of the rates against them, a baseline's own being ½, over those that both have
    on a question. Else both are rates over the same opponents: on each question those that both met, and each other.
    """
    m, questions, cluster = len(table.models), *_clusters(table)
    n, o = table.models.index(new), table.models.index(old)
    weight = table.weights()
    points = [_against(table, code, weight, questions, cluster) for code in (n, o)]
    games = [_against(table, code, None, questions, cluster) for code in (n, o)]
    if baselines:
        each = [_against_one(points, games, (n, o), table.models.index(name)) for name in baselines]
        known = np.array([~np.isnan(new_rate) & ~np.isnan(old_rate) for new_rate, old_rate in each])
        rates = [
            _rate(np.where(known, [pair[i] for pair in each], 0.0).sum(axis=0), known.sum(axis=0).astype(float))
            for i in (0, 1)
        ]
    else:
        rates = _over_shared_opponents(points, games, n, o, m)
    both = ~np.isnan(rates[0]) & ~np.isnan(rates[1])
    half = baselines in ((new,), (old,))
    return PairedContrast(Paired(rates[0][both], rates[1][both], *((-0.5, 0.5) if half else (-1.0, 1.0))))


def _against_one(
    points: list[FloatArray], games: list[FloatArray], codes: tuple[int, int], baseline: int
) -> list[FloatArray]:
    """By question the rates of two models against a baseline; its own is ½ where the other met it."""
    rates = [_rate(points[i][:, baseline], games[i][:, baseline]) for i in (0, 1)]
    for i, code in enumerate(codes):
        if code == baseline:
            rates[i] = np.where(np.isnan(rates[1 - i]), np.nan, 0.5)
    return rates


def rating_contrast(table: BattleTable, new: str, old: str, options: RatingOptions) -> RatingContrast:
    """The difference of ratings over the battles of the questions that both were asked."""
    questions, cluster = _clusters(table)
    codes = [table.models.index(name) for name in (new, old)]
    met = [_against(table, code, None, questions, cluster).sum(axis=1) > 0 for code in codes]
    shared = met[0] & met[1]
    return RatingContrast(table.select(shared[cluster]), (new, old), options, int(np.count_nonzero(shared)))


def score_contrast(table: ScoreTable, new: str, old: str, scale: tuple[float, float]) -> PairedContrast:
    """The difference of mean scores on a scale from its lowest to its highest score, a question counting once."""
    m, n_questions = len(table.models), len(table.question.names)
    sums = by_cluster(table.question.codes, table.model, table.score, n_questions, m)
    counts = by_cluster(table.question.codes, table.model, None, n_questions, m)
    mean = [_rate(sums[:, code], counts[:, code]) for code in map(table.models.index, (new, old))]
    both = ~np.isnan(mean[0]) & ~np.isnan(mean[1])
    width = scale[1] - scale[0]
    return PairedContrast(Paired(mean[0][both], mean[1][both], -width, width))


def _clusters(table: BattleTable) -> tuple[int, Codes]:
    cluster = table.clusters()
    return int(cluster.max(initial=-1)) + 1, cluster


def _against(table: BattleTable, code: int, weight: FloatArray | None, questions: int, cluster: Codes) -> FloatArray:
    """(questions, models): the points of one model against each other one; its battles where `weight` is None."""
    m = len(table.models)
    found = np.zeros((questions, m))
    for mine, other, outcome in ((table.a, table.b, table.outcome), (table.b, table.a, 1 - table.outcome)):
        rows = mine == code
        values = table.weights()[rows] if weight is None else weight[rows] * outcome[rows]
        found += by_cluster(cluster[rows], other[rows], values, questions, m)
    return found


def _rate(points: FloatArray, games: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(games > 0, points / games, np.nan)


def _over_shared_opponents(
    points: list[FloatArray], games: list[FloatArray], n: int, o: int, m: int
) -> list[FloatArray]:
    """Mean rates over the opponents that both met on a question, each other among them."""
    each = [_rate(points[i], games[i]) for i in (0, 1)]
    others = np.ones(m, dtype=bool)
    others[[n, o]] = False
    shared = others & ~np.isnan(each[0]) & ~np.isnan(each[1])
    direct = ~np.isnan(each[0][:, o])
    met = shared.sum(axis=1) + direct
    rates = []
    for rate_of, opponent in ((each[0], o), (each[1], n)):
        total = np.where(shared, rate_of, 0.0).sum(axis=1) + np.where(direct, rate_of[:, opponent], 0.0)
        rates.append(_rate(total, met))
    return rates


def _for_a_pair(options: RatingOptions, level: float) -> RatingOptions:
    return replace(
        options, methods=("bradley_terry",), level=level, interval="sandwich", pairs=True, slices=(), details=False,
        simultaneous=False,
    )  # fmt: skip


def _pair(board: Leaderboard, names: tuple[str, str]) -> Pair | None:
    """The interval of the pair in the order of the names; None where the two cannot be compared."""
    for pair in board.pairs:
        if (pair.a, pair.b) == names:
            return pair
        if (pair.b, pair.a) == names:
            return replace(pair, a=pair.b, b=pair.a, diff=None, low=_negated(pair.high), high=_negated(pair.low))
    return None


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def _rating(board: Leaderboard, model: str) -> float | None:
    return next((row.rating for row in board.models if row.model == model), None)
