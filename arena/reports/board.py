"""What reports/leaderboard.json says, typed: the one reader for the tables, the page, `diff` and the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from arena.errors import DataError
from arena.files import from_json
from arena.ratings.columns import Column
from arena.ratings.methods.style import style_names
from arena.ratings.results import Anchored, Effect, Pair, Stability, Unbounded
from arena.reports.scores import NOT_SCORED, Scores
from arena.reports.typed import Misread, read_as

if TYPE_CHECKING:
    from arena.types import JSON

Measure = Literal["rating", "win_rate", "score"]


@dataclass(frozen=True, slots=True)
class Ends:
    """A number and the ends of its interval. None where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Numbers of a model, over the whole board or a part of it. None where a number does not exist."""

    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    rating: float | None = None
    rating_low: float | None = None
    rating_high: float | None = None
    unbounded: Unbounded | None = None
    win_rate: float | None = None
    win_rate_low: float | None = None
    win_rate_high: float | None = None
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    n_battles: int | None = None
    n_questions: int | None = None
    stored: Mapping[str, JSON] = field(default_factory=dict)
    """The object as it stands in the file, with what has no field here."""

    def ends(self, column: Column) -> Ends:
        """Any method's number, by its column."""
        return Ends(*(x if isinstance(x, int | float) else None for x in column.of(self.stored)))

    def interval(self, measure: Measure) -> Ends:
        """A rating, win rate or score with its interval."""
        match measure:
            case "rating":
                return Ends(self.rating, self.rating_low, self.rating_high)
            case "win_rate":
                return Ends(self.win_rate, self.win_rate_low, self.win_rate_high)
            case "score":
                return Ends(self.score, self.score_low, self.score_high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Line):
    """One model within one category or language."""

    thin: bool = False
    """Fewer than 20 questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How fast a candidate answered: `arena.reports.performance`."""

    load: str | None = None
    ttft_p50_s: float | None = None
    ttft_p95_s: float | None = None
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None
    output_tokens_per_s: float | None = None

    @property
    def latency(self) -> Ends:
        """Seconds per answer: the median, and the 95th percentile as its upper end."""
        return Ends(self.latency_p50_s, None, self.latency_p95_s)

    @property
    def ttft(self) -> Ends:
        """Seconds to the first token, likewise."""
        return Ends(self.ttft_p50_s, None, self.ttft_p95_s)


NOT_MEASURED = Performance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A model's current answers, counted; None on boards that do not say."""

    n: int | None = None
    questions: int | None = None
    suspicious: int | None = None
    """Answers that look made to sway the judge, by whatever sign."""
    repeated: int | None = None
    """To how many questions its most frequent answer was given."""


NOT_COUNTED = Answered()


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPart:
    """A model's score on a task, or on one subject of it."""

    score: float | None = None
    """Mean of the headline metric in [0, 1]; what could not be read counts 0, what failed counts nowhere."""
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Documents that count."""
    n_failed: int = 0
    n_unreadable: int = 0
    score_readable: float | None = None
    """Among those that could be read."""

    @property
    def ends(self) -> Ends:
        """The score with its interval."""
        return Ends(self.score, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkScore(BenchmarkPart):
    """A model's score on a task, and how it was asked: scores asked otherwise are not comparable."""

    metric: str = ""
    mode: str = ""
    """letter, loglikelihood or generate."""
    shots: int | None = None
    chat_template: bool | None = None
    version: str | None = None
    n_pending: int = 0
    items: str | None = None
    """A hash over the documents that were asked."""
    subjects: Mapping[str, BenchmarkPart] = field(default_factory=dict)
    pass_at: Mapping[str, BenchmarkPart] = field(default_factory=dict)
    """Programs, where several were written for each problem: the chance that one of k passes, by k."""

    @property
    def passes(self) -> list[str]:
        """`pass@10 62.1`, in percent, of every k."""
        return [f"pass@{k} {100 * part.score:.1f}" for k, part in self.pass_at.items() if part.score is not None]

    def comparable(self, other: BenchmarkScore) -> bool:
        """Whether both were asked alike: mode, shots, template, metric and version of the task."""
        mine, theirs = ((s.mode, s.shots, s.chat_template, s.metric, s.version) for s in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted(Line):
    """One model by the reader's own weights: rating, win rate or score, and ranks."""

    low: float | None = None
    """The ends of the rating."""
    high: float | None = None

    def interval(self, measure: Measure) -> Ends:
        """As of any line."""
        return Ends(self.rating, self.low, self.high) if measure == "rating" else Line.interval(self, measure)


NOT_WEIGHTED = Weighted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A win rate against one model."""

    rate: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def ends(self) -> Ends:
        """The rate with its interval."""
        return Ends(self.rate, self.low, self.high)


NOT_MET = Rate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Line):
    """One model's row of the leaderboard."""

    model: str
    component: int | None = None
    elo: float | None = None
    elo_low: float | None = None
    elo_high: float | None = None
    lc_win_rate: float | None = None
    win_rates: Mapping[str, Rate] = field(default_factory=dict)
    """Against each of several baselines."""
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None
    mean_length: float | None = None
    cost_usd: float | None = None
    performance: Performance = NOT_MEASURED
    answers: Answered = NOT_COUNTED
    categories: Mapping[str, Slice] = field(default_factory=dict)
    languages: Mapping[str, Slice] = field(default_factory=dict)
    criteria: Mapping[str, float | None] = field(default_factory=dict)
    criteria_low: Mapping[str, float | None] = field(default_factory=dict)
    criteria_high: Mapping[str, float | None] = field(default_factory=dict)
    benchmarks: Mapping[str, BenchmarkScore] = field(default_factory=dict)
    scores: Scores = NOT_SCORED
    weighted: Weighted = NOT_WEIGHTED
    set_aside: bool = False
    """Its battles count for nobody else, and it has no rank."""
    flags: tuple[str, ...] = ()

    def criterion(self, name: str) -> Ends:
        """A criterion's mean with its interval."""
        return Ends(*(known.get(name) for known in (self.criteria, self.criteria_low, self.criteria_high)))

    def slices(self, by: str) -> Mapping[str, Slice]:
        """The same model within each category or language."""
        return self.categories if by in {"category", "categories"} else self.languages


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What else a rating rests on; empty on older boards."""

    style_control: tuple[str, ...] = ()
    simultaneous: bool = False
    baselines: tuple[str, ...] = ()
    """All of them; empty without any, and on older boards."""
    elo_k: float | None = None
    elo_orders: int | None = None
    schedule: str | None = None
    """`adaptive` where opponents were chosen by what was known."""
    boundary: float = 1.0
    """By how much every interval is wider than at a planned number of battles."""
    set_aside: tuple[str, ...] = ()
    stored: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def weighted(self) -> bool:
        """Whether there are numbers by the reader's own weights beside the board's."""
        return self.stored.get("weights") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoJudges:
    """Two judges on the battles both decided."""

    a: str
    b: str
    n_battles: int = 0
    raw: Ends = Ends()
    """Share of battles with the same winner."""
    kappa: Ends = Ends()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """What the fit and the judges say about themselves."""

    judges_agreement: tuple[TwoJudges, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeDetail:
    """What is known of a judge's rows."""

    judge: str = ""
    cost_usd: float | None = None
    stored: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A leaderboard and what it says about itself."""

    models: tuple[Standing, ...] = ()
    mode: str | None = None
    """None: rated from a file of battles."""
    ranked_by: str = "bradley_terry"
    simulated: bool = False
    judges: tuple[str, ...] = ()
    baseline: str | None = None
    anchor: Anchored | None = None
    level: float = 0.95
    interval: str = "sandwich"
    cluster: str | None = None
    """`arena rate`: the column whose equal values depend on each other."""
    n_questions: int | None = None
    n_battles: int | None = None
    excluded: Mapping[str, int] = field(default_factory=dict)
    pending: int = 0
    seed: int = 0
    options: Options = Options()
    inputs: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    judges_detail: tuple[JudgeDetail, ...] = ()
    pairs: tuple[Pair, ...] = ()
    style: Mapping[str, Effect] = field(default_factory=dict)
    diagnostics: Diagnostics = Diagnostics()
    stability: Stability | None = None
    """What its order rests on; None where it is not known, and on older boards."""
    stored: Mapping[str, JSON] = field(default_factory=dict)
    """The object as it stands in the file."""

    @property
    def single(self) -> bool:
        """Whether answers were scored one by one instead of compared."""
        return self.mode == "single"

    @property
    def drawn(self) -> Measure:
        """What pages draw of every model."""
        return "score" if self.single else "rating"

    @property
    def adaptive(self) -> bool:
        """Whether opponents were chosen, so that win rates are those that the fit implies."""
        return self.options.schedule == "adaptive"

    @property
    def controlled(self) -> tuple[str, ...]:
        """The style features whose effect was taken out of the ratings."""
        return style_names(self.options.style_control or tuple(self.style))

    @property
    def criteria(self) -> list[str]:
        """The criteria of single mode, in the order in which rows name them."""
        return list(dict.fromkeys(name for row in self.models for name in row.criteria))

    def is_rate(self, criterion: str) -> bool:
        """Whether a criterion is 0 or 1 for every answer as far as means can tell: it is shown as a rate."""
        return all(0 <= (row.criteria.get(criterion) or 0.0) <= 1 for row in self.models)

    @property
    def baselines(self) -> tuple[str, ...]:
        """The models that everybody met, the one that holds the scale first."""
        return self.options.baselines or (() if self.baseline is None else (self.baseline,))

    @property
    def sets(self) -> int:
        """How many sets of models there are that never met: ranks count within a set."""
        return len({row.component for row in self.models if not row.set_aside} - {None})

    @property
    def aside(self) -> list[Standing]:
        """The models that are set aside; they stand at the end."""
        return [row for row in self.models if row.set_aside]


def report_of(value: JSON) -> Report:
    """A report from leaderboard.json's object. Unknown keys are kept in `stored`. Raises DataError."""
    if not isinstance(value, dict) or not isinstance(value.get("models"), list):
        raise DataError("not a leaderboard (no list `models` in it)")
    try:
        return read_as(Report, value)
    except Misread as error:
        raise DataError(f"not a leaderboard: {error}") from None


def read_report(path: Path) -> Report | None:
    """The report of a board; None when it has not been rated yet. Raises DataError when it is damaged."""
    try:
        return report_of(from_json(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a leaderboard ({error})") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
