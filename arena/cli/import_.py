"""`arena import`."""

from __future__ import annotations

from pathlib import Path

import click

from arena.cli.terminal import say
from arena.importers import IMPORTERS, RUNS, read_found_board, read_runs

*_MOST, _LAST = IMPORTERS
HELP = f"""Turn another tool's files into a board.

FORMAT is {", ".join(_MOST)} or {_LAST}; SRC a file or folder of that tool. Questions, answers and verdicts are kept;
rating and viewing the board takes no call. Finished benchmark runs ({" and ".join(RUNS)}) may be several, each with
a name of its own: base=OUT1 tuned=OUT2.
"""


@click.command("import", help=HELP)
@click.argument("tool", metavar="FORMAT", type=click.Choice(list(IMPORTERS)))
@click.argument("sources", metavar="SRC...", nargs=-1, required=True)
@click.option("--out", "out", required=True, type=click.Path(path_type=Path), help="Folder of the new board.")
@click.option(
    "--force",
    is_flag=True,
    help="Import over what an earlier import wrote there; what is replaced is kept in replaced-N/.",
)
def import_(tool: str, sources: tuple[str, ...], out: Path, force: bool) -> None:
    """Read with the tool's importer, write, and say what was found."""
    from arena.errors import InputError
    from arena.importers.runs import named_source
    from arena.importers.writing import check_folder, write_board

    check_folder(out, force=force)
    if tool not in RUNS and len(sources) > 1:
        raise InputError(f"{tool} is imported from one SRC (several: {' and '.join(RUNS)})")
    for source in sources:
        path = named_source(source)[1] if tool in RUNS else Path(source)
        if force and path.is_dir() and out.resolve().is_relative_to(path.resolve()):
            raise InputError(
                f"{out}: lies inside {path}, so what was imported there would be read again; move one of them"
            )
    found = read_runs(tool, sources) if tool in RUNS else read_found_board(tool, Path(sources[0]))
    written = write_board(found, out, force=force)
    say(
        f"{written.questions:,} questions, {len(written.models):,} models, "
        + (f"{written.replies:,} replies of {', '.join(written.judges)}" if written.judges else "no verdicts yet")
    )
    if written.tasks:
        scored = written.documents - written.without_score
        say(f"{written.tasks:,} benchmark{'s' if written.tasks > 1 else ''}, {scored:,} scored documents")
    if written.without_score:
        say(f"without a score, kept and counted, in no mean: {written.without_score:,}")
    if written.without_verdict:
        say(f"{written.without_verdict:,} replies hold no verdict: kept and counted, not rated")
    for note in written.notes:
        say(note)
    for config in written.configs[1:]:
        say(f"verdicts of the other kind: arena run -c {config}")
    config = written.configs[0]
    if written.scores_alone and len(written.models) > 1:
        from arena.reports.options import arguments

        say(f"next: arena compare -c {config} {arguments(*written.models[:2])}    arena run -c {config}")
        return
    say(f"next: arena run -c {config}    arena view -c {config}")
