"""arena: an LLM-as-judge arena with an Elo leaderboard."""

__version__ = "0.2.0"
