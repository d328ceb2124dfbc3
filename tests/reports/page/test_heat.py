"""Colours of the match-up grid."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest


@pytest.mark.parametrize("theme", [0, 1, 2])
def test_numbers_are_legible_in_every_heat_cell(theme: int) -> None:
    """In light, dark and print: at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    css = files("arena.reports.page").joinpath("page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", css.split(":root {")[theme + 1].split("}")[0]))
    card, ink = channels(colours["card"]), channels(colours["ink"])
    cells = re.findall(r"\.h\d+ \{ background: color-mix\(in srgb, var\(--(\w+)\) (\d+)%, var\(--card\)\)", css)
    assert len(cells) == 21
    for name, part in cells:
        mixed = [int(part) / 100 * c + (1 - int(part) / 100) * own
                 for c, own in zip(channels(colours[name]), card, strict=True)]  # fmt: skip
        light, dark = sorted((luminance(mixed), luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, part)


def channels(colour: str) -> list[float]:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]


def luminance(rgb: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
