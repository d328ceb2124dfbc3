"""Several boards in time: every model's number on each, and where they no longer share a scale."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from arena.errors import ArenaError
from arena.reports.board import read_report
from arena.reports.trend import Trend, find_board, trend_of
from arena.reports.trend_words import number, sentences, word
from viz.charts.runs import over_time
from viz.data.cache import Signature, signature
from viz.data.source import boards_beside
from viz.ui.choices import choose_names
from viz.ui.pieces import chart, nothing, warn_all
from viz.ui.rendering import distinct, plain
from viz.ui.room import table_room
from viz.ui.session import language, source, t

DRAWN = 10
"""So many models have colours of their own."""


def show() -> None:
    """The page."""
    boards = _of_one_kind(boards_beside(source()))
    if len(boards) < 2:
        nothing(t("There is no other board of this kind beside this one. `arena view --other` adds one from anywhere."))
        return
    chosen = choose_names(t("Boards"), list(boards), "boards", t("all of them, the earliest first")) or list(boards)
    paths = [boards[name] for name in (chosen if len(chosen) > 1 else boards)]
    found = _trend(tuple(paths), tuple(_state(path) for path in paths))
    if found.simulated:
        warn_all([t("One of these boards is a rehearsal: its numbers are invented.")])
    if any(board.moment is None for board in found.boards):
        st.caption(t("Give the boards' folders names in their order: not all of them say when they were made."))
    _chart(found)
    _table(found)
    for line in sentences(found, language()):
        st.caption(plain(line))


def _of_one_kind(boards: dict[str, Path]) -> dict[str, Path]:
    """The boards that measure the same kind of number as the one that is shown; those that cannot be read are none."""
    kinds: dict[str, bool] = {}
    for name, path in boards.items():
        try:
            report = read_report(path / "reports" / "leaderboard.json")
        except ArenaError:
            continue
        if report is not None:
            kinds[name] = report.single
    first = next(iter(kinds.values()), None)
    return {name: boards[name] for name, single in kinds.items() if single == first}


def _state(board: Path) -> Signature:
    files = ("leaderboard.json", "battles.jsonl", "scores.jsonl", "scale.json")
    return signature([board / "run.json", *(board / "reports" / name for name in files)])


@st.cache_data(max_entries=4, show_spinner=False)
def _trend(paths: tuple[Path, ...], state: tuple[Signature, ...]) -> Trend:
    del state
    dated = all(find_board(path).moment is not None for path in paths)
    return trend_of(paths if dated else sorted(paths, key=lambda path: path.name), by_time=dated)


def _chart(found: Trend) -> None:
    names = distinct((model for model, _ in found.models), 30)
    boards = distinct((board.name for board in found.boards), 24)
    drawn = [(model, points) for model, points in found.models if any(p.number.value is not None for p in points)]
    rows = [
        {"model": names[model], "board": boards[found.boards[p.board].name], "line": p.line, "value": p.number.value,
         "low": p.number.low, "high": p.number.high}
        for model, points in drawn[:DRAWN] for p in points if p.number.value is not None
    ]  # fmt: skip
    if not rows:
        return
    breaks = [boards[board.name] for board in found.boards if board.begins]
    title = word(found.measure, language())
    chart("over-time", over_time, pd.DataFrame(rows), list(boards.values()), breaks, title)
    if len(drawn) > DRAWN:
        st.caption(t("The first {n} models are drawn; the table has all.", n=DRAWN))
    st.caption(word("note", language(), level=f"{100 * found.level:g} %"))


def _table(found: Trend) -> None:
    heads = distinct((board.name for board in found.boards), 24)
    columns: dict[str, list[str]] = {t("Model"): [model for model, _ in found.models]}
    for place, board in enumerate(found.boards):
        own = [next((p for p in points if p.board == place), None) for _, points in found.models]
        columns[("‖ " if board.begins else "") + heads[board.name]] = [number(point, found) for point in own]
    with table_room("trend", len(found.models), most=700):
        st.dataframe(pd.DataFrame(columns), hide_index=True)


if __name__ == "__main__":
    show()
