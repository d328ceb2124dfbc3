"""Every text of the interface exists in Chinese."""

from __future__ import annotations

import ast
import string

from kit.paths import ROOT

from arena.ratings.methods import METHODS
from arena.reports.columns import IMPLIED, board_columns
from viz.pages import PAGES
from viz.ui.pieces import REASONS, STYLES
from viz.ui.words import CHINESE
from viz.views.battles import FLAG_NAMES, STATE_NAMES
from viz.views.leaderboard import EXPLAINED
from viz.views.vote import CHOICES

VIZ = ROOT / "viz"


def _texts() -> set[str]:
    found = {
        *REASONS.values(),
        *STYLES.values(),
        *FLAG_NAMES.values(),
        *STATE_NAMES.values(),
        *(label for _, label, _, _ in CHOICES),
        *(column.heading("viewer") for column in board_columns() if "viewer" in column.media),
        *(method.main.title.capitalize() for method in METHODS.values()),
        *EXPLAINED.values(),
        IMPLIED.capitalize(),
        *(words for page in PAGES for words in (page.title, page.group.strip("\u200b"), page.without) if words),
    }
    for path in VIZ.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="t"), args=[ast.Constant(value=text), *_]):
                    found.add(text)
    return found


def test_every_text_has_its_chinese() -> None:
    assert sorted(_texts() - CHINESE.keys()) == []


def test_no_chinese_text_is_left_over() -> None:
    assert sorted(CHINESE.keys() - _texts()) == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [text for text, chinese in CHINESE.items() if names(text) != names(chinese)] == []


def test_no_module_of_the_viewer_hides_one_of_the_standard_library() -> None:
    import sys

    names = {path.stem for path in VIZ.glob("*.py")} | {path.name for path in VIZ.iterdir() if path.is_dir()}
    assert sorted(names & sys.stdlib_module_names) == []
