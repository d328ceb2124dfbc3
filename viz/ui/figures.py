"""Numbers as people read them. A missing number is a dash, never a zero."""

from __future__ import annotations

from arena.reports.numbers import amount

DASH = "–"


def points(value: float | None) -> str:
    """A rating, as whole points."""
    return DASH if value is None else f"{value:.0f}"


def margin(value: float | None, low: float | None, high: float | None, *, scale: float = 1.0, digits: int = 0) -> str:
    """How far an interval reaches to both sides; one number when it is symmetric."""
    if value is None or (low is None and high is None):
        return DASH
    up = "∞" if high is None else f"{(high - value) * scale:.{digits}f}"
    down = "∞" if low is None else f"{(value - low) * scale:.{digits}f}"
    return f"± {up}" if up == down else f"+{up} −{down}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share, as percent."""
    return DASH if value is None else f"{value * 100:.{digits}f} %"


def chance(value: float | None) -> str:
    """A probability that was estimated: never certain."""
    if value is None:
        return DASH
    return "> 99.9 %" if value > 0.999 else "< 0.1 %" if value < 0.001 else percent(value)


def money(value: float | None) -> str:
    """US dollars, with as many digits as a small amount needs."""
    if value is None:
        return DASH
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.2g}" if value < 0.01 else f"${value:.3f}"


def seconds(value: float | None) -> str:
    """A duration."""
    if value is None:
        return DASH
    if value >= 5400:
        return f"{value / 3600:.1f} h"
    if value >= 90:
        return f"{value / 60:.0f} min"
    return f"{amount(value, 2)} s" if value < 10 else f"{value:.0f} s"


def count(value: float | None) -> str:
    """A whole number with thin thousands."""
    return DASH if value is None else f"{value:,.0f}"


def rank_range(rank: int | None, low: int | None, high: int | None) -> str:
    """A rank with the ranks that its interval allows."""
    if rank is None:
        return DASH
    return str(rank) if low is None or high is None or low == high else f"{rank}  ({low}–{high})"
