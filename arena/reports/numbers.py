"""How many digits a number needs where people read it."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10

_UNREADABLE = 1e-6
_NARROW = 4.0
"""An interval narrower than so many units of its last digit says too little."""
_MOST_MORE = 3


def amount(value: float, decimals: int = 0) -> str:
    """A number with so many decimals, and more where those would leave fewer than two significant digits."""
    if 0 < abs(value) < _UNREADABLE:
        return f"{value:.1e}"
    if value and abs(value) < 10 ** (1 - decimals):
        decimals = 1 - floor(log10(abs(value)))
    return f"{value:,.{decimals}f}"


def more_decimals(widths: Iterable[float], decimals: int) -> int:
    """How many decimals more than usual it takes so that the narrowest of a column's intervals can be read: many
    battles make intervals of less than a point. Intervals without a width have no say."""
    narrowest = min((width for width in widths if width > 0), default=float("inf"))
    more = 0
    while more < _MOST_MORE and narrowest * 10 ** (decimals + more) < _NARROW:
        more += 1
    return more
