"""The app around the pages: navigation, language, style. Runs from the top on every interaction."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

if (_above := str(Path(__file__).resolve().parent.parent)) not in sys.path:
    sys.path.insert(0, _above)

from viz import ahead

ahead.wait()

from arena.errors import ArenaError, InputError
from viz.charts.looks import Look
from viz.pages import PAGES, Page
from viz.ui.choices import choose, enter_page
from viz.ui.pieces import nothing
from viz.ui.rendering import as_html, plain, shortened
from viz.ui.session import (
    LANGUAGES,
    board,
    look,
    look_at_files,
    preferred_language,
    simulated,
    source,
    t,
    was_rewritten,
)

REPEATS = 3
"""How often a page is drawn again in a row because a run is writing what it reads."""


def main() -> None:
    """Draw the frame and run the chosen page."""
    st.set_page_config(page_title="arena", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide")
    try:
        asked = source()
    except InputError as error:
        st.error(plain(error), icon=":material/error:")
        st.stop()
    look_at_files()
    groups: dict[str, list[StreamlitPage]] = {}
    for row in PAGES:
        groups.setdefault(t(row.group), []).append(_in_navigation(row))
    page = st.navigation(groups, expanded=True)
    shown = next(row for row in PAGES if row.path == page.url_path)
    enter_page(page.url_path)
    st.logo(_wordmark(look()), size="large")
    with st.sidebar:
        name = as_html(shortened(asked.name, 40))
        st.html(f'<div class="brand"><span title="{name}">{name}</span></div>')
        choose(t("Language"), LANGUAGES, "lang", default=preferred_language())
    if simulated():
        words = t("Rehearsal: every answer and verdict here is simulated.")
        if asked.answers_of is not None:
            words = t("Rehearsal: the answers are real, every verdict is simulated.")
        st.html(f'<div class="banner">{as_html(words)}</div>')
    if not shown.hidden:
        st.title(t(shown.title))
    if _on_this_board(shown):
        _draw(page)
    else:
        nothing(t(shown.without))


def _draw(page: StreamlitPage) -> None:
    """Run a page; once more where files changed under it, and say in words what cannot be read."""
    state = st.session_state
    try:
        page.run()
    except ArenaError as error:
        state["drawn again"] = state.get("drawn again", 0) + 1
        if was_rewritten() and state["drawn again"] <= REPEATS:
            st.rerun()
        st.error(plain(error), icon=":material/error:")
    state["drawn again"] = 0


def _wordmark(look: Look) -> str:
    bars = "".join(
        f'<line x1="{x1}" x2="{x2}" y1="{y}" y2="{y}" stroke="{c}" stroke-width="2.2" stroke-linecap="round"/>'
        f'<circle cx="{(x1 + x2) / 2}" cy="{y}" r="3" fill="{c}"/>'
        for y, x1, x2, c in ((7, 2, 22, look.a), (14, 0, 14, look.text), (21, 8, 24, look.b))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="110" height="28" viewBox="0 0 110 28">{bars}'
        f'<text x="34" y="21" font-family="Source Sans, Segoe UI, Helvetica, Arial, sans-serif" font-size="22" '
        f'font-weight="700" letter-spacing="-0.5" fill="{look.text}">arena</text></svg>'
    )


def _in_navigation(row: Page) -> StreamlitPage:
    return st.Page(
        f"views/{row.name}.py", title=t(row.title), icon=f":material/{row.icon}:", url_path=row.path or None,
        default=not row.path, visibility="hidden" if row.hidden else "visible",
    )  # fmt: skip


def _on_this_board(row: Page) -> bool:
    match row.needs:
        case "opponents":
            return board().kind != "scores"
        case "folder":
            return source().board is not None
        case None:
            return True


main()
