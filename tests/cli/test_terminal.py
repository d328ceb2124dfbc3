"""Nothing that a model, a server or a file says acts on the terminal, whichever command shows it."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
import yaml
from kit.api_boards import board_on
from kit.boards import arithmetic_board, edit_config, write_jsonl
from kit.commands import Done, arena
from kit.paths import ROOT
from kit.servers import Fail, FakeServer
from kit.terminals import at_a_terminal
from rich.table import Table

from arena.cli.console import console_on
from arena.cli.terminal import shown, visible
from arena.redact import remember_secrets

CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8=\x07"
TITLE = "\x9d0;pwned\x9c"
HOSTILE_NAME = f"llama3:x:latest [red]x[/red] {CLIPBOARD}"


def acting(text: str) -> list[str]:
    """The characters of a text that a terminal would obey."""
    return [c for c in text if c not in "\n\t" and (unicodedata.category(c) == "Cc" or c in "\u202e\u2066")]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred", "\\x1b[31mred"),
        (CLIPBOARD, "\\x1b]52;c;cm0gLXJmIC8=\\x07"),
        (TITLE, "\\x9d0;pwned\\x9c"),
        ("first\r\nsecond", "first\nsecond"),
        ("shown\rover it", "shown\\x0dover it"),
        ("\x08\x7f\x00", "\\x08\\x7f\\x00"),
        ("\u202eevil", "\\u202eevil"),
        ("中文 ünïcödé 👍 :x: [bold]", "中文 ünïcödé 👍 :x: [bold]"),
    ],
)
def test_what_would_act_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen
    assert visible(seen) == seen


def test_what_is_shown_holds_no_secret() -> None:
    remember_secrets(["sk-0123456789"])
    assert shown("key \x1b sk-0123456789") == "key \\x1b [redacted]"


def test_a_console_takes_text_as_it_is() -> None:
    out = io.StringIO()
    table = Table(title=f"title {HOSTILE_NAME}")
    table.add_column(f"head {TITLE}")
    table.add_row(HOSTILE_NAME)
    console = console_on(out, 200)
    console.print(table)
    console.print(HOSTILE_NAME, style="bold")
    assert acting(out.getvalue()) == []
    assert out.getvalue().count("llama3:x:latest [red]x[/red] ") == 3


def hostile_board(folder: Path) -> Path:
    """A board whose model, answers and question act on a terminal that shows them raw."""
    config = arithmetic_board(folder, 3)
    entries = yaml.safe_load(config.read_text())["answers_gen"]
    write_jsonl(
        folder / "right.jsonl", [{"question_id": q, "answer": f"{CLIPBOARD}It is {q + 7}.{TITLE}"} for q in range(3)]
    )
    return edit_config(config, answers_gen={HOSTILE_NAME: entries["right"], "half": entries["half"]})


def commands(config: Path) -> dict[str, tuple[str | Path, ...]]:
    out = config.parent / "out"
    return {
        "run": ("run", "-c", config),
        "again": ("run", "-c", config),
        "check": ("check", "-c", config),
        "plan": ("plan", "-c", config, "--redo", f"model={HOSTILE_NAME}"),
        "show": ("show", "-c", config, "1", HOSTILE_NAME, "half"),
        "try": ("try", "-c", config),
        "rate": ("rate", out / "reports/battles.jsonl", "--pairs", "--by", "category"),
        "rate json": ("rate", out / "reports/battles.jsonl", "--json"),
        "diff": ("diff", out, out),
        "diff json": ("diff", out, out, "--json"),
        "dry run": ("run", "-c", config, "--dry-run"),
        "no such model": ("show", "-c", config, "1", f"{CLIPBOARD}x", "half"),
        "no such option": ("run", "-c", config, f"--{CLIPBOARD}"),
        "no such file": ("run", "-c", f"{CLIPBOARD}.yaml"),
    }


def test_no_command_lets_a_hostile_board_act(tmp_path: Path) -> None:
    done: dict[str, Done] = {name: arena(*args) for name, args in commands(hostile_board(tmp_path)).items()}
    assert {name: acting(d.stdout + d.stderr) for name, d in done.items() if acting(d.stdout + d.stderr)} == {}
    assert {name: d.returncode for name, d in done.items() if d.returncode} == {
        "no such model": 2, "no such option": 2, "no such file": 2
    }  # fmt: skip
    for name in ("run", "check", "show", "try", "rate", "diff"):
        said = done[name].stdout + done[name].stderr
        assert "llama3:x:latest [red]x[/red] \\x1b]52;c;" in said, name
    rated = json.loads(done["rate json"].stdout)
    assert HOSTILE_NAME in [row["model"] for row in rated["models"]]


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_servers_error_does_not_act(tmp_path: Path, status: int) -> None:
    with FakeServer(lambda call: Fail(status, f"no {CLIPBOARD} such {TITLE} model :x: [red]")) as server:
        done = arena("run", "-c", board_on(server, tmp_path, n_questions=2, api_key_env=None))
    assert done.returncode in (2, 3)
    assert acting(done.stdout + done.stderr) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.slow
def test_at_a_terminal_a_hostile_board_is_drawn_and_does_not_act(tmp_path: Path) -> None:
    config = hostile_board(tmp_path)
    for width, args in ((40, ("run", "-c", config)), (40, ("show", "-c", config, "1", HOSTILE_NAME, "half"))):
        seen = at_a_terminal(*args, width=width)
        assert seen.returncode == 0, seen.text
        assert acting(seen.undrawn) == []
        assert "llama3:x:latest" in seen.undrawn or width < 60


def test_alone_it_prints_its_help() -> None:
    done = arena()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Commands:" in done.stdout and "Usage:" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str) -> None:
    start = "import sys; sys.argv = ['arena']; from arena.cli import main; main()"  # in a process: typer patches click
    words = {
        "_ARENA_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "arena r",
        "COMP_CWORD": "r" if shell == "fish" else "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", start], env=os.environ | words, capture_output=True, text=True, check=True
    )
    assert {"run", "report", "rate", "review"} <= set(re.findall(r"\w+", done.stdout))


@pytest.mark.parametrize("name", ["mine", "mine.yaml", "./mine", "cfg_demo", "cfg_demo.yaml"])
def test_a_configs_suffix_may_be_left_out(tmp_path: Path, name: str) -> None:
    arithmetic_board(tmp_path, 2).rename(tmp_path / "mine.yaml")
    done = arena("check", "-c", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_check_names_models_and_addresses_without_what_is_secret(tmp_path: Path) -> None:
    entry = {
        "backend": "openai",
        "model": "org/m-7b",
        "base_url": "https://me:hidden-word@host.example/v1?api-key=hidden-too",
    }
    config = arithmetic_board(tmp_path, 2, judges={"j": entry, "rule": {"backend": "reference"}})
    done = arena("check", "-c", config)
    assert done.returncode == 0, done.stderr
    assert "judge       j: openai org/m-7b at https://[redacted]@host.example/v1?[redacted]\n" in done.stdout
    assert "judge       rule: reference\n" in done.stdout
    assert "hidden" not in done.stdout + done.stderr


def test_recorded_answers_are_read_not_asked(tmp_path: Path) -> None:
    done = arena("run", "-c", arithmetic_board(tmp_path, 2))
    assert "answers of right: 2 to read" in done.stderr
    assert "reviews by reference: 6 to ask" in done.stderr


def test_only_one_place_writes_to_the_terminal() -> None:
    """`terminal` and what Rich draws through `console`; the pages of docs/cli.md are the developers' own."""
    writers = []
    for path in sorted((ROOT / "arena").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
                if called in {"print", "click.echo", "click.secho", "Console", "Text.from_markup", "Text.from_ansi"}:
                    writers.append(path.relative_to(ROOT / "arena/cli").as_posix())
    assert sorted(set(writers)) == ["reference.py", "terminal.py"]


def test_the_overview_loads_neither_log_nor_secrets_nor_types() -> None:
    code = "import sys; sys.argv[1:] = ['--help']; import arena.cli\n"
    code += "try: arena.cli.main()\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "arena.cli" in loaded
    assert loaded.isdisjoint(
        {"logging", "json", "urllib.parse", "arena.redact", "arena.types", "rich", "pydantic", "yaml"}
    )
