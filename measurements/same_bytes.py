"""Whether two checkouts of this project do the same: bytes of reports, keys of what is stored, and every help text.

python measurements/same_bytes.py OLD_CHECKOUT NEW_CHECKOUT [--keep FOLDER] [--all]

Each checkout runs with the Python of its own `.venv`, one after the other: help of every command; the sample board; a
rehearsal of every shipped config; every import of tests/fixtures; the boards of earlier versions; and `report`, `rate`,
`agree` and `diff` on what came of it. Prints what differs, each with its first difference, or everything with --all.
Exit status 1 when anything does. Times of day and the checkout's path are masked.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

Command = tuple[str, ...]
FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
LAYOUTS = ("llmuses/battle", "llmuses/swapped", "llmuses/single", "alpaca_eval/original", "alpaca_eval/repackaged",
           "arena_hard/v01", "arena_hard/v2", "mt_bench/.", "orq_arena/.")  # fmt: skip
COMMANDS = ("run", "plan", "check", "try", "show", "view", "report", "rate", "review", "agree", "diff", "init",
            "import")  # fmt: skip
COMPARED = {".json", ".jsonl", ".csv", ".md", ".html"}
SHOWN = 160
"""Characters of a first difference, at most."""

DRIVER = """
import contextlib, io, json, sys
from arena.cli import main
for command in json.load(sys.stdin):
    out, err, sys.argv = io.StringIO(), io.StringIO(), ["arena", *command]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        code = 0
    except SystemExit as stop:
        code = stop.code
    except Exception as error:
        code = repr(error)
    print(json.dumps([code, out.getvalue(), err.getvalue() if code not in (0, None) else ""]))
"""


class Checkout:
    """One version of the program, and the folder it works in."""

    def __init__(self, root: Path, work: Path) -> None:
        self.root, self.work = root.resolve(), work
        self.found: dict[str, str] = {}
        """What was printed and written, by the command or the file."""

    def run(self, commands: list[Command]) -> None:
        """Run commands in one process, in the working folder, and keep what they print."""
        done = subprocess.run([self.root / ".venv/bin/python", "-c", DRIVER], input=json.dumps(commands), cwd=self.work,
                              capture_output=True, text=True, check=False)  # fmt: skip
        for command, line in zip(commands, done.stdout.splitlines(), strict=False):
            code, out, err = json.loads(line)
            self.found[self._masked(f"arena {' '.join(command)}")] = self._masked(f"exit {code}\n{err}{out}")
        if done.returncode:
            raise SystemExit(f"{self.root}: {done.stderr}")

    def collect(self) -> None:
        """Keep every report that lies in the working folder, and the keys of everything stored."""
        for path in sorted(self.work.rglob("*")):
            name = str(path.relative_to(self.work))
            if path.parent.name == "reports" and path.suffix in COMPARED:
                self.found[name] = self._masked(path.read_bytes().decode("utf-8", "replace"))
            elif path.parent.name in {"answers", "reviews"} and path.suffix == ".jsonl":
                lines = path.read_text(encoding="utf-8").splitlines()
                self.found[name + " (keys)"] = "\n".join(sorted(json.loads(line).get("key") or "" for line in lines))

    def _masked(self, text: str) -> str:
        text = text.replace(str(self.work), "WORK").replace(str(self.root), "CHECKOUT")
        return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "TIME", text)


def commands_of(work: Path, configs: list[str]) -> Iterator[list[Command]]:
    """Everything to run, in groups of one process each."""
    yield [("--help",), *((name, "--help") for name in COMMANDS)]
    yield list(_board(Path("cfg_demo.yaml"), Path("runs/demo")))
    yield [command for name in configs for command in ((kind, "-c", name, "--dry-run") for kind in ("run", "report"))]
    for layout in LAYOUTS:
        tool, _, rest = layout.partition("/")
        folder = "imports" / Path(layout)
        yield [("import", tool, str(Path("fixtures", tool, rest)), "--out", str(folder))]
        yield list(_board(folder / "config.yaml", folder / _output_of(work / folder / "config.yaml")))
    for board in sorted(work.glob("fixtures/boards_*/*/config.yaml")):
        folder = board.parent.relative_to(work)
        yield list(_board(folder / "config.yaml", folder / _output_of(board)))
    for name, second in (("openai", "second/one"), ("vllm", "second")):
        chosen = ("-c", str(next(work.glob(f"fixtures/boards_*/{name}/config.yaml"))))
        yield [("agree", *chosen, "--judge", "first", "--with", second, "--json"),
               *(("show", *chosen, question, "base", "other") for question in ("1", "two"))]  # fmt: skip


def _board(config_file: Path, output: Path) -> Iterator[Command]:
    """What one board is asked."""
    config, battles = str(config_file), str(output / "reports/battles.jsonl")
    yield ("run", "-c", config, "--yes", "--stage", "answers", "--stage", "reviews", "--stage", "ratings")
    yield ("plan", "-c", config)
    yield ("report", "-c", config)
    yield ("rate", battles, "--json", "--pairs")
    yield ("rate", battles, "--method", "elo,win_rate", "--interval", "bootstrap", "--by", "category")
    yield ("diff", config, config, "--json")


def _output_of(config: Path) -> str:
    """The output folder that a config names, relative to it."""
    named = re.search(r"^output_dir: (.*)$", config.read_text(encoding="utf-8"), re.M)
    assert named is not None
    return named[1]


def differences(old: dict[str, str], new: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """Everything that was found in either, with the first difference or None."""
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            yield name, "only in the new one" if before is None else "only in the old one"
        else:
            yield name, None if before == after else first_difference(before, after)


def first_difference(before: str, after: str) -> str:
    """Where two texts part, in both."""
    at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    start = max(0, at - SHOWN // 2)
    return f"at {at}:\n    - {before[start : start + SHOWN]!r}\n    + {after[start : start + SHOWN]!r}"


def main() -> int:
    """Run both, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--keep", type=Path, help="Leave everything in this folder.")
    parser.add_argument("--all", action="store_true", help="Name what is the same too.")
    options = parser.parse_args()
    configs = sorted(path.name for path in (options.old / "configs").glob("cfg_*.yaml"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        both = []
        for name, root in (("old", options.old), ("new", options.new)):
            work = folder / name
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(FIXTURES, work / "fixtures")
            checkout = Checkout(root, work)
            for group in commands_of(work, configs):
                checkout.run(group)
            checkout.collect()
            both.append(checkout.found)
    found = list(differences(*both))
    for name, difference in found:
        if difference or options.all:
            print(f"{name}: {difference or 'same'}")
    differing = sum(difference is not None for _, difference in found)
    print(f"{len(found)} compared, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
