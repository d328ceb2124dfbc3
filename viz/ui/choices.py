"""Widgets whose value stands in the URL under a fixed name, whatever language the page is in.

Streamlit's own `bind` writes the label that is shown, which changes with the language, and refuses links that set a
bound parameter, which is what a click on a row is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import isfinite
from typing import TypeVar

import streamlit as st

from viz.ui.rendering import plain

Value = str | int | float | list[str] | None
Word = TypeVar("Word", bound=str)
NONE_CHOSEN = "none"
"""What the URL says where nothing is chosen although something is by default."""
_PREFIX = "url of "


def enter_page(page: str) -> None:
    """Called before a page runs: what the URL said on another page means nothing here."""
    if st.session_state.get("page shown") != page:
        for key in [str(k) for k in st.session_state if str(k).startswith(_PREFIX) and str(k) != f"{_PREFIX}lang"]:
            del st.session_state[key]
        st.session_state["page shown"] = page


def forget_choices() -> None:
    """Back to the defaults of the page; called before it runs again."""
    for key in [str(k).removeprefix(_PREFIX) for k in st.session_state if str(k).startswith(_PREFIX)]:
        if key != "lang":
            st.session_state.pop(key, None)
            st.session_state.pop(f"{_PREFIX}{key}", None)
            st.query_params.pop(key, None)


def choose(label: str, names: Mapping[Word, str], key: str, *, default: Word | None = None) -> Word:
    """One of several words, as a segmented control: {value: the text that is shown}. The first is the default."""
    usual = next(iter(names)) if default is None else default
    _follow_url(key, lambda given: given[0] if given and given[0] in names else usual)
    if st.session_state[key] not in names:
        st.session_state[key] = usual
    chosen = st.segmented_control(
        label, list(names), required=True, key=key, format_func=lambda value: plain(names[value]),
        label_visibility="collapsed", on_change=_to_url, args=(key, usual),
    )  # fmt: skip
    return chosen or usual


def choose_any(
    label: str, names: Mapping[str, str], key: str, *, default: Sequence[str] = (), explained: str | None = None
) -> tuple[str, ...]:
    """Any number of words, as pills; the label is shown where it is explained."""
    usual = [value for value in names if value in default]
    _follow_url(key, lambda given: [value for value in names if value in given] if given else usual)
    _keep_to(names, key)
    chosen = st.pills(
        label, list(names), selection_mode="multi", key=key, format_func=lambda value: plain(names[value]),
        help=explained, label_visibility="visible" if explained else "collapsed", on_change=_to_url,
        args=(key, usual),
    )  # fmt: skip
    return tuple(chosen)


def choose_names(
    label: str,
    options: Sequence[str],
    key: str,
    placeholder: str,
    *,
    default: Sequence[str] = (),
    most: int | None = None,
) -> list[str]:
    """Any number of names from a list."""

    def read(given: list[str]) -> list[str]:
        known = [value for value in dict.fromkeys(given) if value in options]
        return (known or list(default))[:most]

    _follow_url(key, read)
    _keep_to(options, key)
    return st.multiselect(
        label, options, key=key, placeholder=placeholder, max_selections=most, on_change=_to_url, args=(key, None)
    )


def choose_name(
    label: str, options: Sequence[str], key: str, *, default: str | None = None, placeholder: str | None = None
) -> str | None:
    """One name from a list, or none where there is a placeholder."""
    _follow_url(key, lambda given: given[0] if given and given[0] in options else default)
    if st.session_state[key] not in options:
        st.session_state[key] = default  # the list changed under it
    return st.selectbox(label, options, key=key, placeholder=placeholder, on_change=_to_url, args=(key, default))


def choose_number(label: str, key: str, ends: tuple[float, float], usual: float) -> float:
    """A number between two ends, as a slider."""

    def read(given: list[str]) -> float:
        try:
            number = float(given[0]) if given else usual
        except ValueError:
            number = usual
        return min(max(number, ends[0]), ends[1]) if isfinite(number) else usual

    _follow_url(key, read)
    return float(
        st.slider(plain(label), *ends, step=0.5, key=key, format="%g", on_change=_to_url, args=(key, str(float(usual))))
    )


def type_text(
    label: str, key: str, *, placeholder: str | None = None, hide_label: bool = False, wait: str = "300ms"
) -> str:
    """A text to search for, followed while it is typed."""
    _follow_url(key, lambda given: given[0] if given else "")
    typed = st.text_input(
        label, key=key, type="search", live=wait, placeholder=placeholder, icon=":material/search:",
        label_visibility="collapsed" if hide_label else "visible", on_change=_to_url, args=(key, ""),
    )  # fmt: skip
    return str(typed or "")


def choose_page(pages: int, about: object, key: str = "page") -> int:
    """Which page of a long table; back to the first when `about` (what the table shows) changes."""
    _follow_url(key, lambda given: int(given[0]) if given and given[0].isdecimal() and len(given[0]) < 9 else 1)
    if st.session_state.get("pages of", about) != about:
        st.session_state[key] = 1
        _to_url(key, "1")
    st.session_state["pages of"] = about
    st.session_state[key] = min(max(int(st.session_state[key]), 1), pages)
    if pages == 1:
        return 1
    return int(st.pagination(pages, key=key, on_change=_to_url, args=(key, "1")))


def _keep_to(options: Collection[str], key: str) -> None:
    """Let go of what is no longer there to choose: the board changed under the page."""
    chosen = st.session_state[key]
    if not set(chosen) <= set(options):
        st.session_state[key] = [value for value in chosen if value in options]


def _follow_url(key: str, read: Callable[[list[str]], Value]) -> None:
    """Take the value from the URL at first, and whenever the URL changed by itself: a link, the back button.

    A link to the same page without the parameter keeps the value, and gets the parameter.
    """
    given, known = st.query_params.get_all(key), f"{_PREFIX}{key}"
    before = st.session_state.get(known)
    if key not in st.session_state or before is None or (given and given != before):
        st.session_state[key] = read(given)
    elif not given and before:
        st.query_params[key] = before
        return
    st.session_state[known] = given


def _to_url(key: str, usual: str | list[str] | None) -> None:
    value = st.session_state.get(key)
    if value == usual or str(value) == usual or (not value and not usual):
        st.query_params.pop(key, None)
    elif isinstance(value, list):
        st.query_params[key] = value or NONE_CHOSEN
    elif value:
        st.query_params[key] = str(value)
    else:
        st.query_params.pop(key, None)
    st.session_state[f"{_PREFIX}{key}"] = st.query_params.get_all(key)
