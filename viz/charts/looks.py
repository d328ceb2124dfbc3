"""Colours for light and dark, and the altair theme made of them."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one theme."""

    dark: bool
    text: str
    muted: str
    line: str
    accent: str
    a: str
    """Model A, wins, high values."""
    b: str
    """Model B, losses, low values."""
    tie: str
    middle: str
    """The neutral middle of a diverging scale."""
    ink: str
    """Text on the strongest colours."""
    series: tuple[str, ...] = (
        "#3E63DD", "#E5762B", "#2A9D8F", "#B0479B", "#8A6FD1", "#C2A01E", "#D64550", "#5C7FA3", "#6A994E", "#9A6B4F",
    )  # fmt: skip


LIGHT = Look(False, "#171A21", "#667085", "#E1E4EA", "#3451D1", "#3E63DD", "#E5762B", "#98A2B3", "#F4F5F7", "#FFFFFF")
DARK = Look(True, "#E7E9EE", "#98A2B3", "#2B313D", "#8098FF", "#6D8BFF", "#F08C4A", "#667085", "#20252F", "#0F1218")
FONT = '"Source Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'


def styled(chart: alt.TopLevelMixin, look: Look, *, background: str | None = None) -> alt.TopLevelMixin:
    """A chart in the colours of the theme; with a background when it leaves the page as a file."""
    return (
        chart.configure(background=background or "transparent", font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=look.muted, titleColor=look.muted, gridColor=look.line, domainColor=look.line,
            tickColor=look.line, labelFontSize=12, titleFontSize=12, titleFontWeight="normal", labelLimit=240,
        )
        .configure_legend(labelColor=look.text, titleColor=look.muted, titleFontWeight="normal", labelLimit=240)
        .configure_title(color=look.text, fontSize=14, anchor="start", fontWeight=600)
        .configure_header(labelColor=look.muted, titleColor=look.muted)
    )  # fmt: skip
