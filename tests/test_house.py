"""The map of the house is true: every room is drawn, each with what it says of itself, in the order of the imports."""

from __future__ import annotations

import re
import subprocess
from collections import Counter

import pytest
import yaml
from kit.house import HOUSES, PAGE, draw, render, storeys
from kit.paths import ROOT
from kit.recipes import read_recipe

EXAMPLES = sorted(f"docs/extending/{page.name}" for page in (ROOT / "docs" / "extending").glob("*.md"))


def test_the_page_shows_the_tree_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == render(page), "redraw it: PYTHONPATH=tests python -m kit.house"


@pytest.mark.parametrize("house", HOUSES)
def test_every_room_stands_in_a_layer(house: str) -> None:
    drawn = [room for storey in storeys(house) for room in storey]
    there = {path.parent.name for path in (ROOT / house).glob("*/__init__.py")}
    there |= {path.stem for path in (ROOT / house).glob("*.py")} - {"__init__", "__main__"}
    assert sorted(drawn) == sorted(there)


def test_the_readme_lists_the_folders_there_are() -> None:
    tree = re.search(r"^```text\n(arena/ .*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert tree is not None
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    folders = {path.split("/")[0] for path in tracked if "/" in path and not path.startswith(".")}
    listed = re.findall(r"^(\w+)/", tree[1], re.M)
    assert set(listed) == folders or not folders
    assert [name for name in listed if not (ROOT / name).is_dir()] == []


def test_a_commit_runs_what_make_check_runs() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert recipe is not None
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    lines = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    assert [hook["entry"] for hook in repository["hooks"]] == lines
    assert all(hook["always_run"] and not hook["pass_filenames"] for hook in repository["hooks"])


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/house.md", *EXAMPLES])
def test_a_page_for_contributors_names_files_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:arena|viz|tests|configs|measurements|docs)/[\w./-]*|[a-zA-Z]+\.md)`", text))
    own = set(read_recipe(ROOT / page).files) | {"configs/prompts/NAME.yaml"}
    assert [path for path in sorted(named - own) if not (ROOT / path).exists()] == []


def test_a_drawing_has_a_wall_between_rooms_side_by_side() -> None:
    drawn = draw([["roof"], ["left", "right"]]).splitlines()
    assert [line.count("│") for line in drawn] == [0, 2, 0, 3, 0]
    assert [line[len(line) // 2] for line in drawn[2:]] == ["┬", "│", "┴"]
    assert {len(line) for line in drawn} == {77}


def test_no_two_test_files_have_one_name() -> None:
    names = [path.stem for path in (ROOT / "tests").rglob("test_*.py")]
    assert [name for name, n in Counter(names).items() if n > 1] == []


def test_a_file_tells_one_story_in_at_most_four_hundred_lines() -> None:
    files = (path for room in ("arena", "viz", "tests", "measurements") for path in (ROOT / room).rglob("*.py"))
    long = {str(path.relative_to(ROOT)): n for path in files if (n := path.read_bytes().count(b"\n")) > 400}
    assert long == {}
