"""Every battle, found by filter and search; the whole filter is in the URL."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from viz.data.board import Board
from viz.data.detail import identity_of
from viz.data.filters import FLAGS, TIE, Filter
from viz.data.rows import EXCLUDED, PENDING, STATES, TIED, WON_A, WON_B
from viz.ui.choices import choose_any, choose_names, choose_page, forget_choices, type_text
from viz.ui.figures import DASH, count
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import (
    category_choice,
    clicked_row,
    judge_choice,
    language_choice,
    model_choice,
    name_width,
    no_match,
    reason_text,
)
from viz.ui.rendering import shortened
from viz.ui.room import table_room
from viz.ui.session import board, fresh, go, selected, t

PAGE = 50
FLAG_NAMES = {
    "disagree": "orders disagree",
    "unparsed": "unreadable reply",
    "human": "people disagree with the judge",
}
STATE_NAMES = {"rated": "rated", "pending": "pending", "excluded": "left out"}


def show() -> None:
    """The page."""
    opened = board()
    wanted = _choices(opened)
    found = selected(wanted)
    if not len(found):
        no_match(wanted)
        _clear(wanted)
        return
    pages = -(-len(found) // PAGE)
    with st.container(horizontal=True, vertical_alignment="center", key="pager"):
        st.markdown(f"**{count(len(found))}**&nbsp; {t('of {n} rows', n=count(len(opened.rows)))}", width="content")
        _clear(wanted)
        st.space("stretch")
        number = choose_page(pages, wanted)
    shown = found[(number - 1) * PAGE : number * PAGE]
    _table(opened, shown, wanted)
    st.caption(t("Click a row to open it. The address of this page holds the filter: copy it to share."))


def _choices(opened: Board) -> Filter:
    models = sorted(opened.names.models)
    pairs = opened.kind != "scores"
    searched = t("Search questions and answers, or give a question id")
    text = type_text(t("Search"), "q", placeholder=searched, hide_label=True, wait="300ms")
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        model = model_choice(opened, t("Model"), "model")
        opponent = model_choice(opened, t("Opponent"), "opponent") if pairs else []
        category = category_choice(opened)
        language = language_choice(opened)
        judge = judge_choice(opened)
        winner = choose_names(t("Winner"), [TIE, *models], "winner", t("any")) if pairs else []
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="flags"):
        flags = [flag for flag in FLAGS if pairs or flag == "unparsed"]
        flag = choose_any(t("Only"), {name: t(FLAG_NAMES[name]) for name in flags}, "flag")
        state = choose_any(t("State"), {name: t(STATE_NAMES[name]) for name in STATES}, "state")
    return Filter(
        tuple(model), tuple(opponent), tuple(category), tuple(language), tuple(winner), tuple(judge), flag,
        state, text,
    )  # fmt: skip


def _clear(wanted: Filter) -> None:
    if wanted.active:
        st.button(t("Clear the filter"), icon=":material/close:", type="tertiary", on_click=forget_choices)


def _table(opened: Board, shown: NDArray[np.intp], wanted: Filter) -> None:
    pairs = opened.kind != "scores"
    rows, names = opened.rows, opened.names
    columns: dict[str, list[object]] = {
        t("Question"): [_question_text(opened, int(r)) for r in shown],
        t("Category"): [names.categories[rows.category[r]] for r in shown],
    }
    if pairs:
        columns |= {
            t("Model A"): [names.models[rows.model_a[r]] for r in shown],
            t("Model B"): [names.models[rows.model_b[r]] for r in shown],
            t("Result"): [_result(opened, int(r)) for r in shown],
            t("Points of A"): [rows.outcome[r] for r in shown],
            t("Orders"): [{1: t("agree"), 0: t("disagree")}.get(int(rows.consistent[r]), DASH) for r in shown],
        }
    else:
        columns |= {
            t("Model"): [names.models[rows.model_a[r]] for r in shown],
            t("Score"): [rows.score[r] for r in shown],
            t("Result"): [_result(opened, int(r)) for r in shown],
        }
    if rows.sample.any():
        columns[t("Sample")] = [int(rows.sample[r]) for r in shown]
    if len(names.judges) > 1:
        columns[t("Judge")] = [names.judges[rows.judge[r]] for r in shown]
    if columns.get(t("Orders")) and set(columns[t("Orders")]) == {DASH}:
        del columns[t("Orders")]
    text, wide = st.column_config.TextColumn, min(name_width(names.models), 200)
    phone_list("rows", [_line(opened, int(r), wanted) for r in shown], 86)
    with table_room("rows", len(shown), on="wide-"):
        event = st.dataframe(
        pd.DataFrame(columns), hide_index=True, height="content", on_select="rerun",
        selection_mode="single-cell", key=fresh(f"rows-{hash((wanted, int(shown[0])))}"),
        column_config={
            t("Question"): text(width=290),
            t("Category"): text(width=110),
            t("Model"): text(width=wide),
            t("Model A"): text(width=wide),
            t("Model B"): text(width=wide),
            t("Result"): text(width=170),
            t("Points of A"): st.column_config.ProgressColumn(format="%.2f", min_value=0, max_value=1, width=105),
            t("Orders"): text(width=80),
        },
    )  # fmt: skip
    if (place := clicked_row(event)) is not None and place < len(shown):
        row = int(shown[place])
        go("battle", {**wanted.parameters(), **identity_of(opened, row).parameters()})


def _line(opened: Board, row: int, wanted: Filter) -> Line:
    """A row on a narrow screen."""
    rows, names = opened.rows, opened.names
    models = [names.models[code] for code in (rows.model_a[row], rows.model_b[row]) if code >= 0]
    told = [" – ".join(shortened(model, 30) for model in models), names.categories[rows.category[row]]]
    if len(names.judges) > 1:
        told.append(names.judges[rows.judge[row]])
    score = f"{rows.score[row]:g}" if np.isfinite(rows.score[row]) else _result(opened, row)
    opens = {**wanted.parameters(), **identity_of(opened, row).parameters()}
    return Line(_question_text(opened, row), " · ".join(told), score, parameters=opens)


def _question_text(opened: Board, row: int) -> str:
    question_id = opened.names.questions[opened.rows.question[row]]
    if opened.kind == "llmuses":
        return shortened(str(opened.line(row).get("question") or ""), 120)
    question = opened.questions.get(question_id)
    return shortened(question.turns[0], 120) if question is not None else t("question {id}", id=question_id)


def _result(opened: Board, row: int) -> str:
    rows, names = opened.rows, opened.names
    state = int(rows.state[row])
    if state == PENDING:
        return t("pending")
    if state == EXCLUDED:
        code = int(rows.reason[row])
        return reason_text(names.reasons[code] if code >= 0 else None)
    match int(rows.winner[row]):
        case code if code == WON_A:
            return t("{name} won", name=shortened(names.models[rows.model_a[row]], 40))
        case code if code == WON_B:
            return t("{name} won", name=shortened(names.models[rows.model_b[row]], 40))
        case code if code == TIED:
            return t("tie")
        case _:
            return t("rated")


if __name__ == "__main__":
    show()
