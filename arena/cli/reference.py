"""docs/cli.md, written from the commands themselves: `python -m arena.cli.reference [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from arena.cli import COMMANDS, group

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
WIDTH = 100

COMPLETION = (
    "## Shell completion", "",
    "Commands and options complete with Tab once the shell has read the script that the program writes for it:", "",
    "```text",
    'eval "$(_ARENA_COMPLETE=bash_source arena)"       in ~/.bashrc (bash 4.4 or newer)',
    'eval "$(_ARENA_COMPLETE=zsh_source arena)"        in ~/.zshrc',
    "_ARENA_COMPLETE=fish_source arena | source        in ~/.config/fish/completions/arena.fish",
    "```",
)  # fmt: skip


def render() -> str:
    """The page: the overview and every command's help."""
    context = click.Context(group, info_name="arena", max_content_width=WIDTH, terminal_width=WIDTH)
    parts = ["# Commands", "", "Written by `python -m arena.cli.reference`; `make check` compares it with the program.",
             "", *_block(group.get_help(context))]  # fmt: skip
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context, max_content_width=WIDTH, terminal_width=WIDTH)
        parts += ["", f"## arena {name}", "", *_block(command.get_help(below))]
    return "\n".join([*parts, "", *COMPLETION]) + "\n"


def _block(text: str) -> list[str]:
    return ["```text", *(line.rstrip() for line in text.splitlines()), "```"]


def main() -> int:
    """Write the page, or with --check say whether it is up to date."""
    page = render()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") == page:
            return 0
        print(f"{PAGE.name} is out of date; run: python -m arena.cli.reference", file=sys.stderr)
        return 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
