"""Showing a text that somebody else wrote, safely and not too long."""

from __future__ import annotations

import streamlit as st

from viz.ui.figures import count
from viz.ui.rendering import LIMIT, safe_markdown
from viz.ui.session import t


def text(content: str, key: str, *, raw: bool = False, cut: int | None = LIMIT) -> None:
    """A text in a box that nothing in it can leave; cut at a readable length unless `cut` is None."""
    whole = cut is None or len(content) <= cut or st.session_state.get(f"all-{key}", False)
    shown = content if whole else content[:cut]
    with st.container(key=f"text-{key}"):
        if not shown.strip():
            st.caption(t("(empty)"))
        elif raw:
            st.code(shown, language=None, wrap_lines=True)
        else:
            st.markdown(safe_markdown(shown))
    if cut is not None and len(content) > cut:
        st.checkbox(t("Show all {n} characters", n=count(len(content))), key=f"all-{key}")
