"""Who is good at what: every model in every category."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from arena.reports.board import Measure, Report, Slice, Standing
from viz.charts.matrix import Heat, heatmap, radar
from viz.data.filters import Filter
from viz.ui.choices import choose, choose_names
from viz.ui.figures import DASH, points
from viz.ui.pieces import chart, clickable, judge_choice, matrix_width, nothing
from viz.ui.rendering import distinct, shortened
from viz.ui.session import board, go, report_for, t

RADAR_MODELS = 5
RADAR_FROM = 4
"""Axes from which on a profile has a shape."""
NO_SLICE = Slice()


def show() -> None:
    """The page."""
    opened = board()
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        judge = judge_choice(opened)
    wanted = Filter(judge=tuple(judge))
    report = report_for(wanted, slices=True)
    by = "categories"
    if any(s.languages for s in report.models):
        by = choose(t("By"), {"categories": t("Category"), "languages": t("Language of the question")}, "by")
    slices = _slices(report, by)
    if not slices:
        nothing(t("This board has one category only."))
        return
    names: dict[Measure, str] = {"win_rate": t("Win rate"), "rating": t("Rating"), "score": t("Score")}
    known = {name: words for name, words in names.items() if _known(report, by, name)}
    if not known:
        nothing(t("Nothing has been rated yet."))
        return
    measure = choose(t("Show"), known, "measure") if len(known) > 1 else next(iter(known))
    _heatmap(report, wanted, by, slices, measure)
    if "win_rate" in known and len(slices) >= RADAR_FROM:
        _radar(report, by, slices)


def _slices(report: Report, by: str) -> list[str]:
    """The categories or languages of a report, those with most battles first."""
    sizes: dict[str, int] = {}
    for s in report.models:
        for name, cell in s.slices(by).items():
            sizes[name] = sizes.get(name, 0) + (cell.n_battles or 0)
    return sorted(sizes, key=lambda name: (-sizes[name], name))


def _known(report: Report, by: str, measure: Measure) -> bool:
    return any(cell.interval(measure).value is not None for s in report.models for cell in s.slices(by).values())


def _heatmap(report: Report, wanted: Filter, by: str, slices: list[str], measure: Measure) -> None:
    rows, columns = distinct((s.model for s in report.models), 32), distinct(slices, 24)
    cells = [
        {"row": rows[s.model], "column": columns[name], **_cell(s, by, name, measure)}
        for s in report.models
        for name in slices
    ]
    frame = pd.DataFrame(cells)
    values = frame["value"].dropna()
    domain = (0.0, 1.0) if measure == "win_rate" else (float(values.min()), float(values.max()) + 1e-9)
    heat = Heat(
        domain, selection="cell", fields=("model", "slice"),
        tooltips=(("told", " "), ("n_battles", t("Battles")), ("n_questions", t("Questions"))),
    )  # fmt: skip
    listed = list(rows.values()), list(columns.values())
    with st.container(width=matrix_width(*listed)):
        clicked = clickable(f"slices-{by}-{measure}", "cell", heatmap, frame, *listed, options=heat)
    st.caption(t("A ° marks fewer than 20 questions. Click a cell for its battles."))
    if (model := clicked.get("model")) and (name := clicked.get("slice")):
        by_slice = {"category" if by == "categories" else "language": [name]}
        go("battles", {**wanted.parameters(), "model": [model], **by_slice})


def _cell(standing: Standing, by: str, name: str, measure: Measure) -> dict[str, object]:
    cell = standing.slices(by).get(name, NO_SLICE)
    ends = cell.interval(measure)

    def told(x: float | None) -> str:
        if x is None:
            return DASH
        return f"{x * 100:.0f}" if measure == "win_rate" else f"{x:.1f}" if measure == "score" else points(x)

    known = ends.low is not None and ends.high is not None
    span = f"{told(ends.low)}–{told(ends.high)}" if known else ""
    bracketed = f"[{told(ends.low)}, {told(ends.high)}]" if known else ""
    text = "" if ends.value is None else told(ends.value) + ("°" if cell.thin else "")
    return {
        "model": standing.model, "slice": name,
        "value": ends.value, "text": text, "n_battles": cell.n_battles or 0, "n_questions": cell.n_questions or 0,
        "below": f"{span}\nn {cell.n_battles or 0:,}" if text else "",
        "told": f"{shortened(standing.model, 40)}, {shortened(name, 30)}: {told(ends.value)} {bracketed}".rstrip(),
    }  # fmt: skip


def _radar(report: Report, by: str, slices: list[str]) -> None:
    st.header(t("Profiles"), anchor=False)
    models = [s.model for s in report.models]
    words = t("Up to {n} models", n=RADAR_MODELS)
    picked = choose_names(words, models, "profiles", t("any"), default=models[:3], most=RADAR_MODELS)
    names, axes = distinct(models, 32), distinct(slices[:12], 22)
    frame = pd.DataFrame(
        [
            {
                "model": names[s.model],
                "axis": label,
                "value": s.slices(by).get(name, NO_SLICE).win_rate,
            }
            for s in report.models
            if s.model in picked
            for name, label in axes.items()
        ]
    )
    if not frame.empty:
        with st.container(width=520):
            chart("radar", radar, frame, list(axes.values()))
            st.caption(t("Win rates: the middle is 0, the outer ring 100 %, the darker ring 50 %."))


if __name__ == "__main__":
    show()
