"""Lists for a narrow screen: where a table would show its first column alone, every row is a line of text.

Both are sent; the stylesheet shows one of them. A table that has a list beside it has a key that begins with `wide-`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from viz.ui.rendering import as_html
from viz.ui.room import room
from viz.ui.session import language


class Line(NamedTuple):
    """One row of a table."""

    title: str
    told: str
    """What stands below the title, smaller."""
    value: str
    """What one looks for; beside the title."""
    beside: str = ""
    """How sure that is, below the value."""
    page: str = "battle"
    parameters: Mapping[str, object] = {}
    """The page that a tap opens."""


def phone_list(name: str, lines: Sequence[Line], line_height: int) -> None:
    """The list, on narrow screens alone; a line is usually so many pixels high."""
    with room(name, line_height * len(lines), on="phone-"):
        st.html(f'<div class="phone">{"".join(map(_line, lines))}</div>')


def _line(line: Line) -> str:
    query = urlencode({**line.parameters, "lang": language()}, doseq=True, errors="replace")
    beside = f"<small>{as_html(line.beside)}</small>" if line.beside else ""
    return (
        f'<a href="{as_html(f"{line.page}?{query}")}" target="_self"><span class="what"><b>{as_html(line.title)}</b>'
        f"<small>{as_html(line.told)}</small></span>"
        f'<span class="value"><b>{as_html(line.value)}</b>{beside}</span></a>'
    )
