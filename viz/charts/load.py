"""Load tests: latency against throughput, and along the time of a level."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from viz.charts.looks import Look


def against_throughput(points: pd.DataFrame, titles: tuple[str, str], look: Look) -> alt.TopLevelMixin:
    """A line per model through its levels. `points` has columns model, load, x, y, low, high, label, told."""
    models = list(dict.fromkeys(points["model"]))
    x = alt.X("x:Q", title=titles[0], scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(tickCount=6))
    y = alt.Y("y:Q", title=titles[1], scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(tickCount=5))
    base = alt.Chart(points).encode(
        x=x, y=y, color=_colour(models, look), order=alt.Order("load:Q"),
        tooltip=[alt.Tooltip("model:N", title=" "), alt.Tooltip("told:N", title="  "),
                 alt.Tooltip("x:Q", title=titles[0], format=",.4~g"),
                 alt.Tooltip("y:Q", title=titles[1], format=".3~g")],
    )  # fmt: skip
    reach = base.mark_rule(strokeWidth=5, opacity=0.3, strokeCap="round").encode(y=alt.Y("low:Q"), y2="high:Q")
    names = base.mark_text(dx=8, dy=-9, fontSize=11, align="left").encode(text="label:N", color=alt.value(look.muted))
    return alt.layer(
        reach, base.mark_line(strokeWidth=2.2), base.mark_circle(size=70, opacity=1), names
    ).properties(height=320, width="container")  # fmt: skip


def along_time(points: pd.DataFrame, titles: tuple[str, str], look: Look) -> alt.TopLevelMixin:
    """A line per model. `points` has columns model, x (seconds), y."""
    models = list(dict.fromkeys(points["model"]))
    return alt.Chart(points).mark_line(strokeWidth=2, interpolate="monotone").encode(
        x=alt.X("x:Q", title=titles[0], axis=alt.Axis(tickCount=6)),
        y=alt.Y("y:Q", title=titles[1], scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4)),
        color=_colour(models, look),
        tooltip=[alt.Tooltip("model:N", title=" "), alt.Tooltip("x:Q", title=titles[0], format=".4~g"),
                 alt.Tooltip("y:Q", title=titles[1], format=".3~g")],
    ).properties(height=220, width="container")  # fmt: skip


def _colour(models: Sequence[str], look: Look) -> alt.Color:
    legend = (
        alt.Legend(orient="top", title=None, columns=4, symbolType="circle", symbolOpacity=1)
        if len(models) > 1
        else None
    )
    return alt.Color("model:N", scale=alt.Scale(domain=list(models), range=list(look.series)), legend=legend)
