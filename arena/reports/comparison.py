"""What changed from one model to another: battles, and benchmarks on the documents both answered. TUNED − BASE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, cast

from arena.reports.board import Ends
from arena.types import JSON

Change = Literal["better", "worse", "no_forgetting", "undecided"]
"""better, worse: a difference after correction for several tasks. no_forgetting: the lower bound lies above −margin.
undecided: neither is shown."""
Test = Literal["mcnemar_exact", "paired_clustered_t"]
_NOTHING = Ends()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDifference:
    """TUNED − BASE on the documents of a task, or of one subject of it, that both have a score of."""

    n: int
    base: float | None = None
    """Mean score of BASE on these documents, in [0, 1]; and of TUNED."""
    tuned: float | None = None
    diff: Ends = _NOTHING
    learnt: int = 0
    """Documents on which TUNED scores higher: the gross count. `forgotten`: lower."""
    forgotten: int = 0
    net: Ends = _NOTHING
    """learnt − forgotten, in documents, with the interval of the paired difference."""
    p: float | None = None
    p_holm: float | None = None
    """Holm's correction over the tasks of this comparison, or over all their subjects."""
    test: Test | None = None
    change: Change = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDifference(PartDifference):
    """One task, and how it was asked."""

    task: str
    metric: str = ""
    mode: str = ""
    shots: int | None = None
    not_compared: str | None = None
    """Why its scores are not compared, where they are not."""
    only_base: int = 0
    """Documents that only one of the two has a score of: left out."""
    only_tuned: int = 0
    unreadable_base: int = 0
    unreadable_tuned: int = 0
    itself: Ends = _NOTHING
    """BASE with another seed − BASE, where the board has such a candidate."""
    subjects: Mapping[str, PartDifference] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BattleDifference:
    """What the judges say of the two."""

    unit: Literal["points", "score"] = "points"
    diff: Ends = _NOTHING
    """TUNED − BASE in rating points, or in score where answers were scored one by one."""
    wins: int = 0
    """Battles between the two alone, TUNED's."""
    losses: int = 0
    ties: int = 0
    win_rate: Ends = _NOTHING
    """TUNED's over those battles, clustered by question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What `arena compare` shows; `to_json` has the names it writes."""

    base: str
    tuned: str
    level: float
    margin: float
    battles: BattleDifference | None = None
    tasks: tuple[TaskDifference, ...] = ()
    twin: str | None = None
    """The candidate that is BASE with another seed."""
    settings: tuple[str, ...] = ()
    """What differs between the two beside the model: one sentence each."""
    notes: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def compared(self) -> tuple[TaskDifference, ...]:
        """The tasks with a difference."""
        return tuple(task for task in self.tasks if task.not_compared is None)

    @property
    def no_forgetting(self) -> bool | None:
        """Whether every task's lower bound lies above −margin; None without a task."""
        if not self.compared:
            return None
        return all(task.diff.low is not None and task.diff.low > -self.margin for task in self.compared)

    def to_json(self) -> dict[str, JSON]:
        """Plain values."""
        plain = cast("dict[str, JSON]", asdict(self))
        plain["no_forgetting"] = self.no_forgetting
        for name in ("tasks", "settings", "notes"):
            plain[name] = list(cast("tuple[JSON, ...]", plain[name]))
        return plain
