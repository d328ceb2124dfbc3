"""Right answers beside battles: every task and model, and the documents on which two models part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from arena.errors import ArenaError
from arena.reports.benchmarks import BenchmarkRow
from arena.reports.board import BenchmarkScore
from arena.types import JSON
from viz.charts.leaderboard import Estimate, whiskers
from viz.data.benchmarks import Benchmarks, files_of, pairs_of, read_benchmarks, reply_to
from viz.ui.choices import choose, choose_name
from viz.ui.figures import DASH, count
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import listed, nothing
from viz.ui.rendering import distinct, plain, shortened
from viz.ui.room import table_room
from viz.ui.session import board_folder, fresh, look, read_once, t
from viz.ui.textbox import text


def show() -> None:
    """The page."""
    board = board_folder()
    found = read_once(read_benchmarks, board, files_of(board))
    if not found.scores:
        nothing(t("No benchmarks yet: `arena bench` asks those of the config."))
        return
    _matrix(found)
    _correlations(found)
    _documents(board, found)


def _matrix(found: Benchmarks) -> None:
    """Models down, tasks across: the score in per cent with its interval, and a whisker on the task's own scale."""
    names = distinct(found.tasks, 28)
    shown: dict[str, Sequence[object]] = {t("Model"): [shortened(model, 60) for model in found.models]}
    config: dict[str, object] = {t("Model"): st.column_config.TextColumn(pinned=True)}
    for task, name in names.items():
        own = [found.scores[model].get(task) for model in found.models]
        shown[name] = [_told(score) for score in own]
        pictured = f"{name} ⟷"
        shown[pictured] = whiskers([_estimate(m, s) for m, s in zip(found.models, own, strict=True)], look(), width=110)
        config[pictured] = st.column_config.ImageColumn(width=124, label=t("Interval"))
    with table_room("matrix", len(found.models), 40, most=800, on="wide-"):
        st.dataframe(pd.DataFrame(shown), hide_index=True, row_height=40, key=fresh("matrix"), column_config=config)  # type: ignore[arg-type]
    lines = [
        Line(names[task], shortened(model, 60), _value(score), _ends(score), "benchmarks", {"task": task})
        for task in names for model in found.models if (score := found.scores[model].get(task)) is not None
    ]  # fmt: skip
    phone_list("scores", lines, 62)
    st.caption(t("In per cent. What is unreadable counts 0, what failed counts nowhere."))
    for task in found.tasks:
        if not found.comparable(task):
            st.caption(f":material/warning: {plain(names[task])}: " + t("not all were asked alike: not comparable"))


def _correlations(found: Benchmarks) -> None:
    """Do the judges rank as the benchmarks do?"""
    known = {task: value for task, value in found.correlations.items() if isinstance(value, dict)}
    if not any(value.get("spearman") is not None for value in known.values()):
        return
    st.header(t("Judges and benchmarks"), anchor=False)
    rows = [
        {t("Task"): shortened(task, 40), "n": value.get("n"), "Spearman": _two(value.get("spearman")),
         "Kendall τ": _two(value.get("kendall"))}
        for task, value in known.items()
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True, key=fresh("correlations"))
    st.caption(t("Rank correlation with the judges' board, over the models that have both."))


def _columns(pair: tuple[BenchmarkRow, BenchmarkRow]) -> dict[str, object]:
    one, two = pair
    return {
        t("Document"): shortened(one.question_id, 40), t("Subject"): shortened(one.category, 30),
        t("Right answer"): _short(one.gold), "A": _short(one.parsed), "B": _short(two.parsed),
        t("Score A"): _two(one.score), t("Score B"): _two(two.score),
    }  # fmt: skip


def _documents(board: Path, found: Benchmarks) -> None:
    st.header(t("Documents"), anchor=False)
    left, middle, right = st.columns(3)
    with left:
        task = choose_name(t("Task"), found.tasks, "task", default=found.tasks[0])
    asked = [model for model in found.models if task in found.scores[model]]
    with middle:
        a = choose_name(t("Model A"), asked, "a", default=asked[0])
    others = [model for model in asked if model != a]
    if task is None or a is None or not others:
        return
    with right:
        b = choose_name(t("Model B"), others, "b", default=others[0])
    if b is None:
        return
    kinds = {
        "any": t("all"), "a": t("A right, B wrong"), "b": t("B right, A wrong"), "wrong": t("both wrong"),
        "unread": t("unreadable"),
    }  # fmt: skip
    kind = choose(t("Show"), kinds, "which")
    pairs = [pair for pair in pairs_of(found, task, a, b) if _is(kind, *pair)]
    if not pairs:
        nothing(t("No document matches this filter."))
        return
    about = t("{n} documents; click one for what was said.", n=count(len(pairs)))
    one, two = listed(pairs, _columns, "documents", (task, a, b, kind), about)
    st.subheader(plain(shortened(one.question_id, 80)), anchor=False)
    st.caption(f"{t('Right answer')}: {plain(_short(one.gold, 400))}")
    for side, row in zip(st.columns(2), (one, two), strict=True):
        with side:
            _reply(board, found, row)


def _reply(board: Path, found: Benchmarks, row: BenchmarkRow) -> None:
    read = t("unreadable") if row.reason == "unparsed" else _short(row.parsed, 200)
    st.markdown(f"**{plain(shortened(row.model, 60))}** · {_two(row.score)} · {plain(read)}")
    try:
        item = reply_to(board, found.models, row)
    except ArenaError as error:
        st.error(plain(error))
        return
    key = f"{row.model}-{row.task}-{row.question_id}-{row.sample}"
    if item is not None and item.reply is not None:
        text(item.reply, key)
    elif item is not None and item.loglikelihoods:
        st.caption(", ".join(f"{value:.2f}" for value, _ in item.loglikelihoods))
    else:
        st.caption(t("Only the score is stored."))


def _is(kind: str, one: BenchmarkRow, two: BenchmarkRow) -> bool:
    mine, theirs = one.score or 0.0, two.score or 0.0
    return {
        "any": True, "a": mine > theirs, "b": theirs > mine, "wrong": mine < 1 and theirs < 1,
        "unread": "unparsed" in (one.reason, two.reason),
    }[kind]  # fmt: skip


def _estimate(model: str, score: BenchmarkScore | None) -> Estimate:
    return Estimate(model, None, None, None) if score is None else Estimate(model, score.score, score.low, score.high)


def _told(score: BenchmarkScore | None) -> str:
    return DASH if score is None else f"{_value(score)} {_ends(score)}".rstrip()


def _value(score: BenchmarkScore) -> str:
    return DASH if score.score is None else f"{100 * score.score:.1f}"


def _ends(score: BenchmarkScore) -> str:
    return "" if score.low is None or score.high is None else f"[{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _two(value: JSON) -> str:
    return f"{value:.2f}".replace("-", "−") if isinstance(value, int | float) else DASH


def _short(value: JSON, width: int = 40) -> str:
    return DASH if value is None else shortened(str(value), width)


if __name__ == "__main__":
    show()
