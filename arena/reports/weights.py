"""What a board says about the reader's own weights and about models set aside, in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from arena.reports.board import Report
from arena.reports.verdict import Language, short_name

if TYPE_CHECKING:
    from arena.types import JSON

_BALANCED = ("every category counts the same", "各类别权重相同")
_KEYS: Mapping[str, tuple[str, str]] = {"category": ("category", "类别"), "language": ("language", "语言")}
_WEIGHTED = (
    "Weighted numbers: {weights}; the board's own ranks count every question once",
    "加权数值：{weights}；本榜自身的名次对每个问题计一次",
)
_REST = ("; what is not named has weight 1", "；未列出者权重为 1")
_ASIDE = (
    "Set aside, below the line and without a rank: {models}. Their battles count for nobody else; their own numbers "
    "come from a second fit with all battles",
    "已搁置，位于线下、无名次：{models}。其对战不计入其他模型；其自身数值来自包含全部对战的第二次拟合",
)
_MOST = 12
"""Weights that are listed; of more their number is said."""


def weights_told(report: Report, language: Language = "en") -> str | None:
    """By what the weighted numbers weigh; None where there are none."""
    weights, place = report.options.stored.get("weights"), 0 if language == "en" else 1
    if weights is None or not any(row.weighted.stored for row in report.models):
        return None
    told = _BALANCED[place] if isinstance(weights, str) else _named(weights, place)
    return _WEIGHTED[place].format(weights=told)


def _named(weights: JSON, place: int) -> str:
    parts = []
    for key, words in _KEYS.items():
        of = weights.get(key) if isinstance(weights, dict) else None
        if isinstance(of, dict) and of:
            listed = [
                f"{short_name(name)} {weight:g}" for name, weight in of.items() if isinstance(weight, int | float)
            ]
            more = f" +{len(listed) - _MOST}" if len(listed) > _MOST else ""
            parts.append(f"{words[place]} " + ", ".join(listed[:_MOST]) + more)
    return "; ".join(parts) + _REST[place]


def aside_told(report: Report, language: Language = "en") -> str | None:
    """Which models are set aside, and what that means; None where there are none."""
    aside = report.aside
    if not aside:
        return None
    place = 0 if language == "en" else 1
    listed = ", ".join(short_name(row.model) for row in aside[:_MOST])
    more = f" +{len(aside) - _MOST}" if len(aside) > _MOST else ""
    return _ASIDE[place].format(models=listed + more)
