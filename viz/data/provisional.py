"""Who leads so far: the verdicts in a board's growing ledgers, rated battle by battle as the board will be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from sys import intern
from typing import NamedTuple

import orjson

from arena.errors import DataError
from arena.formats import Format, Unparsed, format_of
from arena.judging.combine import imported_verdict, verdict_of
from arena.judging.judge import Resolved
from arena.judging.slots import value_of, weight_of
from arena.ratings import BattleTable, Leaderboard, RatingOptions, rate
from arena.records import reply_from_json
from arena.redact import masked
from arena.types import Parsed, ParsedScore, Reply, Verdict
from viz.data.run_state import Rules

_SLICE = 1 << 24
"""Bytes of one ledger read per refresh at most, so that a page of a huge board answers in time."""


class Slot(NamedTuple):
    """What one judge was asked about two answers in one order."""

    judge: str
    question: str
    model_a: str
    model_b: str
    order: str
    sample: int


class Failure(NamedTuple):
    """A reply that is no verdict."""

    judge: str
    question: str
    status: str
    said: str


Pair = tuple[str, str, str]
"""question_id, model_a, model_b."""
Games = dict[str, list[tuple[float, float]]]
"""(P(model_a wins), weight) by order."""


@dataclass(slots=True)
class Provisional:
    """A rating of the battles whose verdicts are all in."""

    leaderboard: Leaderboard | None
    """None while there is too little to rate."""
    battles: int
    """Judged by every judge that is asked, in every order: these are rated."""
    partly: int
    """Of which some verdicts are in: not rated."""


@dataclass(slots=True)
class LedgerTail:
    """Reads what was added to a board's ledgers since the last look. Truncated and rewritten files start over."""

    folder: Path
    rules: Rules = field(default_factory=Rules)
    replies: int = 0
    behind: bool = False
    """There is more to read than one look takes."""
    _offsets: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Per file: inode and bytes read."""
    _verdicts: dict[Slot, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """The latest verdicts, as many as there are answers per question: (P(model_a wins), weight)."""
    _failures: dict[Slot | str, Failure] = field(default_factory=dict)
    """What was asked and has no verdict so far."""
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

    def failures(self, most: int) -> list[Failure]:
        """The latest replies that are no verdict and were not followed by one, the latest first."""
        return list(reversed(self._failures.values()))[:most]

    def _start_over(self) -> None:
        for known in (self._offsets, self._verdicts, self._failures, self._scores):
            known.clear()
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
            except (ValueError, TypeError, AttributeError, LookupError, OverflowError):
                said = masked(line.decode("utf-8", "replace"))[:80]
                self._failures[said] = Failure(path.stem, "", "damaged line", said)
        return at + end

    def _take(self, reply: Reply) -> None:
        self.replies += 1
        order, a, b = str(reply.order), intern(reply.model_a), intern(reply.model_b or "")
        slot = Slot(intern(reply.judge), intern(reply.question_id), a, b, intern(order), reply.sample)
        imported = imported_verdict(reply) if reply.via == "import" else None
        if imported is not None:
            self._keep(slot, reply, imported)
            return
        fmt = self._format(reply.format)
        match parsed := fmt.parse(reply.text, reply.nonce, reply.logprobs) if fmt and reply.status == "ok" else None:
            case Parsed() if reply.order and reply.model_b is not None:
                resolved = Resolved("ok", parsed, key=reply.key)
                self._keep(slot, reply, verdict_of(resolved, reply.order, 0, reply.sample))
            case ParsedScore():
                self._scores[reply.judge, reply.question_id, reply.model_a, reply.sample] = parsed.score
                self._failures.pop(slot, None)
            case _:
                status = "unparsed" if reply.status == "ok" or isinstance(parsed, Unparsed) else reply.status
                self._fail(slot, reply, status)

    def _keep(self, slot: Slot, reply: Reply, verdict: Verdict) -> None:
        value = value_of(verdict)
        if value is None or reply.model_b is None:
            self._fail(slot, reply, "unparsed")
            return
        weight = weight_of(verdict, self.rules.strong_weight)
        self._verdicts[slot] = (*self._verdicts.get(slot, ()), (value, weight))[-self.rules.answers :]
        self._failures.pop(slot, None)

    def _fail(self, slot: Slot, reply: Reply, status: str) -> None:
        self._failures.pop(slot, None)  # to the end
        said = masked(reply.error) if reply.error else masked(reply.text)[-200:]
        self._failures[slot] = Failure(reply.judge, reply.question_id, status, said)

    def _format(self, spec: str) -> Format | None:
        if spec not in self._formats:
            try:
                self._formats[spec] = format_of(spec)
            except ValueError:
                self._formats[spec] = None
        return self._formats[spec]

    def provisional(self) -> Provisional:
        """Ratings of the battles judged completely, by the rules of the board."""
        decided, partly = self._battles()
        keys = list(decided)
        anchor = self.rules.anchor
        there = {name for key in keys for name in key[1:]}
        baselines = [name for name in self.rules.baselines if name in there]
        options = RatingOptions(
            baseline=next(iter(baselines), None),
            more_baselines=tuple(baselines[1:]),
            anchor=anchor if anchor is not None and anchor.model in there else None,
            slices=(), pairs=False, details=False,
        )  # fmt: skip
        try:
            table = BattleTable.of_outcomes(keys, list(decided.values()))
            return Provisional(rate(table, options) if keys else None, len(keys), partly)
        except (DataError, RuntimeError):
            return Provisional(None, len(keys), partly)  # too little to rate yet

    def _battles(self) -> tuple[dict[Pair, float], int]:
        """Outcomes of the battles that every judge asked has decided, and how many are decided in part."""
        judged: dict[Pair, dict[str, Games]] = {}
        for slot, games in self._verdicts.items():
            if self.rules.counts(slot.judge, slot.model_a, slot.model_b):
                by_judge = judged.setdefault(slot[1:4], {})
                by_judge.setdefault(slot.judge, {}).setdefault(slot.order, []).extend(games)
        failed = {(slot[1:4], slot.judge) for slot in self._failures if isinstance(slot, Slot)}
        outcomes, partly = {}, 0
        for pair, by_judge in judged.items():
            asked = (self.rules.judges - self.rules.silent) | by_judge.keys()
            each = [self._outcome(by_judge.get(judge, {}), (pair, judge) in failed) for judge in asked]
            known = [value for value in each if value is not None and not math.isnan(value)]
            if None in each:
                partly += 1
            elif len(known) >= min(self.rules.quorum, len(asked)):
                outcomes[pair] = fmean(known)
        return outcomes, partly

    def _outcome(self, games: Games, failed: bool) -> float | None:
        """What one judge made of a battle: NaN when it is left out, None while it is not all in."""
        if not games or (self.rules.both_orders and len(games) < 2):
            return math.nan if failed else None
        listed = [game for of_order in games.values() for game in of_order]
        return sum(value * weight for value, weight in listed) / sum(weight for _, weight in listed)

    def mean_scores(self) -> list[tuple[str, float, int]]:
        """Single mode: (model, mean score so far, how many), best first."""
        sums: dict[str, list[float]] = {}
        for (judge, _, model, _), score in self._scores.items():
            if self.rules.counts(judge, model):
                sums.setdefault(model, []).append(score)
        return sorted(((m, fmean(v), len(v)) for m, v in sums.items()), key=lambda entry: -entry[1])
