"""What the leaderboard tells below its table: in a line, and in full once a reader unfolds it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from arena.reports import baselines, stability
from arena.reports.baselines import several
from arena.reports.board import Report
from arena.reports.options import rate_command
from arena.reports.schedule import scheduled
from viz.charts.runs import told_apart
from viz.data.board import Board
from viz.ui.figures import DASH, margin, percent
from viz.ui.pieces import chart, folded
from viz.ui.rendering import distinct, plain
from viz.ui.session import language, t


def command(opened: Board, report: Report) -> None:
    """The command that gives these numbers."""
    groups = opened.source.category_file
    written = rate_command(report, str(opened.path.parent), None if groups is None else str(groups))
    if written is not None:
        with folded("command", t("The same numbers from the command line"), icon=":material/terminal:") as box:
            if box.open:
                st.code(written, language="bash", wrap_lines=True)


def schedule(opened: Board) -> None:
    """What an adaptive board drew, and how many pairs were told apart by then."""
    about = None if opened.report is None else scheduled(opened.report)
    if about is None or opened.report is None:
        return
    said = about.sentence(len(opened.report.models), 1 if language() == "zh" else 0)
    st.caption(plain(said[:1].upper() + said[1:]))
    if len(about.curve) > 1:
        with folded("schedule", t("Pairs told apart against judge requests")) as box:
            if box.open:
                chart("schedule", told_apart, about.curve, (t("Judge requests"), t("Pairs told apart")))


def against_each(report: Report) -> None:
    """The win rates against each of several baselines."""
    names = distinct(several(report), 30)
    if not names:
        return
    with folded("baselines", baselines.word("title", language())) as box:
        if not box.open:
            return
        st.caption(baselines.word("note", language()))
        cells: dict[str, list[str]] = {t("Model"): [s.model for s in report.models]}
        for place, name in enumerate(several(report)):
            found = [against[place] for _, against in baselines.rates(report)]
            cells[f"{names[name]} "] = [
                f"{percent(e.value)} {margin(e.value, e.low, e.high, scale=100, digits=1)}".removesuffix(f" {DASH}")
                for e in found
            ]
        st.dataframe(pd.DataFrame(cells), hide_index=True, height="content")


def firmness(report: Report) -> None:
    """How few questions decide between neighbours."""
    told = stability.firmness(report, language(), neighbours=False)
    if not told:
        return
    st.caption(plain(" ".join(told)))
    with folded("firmness", stability.word("title", language())) as box:
        if not box.open:
            return
        st.caption(stability.word("note", language()))
        columns = zip(*stability.rows(report, language()), strict=True)
        heads = [stability.word(head, language()) for head in stability.HEADS]
        shown = {head: cells for head, cells in zip(heads, columns, strict=True) if any(cells)}
        st.dataframe(pd.DataFrame(shown), hide_index=True, height="content")
