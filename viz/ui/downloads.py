"""The leaderboard as files: the stored object itself, and tables and pictures made of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, cast

import streamlit as st

from arena.files import to_json
from arena.reports.board import Report
from arena.reports.leaderboard import to_csv, to_markdown
from viz.charts.leaderboard import Estimate, forest
from viz.charts.looks import LIGHT, styled
from viz.ui.session import t


def downloads(report: Report, estimates: Sequence[Estimate], title: str) -> None:
    """Buttons that make their file when they are pressed."""
    axis = f"{t('Rehearsal')}: {title}" if report.simulated else title
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("Download"), width="content")
        for label, name, mime, make in (
            ("JSON", "leaderboard.json", "application/json", lambda: as_json(report)),
            ("CSV", "leaderboard.csv", "text/csv", lambda: as_csv(report)),
            ("Markdown", "leaderboard.md", "text/markdown", lambda: as_markdown(report)),
            ("PNG", "leaderboard.png", "image/png", lambda: as_picture(estimates, axis, "png")),
            ("SVG", "leaderboard.svg", "image/svg+xml", lambda: as_picture(estimates, axis, "svg")),
        ):
            st.download_button(label, make, name, mime, key=f"download-{label}", on_click="ignore", type="tertiary")


def as_json(report: Report) -> bytes:
    """leaderboard.json's object, as stored or as rated for the filter."""
    return to_json(report.stored)


def as_csv(report: Report) -> bytes:
    """The table as the command line writes it."""
    return to_csv(report).encode("utf-8", "replace")


def as_markdown(report: Report) -> bytes:
    """The table as the command line writes it."""
    return to_markdown(report).encode("utf-8", "replace")


def as_picture(estimates: Sequence[Estimate], title: str, kind: str) -> bytes:
    """The forest plot as a picture on white."""
    drawn = cast("Any", forest(estimates, title, LIGHT)).properties(width=760)
    out = io.BytesIO() if kind == "png" else io.StringIO()
    cast("Any", styled(drawn, LIGHT, background="white")).save(
        out, format=kind, **({"ppi": 144} if kind == "png" else {})
    )
    value = out.getvalue()
    return value if isinstance(value, bytes) else value.encode()
