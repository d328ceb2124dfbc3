"""What can be asked of a rating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from arena.ratings.results import Anchored

if TYPE_CHECKING:
    from arena.types import JSON

USUAL_METHODS = ("bradley_terry", "win_rate")
"""What `arena rate` and a board of battles without a config are rated by."""
Interval = Literal["sandwich", "bootstrap", "independent", "none"]
EloOrder = Literal["seeded", "file"]
Slice = Literal["category", "language"]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much questions count: the weights of a question's category and language multiply; what is not named has 1."""

    category: Mapping[str, float] = field(default_factory=dict)
    language: Mapping[str, float] = field(default_factory=dict)
    balanced: bool = False
    """Every category counts the same in total, however many questions it has."""

    def to_json(self) -> JSON:
        """As people write them, and as `options.weights` of leaderboard.json holds them."""
        named = {"category": self.category, "language": self.language}
        return "balanced" if self.balanced else {key: dict(of) for key, of in named.items() if of}


@dataclass(frozen=True, slots=True)
class RatingOptions:
    """Options of `rate`; the defaults are those of a board without a config."""

    methods: tuple[str, ...] = USUAL_METHODS
    """What to compute, by the names of `arena.ratings.methods.METHODS`; the first ranks the board."""
    baseline: str | None = None
    """Win rates are against it, and it is the anchor unless another is given."""
    more_baselines: tuple[str, ...] = ()
    """Further ones: then a win rate is the mean of the rates against each, a baseline's against itself being ½."""
    anchor: Anchored | None = None
    interval: Interval = "sandwich"
    level: float = 0.95
    simultaneous: bool = False
    """Rank intervals and differences that hold for all pairs at once."""
    style: tuple[str, ...] = ()
    """Columns to control for, or one preset: "arena", "alpaca_eval"."""
    position: bool = True
    """Fit the judges' position effect where some battles were seen in one order only and it is identified."""
    elo_k: float = 4.0
    elo_orders: int = 100
    elo_order: EloOrder = "seeded"
    seed: int = 0
    pairs: bool | None = None
    """None: up to 50 models."""
    slices: tuple[Slice, ...] = ("category", "language")
    bootstraps: int = 1_000
    """Replicates of `interval="bootstrap"`."""
    implied: bool = False
    """Win rates are those that the fit implies against every other model: where opponents are chosen, the share of
    battles won says little."""
    boundary: float = 1.0
    """Factor on the quantile of every interval: above 1 where somebody looked before the battles were all there."""
    details: bool = True
    """Diagnostics and what is known about each judge."""
    stability: bool = True
    """How few questions decide between neighbours; part of the details."""
    weights: Weights | None = None
    """How much questions count in `weighted` of every model; the board's own numbers stay unweighted."""
    set_aside: tuple[str, ...] = ()
    """Models whose battles count for nobody else; their own numbers come from a second fit, without a rank."""
    centre: tuple[str, ...] = ()
    """The models whose mean is 1000 where no anchor holds the scale; without any, all of a component."""

    @property
    def baselines(self) -> tuple[str, ...]:
        """All of them, the one that win rates alone are against first."""
        return () if self.baseline is None else (self.baseline, *self.more_baselines)
