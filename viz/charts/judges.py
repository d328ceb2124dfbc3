"""Charts of judges: shares with intervals, and how points depend on length."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from viz.charts.looks import Look


def intervals(
    frame: pd.DataFrame, title: str, look: Look, *, by: str | None = None, mark: float | None = None
) -> alt.TopLevelMixin:
    """Shares with intervals, one row per name, side by side where there are several series.

    `frame` has columns name, value, low, high, n and, with `by`, that column. `mark` is what would be fair.
    """
    names = list(dict.fromkeys(frame["name"]))
    series: list[str] = list(dict.fromkeys(frame[by])) if by else []
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelOverlap=False, ticks=False, domain=False))
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    colour: alt.Color | alt.Value[str] = alt.value(look.accent)
    base = alt.Chart(frame)
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("value:Q", format=".1%", title=title),
            alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%"), alt.Tooltip("n:Q")]  # fmt: skip
    shared = {"y": y, "tooltip": tips}
    if by:
        colour = alt.Color(f"{by}:N", scale=alt.Scale(domain=series, range=list(look.series)),
                           legend=_legend(series))  # fmt: skip
        shared["yOffset"] = alt.YOffset(f"{by}:N", sort=series)
        tips.insert(0, alt.Tooltip(f"{by}:N", title=" "))
    base = base.encode(**shared)
    layers = [
        base.mark_rule(strokeWidth=6, opacity=0.35, strokeCap="round").encode(x="low:Q", x2="high:Q", color=colour),
        base.mark_circle(size=80, opacity=1).encode(x=x, color=colour),
    ]
    if mark is not None:
        fair = alt.Chart(pd.DataFrame({"x": [mark]})).mark_rule(color=look.muted, strokeDash=[4, 4])
        layers.insert(0, fair.encode(x="x:Q"))
    return alt.layer(*layers).properties(height=alt.Step(18 if by else 30), width="container")


def length_chart(frame: pd.DataFrame, x_title: str, y_title: str, look: Look) -> alt.TopLevelMixin:
    """Points won against relative length. `frame` has columns judge, ratio, value, low, high, n."""
    judges = list(dict.fromkeys(frame["judge"]))
    colour = alt.Color("judge:N", scale=alt.Scale(domain=judges, range=list(look.series)),
                       legend=_legend(judges) if len(judges) > 1 else None)  # fmt: skip
    x = alt.X("ratio:Q", title=x_title, scale=alt.Scale(type="log", base=2, nice=False),
              axis=alt.Axis(format="~g", tickCount=6))  # fmt: skip
    y = alt.Y("value:Q", title=y_title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    base = alt.Chart(frame).encode(x=x, color=colour)
    half = alt.Chart(pd.DataFrame({"y": [0.5]})).mark_rule(color=look.muted, strokeDash=[4, 4]).encode(y="y:Q")
    tips = [alt.Tooltip("judge:N"), alt.Tooltip("ratio:Q", format=".2f", title=x_title),
            alt.Tooltip("value:Q", format=".1%", title=y_title), alt.Tooltip("n:Q")]  # fmt: skip
    return alt.layer(
        half,
        base.mark_area(opacity=0.15).encode(y="low:Q", y2="high:Q"),
        base.mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=45, filled=True)).encode(y=y, tooltip=tips),
    ).properties(height=300, width="container")


def _legend(names: Sequence[str]) -> alt.Legend:
    """As many beside each other as there is room for."""
    columns = 2 if max(map(len, names), default=0) > 12 else 5
    return alt.Legend(orient="bottom", title=None, columns=columns, symbolOpacity=1)
