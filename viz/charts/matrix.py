"""Matrices: who beats whom, who is good at what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from viz.charts.looks import Look

COLUMN = 58
"""Pixels of a column where there is room."""
FITS = 8
"""Columns that a narrow screen has room for: they share its width. More of them keep theirs, and are scrolled."""


@dataclass(frozen=True, slots=True)
class Heat:
    """How a matrix is drawn."""

    domain: tuple[float, float]
    diverging: bool = True
    tooltips: tuple[tuple[str, str], ...] = ()
    """(field, title); fields that begin with n_ are numbers."""
    selection: str | None = None
    """Name of the selection when cells can be clicked."""
    fields: tuple[str, ...] = ("row", "column")
    """What a click gives."""


def heatmap(
    frame: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], look: Look, options: Heat
) -> alt.TopLevelMixin:
    """A matrix of coloured cells with their number inside.

    `frame` has columns row, column, value (None for an empty cell), text, and whatever the tooltips name.
    """
    low, high = options.domain
    colours = [look.b, look.middle, look.a] if options.diverging else [look.middle, look.a]
    domain = [low, (low + high) / 2, high] if options.diverging else [low, high]
    tips = [
        alt.Tooltip(f"{field}:{'Q' if field.startswith('n_') else 'N'}", title=title)
        for field, title in options.tooltips
    ]
    axis: dict[str, Any] = {"labelOverlap": False, "ticks": False, "domain": False, "title": None}
    base = alt.Chart(frame).encode(
        x=alt.X("column:N", sort=list(columns), axis=alt.Axis(orient="top", labelAngle=-38, **axis)),
        y=alt.Y("row:N", sort=list(rows), axis=alt.Axis(**axis)),
    )
    cells = base.mark_rect(cornerRadius=4, stroke=look.line, strokeWidth=1).encode(
        color=alt.condition(
            "isValid(datum.value)",
            alt.Color(
                "value:Q", scale=alt.Scale(domain=domain, range=colours, clamp=True, interpolate="rgb"), legend=None
            ),
            alt.value("transparent"),
        ),
        tooltip=tips,
    )
    if options.selection is not None:
        cells = cells.add_params(alt.selection_point(name=options.selection, fields=list(options.fields), on="click"))
    ink = alt.condition(_needs_other_ink(options, look), alt.value(look.ink), alt.value(look.text))
    labels = base.mark_text(fontSize=12 if len(columns) <= 24 else 11).encode(text="text:N", color=ink)
    wide = COLUMN if len(columns) <= 14 else 44 if len(columns) <= 24 else 32
    layers = [cells, labels]
    if "below" in frame:
        small = base.mark_text(fontSize=9, dy=5, lineBreak="\n", lineHeight=11, opacity=0.85)
        layers = [cells, labels.mark_text(fontSize=12, dy=-12), small.encode(text="below:N", color=ink)]
    height = alt.Step(52 if "below" in frame else 36 if len(rows) <= 24 else 28)
    return alt.layer(*layers).properties(width="container" if len(columns) <= FITS else alt.Step(wide), height=height)


def _needs_other_ink(options: Heat, look: Look) -> str:
    """Where a cell bears other text than the page's: white on dark blue; on dark pages black on what is bright."""
    low, high = options.domain
    size = high - low
    if not options.diverging:
        return f"datum.value > {high - size * (0.25 if look.dark else 0.12)}"
    if not look.dark:
        return f"datum.value > {high - size * 0.07}"
    return f"isValid(datum.value) && (datum.value > {high - size * 0.14} || datum.value < {low + size * 0.19})"


def shares(frame: pd.DataFrame, look: Look, title: str) -> alt.TopLevelMixin:
    """Shares with intervals around one half. `frame` has columns name, value, low, high, n."""
    order = list(frame["name"])
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelOverlap=False, ticks=False, domain=False))
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    tips = [
        alt.Tooltip("name:N", title=" "), alt.Tooltip("value:Q", format=".1%", title=title), alt.Tooltip("n:Q"),
        alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%"),
    ]  # fmt: skip
    colour = alt.condition("datum.value >= 0.5", alt.value(look.a), alt.value(look.b))
    base = alt.Chart(frame).encode(y=y, tooltip=tips)
    half = alt.Chart(pd.DataFrame({"x": [0.5]})).mark_rule(color=look.muted, strokeDash=[4, 4]).encode(x="x:Q")
    rules = base.mark_rule(strokeWidth=7, opacity=0.35, strokeCap="round").encode(x="low:Q", x2="high:Q", color=colour)
    dots = base.mark_circle(size=95, opacity=1).encode(x=x, color=colour)
    return (half + rules + dots).properties(height=alt.Step(30), width="container")


def radar(frame: pd.DataFrame, axes: Sequence[str], look: Look) -> alt.TopLevelMixin:
    """Win rates of a few models on a wheel, from 0 in the middle to 1. `frame` has columns model, axis, value."""
    angle = "(datum.place / datum.n) * 2 * PI - PI / 2"
    place = {name: number for number, name in enumerate(axes)}
    known = frame[frame["value"].notna()].assign(place=frame["axis"].map(place), n=len(axes))
    models = list(dict.fromkeys(known["model"]))
    long = max(map(len, models), default=0) > 18
    closing = known[known["place"] == 0].assign(place=len(axes))
    around = pd.concat([known, closing])
    x, y = alt.X("px:Q", axis=None, scale=_round("width")), alt.Y("py:Q", axis=None, scale=_round("height"))
    lines = (
        alt.Chart(around)
        .transform_calculate(px=f"datum.value * cos({angle})", py=f"-datum.value * sin({angle})")
        .mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=45, filled=True))
        .encode(
            x=x, y=y, order="place:Q",
            color=alt.Color(
                "model:N", scale=alt.Scale(domain=models, range=list(look.series)),
                legend=alt.Legend(orient="bottom", title=None, columns=1 if long else 3),
            ),
            tooltip=[alt.Tooltip("model:N"), alt.Tooltip("axis:N"), alt.Tooltip("value:Q", format=".1%")],
        )
    )  # fmt: skip
    rings = [{"place": p, "n": 72, "value": r, "ring": r} for r in (0.25, 0.5, 0.75, 1.0) for p in range(73)]
    ring = (
        alt.Chart(pd.DataFrame(rings))
        .transform_calculate(px=f"datum.value * cos({angle})", py=f"-datum.value * sin({angle})")
        .mark_line(strokeWidth=1)
        .encode(x=x, y=y, order="place:Q", detail="ring:N",
                color=alt.condition("datum.ring == 0.5", alt.value(look.muted), alt.value(look.line)))
    )  # fmt: skip
    names = pd.DataFrame([{"axis": a, "place": p, "n": len(axes), "value": 1.12} for a, p in place.items()])
    labels = (
        alt.Chart(names)
        .transform_calculate(px=f"datum.value * cos({angle})", py=f"-datum.value * sin({angle})")
        .mark_text(fontSize=12, color=look.text, limit=130)
        .encode(x=x, y=y, text="axis:N")
    )
    legend = 20 * (len(models) if long else 1)  # it takes its share of the height
    return alt.layer(ring, lines, labels).properties(width="container", height=400 + legend)


def _round(side: str) -> alt.Scale:
    """A wheel in the middle of the picture, as large as the smaller side."""
    turn = -1 if side == "height" else 1  # pixels are counted from above
    ends = [{"expr": f"{side} / 2 + {sign * turn} * min(width, height) / 2"} for sign in (-1, 1)]
    return alt.Scale(domain=[-1.25, 1.25], range=ends)
