"""Small parts of pages that several pages share."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.elements.arrow import DataframeState
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from viz.charts.looks import styled
from viz.charts.matrix import COLUMN, FITS
from viz.data.board import Board
from viz.data.filters import Filter, default_judges
from viz.ui.choices import choose_any, choose_names, choose_page
from viz.ui.figures import DASH
from viz.ui.rendering import as_html, plain
from viz.ui.room import room, table_room
from viz.ui.session import fresh, look, t

Draw = Callable[..., alt.TopLevelMixin]
"""A function of viz.charts: takes data, titles and `look`."""
T = TypeVar("T")
LISTED = 100
"""Rows on a page of a list."""

REASONS = {
    "answer_missing": "answer missing",
    "answer_empty": "answer empty",
    "answer_error": "answer failed",
    "call_failed": "judge call failed",
    "unparsed": "judge's reply unreadable",
    "no_reference": "no reference answer",
    "self_judged": "judge is a contestant",
    "no_quorum": "panel without quorum",
}


def chips(texts: Iterable[tuple[str, str]]) -> None:
    """A row of (text, css class) chips."""
    spans = "".join(f'<span class="chip {kind}" title="{as_html(text)}">{as_html(text)}</span>' for text, kind in texts)
    st.html(f'<div class="chips {"dark" if look().dark else ""}">{spans}</div>')


def reason_text(reason: str | None) -> str:
    """Why a battle is left out, in words."""
    return t(REASONS[reason]) if reason in REASONS else str(reason or DASH)


def model_choice(board: Board, label: str, key: str) -> list[str]:
    """Any number of models."""
    return choose_names(label, sorted(board.names.models), key, t("any"))


def category_choice(board: Board) -> list[str]:
    """The category filter."""
    groups, group_of = board.group_of_category()
    known = set(group_of.tolist())
    present = [group for code, group in enumerate(groups) if code in known]
    return choose_names(t("Category"), present, "category", t("all categories"))


def language_choice(board: Board) -> list[str]:
    """The language filter; absent when there is only one."""
    if len(board.names.languages) < 2:
        return []
    return choose_names(t("Language"), sorted(board.names.languages), "language", t("all languages"))


def judge_choice(board: Board) -> list[str]:
    """The judge filter; absent when there is only one."""
    if len(board.names.judges) < 2:
        return []
    usual = default_judges(board)
    placeholder = usual[0] if len(usual) == 1 else t("all judges")
    return choose_names(t("Judge"), sorted(board.names.judges), "judge", placeholder)


STYLES = {"length": "Length", "headers": "Headings", "lists": "Lists", "bold": "Bold"}


def style_name(feature: str) -> str:
    """What a style feature is called."""
    return t(STYLES[feature]) if feature in STYLES else feature


def style_choice(board: Board) -> tuple[str, ...] | None:
    """The style features to control for; None where the board has none to offer."""
    if not board.features:
        return None
    return choose_any(
        t("Style control"), {name: style_name(name) for name in board.features}, "style",
        default=board.report.controlled if board.report else (),
        explained=t("Rates as if both answers of every battle were alike in what is chosen here."),
    )  # fmt: skip


def chart(key: str, draw: Draw, *given: object, **named: object) -> None:
    """Show what `draw` makes of what is given, in the colours of the page; it is drawn once per content."""
    spec = _spec(draw, given, named)
    with room(key, _height(spec)):
        st.vega_lite_chart(spec, width="stretch", theme=None, key=key)


def clickable(key: str, selection: str, draw: Draw, *given: object, **named: object) -> Mapping[str, str]:
    """Show a chart as `chart` does; returns the fields of the mark that was clicked, empty until one is."""
    spec = _spec(draw, given, named)
    width: Literal["stretch", "content"] = "stretch" if spec.get("width") == "container" else "content"
    with room(key, _height(spec)):
        event = st.vega_lite_chart(spec, width=width, theme=None, key=key, on_select="rerun", selection_mode=selection)
    marks = event.selection.get(selection) or [{}]
    return dict(marks[0]) if isinstance(marks, list) else {}


def _spec(draw: Draw, given: tuple[object, ...], named: Mapping[str, object]) -> dict[str, Any]:
    """The Vega-Lite specification."""
    colours = look()

    def make() -> dict[str, Any]:
        drawn: dict[str, Any] = styled(draw(*given, look=colours, **named), colours).to_dict(validate=False)
        return drawn

    return _drawn(pickle.dumps((draw, given, named, colours)), make)


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn(content: bytes, _make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Made once per content, which altair takes some 50 ms for; told by its bytes: Streamlit's hashing is slow."""
    del content
    return _make()


def matrix_width(rows: Sequence[str], columns: Sequence[str]) -> int | Literal["stretch"]:
    """How wide a matrix of few columns becomes where there is room."""
    if len(columns) > FITS:
        return "stretch"
    return 30 + min(7 * max(map(len, rows), default=0), 240) + COLUMN * len(columns) + 4 * max(map(len, columns))


def _height(spec: Mapping[str, Any]) -> int:
    """About how high a chart becomes: its rows or its own height, and the axis, title and legend around them."""
    encoded = [layer["encoding"] for layer in spec.get("layer", [spec]) if "encoding" in layer]
    height = spec.get("height", 300)
    if isinstance(height, dict):
        rows = max((len(one.get("y", {}).get("sort", ())) for one in encoded), default=1)
        series = max((len(one.get("yOffset", {}).get("sort", ())) for one in encoded), default=0)
        height = height["step"] * rows * (1.2 * series if series else 1)
    legend = 34 * any((one.get("color", {}).get("legend") or {}).get("orient") == "bottom" for one in encoded)
    slanted = max((len(name) for one in encoded for name in one.get("x", {}).get("sort", ())), default=0)
    return int(height) + 40 + 4 * min(slanted, 40) + legend


def clicked_row(event: DataframeState) -> int | None:
    """The row of a table in which a cell was clicked."""
    cells = event.selection.cells
    return int(cells[0][0]) if cells else None


def listed(rows: Sequence[T], columns: Callable[[T], dict[str, object]], key: str, shows: object, about: str) -> T:
    """A list page by page under a sentence about it; returns the row that was clicked, the first until one is.

    Back to its first page when what it `shows` changes.
    """
    page = choose_page(-(-len(rows) // LISTED), shows, key)
    shown = rows[(page - 1) * LISTED : page * LISTED]
    st.caption(about)
    with table_room(key, len(shown), most=500):
        event = st.dataframe(
            pd.DataFrame([columns(row) for row in shown]), hide_index=True, on_select="rerun",
            selection_mode="single-cell", key=fresh(key), height="content" if len(shown) <= 12 else 460,
        )  # fmt: skip
    chosen = clicked_row(event)
    return shown[chosen if chosen is not None and chosen < len(shown) else 0]


def name_width(names: Iterable[str]) -> int:
    """How wide a column of names is made: as the longest of them, within reason."""
    return min(max([110, *(24 + 6 * len(name) for name in names)]), 320)


def folded(name: str, label: str, icon: str | None = None) -> ExpanderContainer:
    """An expander that tells whether it is `open`: what it holds need not be made, sent and drawn before."""
    return st.expander(label, key=f"folded-{name}", icon=icon, on_change="rerun")


def nothing(text: str) -> None:
    """An empty state that says what to do."""
    st.info(text, icon=":material/info:")


def no_match(wanted: Filter) -> None:
    """The empty state of a page that filters."""
    nothing(t("No battle matches this filter.") if wanted.active else t("There are no battles on this board yet."))


def warn_all(texts: Sequence[str]) -> None:
    """Warnings of the rating, in a box that stays small."""
    if not texts:
        return
    with st.container(border=True):
        for text in texts[:8]:
            st.caption(f":material/warning: {plain(text)}")
        if len(texts) > 8:
            with st.expander(t("{n} more", n=len(texts) - 8)):
                for text in texts[8:]:
                    st.text(text)
