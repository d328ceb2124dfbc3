"""`arena init`."""

from __future__ import annotations

from pathlib import Path

import click

from arena.cli.terminal import say

FILES = ("config.yaml", "questions.jsonl", "README.md")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """A new board in DIR: questions, config, README, ready to run.

    Nothing that is there already is overwritten.
    """
    from arena.config.shipped import shipped
    from arena.errors import InputError
    from arena.files import write_atomically

    taken = [name for name in FILES if (folder / name).exists()]
    if taken or (folder.exists() and not folder.is_dir()):
        raise InputError(f"{folder}: holds {', '.join(taken) or 'no folder'} already; choose another DIR")
    for name in FILES:
        write_atomically(folder / name, (shipped("configs") / "starter" / name).read_bytes())
    config = folder / "config.yaml"
    say(f"{folder}: config.yaml, questions.jsonl (10 questions), README.md")
    say(f"rehearse it without a key:  arena run -c {config} --dry-run")
    say(f"then for real:              arena run -c {config}")
