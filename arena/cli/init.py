"""`arena init`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

_QUESTIONS = {"questions.jsonl": "starter/questions.jsonl", "README.md": "starter/README.md"}
EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "api": {"config.yaml": "starter/config.yaml", **_QUESTIONS},
    "local": {"config.yaml": "starter-local/config.yaml", **_QUESTIONS},
    "files": {
        name: f"starter-files/{name}"
        for name in ("config.yaml", "questions.csv", "answers/base.csv", "answers/tuned.csv", "README.md")
    },
}
"""What a new board begins with, by what its owner has: its files, and where they come from."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--example", type=click.Choice(list(EXAMPLES)), default="api", show_default=True,
              help="api: models behind a key; local: a server on this machine; files: answers you have.")  # fmt: skip
def init(folder: Path, example: str) -> None:
    """A new board in DIR: questions, config, README, ready to run.

    Nothing that is there already is overwritten.
    """
    from arena.cli.terminal import say
    from arena.config.shipped import shipped
    from arena.errors import InputError
    from arena.files import write_atomically

    files = EXAMPLES[example]
    taken = [name for name in files if (folder / name).exists()]
    if taken or (folder.exists() and not folder.is_dir()):
        raise InputError(f"{folder}: holds {', '.join(taken) or 'no folder'} already; choose another DIR")
    for name, source in files.items():
        write_atomically(folder / name, (shipped("configs") / source).read_bytes())
    config = folder / "config.yaml"
    (questions,) = (name for name in files if name.startswith("questions"))
    say(f"{folder}: config.yaml, {questions} (10 questions), README.md")
    if example == "files":
        say(f"run it, without a key:        arena run -c {config}")
        return
    say(f"rehearse it without a key:  arena run -c {config} --dry-run")
    say(f"then for real:              arena run -c {config}")
