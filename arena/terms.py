"""Words that stand in the rows of battles, known without the nouns that calls are made of."""

from __future__ import annotations

from typing import Literal

BattleState = Literal["rated", "pending", "excluded"]

PANEL = "panel"
"""The judge of the rows that average several judges; no judge of one's own may have this name."""
