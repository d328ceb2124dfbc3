"""Switches whose value stands in the URL under a fixed name, whatever language the page is in.

Streamlit's own `bind` writes the label that is shown, which is right for names of models and wrong for words that
are translated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st


def choose(label: str, names: Mapping[str, str], key: str, *, default: str | None = None) -> str:
    """One of several words, as a segmented control: {value: what is shown}. The first is the default."""
    usual = next(iter(names)) if default is None else default
    _follow_url(key, lambda given: given[0] if given and given[0] in names else usual)
    chosen = st.segmented_control(
        label, list(names), required=True, key=key, format_func=names.__getitem__, label_visibility="collapsed",
        on_change=_to_url, args=(key, usual),
    )  # fmt: skip
    return chosen or usual


def choose_any(label: str, names: Mapping[str, str], key: str) -> tuple[str, ...]:
    """Any number of words, as pills."""
    _follow_url(key, lambda given: [value for value in given if value in names])
    chosen = st.pills(
        label, list(names), selection_mode="multi", key=key, format_func=names.__getitem__,
        label_visibility="collapsed", on_change=_to_url, args=(key, None),
    )  # fmt: skip
    return tuple(chosen)


def _follow_url(key: str, read: Callable[[list[str]], str | list[str]]) -> None:
    """Take the value from the URL at first, and whenever the URL changed by itself: a link, the back button.

    A page that is opened without the parameter keeps the value, and gets the parameter.
    """
    given, known = st.query_params.get_all(key), f"url of {key}"
    if key not in st.session_state or (given and given != st.session_state.get(known)):
        st.session_state[key] = read(given)
    elif not given and st.session_state.get(known):
        st.query_params[key] = st.session_state[known]
        return
    st.session_state[known] = given


def _to_url(key: str, usual: str | None) -> None:
    value = st.session_state.get(key)
    if not value or value == usual:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = value
    st.session_state[f"url of {key}"] = st.query_params.get_all(key)
