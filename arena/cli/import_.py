"""`arena import`."""

from __future__ import annotations

from pathlib import Path

import click

from arena.cli.terminal import say
from arena.importers import IMPORTERS, read_found_board

*_MOST, _LAST = IMPORTERS
HELP = f"""Turn another tool's files into a board.

FORMAT is {", ".join(_MOST)} or {_LAST}; SRC a file or folder of that tool. Questions, answers and verdicts are kept;
rating and viewing the board takes no call.
"""


@click.command("import", help=HELP)
@click.argument("tool", metavar="FORMAT", type=click.Choice(list(IMPORTERS)))
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.option("--out", "out", required=True, type=click.Path(path_type=Path), help="Folder of the new board.")
@click.option(
    "--force",
    is_flag=True,
    help="Import over what an earlier import wrote there; what is replaced is kept in replaced-N/.",
)
def import_(tool: str, source: Path, out: Path, force: bool) -> None:
    """Read with the tool's importer, write, and say what was found."""
    from arena.errors import InputError
    from arena.importers.writing import check_folder, write_board

    check_folder(out, force=force)
    if force and source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise InputError(
            f"{out}: lies inside {source}, so what was imported there would be read again; move one of them"
        )
    written = write_board(read_found_board(tool, source), out, force=force)
    say(
        f"{written.questions:,} questions, {len(written.models):,} models, "
        + (f"{written.replies:,} replies of {', '.join(written.judges)}" if written.judges else "no verdicts yet")
    )
    if written.without_verdict:
        say(f"{written.without_verdict:,} replies hold no verdict: kept and counted, not rated")
    for note in written.notes:
        say(note)
    for config in written.configs[1:]:
        say(f"verdicts of the other kind: arena run -c {config}")
    say(f"next: arena run -c {written.configs[0]}    arena view -c {written.configs[0]}")
