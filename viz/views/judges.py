"""How far the judges can be trusted: steady across orders, fair to both slots, in agreement with others."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from arena.ratings import BattleTable
from arena.ratings.intervals.means import Mean
from arena.terms import PANEL
from viz.charts.judges import intervals, length_chart
from viz.data.board import Board
from viz.data.counting import JudgeHealth, agreement_of, judge_health, judge_table, length_curve, people_table
from viz.data.filters import Filter
from viz.ui.choices import choose
from viz.ui.figures import DASH, count, money, percent
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import category_choice, chart, clicked_row, no_match, nothing
from viz.ui.rendering import distinct, shortened
from viz.ui.room import table_room
from viz.ui.session import board, fresh, go, selected, t, votes

LIKES_LENGTH = 0.6
"""Surely more than this share of the points for the longer answer is said."""
FEW_VOTES = 10
"""Below these votes an agreement says nothing."""


def show() -> None:
    """The page."""
    opened = board()
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        category = category_choice(opened)
    wanted = Filter(category=tuple(category))
    chosen = selected(replace(wanted, judge=opened.names.judges))
    level = opened.report.level if opened.report else 0.95
    health = judge_health(opened, chosen, level)
    if not health:
        no_match(wanted)
        return
    _verdict(health)
    _table(opened, health)
    if opened.kind == "scores":
        if any(one.unparsed.value for one in health):
            _by_category(opened, chosen, health, level)
        return
    left, right = st.columns(2, gap="large")
    with left:
        _by_category(opened, chosen, health, level)
    with right:
        _length(opened, chosen, health, level)
    _agreements(opened, chosen, level)


def _verdict(health: Sequence[JudgeHealth]) -> None:
    """What to worry about, in words; nothing to worry about is said too."""
    worries = []
    for one in health:
        name = shortened(one.judge, 40)
        if one.first_slot.low is not None and one.first_slot.low > 0.5:
            share = percent(one.first_slot.value)
            worries.append(t("{judge} prefers what it sees first ({p} of the points).", judge=name, p=share))
        if one.first_slot.high is not None and one.first_slot.high < 0.5:
            share = percent(one.first_slot.value)
            worries.append(t("{judge} prefers what it sees second (first: {p}).", judge=name, p=share))
        if (value := one.consistency.value) is not None and value < 0.6:
            share = percent(value, 0)
            worries.append(
                t("{judge} names the same winner in both orders in only {p} of its battles.", judge=name, p=share)
            )
        if one.longer_wins.low is not None and one.longer_wins.low > LIKES_LENGTH:
            share = percent(one.longer_wins.value)
            worries.append(t("{judge} gives {p} of the points to the longer answer.", judge=name, p=share))
        if (value := one.unparsed.value) is not None and value > 0.02:
            worries.append(t("{p} of the replies of {judge} hold no readable verdict.", judge=name, p=percent(value)))
    if not worries:
        words = t("Nothing stands out: no slot is preferred, replies can be read.")
        if all(one.first_slot.value is None for one in health):
            words = t("Nothing stands out: replies can be read. Whether a slot is preferred shows in both orders only.")
        st.success(words, icon=":material/check_circle:")
        return
    with st.container(border=True):
        for worry in worries:
            st.text(f"•  {worry}")


def _table(opened: Board, health: Sequence[JudgeHealth]) -> None:
    costs = {d.judge: d.cost_usd for d in opened.report.judges_detail} if opened.report else {}
    single = opened.kind == "scores"
    frame = pd.DataFrame([
        {
            t("Judge"): one.judge,
            t("Scores") if single else t("Battles"): count(one.rows),
            t("Mean score"): DASH if one.score is None else f"{one.score:.2f}",
            t("Battles: orders agree"): _with_interval(one.consistency),
            t("Points to the first slot"): _with_interval(one.first_slot),
            t("Points to the longer answer"): _with_interval(one.longer_wins),
            t("Battles: tied"): _with_interval(one.ties),
            t("Replies"): count(one.replies),
            t("Replies: unreadable"): _with_interval(one.unparsed),
            t("Replies: failed"): _with_interval(one.failed),
            t("Cost"): money(costs.get(one.judge)),
        }
        for one in health
    ])  # fmt: skip
    frame = frame.loc[:, [name for name in frame.columns if not (frame[name] == DASH).all()]]
    lines = [
        Line(one.judge, _told(row), "", page="battles", parameters={"judge": one.judge})
        for one, row in zip(health, frame.to_dict("records"), strict=True)
    ]
    phone_list("judges", lines, 210)
    with table_room("judges", len(frame), 38, on="wide-"):
        event = st.dataframe(
        frame, hide_index=True, row_height=38, key=fresh("judges"), on_select="rerun", selection_mode="single-cell",
        column_config={
            t("Judge"): st.column_config.TextColumn(width=220),
            t("Battles: orders agree"): st.column_config.TextColumn(help=t("Both orders name the same winner.")),
            t("Points to the first slot"): st.column_config.TextColumn(help=t("50 % is fair.")),
        },
    )  # fmt: skip
    brackets = t("In brackets: {level} % intervals, clustered by question.", level=f"{_level(opened) * 100:g}")
    once = t("A battle counts once, whatever its orders; every order has a reply of its own.")
    st.caption(brackets if single else f"{brackets} {once}")
    if (place := clicked_row(event)) is not None and place < len(health):
        judge = health[place].judge
        with st.container(horizontal=True):
            if st.button(t("Where its orders disagree"), icon=":material/swap_horiz:"):
                go("battles", {"judge": [judge], "flag": ["disagree"]})
            if st.button(t("What it could not say"), icon=":material/help:"):
                go("battles", {"judge": [judge], "flag": ["unparsed"]})


def _told(row: Mapping[Hashable, str], behind: int = 1) -> str:
    """A row of a table as lines, without its first columns."""
    return "\n".join(f"{name}: {value}" for name, value in list(row.items())[behind:])


def _level(opened: Board) -> float:
    return opened.report.level if opened.report else 0.95


def _with_interval(mean: Mean) -> str:
    if mean.value is None:
        return DASH
    if mean.low is None or mean.high is None:
        return percent(mean.value)
    return f"{mean.value * 100:.1f} %  ({mean.low * 100:.0f}–{mean.high * 100:.0f})"


def _by_category(opened: Board, chosen: NDArray[np.intp], health: Sequence[JudgeHealth], level: float) -> None:
    st.header(t("By category"), anchor=False)
    named = {
        "consistency": t("Battles: orders agree"), "first_slot": t("Points to the first slot"),
        "ties": t("Battles: tied"), "unparsed": t("Replies: unreadable"),
    }  # fmt: skip
    known = {name for name in named for one in health if _mean(one, name).value is not None}
    if not any(one.unparsed.value for one in health):
        known.discard("unparsed")
    measures = {name: words for name, words in named.items() if name in known}
    if not measures:
        nothing(t("Nothing to show: no judge has said anything yet."))
        return
    measure = choose(t("Show"), measures, "measure")
    groups, group_of = opened.group_of_category()
    code = group_of[opened.rows.category[chosen]]
    names, judges = distinct(groups, 28), distinct((one.judge for one in health), 32)
    cells = []
    for number, group in enumerate(groups):
        for one in judge_health(opened, chosen[code == number], level):
            mean = _mean(one, measure)
            if mean.value is not None:
                cells.append({"name": names[group], "judge": judges[one.judge], **mean._asdict()})
    several = len(health) > 1
    half = 0.5 if measure == "first_slot" else None
    by = "judge" if several else None
    chart("by-category", intervals, pd.DataFrame(cells), measures[measure], by=by, mark=half)


def _mean(one: JudgeHealth, measure: str) -> Mean:
    found: Mean = getattr(one, measure)
    return found


def _length(opened: Board, chosen: NDArray[np.intp], health: Sequence[JudgeHealth], level: float) -> None:
    st.header(t("Does length win?"), anchor=False)
    names, cells = distinct((one.judge for one in health), 32), []
    for one in health:
        judge = opened.names.judges.index(one.judge)
        rows = opened.rows.take(chosen[opened.rows.judge[chosen] == judge])
        for ratio, mean in length_curve(rows, level):
            cells.append({"judge": names[one.judge], "ratio": ratio, **mean._asdict()})
    if not cells:
        nothing(t("Lengths are not known, or there are too few battles."))
        return
    x_title = t("Length, as a multiple of the other answer")
    chart("length", length_chart, pd.DataFrame(cells), x_title, t("Points won"))
    st.caption(t("Flat at 50 % means that length does not matter. A slope may also mean that longer is better."))


def _agreements(opened: Board, chosen: NDArray[np.intp], level: float) -> None:
    st.header(t("Who agrees with whom?"), anchor=False)
    tables = {judge: judge_table(opened, chosen, judge) for judge in opened.names.judges}
    shown: dict[str, BattleTable] = {}
    people = people_table(votes())
    if people is not None:
        tables[t("people")] = people
        first = chosen[opened.rows.sample[chosen] == 0]  # of several answers people see the first
        shown = {judge: judge_table(opened, first, judge) for judge in opened.names.judges}
    cells: list[dict[Hashable, str]] = []
    for one, other in combinations(tables, 2):
        if PANEL in (one, other) and t("people") not in (one, other):
            continue  # the panel is made of the judges: agreeing with itself says nothing
        found = agreement_of((shown if other == t("people") else tables)[one], tables[other], level)
        if found is not None and found.n_battles < FEW_VOTES and t("people") in (one, other):
            few = t("too few")
            cells.append({
                t("Judge"): one, t("and"): other, t("Battles"): count(found.n_battles),
                t("Same winner"): few, t("Both decide"): few, "κ": few,
            })  # fmt: skip
        elif found is not None:
            cells.append({
                t("Judge"): one, t("and"): other, t("Battles"): count(found.n_battles),
                t("Same winner"): _with_interval(found.raw), t("Both decide"): _with_interval(found.decisive),
                "κ": _kappa(found.kappa),
            })  # fmt: skip
    if not cells:
        nothing(t("Only one judge, and nobody has voted yet. Votes are cast on the page Vote."))
        return
    lines = []
    for cell in cells:
        judges = {"judge": [name for name in (cell[t("Judge")], cell[t("and")]) if name in opened.names.judges]}
        title = f"{cell[t('Judge')]} – {cell[t('and')]}"
        lines.append(Line(title, _told(cell, 2), "", page="battles", parameters=judges))
    phone_list("agreement", lines, 130)
    with table_room("agreement", len(cells), 38, on="wide-"):
        st.dataframe(pd.DataFrame(cells), hide_index=True, row_height=38)
    st.caption(t("κ is 1 for full agreement and 0 for what chance alone would give."))


def _kappa(kappa: Mean) -> str:
    if kappa.value is None:
        return DASH
    if kappa.low is None or kappa.high is None:
        return f"{kappa.value:.2f}"
    return f"{kappa.value:.2f}  ({kappa.low:.2f} – {kappa.high:.2f})"


if __name__ == "__main__":
    show()
