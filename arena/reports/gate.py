"""What a gate says: whether a new model may take an old one's place, by one metric and within one margin."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, cast

from arena.errors import InputError
from arena.reports.board import Ends
from arena.types import JSON

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
EXIT_CODES: Mapping[Verdict, int] = {"PASS": 0, "FAIL": 4, "INCONCLUSIVE": 5}
NO_ENDS = Ends()
BENCHMARKS = "benchmarks."
"""Before the name of a task: its headline metric."""
_MARGIN = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z%]*)")


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that two models are compared by, and how it is written."""

    name: str
    title: str
    unit: str
    """Of a difference and of a margin, behind the number."""
    factor: float = 1.0
    """Times what the number is stored as."""
    digits: int = 0
    percent: bool = False
    """Whether the number itself, not the difference, is written with `%`."""

    def number(self, value: float | None, *, signed: bool = False) -> str:
        """A difference (signed), or one of the two numbers; `–` where there is none, `∞` for an open end."""
        if value is None:
            return "–"
        if abs(value) == float("inf"):
            return "−∞" if value < 0 else "∞"
        known = round(self.factor * value, self.digits) + 0.0  # never −0
        return f"{known:{'+' if signed else ''}.{self.digits}f}".replace("-", "−")

    def standing(self, value: float | None) -> str:
        """One model's number as a reader knows it from the board."""
        return self.number(value) + (" %" if self.percent and value is not None else "")

    def amount(self, value: float) -> str:
        """A margin with its unit, `2 pp`; no digits that nobody wrote."""
        return f"{self.factor * value:.6g} {self.unit}"


METRICS: Mapping[str, Metric] = {
    "win_rate": Metric("win_rate", "win rate", "pp", 100.0, 1, percent=True),
    "rating": Metric("rating", "rating", "elo"),
    "score": Metric("score", "score", "score", 1.0, 2),
}
"""By the words of `--metric`."""


def metric_of(name: str) -> Metric:
    """The metric of this name. Raises InputError naming the nearest."""
    if name in METRICS:
        return METRICS[name]
    if name.startswith(BENCHMARKS) and name != BENCHMARKS:
        return Metric(name, name.removeprefix(BENCHMARKS), "pp", 100.0, 1, percent=True)
    close = difflib.get_close_matches(name, METRICS, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InputError(f"--metric: found {name!r}, allowed: {', '.join(METRICS)}, {BENCHMARKS}TASK{hint}")


def parse_amount(text: str, metric: Metric, option: str = "--margin", scale: tuple[float, float] = (0.0, 1.0)) -> float:
    """A margin or difference as the metric stores it. Only 0 needs no unit. Raises InputError, also for one as large as
    all that the metric can differ by: rates and shares by 1, scores by their `scale`, ratings by anything."""
    example = f"{'2' if metric.factor > 1 else '20' if not metric.digits else '0.3'}{metric.unit}"
    found = _MARGIN.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{option}: found {text!r}, allowed: 0, or a positive number with its unit, as in {example}")
    value, unit = float(found[1]), found[2].lower()
    if not unit and value:
        raise InputError(f"{option} {text}: its unit is missing: the metric is {metric.name}, as in {example}")
    if unit and unit != metric.unit:
        raise InputError(f"{option} {text}: the metric is {metric.name}, whose unit is {metric.unit}, as in {example}")
    low, high = (0.0, 1.0) if metric.percent else scale if metric.name == "score" else (0.0, float("inf"))
    if value / metric.factor >= high - low:
        ends = f"from {metric.standing(low)} to {metric.standing(high)}"
        raise InputError(
            f"{option} {text}: allowed: less than {metric.amount(high - low)}, because {metric.title} goes {ends} and "
            "can differ by no more"
        )
    return value / metric.factor


def measured_in(text: str) -> str | None:
    """The metric whose unit stands behind an amount; None where none does."""
    found = _MARGIN.fullmatch(text.strip())
    unit = found[2].lower() if found else None
    return next((metric.name for metric in METRICS.values() if metric.unit == unit), None)


def decide(low: float, high: float, margin: float) -> Verdict:
    """PASS where the whole interval of NEW − OLD lies above −margin, FAIL where it lies below, else INCONCLUSIVE."""
    if low > -margin:
        return "PASS"
    return "FAIL" if high < -margin else "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Part:
    """The comparison over the whole board or one category."""

    verdict: Verdict
    n_questions: int
    new: float | None
    old: float | None
    ends: Ends
    """NEW − OLD. An end that is open, or not known, is None."""

    def to_json(self) -> dict[str, JSON]:
        """Plain values."""
        return {
            "verdict": self.verdict, "n_questions": self.n_questions, "new": self.new, "old": self.old,
            "difference": self.ends.value, "low": self.ends.low, "high": self.ends.high,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peek:
    """Which look at a growing run this is."""

    sequence: int
    looked_at: int
    """Questions of the seeded order that are complete, from its first on."""
    planned: int
    """All questions of the board."""


@dataclass(frozen=True, slots=True)
class Power:
    """What a number of questions can tell, and how many a difference needs."""

    questions: int
    sd: float
    """Of one question's difference, as the metric stores it."""
    assumed: bool
    """Whether that is a rule of thumb: nothing is rated yet, or nothing varies."""
    power: float
    detectable: float | None
    """The smallest difference from the margin that is seen with this power; None where none can be."""
    detectable_watched: float | None
    """The same with `--peek`, looked at after every 50 questions."""
    difference: float | None = None
    """A difference from the margin that somebody wants to see."""
    needed: int | None = None
    """The questions that it needs."""
    needed_watched: int | None = None

    def to_json(self) -> dict[str, JSON]:
        """Plain values."""
        return cast("dict[str, JSON]", asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A decision and everything it rests on."""

    new: str
    old: str
    metric: Metric
    margin: float
    level: float
    """One-sided: how surely an end of the interval lies on the right side."""
    verdict: Verdict
    whole: Part
    categories: Mapping[str, Part] = field(default_factory=dict)
    """Where the decision is by category."""
    reasons: tuple[str, ...] = ()
    """Why it is not what the interval alone would say."""
    notes: tuple[str, ...] = ()
    failed: int = 0
    """Answers of NEW that failed and count as lost (in single mode: with the lowest score)."""
    without_failures: Ends = NO_ENDS
    """The difference without those."""
    against: str | None = None
    """The config of the board on which OLD stands, where it is another."""
    peek: Peek | None = None
    """Where the run is looked at while it grows."""
    power: Power | None = None
    """What these questions can tell, where it was asked for."""
    simulated: bool = False

    @property
    def exit_code(self) -> int:
        """0 PASS, 4 FAIL, 5 INCONCLUSIVE."""
        return EXIT_CODES[self.verdict]

    @property
    def interval_level(self) -> float:
        """Of the two-sided interval whose ends are the one-sided bounds."""
        return round(2 * self.level - 1, 10)

    def to_json(self) -> dict[str, JSON]:
        """Plain values under the names of `arena gate --json`."""
        found: dict[str, JSON] = {
            "simulated": self.simulated, "verdict": self.verdict, "exit_code": self.exit_code,
            "new": self.new, "old": self.old, "against": self.against, "metric": self.metric.name,
            "unit": self.metric.unit, "margin": self.margin, "level": self.level,
            "interval_level": self.interval_level, "n_questions": self.whole.n_questions,
            "new_value": self.whole.new, "old_value": self.whole.old, "difference": self.whole.ends.value,
            "low": self.whole.ends.low, "high": self.whole.ends.high, "failed": self.failed,
            "without_failures": cast("JSON", asdict(self.without_failures)) if self.failed else None,
            "categories": {name: part.to_json() for name, part in self.categories.items()} or None,
            "reasons": list(self.reasons), "notes": list(self.notes),
            "peek": None if self.peek is None else cast("JSON", asdict(self.peek)),
            "power": None if self.power is None else self.power.to_json(),
        }  # fmt: skip
        return found
