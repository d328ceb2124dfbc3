"""The interface in Chinese, keyed by its English text."""

from __future__ import annotations

CHINESE: dict[str, str] = {"Leaderboard": "排行榜"}
