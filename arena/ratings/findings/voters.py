"""People's votes: how far people agree among themselves, and how many more votes a stated width needs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.means import Mean, clustered_share


class Cast(NamedTuple):
    """One vote: who voted on which battle, and P(the model first by name wins) in {0, ½, 1}."""

    voter: str
    question_id: str
    first: str
    second: str
    outcome: float


class HumanCeiling(NamedTuple):
    """How far voters agree with each other where several have voted on one battle: what a judge can hope for."""

    raw: Mean
    """Share of pairs of votes with the same winner, ties included."""
    decisive: Mean
    """The same where neither calls a tie."""
    n_battles: int
    n_voters: int


def human_ceiling(votes: Sequence[Cast], level: float) -> HumanCeiling:
    """Agreement between two voters on one battle; every battle weighs by its pairs of votes, clustered by question."""
    battles: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for vote in votes:
        battles[vote.question_id, vote.first, vote.second].append(vote.outcome)
    several = {key: outcomes for key, outcomes in battles.items() if len(outcomes) > 1}
    pairs = [(key[0], x, y) for key, outcomes in several.items() for x, y in combinations(outcomes, 2)]
    voters = {vote.voter for vote in votes if (vote.question_id, vote.first, vote.second) in several}
    same = np.array([float(_side(x) == _side(y)) for _, x, y in pairs])
    tied = np.array([_side(x) == 0 or _side(y) == 0 for _, x, y in pairs], dtype=bool)
    clusters = codes_of([question for question, _, _ in pairs])
    return HumanCeiling(
        clustered_share(same, clusters, level),
        clustered_share(np.where(tied, np.nan, same), clusters, level),
        len(several),
        len(voters),
    )


def more_questions(mean: Mean, n_questions: int, half_width: float) -> int | None:
    """How many more questions bring the interval of a share down to ± `half_width`, if votes go on as they are.

    None where there is no interval yet.
    """
    if mean.low is None or mean.high is None or n_questions < 2:
        return None
    now = (mean.high - mean.low) / 2
    return max(0, math.ceil(n_questions * (now / half_width) ** 2 - 1e-6) - n_questions)


def _side(outcome: float) -> int:
    return int(outcome > 0.5) - int(outcome < 0.5)
