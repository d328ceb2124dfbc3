"""Who beats whom: the matrix, and two models face to face."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from arena.ratings.intervals.means import clustered_share
from arena.reports.board import Report
from arena.reports.difference import difference
from viz.charts.matrix import Heat, heatmap, shares
from viz.data.board import Board
from viz.data.counting import Matrix, meetings, outcomes_of, share_by_group
from viz.data.filters import Filter
from viz.ui.choices import choose, choose_name
from viz.ui.figures import DASH, chance, count, percent
from viz.ui.pieces import (
    category_choice,
    chart,
    clickable,
    judge_choice,
    language_choice,
    matrix_width,
    no_match,
    nothing,
)
from viz.ui.rendering import as_html, distinct, plain, shortened
from viz.ui.session import board, go, report_for, selected, t

SHOWN = 40
"""Models that a matrix can be read with."""


def show() -> None:
    """The page."""
    opened = board()
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        category, language, judge = category_choice(opened), language_choice(opened), judge_choice(opened)
    wanted = Filter(category=tuple(category), language=tuple(language), judge=tuple(judge))
    chosen, report = selected(wanted), report_for(wanted)
    models = [s.model for s in report.models]
    if len(models) < 2 or not len(chosen):
        no_match(wanted)
        return
    kind = choose(t("Show"), {"won": t("Points won"), "battles": t("Battles"), "better": t("P(row is better)")}, "kind")
    _matrix(opened, wanted, chosen, report, kind)
    _face_to_face(opened, chosen, report, models)


def _matrix(opened: Board, wanted: Filter, chosen: NDArray[np.intp], report: Report, kind: str) -> None:
    models = [s.model for s in report.models][:SHOWN]
    matrix = meetings(opened, chosen, models)
    frame = _frame(matrix, report, kind)
    if kind == "better" and frame["value"].isna().all():
        nothing(t("These probabilities need Bradley–Terry ratings with intervals; this board has none."))
        return
    largest = float(matrix.battles.max()) or 1.0
    heat = Heat(
        (0.0, largest) if kind == "battles" else (0.0, 1.0),
        diverging=kind != "battles",
        tooltips=(("told", " "), ("n_battles", t("Battles"))),
        selection="cell",
        fields=("row_model", "column_model"),
    )
    names = list(distinct(models, 32).values())
    with st.container(width=matrix_width(names, names)):
        clicked = clickable(f"matrix-{kind}", "cell", heatmap, frame, names, names, options=heat)
    st.caption(t("Row against column. Click a cell for its battles."))
    if len(report.models) > SHOWN:
        st.caption(t("The best {n} of {all} models.", n=SHOWN, all=len(report.models)))
    if (one := clicked.get("row_model")) and (other := clicked.get("column_model")) and one != other:
        go("battles", {**wanted.parameters(), "model": [one], "opponent": [other]})


def _frame(matrix: Matrix, report: Report, kind: str) -> pd.DataFrame:
    better = {(pair.a, pair.b): pair.p_better for pair in report.pairs}
    names, cells = distinct(matrix.models, 32), []
    for i, one in enumerate(matrix.models):
        for j, other in enumerate(matrix.models):
            n, share = int(matrix.battles[i, j]), float(matrix.share[i, j])
            value: float | None = None
            if i != j and kind == "better":
                value = _oriented(better, one, other)
            elif i != j and n:
                value = float(n) if kind == "battles" else share
            text = "" if value is None else count(value) if kind == "battles" else f"{value * 100:.0f}"
            if kind == "better" and text in {"0", "100"}:  # nothing that was estimated is certain
                text = "<1" if text == "0" else ">99"
            absent = t("never drawn") if report.adaptive and i != j and not n else DASH
            told = f"{shortened(one, 40)} – {shortened(other, 40)}: " + (
                absent if not text else text if kind == "battles" else f"{text} %"
            )
            cells.append({
                "row": names[one], "column": names[other], "row_model": one, "column_model": other,
                "value": value, "text": text, "n_battles": n, "told": told,
            })  # fmt: skip
    return pd.DataFrame(cells)


def _oriented(better: dict[tuple[str, str], float | None], one: str, other: str) -> float | None:
    if (one, other) in better:
        return better[one, other]
    p = better.get((other, one))
    return None if p is None else 1 - p


def _face_to_face(opened: Board, chosen: NDArray[np.intp], report: Report, models: list[str]) -> None:
    st.header(t("Face to face"), anchor=False)
    left, right = st.columns(2)
    with left:
        one = choose_name(t("Model"), models, "one", default=models[0])
    others = [m for m in models if m != one]
    with right:
        met = meetings(opened, chosen, models)
        against = met.battles[models.index(one or models[0])]
        usual = next((m for m, n in zip(models, against, strict=True) if n and m != one), others[0])
        other = choose_name(t("Opponent"), others, "other", default=usual)
    if one is None or other is None:
        return
    outcomes, picked = outcomes_of(opened, chosen, one, other)
    facts, drawn = st.columns([2, 3], gap="large")
    with facts:
        _record(opened, outcomes, picked, report, (one, other))
        if len(picked) and st.button(t("Their battles"), icon=":material/list:"):
            go("battles", {"model": [one], "opponent": [other]})
    with drawn:
        if not len(picked):
            if report.adaptive:
                nothing(t("These two were never drawn against each other; their difference comes through others."))
            else:
                nothing(t("These two never met directly; their difference comes through others."))
            return
        listed = share_by_group(opened, outcomes, picked, report.level)
        names = distinct((group for group, _ in listed), 32)
        frame = pd.DataFrame([{"name": names[group], **mean._asdict()} for group, mean in listed])
        chart("categories", shares, frame, title=t("Points of {name}", name=shortened(one, 30)))


def _record(
    opened: Board, outcomes: NDArray[np.float64], picked: NDArray[np.intp], report: Report, pair: tuple[str, str]
) -> None:
    one, other = pair
    won, lost = int((outcomes > 0.5).sum()), int((outcomes < 0.5).sum())
    ties = len(outcomes) - won - lost
    mean = clustered_share(outcomes, opened.rows.question[picked], report.level)
    parts = [(won, "#3E63DD"), (ties, "#667085"), (lost, "#B8560F")]
    bar = "".join(f'<div style="flex:{n};background:{colour}">{n}</div>' for n, colour in parts if n)
    st.html(
        f'<div class="verdict"><b>{as_html(shortened(one, 50))}</b> {as_html(t("against"))} '
        f"<b>{as_html(shortened(other, 50))}</b></div>"
        + (f'<div class="bar">{bar}</div>' if bar else "")
        + f'<div class="muted">{as_html(t("{w} won, {t} tied, {l} lost", w=won, t=ties, l=lost))}</div>'
    )
    a, b = st.columns(2)
    spread = DASH if mean.low is None or mean.high is None else f"[{percent(mean.low)}, {percent(mean.high)}]"
    a.metric(t("Points"), percent(mean.value), spread, delta_color="off", delta_arrow="off",
             help=t("Mean outcome with its interval, clustered by question."))  # fmt: skip
    apart = difference(report, one, other)
    lead, ends = (DASH, DASH) if apart is None else (apart.lead, apart.ends or DASH)
    b.metric(t("Rating difference"), lead, ends, delta_color="off", delta_arrow="off",
             help=t("From all battles, also those through other models."))  # fmt: skip
    p = _oriented({(pair.a, pair.b): pair.p_better for pair in report.pairs}, one, other)
    if p is not None:
        st.caption(t("P({name} is better): {p}", name=plain(shortened(one, 40)), p=chance(p)))


if __name__ == "__main__":
    show()
