"""Ways to rate: a file is a method (or the arithmetic behind one), a row of `METHODS` its place on the board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arena.ratings.columns import Column, with_ends


@dataclass(frozen=True, slots=True)
class Method:
    """A rating method: what it shows and what it rates."""

    columns: tuple[Column, ...]
    """Its numbers in the models of leaderboard.json; the first is what it ranks by."""
    of_scores: bool = False
    """Whether it rates scores of single answers, not battles."""

    @property
    def main(self) -> Column:
        """The number that it ranks by."""
        return self.columns[0]


METHODS: Mapping[str, Method] = {
    "bradley_terry": Method((
        with_ends("rating", "rating", "points"),
        Column("unbounded", "unbounded", "text", where="files"),
    )),
    "elo": Method((
        with_ends("elo", "Elo", "points", ends=False),
        Column("elo_order_sd", "Elo's spread over orders", "points", where="files"),
    )),
    "win_rate": Method((
        with_ends("win_rate", "win rate", "percent"),
        with_ends("win_rate_overall", "win rate over all battles", "percent", where="json"),
        Column("lc_win_rate", "LC win rate", "percent"),
    )),
    "score": Method((with_ends("score", "score", "score"),), of_scores=True),
}  # fmt: skip
"""By the names in leaderboard.json's `ranked_by`, `arena rate --method` and `rating_gen.metrics`."""
