"""Bradley–Terry on the Elo scale, R = 1000 + θ·400/ln 10."""

from __future__ import annotations

import math

ELO_SCALE = 400 / math.log(10)
"""Elo points per unit of θ."""
ELO_MEAN = 1000.0
