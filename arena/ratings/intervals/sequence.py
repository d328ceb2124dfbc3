"""Intervals that hold at every look while questions come in, and what differences can be seen, watched or not.

The sum of n centred differences over √(planned), divided by their standard deviation, is a Brownian motion at time
n/planned (Donsker), and P(sup over t ≤ 1 of B(t) > b) = 2(1 − Φ(b)). So an end at b·√(planned/n) standard errors, with
b = Φ⁻¹(1 − α/2), is crossed wrongly with probability α at any of the looks together, however many there are and
whenever somebody chooses to look. This is O'Brien and Fleming's boundary (Biometrics 1979), watched all the time; its
crossing probability is Lan and DeMets' spending function α*(t) = 2 − 2Φ(b/√t) (Biometrika 1983). At the end it is 1.96
standard errors, in place of 1.645, for level 0.95; the horizon is what makes it narrower than confidence sequences
without one (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 2024: 2.8).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from arena.ratings.intervals.student_t import t_quantile

FIRST_LOOK = 50
"""Below so many questions nothing is decided: the limit theorem has not set in."""
BETWEEN_LOOKS = 50
"""Questions between two looks, as far as a power is stated."""
_FARTHEST = 6.0
"""Standard errors: beyond, a crossing happens once in 10⁹ questions."""
_SIEGMUND = 0.5826
"""−ζ(½)/√2π: what looks at intervals overshoot a boundary by, in steps."""
_MOST = 10_000_000
_NORMAL = NormalDist()


def watched_level(level: float, questions: int, planned: int) -> float:
    """The two-sided level of an interval after so many of the planned questions, each of whose ends holds with
    probability `level` at all looks together."""
    factor = _at_the_end(level) * math.sqrt(planned / max(1, questions))
    return 2 * _NORMAL.cdf(min(_FARTHEST, max(factor, _at_the_end(level)))) - 1


def detectable(sd: float, questions: int, level: float, power: float = 0.8, *, watched: bool = False) -> float:
    """The smallest difference from the margin that is seen with this power; infinite where nothing can be.

    `sd` is that of one question's difference. Watched: with a look at every `BETWEEN_LOOKS` questions until the last.
    """
    if questions < (FIRST_LOOK if watched else 2):
        return math.inf
    if watched:
        return _drift(level, power, max(1, questions // BETWEEN_LOOKS)) * sd / math.sqrt(questions)
    t = float(t_quantile(2 * level - 1, np.array([questions - 1.0]))[0])
    return (t + _NORMAL.inv_cdf(power)) * sd / math.sqrt(questions)


def questions_needed(
    sd: float, difference: float, level: float, power: float = 0.8, *, watched: bool = False
) -> int | None:
    """How many questions it takes to see a difference from the margin with this power; None for more than 10⁷."""
    low, high = 1, _MOST
    if difference <= 0 or detectable(sd, high, level, power, watched=watched) > difference:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if detectable(sd, middle, level, power, watched=watched) <= difference:
            high = middle
        else:
            low = middle
    return high


def _at_the_end(level: float) -> float:
    return _NORMAL.inv_cdf(1 - (1 - level) / 2)


def _drift(level: float, power: float, looks: int) -> float:
    """The drift of a Brownian motion that crosses the boundary by time 1, at one of so many looks, with this power.

    Either it is beyond at the end, or it was at an earlier look: first passage of a line (Wald's inverse Gaussian) at
    a boundary moved out by Siegmund's correction. The larger of the two is within two points of simulations.
    """
    b = _at_the_end(level)
    low, high = 0.0, 10.0
    while high - low > 1e-9:
        drift, moved = (low + high) / 2, b + _SIEGMUND / math.sqrt(looks)
        passed = _NORMAL.cdf(drift - moved) + math.exp(2 * drift * moved) * _NORMAL.cdf(-moved - drift)
        if max(passed, _NORMAL.cdf(drift - b)) < power:
            low = drift
        else:
            high = drift
    return high
