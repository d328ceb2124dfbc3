"""Blind votes: two answers without names, and how people agree with the judge.

Until a vote is stored, nothing that reaches the browser tells which model wrote what, what a judge said, or how long
or expensive an answer was: no name, key, title or parameter.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Literal, cast

import numpy as np
import pandas as pd
import streamlit as st

from arena.errors import DataError
from arena.ratings import BattleTable, RatingOptions, rate
from arena.store.votes import Vote, Votes, append_vote
from arena.winners import Choice
from viz.data.ballot import Ballot, next_ballot, pair_of
from viz.data.board import Board
from viz.data.counting import agreement_of, judge_table, people_table
from viz.data.detail import Detail, read_detail
from viz.data.filters import Filter, default_judges
from viz.data.votes import votes_file
from viz.ui.figures import DASH, count, margin, percent, points, rank_range
from viz.ui.pieces import category_choice, chips, folded, nothing
from viz.ui.rendering import plain, shortened
from viz.ui.session import board, board_state, forget_votes, selected, t, votes
from viz.ui.textbox import text

FEW_VOTES = 10
"""Below these votes an agreement says nothing."""

CHOICES: tuple[tuple[str, str, str, str], ...] = (
    ("left", "Left is better", "1", ":material/arrow_back:"),
    ("right", "Right is better", "2", ":material/arrow_forward:"),
    ("tie", "Equally good", "3", ":material/drag_handle:"),
    ("both_bad", "Both bad", "4", ":material/thumb_down:"),
    ("skip", "Skip", "5", ":material/skip_next:"),
)


def show() -> None:
    """The page."""
    opened = board()
    st.caption(t("Two answers, no names. Keys 1 to 5 vote. Battles that the judges disagree on come first."))
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        voter = str(st.text_input(t("Your name"), value="anonymous", key="voter", max_chars=60) or "anonymous").strip()
        category = category_choice(opened)
        reveal = st.toggle(t("Show the names after each vote"), value=True, key="reveal")
    if reveal:
        _last(opened)
    rows = selected(Filter(category=tuple(category), judge=opened.names.judges))
    ballot = _current(opened, rows, voter)
    if ballot is None and not votes().latest():
        nothing(t("There is no battle with two answers to vote on."))
    elif ballot is None:
        nothing(t("You have voted on every battle of this selection. Thank you!"))
    else:
        _ballot(opened, ballot, voter)
    _results(opened, votes())


def _current(opened: Board, rows: np.ndarray[tuple[int], np.dtype[np.intp]], voter: str) -> Ballot | None:
    """The battle on the screen: it stays the same until it is voted on."""
    state = st.session_state
    about = (board_state(), voter, len(rows))
    if state.get("ballot for") != about:
        seed = state.setdefault("ballot seed", secrets.randbits(32))
        state["ballot"] = next_ballot(opened, rows, votes(), voter, seed)
        state["ballot for"] = about
        state["ballot since"] = time.monotonic()
        state["ballot id"] = secrets.token_hex(8)
    return cast("Ballot | None", state["ballot"])


def _ballot(opened: Board, ballot: Ballot, voter: str) -> None:
    detail = read_detail(opened, ballot.row)
    sides = detail.sides if ballot.left == "model_a" else detail.sides[::-1]
    turns = max([len(detail.question.turns), *(len(side.answer.turns) for side in sides if side.answer), 1])
    for turn in range(turns):
        if turn < len(detail.question.turns):
            with st.container(border=True):
                st.caption(t("Question") if turns == 1 else t("Question, turn {n}", n=turn + 1))
                text(detail.question.turns[turn], f"question-{turn}", cut=None)
        for column, side, place in zip(st.columns(2, gap="medium"), sides, ("left", "right"), strict=True):
            with column, st.container(border=True):
                st.caption(t("Left") if place == "left" else t("Right"))
                given = side.answer.turns if side.answer is not None else ()
                text(given[turn] if turn < len(given) else "", f"{place}-{turn}", cut=None)
    recognised = f"recognised-{st.session_state['ballot id']}"
    st.checkbox(t("I recognised who wrote one of them"), key=recognised)
    with st.container(horizontal=True, key="ballot-box"):
        for choice, label, key, icon in CHOICES:
            kind: Literal["primary", "secondary"] = "primary" if choice in {"left", "right"} else "secondary"
            st.button(
                t(label), shortcut=key, icon=icon, key=f"vote-{choice}", type=kind, on_click=_store,
                args=(opened, ballot, detail, voter, choice, recognised),
            )  # fmt: skip


def _store(opened: Board, ballot: Ballot, detail: Detail, voter: str, choice: str, recognised: str) -> None:
    """Store a vote on the battle that was on the screen, whatever became of the board since."""
    right = "model_b" if ballot.left == "model_a" else "model_a"
    winner = cast("Choice", {"left": ballot.left, "right": right}.get(choice, choice))
    question_id, model_a, model_b = pair_of(opened, ballot.row)
    keys = [side.answer.key if side.answer is not None else None for side in detail.sides]
    vote = Vote(
        st.session_state["ballot id"], question_id, model_a, model_b, keys[0], keys[1], ballot.left, winner,
        bool(st.session_state.get(recognised)), voter, round(time.monotonic() - st.session_state["ballot since"], 1),
        datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )  # fmt: skip
    try:
        append_vote(votes_file(opened), vote)
    except DataError as error:
        st.error(plain(error))
        return
    forget_votes()
    st.session_state["last vote"] = (vote, detail.judged[0].winner)
    st.session_state.pop("ballot for", None)


def _last(opened: Board) -> None:
    """What the vote before this one was about."""
    found = st.session_state.get("last vote")
    if found is None:
        return
    vote, judge = cast("tuple[Vote, str | None]", found)
    left, right = (vote.model_a, vote.model_b) if vote.left == "model_a" else (vote.model_b, vote.model_a)
    told = [
        (t("Last one: left {left}, right {right}", left=shortened(left, 40), right=shortened(right, 40)), "strong"),
        (t("you: {choice}", choice=_who(vote, vote.winner)), ""),
        (t("judge: {name}", name=_who(vote, judge)), "good" if judge == vote.winner else "warn"),
    ]
    chips(told)


def _who(vote: Vote, winner: str | None) -> str:
    names = {
        "model_a": shortened(vote.model_a, 40), "model_b": shortened(vote.model_b, 40), "tie": t("tie"),
        "both_bad": t("both bad"), "skip": t("skipped"),
    }  # fmt: skip
    return names.get(str(winner), DASH)


def _results(opened: Board, cast_votes: Votes) -> None:
    counted = cast_votes.counted()
    st.header(t("So far"), anchor=False)
    if cast_votes.damaged:
        st.caption(t("{n} damaged lines in the votes file are left out.", n=cast_votes.damaged))
    people = people_table(cast_votes)
    if people is None:
        st.caption(t("No votes yet."))
        return
    level = opened.report.level if opened.report else 0.95
    shown = np.flatnonzero(opened.rows.sample == 0)  # of several answers people see the first
    judged = [judge_table(opened, shown, judge) for judge in default_judges(opened)]
    found = agreement_of(people, judged[0], level) if len(judged) == 1 else None
    columns = st.columns(4)
    columns[0].metric(t("Votes"), count(len(counted)))
    columns[1].metric(t("Voters"), count(len({v.voter for v in counted})))
    if found is not None and found.n_battles < FEW_VOTES:
        columns[2].metric(
            t("Same winner as the judge"),
            t("too few"),
            help=t("Fewer than {n} battles say nothing about agreement.", n=FEW_VOTES),
        )
        columns[3].metric("κ", t("too few"))
    elif found is not None:
        raw, kappa = found.raw, found.kappa
        spread = f"{percent(raw.low, 0)} – {percent(raw.high, 0)}"
        columns[2].metric(
            t("Same winner as the judge"), percent(raw.value, 0), spread, delta_color="off", delta_arrow="off"
        )
        known = kappa.low is not None and kappa.high is not None
        columns[3].metric(
            "κ", DASH if kappa.value is None else f"{kappa.value:.2f}",
            f"{kappa.low:.2f} – {kappa.high:.2f}" if known else None, delta_color="off", delta_arrow="off",
        )  # fmt: skip
    recognised = sum(v.recognised for v in counted)
    if recognised:
        st.caption(t("{n} votes by people who recognised a model; they count.", n=recognised))
    with folded("people", t("The leaderboard by people's votes")) as box:
        if box.open:
            _people_board(people, level)


def _people_board(people: BattleTable, level: float) -> None:
    """People as a judge of their own: every vote is a battle."""
    board_of_people = rate(people, RatingOptions(level=level, slices=()))
    st.dataframe(
        pd.DataFrame([
            {
                t("Rank"): rank_range(m.rank, m.rank_low, m.rank_high), t("Model"): m.model,
                t("Rating"): points(m.rating), "±": margin(m.rating, m.rating_low, m.rating_high),
                t("Win rate"): percent(m.win_rate), t("Votes"): m.n_battles,
            }
            for m in board_of_people.models
        ]),
        hide_index=True,
    )  # fmt: skip


if __name__ == "__main__":
    show()
