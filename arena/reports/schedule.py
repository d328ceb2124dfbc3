"""What an adaptive board says about its schedule, in a sentence and as a curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arena.reports.board import Report

if TYPE_CHECKING:
    from arena.types import JSON

_ENDS: Mapping[str, tuple[str, str]] = {
    "budget": ("its budget is spent", "预算已用完"),
    "separations": ("it has told apart what it was to tell apart", "已区分出目标数量的模型对"),
    "top": ("the best stand clear of the rest", "最好的几个模型已明显领先"),
    "questions": ("more calls would not tell more apart, more questions would", "增加调用无济于事，需要更多问题"),
    "cells": ("nothing is left to ask", "已无可询问的内容"),
}
"""Why nothing more is drawn: English and Chinese."""
_SENTENCE = (
    "schedule adaptive: {calls} of {full} judge requests, {apart} of {pairs} pairs told apart{expected}{why}",
    "自适应赛程：{full} 次评审请求中的 {calls} 次，{pairs} 个模型对中区分出 {apart} 个{expected}{why}",
)
_EXPECTED = (
    ", ~{share} of what judging everything would tell apart",
    "，约为全部评审所能区分的 {share}",
)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """`schedule` of leaderboard.json."""

    calls: int
    calls_full: int
    pairs_drawn: int
    pairs_separated: int
    expected_of_full: float | None
    stopped_by: str | None
    ties_for_calls: float
    """How many of the models that are tied with the leader judging everything is expected to tell apart from it."""
    boundary: float
    curve: tuple[tuple[int, int], ...]
    """Judge requests and pairs told apart by then."""

    def sentence(self, models: int, place: int = 0) -> str:
        """In English, or with 1 in Chinese."""
        share = self.expected_of_full
        why = _ENDS.get(self.stopped_by or "")
        return _SENTENCE[place].format(
            calls=f"{self.calls:,}", full=f"{self.calls_full:,}", apart=f"{self.pairs_separated:,}",
            pairs=f"{models * (models - 1) // 2:,}",
            expected="" if share is None else _EXPECTED[place].format(share=f"{share:.0%}"),
            why="" if why is None else f"; {why[0]}" if place == 0 else f"；{why[1]}",
        )  # fmt: skip


def scheduled(report: Report) -> Scheduled | None:
    """What a board says about its schedule; None where nothing was drawn, or where it says something else."""
    about = report.stored.get("schedule")
    if not report.adaptive or not isinstance(about, dict):
        return None
    names = ("calls", "calls_full", "pairs_drawn", "pairs_separated")
    calls, full, drawn, apart = (_whole(about.get(name)) for name in names)
    if calls is None or full is None or drawn is None or apart is None:
        return None
    expected, ties, why = (about.get(name) for name in ("expected_of_full", "ties_for_calls", "stopped_by"))
    return Scheduled(
        calls, full, drawn, apart, expected if isinstance(expected, float | int) else None,
        why if isinstance(why, str) else None, ties if isinstance(ties, float | int) and 0 < ties <= full else 0.0,
        report.options.boundary, _points(about.get("curve")),
    )  # fmt: skip


def _whole(value: JSON) -> int | None:
    return value if isinstance(value, int) else None


def _points(curve: JSON) -> tuple[tuple[int, int], ...]:
    found = [point for point in curve if isinstance(point, list) and len(point) == 2] if isinstance(curve, list) else []
    return tuple((x, y) for x, y in found if isinstance(x, int) and isinstance(y, int))
