"""What a judge's rows say about the judge: shares with intervals, added up row by row."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from arena.judging.slots import order_outcomes, without_judge
from arena.records import verdict_from_json
from arena.types import JSON, Verdict

Row = Mapping[str, JSON]
DECIDED = (None, "unparsed", "call_failed")
"""The reasons of rows that a judge was to decide; any other says that it was not asked, or does not count."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval, clustered by question. None where one question alone gives none."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass
class ShareTally:
    """A share in the making: per question the sum and the number of values."""

    sums: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))

    def add(self, question: str, value: float) -> None:
        """Count one value."""
        entry = self.sums[question]
        entry[0] += value
        entry[1] += 1

    def share(self) -> Share | None:
        """The mean and its interval; None without values.

        Wilson's interval at the effective number of questions p(1 − p)/V, V the clustered variance times Q/(Q − 1),
        with the t(Q − 1) quantile; at Q where nothing varies, so that certainty is never 0 wide.
        """
        n, q = sum(int(count) for _, count in self.sums.values()), len(self.sums)
        if not n:
            return None
        p = math.fsum(total for total, _ in self.sums.values()) / n
        if q < 2:
            return Share(p, None, None, n)
        squares = math.fsum((total - p * count) ** 2 for total, count in self.sums.values())
        variance = squares / n**2 * q / (q - 1)
        size = p * (1 - p) / variance if variance > 1e-14 else float(q)
        return Share(p, *_wilson(p, size, _t_quantile(q - 1)), n)


def _wilson(p: float, size: float, z: float) -> tuple[float, float]:
    centre = (p + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * math.sqrt(max(0.0, p * (1 - p)) / size + (z / (2 * size)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def _t_quantile(degrees: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """One judge in numbers: shares of its battles (in single mode: scores), and shares of its replies."""

    judge: str
    rows: int
    """What it was to decide: battles (scores) whose answers are there and differ."""
    replies: int
    """One per order and sample: what it said in the end, after a repair or another try."""
    unparsed: Share | None
    """Replies without a verdict."""
    failed: Share | None
    """Replies that never came."""
    ties: Share | None
    """Rated battles that ended in a tie."""
    consistent: Share | None
    """Battles judged in both orders that name the same winner twice."""
    first_slot: Share | None
    """Points of the answer shown first, over battles judged in both orders: ½ is fair."""


@dataclass
class HealthTally:
    """A judge's numbers in the making."""

    judge: str
    rows: int = 0
    replies: int = 0
    unparsed: ShareTally = field(default_factory=ShareTally)
    failed: ShareTally = field(default_factory=ShareTally)
    ties: ShareTally = field(default_factory=ShareTally)
    consistent: ShareTally = field(default_factory=ShareTally)
    first_slot: ShareTally = field(default_factory=ShareTally)

    def add(self, row: Row) -> None:
        """Count one row of this judge; what was never asked, or was decided without the judge, says nothing of it."""
        question = str(row["question_id"])
        verdicts = [verdict_from_json(verdict) for verdict in cast("Sequence[Row]", row.get("verdicts") or ())]
        for end in _endings(row, verdicts):
            self.replies += 1
            self.unparsed.add(question, float(end == "unparsed"))
            self.failed.add(question, float(end == "failed"))
        if row.get("state") == "pending" or row.get("reason") not in DECIDED or without_judge(verdicts):
            return
        self.rows += 1
        if row.get("state") != "rated" or "winner" not in row:
            return
        self.ties.add(question, float(row.get("winner") == "tie"))
        if row.get("consistent") is not None:
            self.consistent.add(question, float(row.get("consistent") is True))
            if (points := _first_slot(verdicts)) is not None:
                self.first_slot.add(question, points)

    def health(self) -> JudgeHealth:
        """The numbers."""
        return JudgeHealth(
            self.judge, self.rows, self.replies, self.unparsed.share(), self.failed.share(), self.ties.share(),
            self.consistent.share(), self.first_slot.share(),
        )  # fmt: skip


def _endings(row: Row, verdicts: Sequence[Verdict]) -> list[str]:
    """How the replies behind a row ended: ok, unparsed or failed. A score rests on one reply."""
    if "score" not in row:
        return [verdict.status for verdict in verdicts if verdict.status in ("ok", "unparsed", "failed")]
    end = {"unparsed": "unparsed", "call_failed": "failed"}.get(str(row.get("reason")))
    return [end] if end is not None else ["ok"] if row["score"] is not None else []


def _first_slot(verdicts: Sequence[Verdict]) -> float | None:
    """Points of whoever was shown first, the mean of both orders; None unless both were asked."""
    first, second = order_outcomes(verdicts)
    return None if first is None or second is None else (first + 1 - second) / 2
