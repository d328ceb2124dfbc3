"""The configuration: one strict model per section, read once at the edge.

Unknown keys are errors. Defaults stand here and nowhere else. `arena.config.loading` reads the YAML file
into a `Config`.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from arena.config.base import Strict, switched
from arena.config.benchmarks import BenchmarksConfig
from arena.config.kinds import CandidateConfig, JudgeConfig
from arena.config.load_test import LoadTestConfig
from arena.config.probes import ProbesConfig
from arena.config.scores import ScoresConfig
from arena.config.strict import shorten
from arena.terms import PANEL

Mode = Literal["single", "pairwise_baseline", "pairwise"]
OrderRule = Literal["both", "random", "fixed", "recorded", "adaptive"]
Goal = Literal["budget", "separations", "top"]


class PanelConfig(Strict):
    """How several judges become one verdict."""

    quorum: int = Field(1, ge=1)
    """Verdicts a battle needs before the panel's mean counts."""


class SentinelConfig(Strict):
    """A contestant that gives one constant answer, to see whether a judge can be gamed. It is never rated."""

    enable: bool = True
    threshold: float = Field(0.1, ge=0, le=1)
    """Share of its battles a constant answer may win (in single mode: share of the scale it may reach)."""
    questions: int = Field(50, ge=1)
    """How many questions it answers; which ones follows from the board's seed."""


class ScheduleConfig(Strict):
    """Which battles of all pairs are judged: all of them, or those that can still tell models apart."""

    method: Literal["all", "adaptive"] = "all"
    goal: Goal = "budget"
    """When it ends: at its budget, once it has told a share of the pairs apart, or once the best k stand clear."""
    calls: Literal["economy"] | int | None = None
    """Judge requests, repairs apart; null: 3 cells for every model and question, `economy`: 2."""
    share: float = Field(0.9, gt=0, le=1)
    """goal separations: of the pairs that judging everything would tell apart."""
    k: int = Field(3, ge=1)
    """goal top: how many models."""
    batch: int | None = Field(None, ge=1)
    """Cells of a round; null: 200 or more, so that a round does not wait for single calls."""

    @field_validator("calls", mode="before")
    @classmethod
    def _calls_are_some(cls, value: object) -> object:
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
        whole = isinstance(number, int) and not isinstance(number, bool) and number > 0
        if not (whole or value is None or value == "economy"):
            raise ValueError(f"found {shorten(value)}, allowed: a number of at least 1, or economy")
        return number


class ReviewsConfig(Strict):
    """Who judges what, and how."""

    enable: bool = True
    mode: Mode = "pairwise_baseline"
    baselines: tuple[str, ...] = Field((), alias="baseline")
    """One name or a list: everybody meets each of them, and they each other once. The first holds the scale."""
    judges: dict[str, JudgeConfig] | Literal["peers"] = Field(default_factory=dict)
    panel: PanelConfig = PanelConfig()
    prompt: str | dict[str, str] | None = None
    """One prompt (name or path), or one per category with `default`; null: the shipped prompt of the mode."""
    reference_file: Path | None = None
    order: OrderRule = "both"
    schedule: ScheduleConfig = ScheduleConfig()
    """Its settings, or its method alone."""
    strong_weight: float = Field(1.0, gt=0)
    answer_failures: Literal["exclude", "loss"] = "exclude"
    max_unparsed: float = Field(0.02, ge=0, le=1)
    max_failed: float = Field(0.02, ge=0, le=1)
    max_first_slot: float | None = Field(0.8, ge=0.5, le=1)
    """Share of points for one place beyond which a judge follows it; null: nobody looks."""
    null_sentinel: SentinelConfig = SentinelConfig(enable=False)
    """true, false or its settings."""

    @field_validator("baselines", mode="before")
    @classmethod
    def _baseline_may_be_a_name(cls, value: object) -> object:
        return () if value is None else (value,) if isinstance(value, str) else value

    @field_validator("baselines")
    @classmethod
    def _baselines_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for n, name in enumerate(value) if name in value[:n]), None)
        if twice is not None:
            raise ValueError(f"{twice!r} is named twice")
        return value

    @property
    def baseline(self) -> str | None:
        """The first of the baselines."""
        return self.baselines[0] if self.baselines else None

    _sentinel_may_be_a_switch = field_validator("null_sentinel", mode="before")(switched)

    @field_validator("schedule", mode="before")
    @classmethod
    def _schedule_may_be_a_word(cls, value: object) -> object:
        return {"method": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _schedule_fits_the_mode(self) -> ReviewsConfig:
        return self.fits()

    def fits(self) -> Self:
        """Itself, where its schedule goes with its mode and order. Raises ValueError."""
        if self.schedule.method != "adaptive":
            if self.order == "adaptive":
                raise ValueError("order adaptive needs `schedule: {method: adaptive}`")
            return self
        if self.mode != "pairwise":
            raise ValueError(f"schedule adaptive needs mode pairwise (all pairs), found mode {self.mode}")
        if "order" in self.model_fields_set and self.order != "adaptive":
            raise ValueError(f"schedule adaptive draws the orders itself: leave out order, found order {self.order}")
        return self

    @property
    def adaptive(self) -> bool:
        """Whether only what a schedule drew is on the board."""
        return self.schedule.method == "adaptive"

    @property
    def asked_order(self) -> OrderRule:
        """The orders that are asked for."""
        return "adaptive" if self.adaptive else self.order

    @model_validator(mode="after")
    def _baseline_mode_names_a_baseline(self) -> ReviewsConfig:
        if self.mode == "pairwise_baseline" and self.baseline is None:
            raise ValueError("mode pairwise_baseline needs `baseline: NAME`, one of the names under answers_gen")
        return self

    @model_validator(mode="after")
    def _panel_is_a_reserved_name(self) -> ReviewsConfig:
        if isinstance(self.judges, dict) and PANEL in self.judges:
            raise ValueError("the judge name `panel` is reserved for the rows that average several judges")
        return self


class EloConfig(Strict):
    """Online Elo: step size and number of seeded orders averaged over."""

    k: float = Field(4.0, gt=0, allow_inf_nan=False)
    orders: int = Field(100, ge=1, le=10_000)


class IntervalConfig(Strict):
    """Which interval stands beside a rating."""

    method: Literal["sandwich", "bootstrap", "independent", "none"] = "sandwich"
    cluster: Literal["question_id"] = "question_id"
    level: float = Field(0.95, gt=0, lt=1)
    simultaneous: bool = False


class WeightsConfig(Strict):
    """How much the questions of a category or language count; the two multiply, and what is not named has 1."""

    category: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    language: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something_is_named(self) -> WeightsConfig:
        if not self.category and not self.language:
            raise ValueError("no weight is named; as in {category: {math: 2}}, or balanced")
        return self


def _form(value: object) -> str:
    """Which of the two it is, by names that messages about it leave out."""
    return "literal[balanced]" if isinstance(value, str) else "function-map"


class RatingConfig(Strict):
    """What the board shows, and in which order it ranks."""

    enable: bool = True
    metrics: tuple[str, ...] | None = Field(None, min_length=1)
    """The first ranks the board. Default: bradley_terry, elo, win_rate; in single mode score."""
    elo: EloConfig = EloConfig()
    anchor: dict[str, float] | None = None
    """{model: rating}; default: the baseline at 1000 in baseline mode, else mean 1000 of each connected component."""
    interval: IntervalConfig = IntervalConfig()
    style_control: tuple[str, ...] = ()
    weights: (
        Annotated[
            Annotated[Literal["balanced"], Tag("literal[balanced]")] | Annotated[WeightsConfig, Tag("function-map")],
            Discriminator(_form),
        ]
        | None
    ) = None
    """Ratings by your own weights, beside the board's; `balanced`: every category counts the same in total."""
    set_aside: Literal["flagged"] | None = None
    """flagged: models most of whose answers look made to sway the judge count for nobody else, and have no rank."""

    @field_validator("anchor", mode="before")
    @classmethod
    def _anchor_may_be_written_like_the_option(cls, value: object) -> object:
        if isinstance(value, str):
            name, _, number = value.rpartition("=")
            return {name: number} if name else {value: 1000.0}
        return value

    @field_validator("anchor")
    @classmethod
    def _one_anchor(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value is not None and len(value) != 1:
            raise ValueError("one model and its rating, as in {gpt-4.1: 1000}")
        return value


class GateConfig(Strict):
    """How decisions about this board are prepared."""

    peek: bool = False
    """Whether a run is looked at while it grows: questions are then asked in a seeded order."""


class Config(Strict):
    """A whole board: questions, candidates, judges, ratings."""

    question_file: Path
    category_file: Path | None = None
    output_dir: Path
    seed: int = Field(0, ge=0)
    """Orders, shuffles, resampling; never generation."""
    answers_gen: dict[str, CandidateConfig] = Field(min_length=1)
    reviews_gen: ReviewsConfig = ReviewsConfig(enable=False, mode="pairwise")
    rating_gen: RatingConfig = RatingConfig()
    gate: GateConfig = GateConfig()
    benchmarks: BenchmarksConfig | None = None
    """Tasks with right answers, asked beside the questions; None: there are none."""
    scores: ScoresConfig = ScoresConfig()
    load_test: LoadTestConfig = LoadTestConfig()
    probes: ProbesConfig = ProbesConfig()

    @field_validator("answers_gen")
    @classmethod
    def _names_are_not_empty(cls, value: dict[str, object]) -> dict[str, object]:
        for name in value:
            if not name.strip() or name == PANEL:
                raise ValueError(f"a model cannot be called {name!r}")
        return value

    @model_validator(mode="after")
    def _baseline_is_a_candidate(self) -> Config:
        for name in self.reviews_gen.baselines if self.reviews_gen.enable else ():
            if name not in self.answers_gen:
                have = ", ".join(sorted(self.answers_gen))
                close = difflib.get_close_matches(name, self.answers_gen, n=1, cutoff=0.5)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise ValueError(f"reviews_gen.baseline: {name!r} is no candidate{hint} (have: {have})")
        return self

    @model_validator(mode="after")
    def _ratings_fit_the_board(self) -> Config:
        for model in self.rating_gen.anchor or {}:
            if model not in self.answers_gen:
                have = ", ".join(sorted(self.answers_gen))
                raise ValueError(f"rating_gen.anchor: {model!r} is no candidate (have: {have})")
        return self

    @model_validator(mode="after")
    def _a_quorum_can_be_reached(self) -> Config:
        reviews = self.reviews_gen
        judges = self.answers_gen if reviews.judges == "peers" else reviews.judges
        if reviews.enable and judges and reviews.panel.quorum > len(judges):
            raise ValueError(
                f"reviews_gen.panel.quorum: {reviews.panel.quorum} of {len(judges)} judges is never reached"
            )
        return self

    @model_validator(mode="after")
    def _a_schedule_can_be_met(self) -> Config:
        return self.can_be_met()

    def can_be_met(self) -> Self:
        """Itself, where models and metrics go with an adaptive schedule. Raises ValueError."""
        schedule = self.reviews_gen.schedule
        if not self.reviews_gen.adaptive:
            return self
        if schedule.goal == "top" and schedule.k >= len(self.answers_gen):
            raise ValueError(
                f"reviews_gen.schedule.k: found {schedule.k}, allowed: fewer than the {len(self.answers_gen)} models"
            )
        if self.rating_gen.metrics and self.rating_gen.metrics[0] == "elo":
            raise ValueError(
                "rating_gen.metrics: found elo first, but online Elo has no meaning where opponents are chosen; "
                "an adaptive board is ranked by bradley_terry or win_rate"
            )
        if self.gate.peek:
            raise ValueError(
                "gate.peek: found true, but it asks questions in a seeded order, and an adaptive schedule draws "
                "battles by what it saw; allowed: false"
            )
        return self

    @model_validator(mode="after")
    def _recorded_candidates_name_their_file(self) -> Config:
        for name, entry in self.answers_gen.items():
            if entry.replays and entry.recording is None:
                raise ValueError(f"answers_gen.{name}: backend {entry.backend} needs `file: PATH`")
        return self

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics shown, the ranking one first."""
        if self.rating_gen.metrics:
            return tuple(m for m in self.rating_gen.metrics if m != "elo" or not self.reviews_gen.adaptive)
        if self.reviews_gen.mode == "single":
            return ("score",)
        return ("bradley_terry", "win_rate") if self.reviews_gen.adaptive else ("bradley_terry", "elo", "win_rate")
