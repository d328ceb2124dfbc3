"""What a leaderboard says about each judge."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from arena.board.null_candidate import Finding
from arena.board.tables import Row
from arena.judging.slots import without_judge
from arena.ratings import Leaderboard
from arena.types import JSON, Battle


def judges_detail(
    rated: Leaderboard, rows: Sequence[Row], costs: dict[str, float | None], gamed: Sequence[Finding]
) -> list[dict[str, JSON]]:
    """One entry per judge: what it was asked, what it could not say, and whatever the ratings found out about it."""
    known = {str(detail.get("judge")): dict(detail) for detail in rated.judges_detail}
    nulls = {finding.judge: finding.to_json() for finding in gamed}
    details = []
    for judge in sorted({row.judge for row in rows}):
        own = [row for row in rows if row.judge == judge]
        battles = [row for row in own if isinstance(row, Battle) and not without_judge(row.verdicts)]
        decisive = [row for row in battles if row.consistent is not None]
        details.append(
            known.get(judge, {})
            | {
                "judge": judge,
                "rated": sum(row.state == "rated" for row in own),
                "pending": sum(row.state == "pending" for row in own),
                "unparsed": sum(row.reason == "unparsed" for row in own),
                "call_failed": sum(row.reason == "call_failed" for row in own),
                "order_consistency": fmean(bool(row.consistent) for row in decisive) if decisive else None,
                "cost_usd": costs.get(judge),
            }
            | nulls.get(judge, {})
        )
    return details
