"""Two boards against each other: who moved, and which battles changed hands."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pandas as pd
import streamlit as st
from streamlit.elements.arrow import DataframeState

from arena.reports.diff import BoardDiff, Moved
from arena.terms import PANEL
from viz.charts.runs import slopes
from viz.data.cache import Signature, signature
from viz.data.comparing import Compared, compare
from viz.data.detail import Identity
from viz.data.source import boards_beside
from viz.ui.choices import choose_name
from viz.ui.figures import DASH, count, percent
from viz.ui.pieces import chart, clicked_row, nothing, warn_all
from viz.ui.rendering import distinct, plain, shortened
from viz.ui.room import table_room
from viz.ui.session import go, source, t

SHOWN = 500
"""Changed battles that are listed."""


def show() -> None:
    """The page."""
    boards = boards_beside(source())
    if len(boards) < 2:
        nothing(t("There is no other board beside this one. `arena view --other` adds one from anywhere."))
        return
    names = list(boards)
    left, right = st.columns(2)
    with left:
        after = choose_name(t("This board"), names, "board", default=names[0])
    others = [name for name in names if name != after]
    with right:
        before = choose_name(t("compared with"), others, "with", default=others[0])
    if after is None or before is None:
        return
    found = _compare(boards[before], boards[after], _state(boards[before]), _state(boards[after]))
    _summary(found)
    _models(found.boards, before, after)
    _changed(found, boards[before], boards[after])


def _state(board: Path) -> Signature:
    return signature([board / "reports" / "leaderboard.json", board / "reports" / "battles.jsonl"])


@st.cache_data(max_entries=4, show_spinner=False)
def _compare(before: Path, after: Path, old: Signature, new: Signature) -> Compared:
    del old, new
    return compare(before, after, SHOWN)


def _summary(found: Compared) -> None:
    boards = found.boards
    if boards.simulated:
        warn_all([t("One of these boards is a rehearsal: its numbers are invented.")])
    columns = st.columns(4)
    columns[0].metric(t("Models on both"), count(len(boards.models)))
    columns[1].metric(t("Same order (Kendall's τ)"), DASH if boards.kendall is None else f"{boards.kendall:.2f}")
    if found.both:
        columns[2].metric(t("Battles on both"), count(found.both))
        columns[3].metric(t("Same winner"), percent(found.same / found.both))
    for names, words in ((boards.only_before, t("only before")), (boards.only_after, t("only now"))):
        if names:
            st.caption(f"{words}: {plain(shortened(', '.join(names), 200))}")


def _models(found: BoardDiff, before: str, after: str) -> None:
    if not found.models:
        nothing(t("The two boards share no model."))
        return
    rows = [_model(m) for m in found.models]
    frame = pd.DataFrame(rows)
    table, drawn = st.columns([3, 2], gap="large")
    with table, table_room("moved", len(rows), most=700):
        st.dataframe(
            frame.loc[:, ~frame.isin([None, ""]).all()], hide_index=True, height="content" if len(rows) <= 20 else 700,
            column_config={
                name: st.column_config.NumberColumn(format="%.0f") for name in (t("Rating before"), t("Rating now"))
            } | {t("Change"): st.column_config.NumberColumn(format="%+.0f")},
        )  # fmt: skip
        if any(m.apart for m in found.models):
            st.caption(t("“Apart” means that the two intervals do not meet."))
    with drawn:
        names = distinct((m.model for m in found.models), 30)
        sides = [shortened(before, 20), f"{shortened(after, 20)} "]  # the two may have the same name
        cells = [
            {"model": names[m.model], "side": side, "rank": rank}
            for m in found.models
            for side, rank in zip(sides, (m.rank_before, m.rank_after), strict=True)
            if rank is not None
        ]
        if cells:
            chart("slopes", slopes, pd.DataFrame(cells), sides)


def _model(m: Moved) -> dict[str, object]:
    change = m.rating_after - m.rating_before if m.rating_after is not None and m.rating_before is not None else None
    moved = m.rank_before - m.rank_after if m.rank_before and m.rank_after else None
    return {
        t("Model"): m.model,
        t("Rank"): f"{m.rank_before or DASH} → {m.rank_after or DASH}",
        t("Moved"): "" if not moved else f"▲ {moved}" if moved > 0 else f"▼ {-moved}",
        t("Rating before"): m.rating_before,
        t("Rating now"): m.rating_after,
        t("Change"): change,
        t("Win rate"): None
        if m.win_rate_after is None
        else f"{percent(m.win_rate_before)} → {percent(m.win_rate_after)}",
        t("Score"): None if m.score_after is None else f"{m.score_before or 0:.2f} → {m.score_after:.2f}",
        t("Apart"): {True: t("yes"), False: ""}.get(m.apart) if m.apart is not None else None,
    }


def _changed(found: Compared, before: Path, after: Path) -> None:
    """The battles with another winner; those of the board that is open lead to their page."""
    if not found.changed:
        return
    st.header(t("Battles that changed hands: {n}", n=count(found.both - found.same)), anchor=False)
    here = after.resolve() == (source().board or after).resolve()
    names = {"tie": t("tie")}
    key = f"changed-{here}-{hash((_state(before), _state(after)))}"
    event = st.dataframe(
        pd.DataFrame([
            {
                t("Question"): c.question_id, t("Model A"): c.model_a, t("Model B"): c.model_b,
                t("Before"): names.get(c.winner_before, c.winner_before),
                t("Now"): names.get(c.winner_after, c.winner_after),
                t("Answers changed"): t("yes") if c.answers_changed else "",
            }
            for c in found.changed
        ]),
        hide_index=True, key=key, on_select="rerun" if here else "ignore", selection_mode="single-cell",
    )  # fmt: skip
    if found.both - found.same > len(found.changed):
        st.caption(t("The first {n} are shown; `arena diff --json` lists all.", n=count(len(found.changed))))
    if here and (row := clicked_row(cast("DataframeState", event))) is not None and row < len(found.changed):
        c = found.changed[row]
        go("battle", Identity(c.question_id, c.model_a, c.model_b, PANEL, c.sample).parameters())


if __name__ == "__main__":
    show()
