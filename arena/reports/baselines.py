"""Win rates against each of several baselines, in words: the same for the page and the viewer."""

from __future__ import annotations

from arena.reports.board import NOT_MET, Ends, Report
from arena.reports.verdict import Language

_WORDS = {
    "title": ("Against each baseline", "对阵每个基线"),
    "note": (
        "A win rate on this board is the mean of these. A baseline counts one half against itself.",
        "本榜的胜率是这些胜率的平均；基线对自身计为二分之一。",
    ),
}


def word(name: str, language: Language = "en") -> str:
    """One of the words of this section."""
    return _WORDS[name][0 if language == "en" else 1]


def several(report: Report) -> tuple[str, ...]:
    """The baselines, where there are more than one."""
    return report.baselines if len(report.baselines) > 1 else ()


def rates(report: Report) -> list[tuple[str, list[Ends]]]:
    """Every model with its win rates against the baselines, in their order; empty with one."""
    names = several(report)
    return [(row.model, [row.win_rates.get(name, NOT_MET).ends for name in names]) for row in report.models if names]
