"""Ways to rate: a file is a method (or the arithmetic behind one), a row of `METHODS` its place on the board."""

from __future__ import annotations

import difflib

from arena.ratings.methods.bradley_terry import BRADLEY_TERRY
from arena.ratings.methods.elo import ELO
from arena.ratings.methods.mean_score import MEAN_SCORE
from arena.ratings.methods.method import Method
from arena.ratings.methods.win_rate import WIN_RATE

METHODS: dict[str, Method] = {
    "bradley_terry": BRADLEY_TERRY,
    "elo": ELO,
    "win_rate": WIN_RATE,
    "score": MEAN_SCORE,
}
"""By the names in leaderboard.json's `ranked_by`, `arena rate --method` and `rating_gen.metrics`."""


def methods_of(*, scores: bool) -> list[str]:
    """The methods that rate scores of single answers, or those that rate battles."""
    return [name for name, method in METHODS.items() if (method.of_scores if scores else method.of_battles)]


def wrong_method(name: str, *, scores: bool = False, allowed: str = "allowed:") -> str | None:
    """What to tell somebody who named a method that there is not; None where it is one."""
    known = methods_of(scores=scores)
    if name in known:
        return None
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"found {name!r}, {allowed} {', '.join(known)}{hint}"
