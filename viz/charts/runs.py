"""Boards side by side, and in time."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from viz.charts.looks import Look


def told_apart(curve: Sequence[tuple[int, int]], titles: tuple[str, str], look: Look) -> alt.TopLevelMixin:
    """Pairs told apart against judge requests, round by round of an adaptive board."""
    frame = pd.DataFrame([(0, 0), *curve], columns=["requests", "pairs"])
    base = alt.Chart(frame).encode(
        x=alt.X("requests:Q", title=titles[0], axis=alt.Axis(format=",d")),
        y=alt.Y("pairs:Q", title=titles[1], axis=alt.Axis(format=",d", tickMinStep=1)),
        tooltip=[alt.Tooltip("requests:Q", title=titles[0], format=",d"),
                 alt.Tooltip("pairs:Q", title=titles[1], format=",d")],
    )  # fmt: skip
    return alt.layer(
        base.mark_line(color=look.accent, strokeWidth=2.2), base.mark_circle(color=look.accent, size=50, opacity=1)
    ).properties(height=220, width="container")  # fmt: skip


def over_time(
    frame: pd.DataFrame, boards: Sequence[str], breaks: Sequence[str], title: str, look: Look
) -> alt.TopLevelMixin:
    """A line per model, with intervals; it ends where a new scale begins.

    `frame` has columns model, board, line, value, low, high; `breaks` are the boards at which a new scale begins.
    """
    x = alt.X("board:N", sort=list(boards), title=None, axis=alt.Axis(labelAngle=0, labelLimit=160))
    colour = alt.Color("model:N", scale=alt.Scale(range=list(look.series)), title=None, sort=None)
    aside = alt.XOffset("model:N", sort=None)
    told = [alt.Tooltip("model:N"), alt.Tooltip("board:N")]
    told += [alt.Tooltip(f"{name}:Q", format=".2f") for name in ("value", "low", "high")]
    base = alt.Chart(frame).encode(x=x, color=colour, xOffset=aside, tooltip=told)
    y, low = (alt.Y(f"{name}:Q", title=title, scale=alt.Scale(zero=False)) for name in ("value", "low"))
    rules = alt.Chart(pd.DataFrame({"board": list(breaks)})).mark_rule(strokeDash=[4, 3], color=look.muted, xOffset=-6)
    return alt.layer(
        base.mark_rule(strokeWidth=1.4, opacity=0.55).encode(y=low, y2="high:Q"),
        base.mark_line(strokeWidth=2.2).encode(y=y, detail="line:N"),
        base.mark_circle(size=70, opacity=1).encode(y=y),
        rules.encode(x=alt.X("board:N", sort=list(boards), bandPosition=0)),
    ).properties(height=360, width="container")  # fmt: skip


def slopes(frame: pd.DataFrame, sides: Sequence[str], look: Look) -> alt.TopLevelMixin:
    """Ranks of two boards joined by lines. `frame` has columns model, side, rank."""
    x = alt.X(
        "side:N", sort=list(sides), title=None, scale=alt.Scale(type="point", padding=1.1),
        axis=alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False),
    )  # fmt: skip
    y = alt.Y("rank:Q", scale=alt.Scale(reverse=True, zero=False, nice=False, padding=12), axis=None)
    colour = alt.Color("model:N", scale=alt.Scale(range=list(look.series)), legend=None)
    base = alt.Chart(frame).encode(x=x, y=y, color=colour, tooltip=[alt.Tooltip("model:N"), alt.Tooltip("rank:Q")])
    ends = base.transform_filter(alt.datum.side == sides[-1]).mark_text(align="left", dx=10, fontSize=12, limit=150)
    return alt.layer(
        base.mark_line(strokeWidth=2.2, opacity=0.85), base.mark_circle(size=80, opacity=1),
        ends.encode(text="model:N"),
    ).properties(height=max(160, 30 * frame["model"].nunique()), width="container")  # fmt: skip
