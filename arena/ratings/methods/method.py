"""What a rating method is: what it is given, what it finds, and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from arena.ratings.columns import Column
from arena.ratings.data.arrays import FloatArray, Mask
from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import Uncertainty, jointly
from arena.ratings.intervals.mean_scores import MeanScores
from arena.ratings.intervals.ranks import told_apart
from arena.ratings.methods.contextual import Columns
from arena.ratings.methods.estimate import Estimate
from arena.ratings.methods.refits import Refits
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored

Entries = FloatArray | Sequence[str | None]
"""One entry per model, in the order of the table; NaN or None where there is none."""


ToldApart = Callable[[FloatArray, FloatArray, FloatArray, FloatArray | None, FloatArray], Mask | None]
"""From values, the ends of their intervals, their covariance and degrees of freedom to `Fitted.better`."""


@dataclass(frozen=True, slots=True)
class Battles:
    """What a method that rates battles is given."""

    table: BattleTable
    """The battles in an order that depends on their content alone, with weights of mean 1."""
    history: BattleTable
    """The same battles with their weights as given; in the order of the file where the options ask for it."""
    options: RatingOptions
    estimate: Estimate
    """The Bradley–Terry fit that every board rests on: who can be compared with whom, and on how many questions."""
    anchor: Anchored | None
    ranks: bool
    """Whether this method ranks the board: only then is `Fitted.better` looked at."""
    columns: Columns | None = None
    """Style and position, where they are in the fit."""

    def told_apart(
        self, values: FloatArray, low: FloatArray, high: FloatArray, covariance: FloatArray | None, df: FloatArray
    ) -> Mask | None:
        """`Fitted.better` for values with these intervals and this covariance, jointly where the options ask for it."""
        if not self.ranks:
            return None
        return told_apart_by(self.options, self.estimate, values, low, high, covariance, df)


def told_apart_by(
    options: RatingOptions, estimate: Estimate, values: FloatArray, low: FloatArray, high: FloatArray,
    covariance: FloatArray | None, df: FloatArray,
) -> Mask:  # fmt: skip
    """(m, m): whether i is surely better than j, jointly where the options ask for it."""
    if covariance is None:
        return told_apart(values, low, high, None)
    uncertainty = Uncertainty(covariance, df, options.level, factor=options.boundary)
    if options.simultaneous:
        uncertainty = jointly(uncertainty, estimate.graph.component, options.seed)
    return told_apart(values, low, high, uncertainty)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a method that rates scores of single answers is given."""

    table: ScoreTable
    options: RatingOptions
    means: MeanScores
    """The mean scores that every such board rests on."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a method found, one entry per model in the order of the table; NaN where there is none."""

    value: FloatArray
    """Goes into the method's first column, and `low` and `high` into that column's ends."""
    low: FloatArray
    high: FloatArray
    more: Mapping[str, Entries] = field(default_factory=dict)
    """What else it knows, by the names of its columns in leaderboard.json."""
    key: FloatArray | None = None
    """What puts models in order, the better the higher; None: `value`."""
    better: Mask | None = None
    """(m, m): whether i is surely better than j; None: where their intervals do not touch."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before trusting the numbers, one sentence each."""


@dataclass(frozen=True, slots=True)
class Method:
    """A rating method: its columns on the leaderboard, and how it rates battles, or scores of single answers."""

    columns: tuple[Column, ...]
    """The first is what it ranks by."""
    of_battles: Callable[[Battles], Fitted] | None = None
    of_scores: Callable[[Scores], Fitted] | None = None
    refits: Callable[[Battles], Refits | None] | None = None
    """How its order of models is found again without some questions; None where it is not known."""
    refits_of_scores: Callable[[Scores], Refits | None] | None = None
    costly: bool = False
    """Whether it takes as long as all else together: then it rates the whole board only, no category and no judge."""

    @property
    def main(self) -> Column:
        """The number that it ranks by."""
        return self.columns[0]
