"""Places that are kept for what takes a moment to appear: a table or a chart that pushes nothing down when it comes."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

STEP, MOST = 20, 100
"""Pixels between two heights that style.css knows, and how many there are."""


def room(name: str, height: float, *, on: str = "") -> DeltaGenerator:
    """A container of at least this height; `on` is `wide-` or `phone-` for what one kind of screen alone shows."""
    steps = min(max(round(height / STEP), 1), MOST)
    return st.container(key=f"{on}room-{steps}-{name}")


def table_room(name: str, rows: int, row_height: int = 35, *, most: int = STEP * MOST, on: str = "") -> DeltaGenerator:
    """The same for a table of so many rows, with its head."""
    return room(name, min(row_height * rows + 37, most), on=on)


def rooms_css() -> str:
    """What the stylesheet says about them: the heights, which no attribute can carry."""
    return "".join(f'[class*="room-{n}-"]{{min-height:{n * STEP}px}}' for n in range(1, MOST + 1))
