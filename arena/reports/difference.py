"""The difference between two models of a board, as it is said wherever the board is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from arena.reports.board import Ends, Report
from arena.reports.verdict import ranked, short_name


@dataclass(frozen=True, slots=True)
class Difference:
    """first − second, in points of what the board draws (ratings or scores)."""

    first: str
    second: str
    points: Ends
    """Without a value where one of the two is unbounded: then one end is known."""
    digits: int = 0

    @property
    def text(self) -> str:
        """`fine-tune − base: +105 [76, 133]`."""
        return self.told()

    def told(self, shown: Callable[[str], str] = str) -> str:
        """The same, names written as the medium wants them."""
        return f"{shown(short_name(self.first))} − {shown(short_name(self.second))}: {self.amount}"

    @property
    def amount(self) -> str:
        """`+105 [76, 133]`, or `≥ +852` where only one end is known."""
        return f"{self.lead} {self.ends}".rstrip()

    @property
    def lead(self) -> str:
        """`+105`, or the end that is known."""
        value, low, high = self.points.value, self.points.low, self.points.high
        if value is None:
            return f"≥ {self._number(low, '+')}" if low is not None else f"≤ {self._number(high, '+')}"
        return self._number(value, "+")

    @property
    def ends(self) -> str:
        """`[76, 133]`; empty where the interval is not known."""
        value, low, high = self.points.value, self.points.low, self.points.high
        known = value is not None and low is not None and high is not None
        return f"[{self._number(low)}, {self._number(high)}]" if known else ""

    def _number(self, value: float | None, sign: str = "") -> str:
        known = round(value or 0.0, self.digits) + 0.0  # never −0
        return f"{known:{sign if known else ''}.{self.digits}f}".replace("-", "−")


def main_difference(report: Report) -> Difference | None:
    """The one to look at first: the best model against the baseline where there is one, else against the second.

    None where it is not known, or models fall into groups that never met.
    """
    rows = ranked(report)
    if len(rows) < 2 or len({row.component for row in rows}) > 1:
        return None
    first, second = rows[0].model, rows[1].model
    if report.baseline in {row.model for row in rows}:
        first, second = second if first == report.baseline else first, str(report.baseline)
    return difference(report, first, second)


def difference(report: Report, first: str, second: str) -> Difference | None:
    """first − second, from the board's pairs; None where it is not known."""
    for pair in report.pairs:
        if (pair.diff, pair.low, pair.high) == (None, None, None) or {pair.a, pair.b} != {first, second}:
            continue
        ends = Ends(pair.diff, pair.low, pair.high)
        if pair.a != first:
            ends = Ends(_negated(pair.diff), _negated(pair.high), _negated(pair.low))
        return Difference(first, second, ends, 2 if report.single else 0)
    return None


def _negated(value: float | None) -> float | None:
    return None if value is None else -value
