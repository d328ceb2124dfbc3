"""Each way to extend the program, as its page shows it: the page's file and row are all there is to add."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from kit.paths import ROOT
from kit.recipes import checkout, cook, read_recipe

pytestmark = pytest.mark.slow
PAGES = ROOT / "docs" / "extending"


class Seen(NamedTuple):
    """Where a recipe shows besides the terminal."""

    report: str
    """In the HTML file that `arena report` writes; empty: this kind does not enter it."""
    page: str
    """The viewer's page that is opened."""
    viewer: tuple[str, ...]
    """In its texts or tables."""
    battle: dict[str, str] = {}  # noqa: RUF012
    """What the address of the page names."""
    files: int = 1
    """How many of the page's files go into the checkout, example boards aside."""
    rows: int = 1
    """To how many tables a row is added."""


RECIPES = {
    "prompt": Seen(
        "spelling-v1", "battle", ("letter by letter? ",), {"question": "w001", "a": "tiny-100", "b": "tiny-500"}, rows=0
    ),
    "format": Seen("grade-v1", "battle", (" A]]",), {"question": "w001", "a": "tiny-500"}, files=2),
    "backend": Seen(
        "length",
        "battle",
        ("4 characters, 4 characters.",),
        {"question": "w002", "a": "tiny-50", "b": "tiny-500"},
        2,
        2,
    ),
    "benchmark": Seen("", "leaderboard", ("wren", "owl"), files=3),
    "importer": Seen("Name a bird.", "battles", ("owl", "Count to 3.")),
    "method": Seen("Centrality", "leaderboard", ("Centrality", "1076.4")),
    "page": Seen("", "lengths", ("Answer lengths", "tiny-500")),
}


@pytest.mark.parametrize("name", RECIPES)
def test_the_page_is_all_it_takes(tmp_path: Path, name: str) -> None:
    recipe, seen = read_recipe(PAGES / f"{name}.md"), RECIPES[name]
    added = [path for path in recipe.files if path.startswith(("arena/", "viz/", "configs/"))]
    assert len(added) == seen.files
    assert len(recipe.rows) == seen.rows
    folder = checkout(tmp_path / "checkout", recipe)
    results = cook(folder, recipe.commands, seen.page, **seen.battle)
    (viewed,) = (result for command, result in zip(recipe.commands, results, strict=True) if command[0] == "view")
    ran = [(command, *result) for command, result in zip(recipe.commands, results, strict=True) if command[0] != "view"]
    assert [(command, code, error) for command, code, _, error in ran if code] == []
    printed = "".join(out for _, _, out, _ in ran)
    place = 0
    for line in recipe.shown:
        assert line in printed[place:], f"{line}\n\n{printed}"
        place = printed.index(line, place)
    if seen.report:
        (report,) = folder.rglob("leaderboard.html")
        assert seen.report in report.read_text(encoding="utf-8")
    exceptions, texts, tables = viewed
    assert exceptions == []
    assert [words for words in seen.viewer if words not in "\n".join([*texts, *tables])] == []


def test_every_recipe_is_told_of_and_tried() -> None:
    linked = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    pages = sorted(page.stem for page in PAGES.glob("*.md"))
    assert pages == sorted(RECIPES)
    assert [name for name in pages if f"(docs/extending/{name}.md)" not in linked] == []


def test_a_recipe_is_a_page_long() -> None:
    for page in PAGES.glob("*.md"):
        assert len(page.read_text(encoding="utf-8").splitlines()) <= 120, page.name


def test_recipes_are_written_like_the_rest(tmp_path: Path) -> None:
    for page in PAGES.glob("*.md"):
        for path, body in read_recipe(page).files.items():
            if path.endswith(".py"):
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_text(body, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ours = 'lint.isort.known-first-party = ["arena", "viz"]'
    for command in (["check", "--config", ours], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_a_row_that_names_a_line_which_is_gone_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "x.md"
    page.write_text("Its row, in `arena/money.py`:\n\n```diff\n no such line\n+x = 1\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no such line"):
        checkout(tmp_path / "checkout", read_recipe(page))
