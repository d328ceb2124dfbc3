"""A run in progress, seen from run.json: what is planned, done and spent, and by which rules it will be rated."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from arena.config.kinds import KINDS
from arena.files import from_json
from arena.ratings import Anchored
from arena.redact import masked

LARGEST = 64 << 20
"""Bytes of a run.json that are read every two seconds; a run writes far less."""
STALE_AFTER_S = 20.0
"""run.json is rewritten every 2 s: one that is older belongs to a run that was killed."""


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate or judge of a run."""

    stage: str
    name: str
    planned: int
    stored_before: int
    done: int
    errors: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the config in run.json says about rating; the defaults where it says nothing."""

    both_orders: bool = False
    """Every battle is judged in both orders: one alone is half a battle."""
    models: frozenset[str] = frozenset()
    """Who is on the board; empty when that is not known."""
    judges: frozenset[str] = frozenset()
    """Who judges; empty when that is not known."""
    silent: frozenset[str] = frozenset()
    """Judges that nobody asks any more; what they said counts."""
    baselines: tuple[str, ...] = ()
    anchor: Anchored | None = None
    quorum: int = 1
    strong_weight: float = 1.0
    answers: int = 1
    """Answers per question and model."""

    def counts(self, judge: str, *models: str) -> bool:
        """Whether these are on the board: a ledger keeps what has left it, and sentinels."""
        known = not self.models or self.models.issuperset(models)
        return known and (not self.judges or judge in self.judges)


@dataclass(frozen=True, slots=True)
class RunState:
    """The latest invocation of a board."""

    started: str
    finished: str | None
    outcome: str | None
    plan: int
    done: int
    spent_usd: float | None
    spent_known_usd: float
    errors: Mapping[str, int]
    notes: tuple[str, ...]
    tasks: tuple[Task, ...]
    age_s: float
    """Seconds since run.json was written."""
    simulated: bool
    rules: Rules

    @property
    def planned_replies(self) -> int:
        """Judges' replies that there will be when the plan is done."""
        return sum(task.stored_before + task.planned for task in self.tasks if task.stage == "reviews")

    @property
    def running(self) -> bool:
        """Whether somebody still works on it."""
        return self.finished is None and self.age_s < STALE_AFTER_S

    def eta_s(self, now: datetime) -> float | None:
        """Seconds until the plan is done at the mean rate so far; None before anything came back."""
        try:
            elapsed = (now - datetime.fromisoformat(self.started)).total_seconds() - self.age_s
        except (ValueError, TypeError):
            return None
        return max(self.plan - self.done, 0) * elapsed / self.done if self.done > 0 and elapsed > 0 else None


def read_run(path: Path, clock: Callable[[], float] = time.time) -> RunState | None:
    """The latest run of run.json; None when there is none, it is damaged, huge or being replaced.

    What is not of its kind in it counts as absent: anybody can have written it.
    """
    try:
        age, size = clock() - path.stat().st_mtime, path.stat().st_size
        value = from_json(path.read_bytes()) if size <= LARGEST else None
    except (OSError, ValueError):
        return None
    runs = value.get("runs") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(runs, list) or not runs or not isinstance(runs[-1], dict):
        return None
    run = cast("dict[str, Any]", runs[-1])
    finished, outcome, notes = run.get("finished"), run.get("outcome"), run.get("notes")
    return RunState(
        str(run.get("started") or ""), None if finished is None else str(finished),
        None if outcome is None else str(outcome), _count(run.get("plan")), _count(run.get("done")),
        _number(run.get("spent")), _number(run.get("spent_known_usd")) or 0.0, _counts(run.get("errors")),
        tuple(masked(str(note)) for note in notes) if isinstance(notes, list) else (), tuple(_tasks(run)),
        max(age, 0.0),
        value.get("simulated") is True, rules_of(value.get("config")),
    )  # fmt: skip


def rules_of(config: object) -> Rules:
    """The rules of a config as run.json has it; what does not look as it should counts as absent."""
    found = _part(config)
    reviews, rating, candidates = (_part(found.get(n)) for n in ("reviews_gen", "rating_gen", "answers_gen"))
    named = reviews.get("baseline") if reviews.get("mode", "pairwise_baseline") == "pairwise_baseline" else None
    baselines = named if isinstance(named, list) else [] if named is None else [named]
    anchors = ((model, _number(points)) for model, points in _part(rating.get("anchor")).items())
    anchor = next(((model, points) for model, points in anchors if points is not None), None)
    judges = _part(reviews.get("judges"))
    several = [_part(_part(entry).get("generation_config")).get("n") for entry in candidates.values()]
    return Rules(
        bool(reviews) and reviews.get("order", "both") == "both",
        frozenset(map(str, candidates)),
        frozenset(map(str, judges)),
        frozenset(str(name) for name, entry in judges.items() if _is_silent(_part(entry))),
        tuple(map(str, baselines)),
        None if anchor is None else Anchored(str(anchor[0]), anchor[1]),
        _count(_part(reviews.get("panel")).get("quorum")) or 1,
        float(_number(reviews.get("strong_weight")) or 1.0),
        max([1, *(_count(n) for n in several)]),
    )


def _is_silent(judge: dict[str, Any]) -> bool:
    kind = KINDS.get(str(judge.get("backend")))
    return judge.get("enable") is False or (kind is not None and kind.config.replays)


def _part(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    """A finite number; None for anything else, a whole number of hundreds of digits included."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return float(cast("float", value)) if known else None


def _tasks(run: Mapping[str, Any]) -> list[Task]:
    found = []
    for stage in ("answers", "reviews"):
        for name, told in _part(run.get(stage)).items():
            tally = _part(told)
            found.append(Task(
                stage, str(name), _count(tally.get("planned")), _count(tally.get("stored_before")),
                _count(tally.get("done")), sum(_counts(tally.get("errors")).values()),
                _number(tally.get("cost_usd")),
            ))  # fmt: skip
    return found


def _counts(value: object) -> dict[str, int]:
    return {str(name): _count(n) for name, n in _part(value).items()}


def _count(value: object) -> int:
    """A whole number of things, and no more of them than anybody has."""
    return int(min(max(_number(value) or 0.0, 0.0), 1e12))
