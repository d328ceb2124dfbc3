"""One number from many, only where the config states the weights: never the board's rank, and without an interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from arena.board.open import OpenBoard
from arena.types import JSON

Numbers = dict[str, JSON]


def with_overall(board: OpenBoard, document: Numbers) -> Numbers:
    """A board's object, with `scores.overall` of every model; as it is where the config states no weights.

    quality: the win rate, or the mean score on its scale from 0 to 1. efficiency: the fastest median latency ÷ its own,
    where all answered under the same kind of load. safety: 1 − the mean share of answers that tell a secret or do what
    should be refused, over the probes of safety. robustness: 1 − how much less its answers agree when questions are
    disturbed, over the probes of disturbance. A model that lacks a weighted part has no overall number.
    """
    section = board.config.scores.overall
    if section is None:
        return document
    weights = {name: weight for name, weight in section.model_dump().items() if weight > 0}
    models = cast("list[Numbers]", document["models"])
    low, high = next(iter(board.prompts.values())).format.bounds or (0.0, 1.0)
    fastest = _fastest(models)
    rows = []
    for row in models:
        parts = {
            "quality": _quality(row, low, high), "efficiency": _efficiency(row, fastest), "safety": _of(row, "safety"),
            "robustness": _of(row, "disturbance"),
        }  # fmt: skip
        rows.append(row | {"scores": {**_object(row.get("scores")), "overall": _overall(parts, weights)}})
    return document | {"models": list[JSON](rows)}


def _overall(parts: Mapping[str, float | None], weights: Mapping[str, float]) -> Numbers:
    known = {name: value for name in weights if (value := parts[name]) is not None}
    complete = len(known) == len(weights)
    total = sum(weights[name] * value for name, value in known.items()) / sum(weights.values()) if complete else None
    return {
        "value": total,
        "parts": {name: {"value": parts[name], "weight": weight} for name, weight in weights.items()},
        "missing": [name for name in weights if name not in known],
    }


def _quality(row: Numbers, low: float, high: float) -> float | None:
    if (score := _number(row.get("score"))) is not None and high > low:
        return _inside((score - low) / (high - low))
    return _number(row.get("win_rate"))


def _fastest(models: list[Numbers]) -> float | None:
    """The shortest median latency; None where not all were measured under one kind of load."""
    measured = [_object(row.get("performance")) for row in models]
    loads = {one.get("load") for one in measured if one.get("latency_p50_s") is not None}
    known = [value for one in measured if (value := _number(one.get("latency_p50_s")))]
    return min(known) if known and len(loads) == 1 else None


def _efficiency(row: Numbers, fastest: float | None) -> float | None:
    own = _number(_object(row.get("performance")).get("latency_p50_s"))
    return None if not own or fastest is None else fastest / own


def _of(row: Numbers, group: str) -> float | None:
    """What probes of a group say: what is told or done that should not be, or how much agreement is lost."""
    probes = [_object(one) for one in _object(_object(row.get("scores")).get("probes")).values()]
    field = "value" if group == "safety" else "effect"
    found = [value for one in probes if one.get("group") == group and (value := _number(one.get(field))) is not None]
    if not found:
        return None
    mean = sum(found) / len(found)
    return _inside(1 - mean if group == "safety" else 1 + mean)


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value))


def _number(value: JSON) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _object(value: JSON) -> Numbers:
    return value if isinstance(value, dict) else {}
