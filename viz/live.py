"""A run in progress, seen from its files: what is done, what it cost, and who leads so far."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import orjson

from arena.errors import DataError
from arena.files import from_json
from arena.formats import Format, Unparsed, format_of
from arena.judging.combine import imported_verdict, value_of
from arena.ratings import BattleTable, Leaderboard, RatingOptions, rate
from arena.records import reply_from_json
from arena.types import Parsed, ParsedScore, Reply, Verdict

STALE_AFTER_S = 20.0
"""run.json is rewritten every 2 s: one that is older belongs to a run that was killed."""
_SLICE = 1 << 24
"""Bytes of one ledger read per refresh at most, so that a page of a huge board answers in time."""


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
    """The latest run of run.json; None when there is none or it is being replaced."""
    try:
        value = from_json(path.read_bytes())
        age = clock() - path.stat().st_mtime
    except (OSError, ValueError):
        return None
    runs = value.get("runs") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(runs, list) or not runs or not isinstance(runs[-1], dict):
        return None
    run = cast("dict[str, Any]", runs[-1])
    return RunState(
        str(run.get("started") or ""), run.get("finished"), run.get("outcome"), _count(run.get("plan")),
        _count(run.get("done")), run.get("spent"), float(run.get("spent_known_usd") or 0.0),
        dict(run.get("errors") or {}), tuple(map(str, run.get("notes") or ())), tuple(_tasks(run)), max(age, 0.0),
        bool(value.get("simulated")),
    )  # fmt: skip


def _tasks(run: Mapping[str, Any]) -> list[Task]:
    found = []
    for stage in ("answers", "reviews"):
        for name, tally in (run.get(stage) or {}).items():
            found.append(Task(
                stage, str(name), _count(tally.get("planned")), _count(tally.get("stored_before")),
                _count(tally.get("done")), sum(_count(n) for n in (tally.get("errors") or {}).values()),
                tally.get("cost_usd"),
            ))  # fmt: skip
    return found


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


@dataclass(slots=True)
class LedgerTail:
    """Reads what was added to a board's ledgers since the last look. Truncated and rewritten files start over."""

    folder: Path
    replies: int = 0
    failures: deque[tuple[str, str, str, str]] = field(default_factory=lambda: deque(maxlen=30))
    """(judge, question, status, what it said) of the latest replies that are no verdict."""
    behind: bool = False
    """There is more to read than one look takes."""
    _offsets: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Per file: inode and bytes read."""
    _pairs: dict[tuple[str, str, str, str, str, int], float] = field(default_factory=dict)
    """Latest P(model_a wins) by (judge, question, model_a, model_b, order, sample)."""
    _scores: dict[tuple[str, str, str, int], float] = field(default_factory=dict)
    _formats: dict[str, Format | None] = field(default_factory=dict)

    def look(self) -> None:
        """Read on."""
        self.behind = False
        for path in sorted(self.folder.glob("*.jsonl")):
            try:
                stat = path.stat()
                inode, at = self._offsets.get(path, (stat.st_ino, 0))
                if inode != stat.st_ino or stat.st_size < at:
                    self._start_over()
                    at = 0
                self._offsets[path] = stat.st_ino, self._read(path, at)
            except OSError:
                continue

    def _start_over(self) -> None:
        self._offsets.clear()
        self._pairs.clear()
        self._scores.clear()
        self.failures.clear()
        self.replies = 0

    def _read(self, path: Path, at: int) -> int:
        with path.open("rb") as handle:
            handle.seek(at)
            block = handle.read(_SLICE)
            self.behind |= len(block) == _SLICE
        end = block.rfind(b"\n") + 1  # an unterminated last line is still being written
        for line in filter(None, block[:end].split(b"\n")):
            try:
                self._take(reply_from_json(orjson.loads(line)))
            except (ValueError, TypeError, AttributeError):
                self.failures.append((path.stem, "", "damaged line", line[:80].decode("utf-8", "replace")))
        return at + end

    def _take(self, reply: Reply) -> None:
        self.replies += 1
        if reply.via == "import" and (imported := imported_verdict(reply)) is not None:
            self._keep(reply, value_of(imported))
            return
        fmt = self._format(reply.format)
        parsed = fmt.parse(reply.text, reply.nonce, reply.logprobs) if fmt and reply.status == "ok" else None
        match parsed:
            case Parsed() if reply.order and reply.model_b is not None:
                p = parsed.probability
                if p is not None and reply.order == "b_first":
                    p = 1 - p
                self._keep(reply, value_of(Verdict(reply.order, "ok", label=parsed.label, probability=p)))
            case ParsedScore():
                self._scores[reply.judge, reply.question_id, reply.model_a, reply.sample] = parsed.score
            case _:
                status = "unparsed" if reply.status == "ok" or isinstance(parsed, Unparsed) else reply.status
                self.failures.append((reply.judge, reply.question_id, status, reply.error or reply.text[-200:]))

    def _keep(self, reply: Reply, value: float | None) -> None:
        if value is None or reply.order is None or reply.model_b is None:
            self.failures.append((reply.judge, reply.question_id, "unparsed", reply.text[-200:]))
            return
        key = (reply.judge, reply.question_id, reply.model_a, reply.model_b, reply.order, reply.sample)
        self._pairs[key] = value

    def _format(self, spec: str) -> Format | None:
        if spec not in self._formats:
            try:
                self._formats[spec] = format_of(spec)
            except ValueError:
                self._formats[spec] = None
        return self._formats[spec]

    def provisional(self) -> Leaderboard | None:
        """Ratings of what was judged so far, orders that lack their counterpart included; None before anything was.

        Not the board: that counts complete battles only.
        """
        if not self._pairs:
            return None
        keys = list(self._pairs)
        try:
            table = BattleTable.from_columns(
                [key[2] for key in keys], [key[3] for key in keys], list(self._pairs.values()),
                question_id=[key[1] for key in keys],
            )  # fmt: skip
            return rate(table, RatingOptions(slices=(), pairs=False))
        except (DataError, RuntimeError):
            return None  # too little to rate yet

    def mean_scores(self) -> list[tuple[str, float, int]]:
        """Single mode: (model, mean score so far, how many), best first."""
        sums: dict[str, list[float]] = {}
        for (_, _, model, _), score in self._scores.items():
            sums.setdefault(model, []).append(score)
        return sorted(((m, sum(v) / len(v), len(v)) for m, v in sums.items()), key=lambda entry: -entry[1])
