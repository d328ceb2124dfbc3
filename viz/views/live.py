"""A run while it runs: progress, money, errors, and who leads so far."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pandas as pd
import streamlit as st

from arena.errors import DataError
from arena.ratings import ModelRow
from arena.reports.board import Standing, read_report
from arena.store.folder import BoardFolder
from viz.data.provisional import LedgerTail, Provisional
from viz.data.run_state import RunState, Task, read_run
from viz.ui.figures import DASH, count, margin, money, points, rank_range, seconds
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import nothing
from viz.ui.rendering import plain, shortened
from viz.ui.room import table_room
from viz.ui.session import board_folder, t

EVERY = "2s"
SHOWN = 500
"""Candidates or judges that are listed."""


def show() -> None:
    """The page."""
    folder = BoardFolder(board_folder())
    if read_run(folder.run_file) is None:
        nothing(t("No run has been recorded here yet. This page follows one as soon as it starts."))
    _watch(folder.root)


@st.fragment(run_every=EVERY)
def _watch(root: Path) -> None:
    """Redrawn on its own, without the rest of the page."""
    file = BoardFolder(root).run_file
    state = read_run(file)
    if state is None:
        if file.exists():
            nothing(plain(t("{file} cannot be read: it is damaged, or no run wrote it.", file=file)))
        return
    _status(state)
    tail = _tail(root, state)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _tasks(state)
    with right:
        if state.finished is None or not _rated(root):
            _standings(tail, state)
    _trouble(state, tail)


def _status(state: RunState) -> None:
    share = min(state.done / state.plan, 1.0) if state.plan else 1.0
    eta = state.eta_s(datetime.now(UTC)) if state.running else None
    if state.running:
        words = t("running")
    elif state.finished is None:
        words = t("ended without a word {s} ago: killed, or the machine went down", s=seconds(state.age_s))
    else:
        words = {"done": t("done"), "stopped": t("stopped"), "interrupted": t("interrupted")}.get(
            str(state.outcome), plain(state.outcome)
        )
    st.progress(share, text=f"{words} · {count(state.done)} / {count(state.plan)}")
    with st.container(key="numbers"):
        columns = st.columns(4)
    columns[0].metric(t("Done"), f"{count(state.done)} / {count(state.plan)}")
    columns[1].metric(t("Time left"), seconds(eta))
    unknown = state.spent_usd is None and state.done > 0
    columns[2].metric(
        t("Spent"), money(state.spent_known_usd), help=t("Some calls have no known price.") if unknown else None
    )
    columns[3].metric(t("Errors"), count(sum(state.errors.values())))


def _tasks(state: RunState) -> None:
    for stage, title in (("answers", t("Answers")), ("reviews", t("Reviews"))):
        listed = [task for task in state.tasks if task.stage == stage]
        if listed:
            st.header(title, anchor=False)
            frame = pd.DataFrame([_task(task) for task in listed[:SHOWN]])
            phone_list(stage, [_line(task) for task in listed[:SHOWN]], 62)
            with table_room(stage, len(frame), most=420, on="wide-"):
                st.dataframe(
                frame, hide_index=True, height="content" if len(frame) <= 12 else 420,
                column_config={
                    t("Progress"): st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100)
                },
            )  # fmt: skip


def _line(task: Task) -> Line:
    """A row on a narrow screen."""
    told = [t("{n} stored before", n=count(task.stored_before))] if task.stored_before else []
    told += [f"{t('Errors')} {count(task.errors)}", f"{t('Cost')} {money(task.cost_usd)}"]
    who = {"model" if task.stage == "answers" else "judge": task.name}
    done = f"{count(task.done)} / {count(task.planned)}"
    return Line(task.name, " · ".join(told), done, page="battles", parameters=who)


def _task(task: Task) -> dict[str, object]:
    whole = task.planned + task.stored_before
    return {
        t("Name"): task.name,
        t("Progress"): 100.0 * (task.done + task.stored_before) / whole if whole else 100.0,
        t("Done"): count(task.done),
        t("Planned"): count(task.planned),
        t("Stored before"): count(task.stored_before),
        t("Errors"): count(task.errors),
        t("Cost"): money(task.cost_usd),
    }


def _rated(root: Path) -> bool:
    """Show the board as it was rated at the end of the run; False while there is none."""
    try:
        report = read_report(BoardFolder(root).reports / "leaderboard.json")
    except DataError:
        return False
    if report is None:
        return False
    st.header(t("Leaderboard"), anchor=False)
    rows = [
        {
            t("Rank"): rank_range(s.rank, s.rank_low, s.rank_high),
            t("Model"): s.model,
            **_value(s, report.single),
        }
        for s in report.models
    ]
    with table_room("board", len(rows)):
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    return True


def _value(s: Standing, single: bool) -> dict[str, object]:
    if single:
        return {t("Score"): DASH if s.score is None else f"{s.score:.2f}", t("Scores"): count(s.n_battles)}
    return {t("Rating"): points(s.rating), t("Battles"): count(s.n_battles)}


def _tail(root: Path, state: RunState) -> LedgerTail:
    key = f"tail of {root}"
    known = st.session_state.get(key)
    if not isinstance(known, LedgerTail) or known.rules != state.rules:
        st.session_state[key] = LedgerTail(root / "reviews", state.rules)
    tail = cast("LedgerTail", st.session_state[key])
    tail.look()
    return tail


def _standings(tail: LedgerTail, state: RunState) -> None:
    st.header(t("So far"), anchor=False)
    if tail.behind:
        st.caption(t("Still reading what was judged before this page was opened."))
    found, scores = _provisional(tail), tail.mean_scores()
    if found.leaderboard is not None:
        st.dataframe(pd.DataFrame([_standing(m) for m in found.leaderboard.models]), hide_index=True)
    elif scores:
        rows = [{t("Model"): model, t("Score"): round(mean, 2), t("Scores"): count(n)} for model, mean, n in scores]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    if not tail.replies:
        st.caption(t("No verdict yet."))
        return
    share = t("{n} replies read, {all} are planned.", n=count(tail.replies), all=count(state.planned_replies))
    if scores:
        st.caption(f"**{t('Provisional')}**: {share}")
        return
    battles = t("Rated: {n} battles judged in full. Left out: {part} judged in part.", n=count(found.battles),
                part=count(found.partly))  # fmt: skip
    st.caption(f"**{t('Provisional')}**: {share} {battles}")
    st.caption(t("Ties of identical answers are not in yet. A reply that several battles share counts once."))
    st.caption(t("A verdict on an answer that has changed counts until the new one is judged."))


def _standing(m: ModelRow) -> dict[str, object]:
    return {
        t("Rank"): rank_range(m.rank, m.rank_low, m.rank_high),
        t("Model"): m.model,
        t("Rating"): points(m.rating),
        "±": margin(m.rating, m.rating_low, m.rating_high),
        t("Battles"): count(m.n_battles),
    }


def _provisional(tail: LedgerTail) -> Provisional:
    """Rated again when replies came in, as often as that takes a tenth of the time at most."""
    state, about = st.session_state, str(tail.folder)
    known = state.get("provisional")
    now = time.monotonic()
    if known is None or known[0] != about or (known[1] != tail.replies and now > known[2]):
        found = tail.provisional()
        state["provisional"] = (about, tail.replies, time.monotonic() + 9 * (time.monotonic() - now), found)
    return cast("Provisional", state["provisional"][3])


def _trouble(state: RunState, tail: LedgerTail) -> None:
    if state.notes:
        with st.expander(t("Notes of the run ({n})", n=len(state.notes))):
            for note in state.notes[-50:]:
                st.text(note)
    failures = tail.failures(30)
    if not failures:
        return
    st.header(t("Latest replies without a verdict"), anchor=False)
    rows = [
        {
            t("Judge"): failure.judge, t("Question"): failure.question, t("Status"): failure.status,
            t("What came back"): shortened(failure.said, 160),
        }
        for failure in failures
    ]  # fmt: skip
    said = [
        Line(failure.judge, f"{failure.status} · {shortened(failure.said, 160)}", str(failure.question), page="battles",
             parameters={"judge": failure.judge})
        for failure in failures
    ]  # fmt: skip
    phone_list("failures", said, 86)
    with table_room("failures", len(rows), on="wide-"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


if __name__ == "__main__":
    show()
