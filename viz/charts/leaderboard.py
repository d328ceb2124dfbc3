"""Charts of the leaderboard: whiskers for table cells, the forest plot, quality against cost."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import altair as alt
import numpy as np
import pandas as pd

from viz.charts.looks import Look

Box = tuple[float, float, float, float]
"""left, right, top, bottom in pixels."""
_PLACES: dict[str, tuple[Literal["left", "right"], int, int]] = {
    "right": ("left", 11, 0), "left": ("right", -11, 0),
    "above right": ("left", 8, -13), "above left": ("right", -8, -13),
    "below right": ("left", 8, 14), "below left": ("right", -8, 14),
}  # fmt: skip
"""Alignment and offset of a label beside its point, clear of the point's own interval."""
_MAP = (300, 380)
"""Width and height of a value map inside its axes on the narrowest screen; what is apart there is apart everywhere."""
_EDGE = 0.08
"""Of a value map's width or height, free on either side of the outermost points."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval, of one model."""

    model: str
    value: float | None
    low: float | None
    high: float | None


def whiskers(estimates: Sequence[Estimate], look: Look, *, width: int = 150) -> list[str | None]:
    """One picture per estimate on one shared scale, as data URIs for an image column."""
    known = [x for e in estimates for x in (e.value, e.low, e.high) if x is not None]
    if not known:
        return [None] * len(estimates)
    low, high = min(known), max(known)
    span = (high - low) or 1.0

    def at(x: float) -> float:
        return 6 + (x - low) / span * (width - 12)

    drawn: list[str | None] = []
    height, middle = 30, 15.0
    for e in estimates:
        parts = [f'<line x1="0" x2="{width}" y1="{middle}" y2="{middle}" stroke="{look.line}" stroke-width="1"/>']
        left, right = at(low if e.low is None else e.low), at(high if e.high is None else e.high)
        if e.value is not None and (e.low is not None or e.high is not None):
            parts.append(
                f'<rect x="{left:.1f}" y="{middle - 4}" width="{max(right - left, 1):.1f}" height="8" rx="4" '
                f'fill="{look.accent}" fill-opacity="0.35"/>'
            )
        if e.value is not None:
            parts.append(f'<circle cx="{at(e.value):.1f}" cy="{middle}" r="5" fill="{look.accent}"/>')
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{"".join(parts)}</svg>'
        drawn.append("data:image/svg+xml;base64," + b64encode(svg.encode()).decode())
    return drawn


def forest(estimates: Sequence[Estimate], title: str, look: Look) -> alt.TopLevelMixin:
    """Every model's estimate and interval, best on top."""
    frame = pd.DataFrame([{"model": e.model, "value": e.value, "low": e.low, "high": e.high} for e in estimates])
    order = list(frame["model"])
    y = alt.Y("model:N", sort=order, title=None, axis=alt.Axis(labelOverlap=False, ticks=False, domain=False))
    scale = alt.Scale(zero=False, nice=True, padding=12)
    base = alt.Chart(frame).encode(y=y, tooltip=_tooltip(title))
    bars = base.mark_rule(strokeWidth=7, opacity=0.32, color=look.accent, strokeCap="round").encode(
        x=alt.X("low:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6, format=_digits(estimates))), x2="high:Q"
    )
    points = base.mark_circle(size=95, color=look.accent, opacity=1).encode(
        x=alt.X("value:Q", title=title, scale=scale)
    )
    labels = base.mark_text(dy=-12, fontSize=11, color=look.muted).encode(
        x=alt.X("value:Q", scale=scale), text=alt.Text("value:Q", format=_digits(estimates))
    )
    return (bars + points + labels).properties(height=alt.Step(34), width="container")


def pareto(points: pd.DataFrame, x_title: str, y_title: str, look: Look, *, log: bool) -> alt.TopLevelMixin:
    """Quality against a price, one point per model; the front of what nothing beats on both is drawn through.

    `points` has columns model, x (less is better), y (more is better), low, high.
    """
    frame = points.assign(front=[_on_front(points, i) for i in range(len(points))])
    frame = frame.assign(place=place_labels(frame, log=log))
    front = frame[frame["front"]].sort_values("x")
    x = alt.X(
        "x:Q", title=x_title, axis=alt.Axis(tickCount=6),
        scale=alt.Scale(type="log" if log else "linear", domain=_span(points["x"], log=log), nice=False),
    )  # fmt: skip
    ratings = {"format": ".0f"} if points["y"].abs().max() > 100 else {}
    reach = alt.Scale(domain=_span(_reach(points)), nice=False)
    y = alt.Y("y:Q", title=y_title, axis=alt.Axis(tickCount=6, **ratings), scale=reach)
    tip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("x:Q", title=x_title, format=".4~g"),
        alt.Tooltip("y:Q", title=y_title, format=".5~g"),
    ]
    line = (
        alt.Chart(front)
        .mark_line(color=look.accent, strokeDash=[5, 4], opacity=0.7, interpolate="step-after")
        .encode(x=x, y=y)
    )
    rules = (
        alt.Chart(frame)
        .mark_rule(color=look.muted, opacity=0.45)
        .encode(x=x, y=alt.Y("low:Q", scale=reach), y2="high:Q")
    )
    dots = alt.Chart(frame).mark_circle(size=130, opacity=1).encode(
        x=x, y=y, tooltip=tip,
        color=alt.condition("datum.front", alt.value(look.accent), alt.value(look.muted)),
    )  # fmt: skip
    layers: list[alt.Chart] = [rules, line, dots]
    for place, (align, dx, dy) in _PLACES.items():
        part = frame[frame["place"] == place]
        text = alt.Chart(part).mark_text(align=align, baseline="middle", dx=dx, dy=dy, fontSize=12, color=look.text)
        layers.append(text.encode(x=x, y=y, text="model:N"))
    return alt.layer(*layers).properties(height=_MAP[1], width="container")


def _on_front(points: pd.DataFrame, row: int) -> bool:
    """Whether no other model is at least as cheap and at least as good, and better in one."""
    x, y = points["x"].iloc[row], points["y"].iloc[row]
    beaten = (points["x"] <= x) & (points["y"] >= y) & ((points["x"] < x) | (points["y"] > y))
    return not bool(beaten.any())


def place_labels(points: pd.DataFrame, *, log: bool) -> list[str]:
    """Where the name of each point stands beside it; empty where it would cover a point or another name.

    Those on the front choose first. A place across a line is taken only where no other is left.
    """
    width, height = _MAP
    x = _scaled(points["x"], _span(points["x"], log=log), width, log=log)
    span = _span(_reach(points))
    y, top, bottom = (
        [height - at for at in _scaled(_known(points, name), span, height)] for name in ("y", "high", "low")
    )
    taken = [(a - 7, a + 7, b - 7, b + 7) for a, b in zip(x, y, strict=True)]
    rules = [(a - 1, a + 1, b, c) for a, b, c in zip(x, top, bottom, strict=True)]
    front = sorted((x[i], y[i]) for i in range(len(points)) if points["front"].iloc[i])
    for (left, low), (right, high) in pairwise(front):  # the line through the front, which steps up
        rules += [(left, right, low - 1, low + 1), (right - 1, right + 1, high, low)]
    placed = [""] * len(points)
    for i in sorted(range(len(points)), key=lambda i: (not points["front"].iloc[i], -points["y"].iloc[i])):
        free = {
            name: box
            for name, box in _boxes(x[i], y[i], 6.6 * len(points["model"].iloc[i])).items()
            if box[0] >= 0 and box[1] <= width and not any(_overlap(box, other) for other in taken)
        }
        clear = [name for name, box in free.items() if not any(_overlap(box, rule) for rule in rules)]
        if free:
            placed[i] = next(iter([*clear, *free]))
            taken.append(free[placed[i]])
    return placed


def _boxes(x: float, y: float, width: float) -> dict[str, Box]:
    """What a label so wide would cover at each place beside a point."""
    lefts = {name: x + dx - (0 if align == "left" else width) for name, (align, dx, _) in _PLACES.items()}
    return {name: (lefts[name], lefts[name] + width, y + dy - 8, y + dy + 8) for name, (_, _, dy) in _PLACES.items()}


def _known(points: pd.DataFrame, name: str) -> pd.Series:
    """A column of numbers; where there is none the point itself."""
    y: pd.Series = points["y"].astype(float)
    found: pd.Series = points[name].astype(float).fillna(y) if name in points else y
    return found


def _reach(points: pd.DataFrame) -> pd.Series:
    """Everything that is drawn along y: the points and the ends of their intervals."""
    drawn: pd.Series = pd.concat([_known(points, name) for name in ("y", "low", "high")])
    return drawn


def _span(values: pd.Series, *, log: bool = False) -> list[float]:
    """The ends of an axis that leaves some room around these values."""
    known = np.log(values) if log else values
    low, high = float(known.min()), float(known.max())
    edge = (high - low) * _EDGE / (1 - 2 * _EDGE) or abs(high) * _EDGE or 1.0
    ends = [low - edge, high + edge]
    return [float(np.exp(end)) for end in ends] if log else ends


def _scaled(values: pd.Series, span: list[float], size: float, *, log: bool = False) -> list[float]:
    low, high = np.log(span) if log else span
    return [float(size * (value - low) / (high - low)) for value in (np.log(values) if log else values)]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _digits(estimates: Sequence[Estimate]) -> str:
    known = [abs(e.value) for e in estimates if e.value is not None]
    return ".0f" if known and max(known) > 100 else ".2f" if known and max(known) > 1 else ".1%"


def _tooltip(title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N"),
        alt.Tooltip("value:Q", title=title, format=".5~g"),
        alt.Tooltip("low:Q", format=".5~g"),
        alt.Tooltip("high:Q", format=".5~g"),
    ]
