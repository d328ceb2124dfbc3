"""Shares and rates with intervals over questions, for whatever the board reports beside its ratings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from arena.ratings.means import clustered_share
from arena.ratings.voters import codes_of


class Share(NamedTuple):
    """A mean of values in [0, 1]; the ends are None where nothing is known about them."""

    value: float
    low: float | None
    high: float | None
    n_questions: int


def share_of(values: Sequence[float], question_ids: Sequence[str], level: float) -> Share:
    """The mean with Wilson's interval at the effective number of questions. There must be a value."""
    mean = clustered_share(np.array(values, dtype=float), codes_of(question_ids), level)
    return Share(mean.value or 0.0, mean.low, mean.high, len(set(question_ids)))
