"""The worked examples under docs/extending, taken at their word: files and rows added to a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.paths import ROOT

_FILE = re.compile(r"`([\w./-]+)`[^\n`]*:\n\n```(\w+)\n(.*?)^```$", re.M | re.S)
COPIED = ("arena", "viz", "configs", "data")


@dataclass(frozen=True)
class Recipe:
    """One page: what it adds, what it runs, what it says comes out."""

    files: dict[str, str]
    rows: dict[str, str]
    """By file, as a patch: lines that stand there, and lines with a + that are added after them."""
    commands: list[list[str]]
    shown: list[str]
    """Parts of lines that the commands print, in this order."""


def read_recipe(page: Path) -> Recipe:
    """A page's blocks: each file and row is announced by its path in backticks and a colon."""
    text = page.read_text(encoding="utf-8")
    named = [(path, language, body) for path, language, body in _FILE.findall(text)]
    commands = re.findall(r"^arena (.*)$", "\n".join(re.findall(r"^```bash\n(.*?)^```$", text, re.M | re.S)), re.M)
    shown = re.findall(r"^```text\n(.*?)^```$", text, re.M | re.S)
    return Recipe(
        {path: body for path, language, body in named if language != "diff"},
        {path: body for path, language, body in named if language == "diff"},
        [shlex.split(command) for command in commands],
        [line for block in shown for line in block.splitlines()],
    )


def checkout(folder: Path, recipe: Recipe) -> Path:
    """A copy of the checkout with a recipe's files and rows in it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, body in recipe.files.items():
        assert not (folder / path).exists(), f"{path} is there already"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(body, encoding="utf-8")
    for path, patch in recipe.rows.items():
        (folder / path).write_text(_with_rows((folder / path).read_text(encoding="utf-8"), patch), encoding="utf-8")
    return folder


def _with_rows(text: str, patch: str) -> str:
    """The text with the +lines of a patch, each after the nearest line named before it."""
    lines, place = text.splitlines(), 0
    for line in patch.splitlines():
        if line.startswith("+"):
            lines.insert(place, line[1:])
            place += 1
        else:
            place = lines.index(line[1:], place) + 1
    return "\n".join(lines) + "\n"


def cook(folder: Path, commands: list[list[str]], page: str | None = None, **parameters: str) -> list[Any]:
    """Run commands in a copy of the checkout, in one process of its own: [exit code, stdout, stderr] for each.

    `view` opens the viewer's page of that name without a browser: [its exceptions, its texts, its tables].
    """
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "tests")]),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "COLUMNS": "200",
    }
    task = json.dumps({"commands": commands, "page": page, "parameters": parameters})
    done = subprocess.run(
        [sys.executable, "-P", "-c", _DRIVER], input=task, capture_output=True, text=True, cwd=folder, env=environment,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return list(json.loads(done.stdout.splitlines()[-1]))


_DRIVER = """
import json, sys
from pathlib import Path

from kit.commands import arena


def view(arguments, page, parameters):
    from streamlit.testing.v1 import AppTest
    from arena.cli.view import _of_config

    options = _of_config(arguments[arguments.index("-c") + 1], None)
    sys.argv = ["app.py", *(f"{option}={value}" for option, value in options.items())]
    at = AppTest.from_file(str(Path("viz/main.py").absolute()), default_timeout=60)
    for name, value in parameters.items():
        at.query_params[name] = value
    if page:
        at.switch_page(f"views/{page}.py")
    at.run()
    for switch in at.toggle:
        switch.set_value(True)
    at.run()
    kinds = (at.title, at.caption, at.markdown, at.code, at.info, at.metric, at.get("html"))
    texts = [str(getattr(element, "value", None) or element.proto) for kind in kinds for element in kind]
    return [[e.value for e in at.exception], texts, [frame.value.to_csv() for frame in at.dataframe]]


task = json.load(sys.stdin)
results = []
for command in task["commands"]:
    if command[0] == "view":
        results.append(view(command, task["page"], task["parameters"]))
    else:
        done = arena(*command)
        results.append([done.returncode, done.stdout, done.stderr])
import arena
assert Path(arena.__file__).is_relative_to(Path.cwd()), arena.__file__
print()
print(json.dumps(results))
"""
