"""The pages, in the order of the navigation. A page is one row here and one file of its name in views/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame knows about a page. Its texts are English; viz/ui/words.py has the Chinese."""

    name: str
    """Its file in views/, and its path in the address (the first page's is empty)."""
    title: str
    icon: str
    """Of Google's Material Symbols."""
    group: str = ""
    """The heading in the navigation under which it stands."""
    needs: Literal["opponents", "folder"] | None = None
    """Boards that have the page: where models met (not: single scores), boards in a folder (not: a battles file)."""
    without: str = ""
    """What it says on the others."""
    hidden: bool = False
    """Reached by links alone; it draws its own title."""

    @property
    def path(self) -> str:
        """What stands in the address after the host."""
        return "" if self is PAGES[0] else self.name


_UNDERSTAND, _TAKE_PART = "Understand", "Take part"

PAGES = (
    Page("leaderboard", "Leaderboard", "leaderboard"),
    Page("battles", "Battles", "list"),
    Page("matchups", "Matchups", "grid_on", _UNDERSTAND, "opponents",
         "Scores have no opponents: this board was judged one answer at a time."),
    Page("categories", "Categories", "category", _UNDERSTAND),
    Page("reasons", "Reasons", "psychology_alt", _UNDERSTAND, "folder", "A single battles file has no reasons."),
    Page("judges", "Judge health", "monitor_heart", _UNDERSTAND),
    Page("benchmarks", "Benchmarks", "quiz", _UNDERSTAND, "folder", "A single battles file has no benchmarks."),
    Page("scores", "Scores by rule", "straighten", _UNDERSTAND, "folder",
         "A single battles file has no scores by rule."),
    Page("load", "Load tests", "speed", _UNDERSTAND, "folder", "A single battles file has no load tests."),
    Page("probes", "Probes", "science", _UNDERSTAND, "folder", "A single battles file has no probes."),
    Page("vote", "Vote", "how_to_vote", _TAKE_PART, "opponents",
         "There are no pairs to vote on: this board was judged one answer at a time."),
    Page("live", "Live", "bolt", _TAKE_PART, "folder", "A single battles file has no run to watch."),
    Page("runs", "Runs", "compare_arrows", _TAKE_PART, "folder", "A single battles file has no board to compare."),
    Page("trend", "Over time", "timeline", _TAKE_PART, "folder", "A single battles file has no board to compare."),
    Page("battle", "Battle", "swords", "\u200b", hidden=True),
)  # fmt: skip
