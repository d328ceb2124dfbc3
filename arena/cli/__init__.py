"""The command line. Commands are imported when they are called, so that `arena --help` stays fast."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import NamedTuple, TextIO

import click

from arena import __version__


class Lazy(NamedTuple):
    """Where a command lives, and its line in the overview."""

    target: str
    summary: str


COMMANDS: dict[str, Lazy] = {
    "run": Lazy("arena.cli.run:run", "Answer, review, rate: whatever is still missing."),
    "plan": Lazy("arena.cli.plan:plan", "Calls, tokens and cost before anything is sent."),
    "check": Lazy("arena.cli.check:check", "Validate a config and everything it refers to; no call."),
    "try": Lazy("arena.cli.try_:try_", "One battle, live: prompt, raw reply, parse, tokens and cost."),
    "show": Lazy("arena.cli.show:show", "One stored battle, with prompts and raw replies."),
    "view": Lazy("arena.cli.view:view", "The viewer, in the browser: leaderboard, battles, judges, votes."),
    "report": Lazy("arena.cli.report:report", "One self-contained HTML file to share."),
    "rate": Lazy("arena.cli.rate:rate", "Ratings of any battle file, with intervals."),
    "bench": Lazy("arena.cli.bench:bench", "Benchmarks with right answers, under the same config."),
    "score": Lazy("arena.cli.score:score", "Answers by rule: metrics against references, beside the judges."),
    "probe": Lazy("arena.cli.probe:probe", "Disturbed questions, leaks, unequal treatment, long texts: what changes."),
    "load": Lazy("arena.cli.load:load", "How fast endpoints serve, level by level: a load test."),
    "review": Lazy("arena.cli.review:review", "Another judge over the answers a board has."),
    "agree": Lazy("arena.cli.agree:agree", "A judge against people: agreement, biases, what votes are missing."),
    "gate": Lazy("arena.cli.gate:gate", "May NEW take OLD's place? PASS, FAIL or INCONCLUSIVE, for people and CI."),
    "diff": Lazy("arena.cli.diff:diff", "Two boards compared."),
    "trend": Lazy("arena.cli.trend:trend", "Ratings over several boards, where they share a scale."),
    "compare": Lazy("arena.cli.compare:compare", "Before and after: what one model learnt and forgot against another."),
    "record": Lazy("arena.cli.record:record", "What was evaluated, how, with which data: a record for auditors."),
    "init": Lazy("arena.cli.init:init", "A new board in a folder, ready to run."),
    "import": Lazy("arena.cli.import_:import_", "Another tool's files into a board; rated without a call."),
}


OVERVIEW = {"-h", "--help", "--version"}
"""What needs nothing but this module: no log, no file, no text of anybody."""


class Interrupted(Exception):
    """Ctrl-C or SIGTERM, past click, which answers them with an empty line."""


class LazyGroup(click.Group):
    """Looks commands up in `COMMANDS` and imports one only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All command names, in the order of daily use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, written from the summaries without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an interruption leaves no blank line behind."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest known name."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            close = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"; did you mean {close[0]}?" if close else f" (have: {', '.join(COMMANDS)})"
            raise click.UsageError(f"no command {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="arena")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Which model answers better, and how sure is that? An LLM-as-judge arena with an Elo leaderboard.

    Start with `arena run -c cfg_demo.yaml`: a real board, offline, in seconds.
    """
    if ctx.invoked_subcommand is None:
        from arena.cli.terminal import say

        say(ctx.get_help())


_PATHS = ("EACCES", "EPERM", "EROFS", "ENAMETOOLONG", "ELOOP", "ENOTDIR", "EISDIR", "EIO")
"""What is the matter with a path that a user gave, and no bug."""
_FULL = ("ENOSPC", "EDQUOT")
_LONGEST = 2000
"""Characters of a problem that are shown: what it quotes may be a whole file's line."""


def _say(text: str) -> None:
    """One line on stderr, whatever line ends stand in what it quotes."""
    from arena.cli.terminal import say
    from arena.redact import redact

    line = redact(text).replace("\n", "\\n")
    with suppress(OSError):  # who does not read it is told by the exit code
        say(line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}", err=True)


def main() -> None:
    """Run the command line: one line for an expected error, its exit code, and a traceback only for a bug."""
    from arena.cli.interrupt import signals_interrupt
    from arena.errors import ArenaError

    if not OVERVIEW.issuperset(sys.argv[1:]):
        from arena.cli.terminal import visible
        from arena.redact import install

        install(visible)
    stdout, stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: PTH123, SIM115
    sys.stdout, sys.stderr = stdout, stderr
    for stream in (stdout, stderr):  # an answer may hold half a character, a terminal may know no Chinese
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with signals_interrupt():
            code = group.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (click.exceptions.Abort, Interrupted, KeyboardInterrupt):
        _say("arena: interrupted")
        sys.exit(130)
    except click.ClickException as error:
        _say(f"arena: {error.format_message()}")
        sys.exit(2)
    except ArenaError as error:
        from arena.redact import as_written

        _say(f"arena: {as_written(str(error))}")
        sys.exit(error.exit_code)
    except SystemExit as end:
        if sys.stdout is stdout and not isinstance(end.__context__, BrokenPipeError):  # click's and Rich's answer to it
            raise
        _write_nowhere(sys.stdout, sys.stderr)
        sys.exit(0)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0)
        if name not in _PATHS + _FULL:
            raise
        if name in _FULL:
            _write_nowhere(sys.stdout)
        _say(f"arena: {error.filename}: {error.strerror}" if error.filename else f"arena: {error}")
        sys.exit(3 if name in _FULL else 2)


def _write_nowhere(*streams: TextIO) -> None:
    """What is still to be written there is dropped: at its end Python would try once more, and end with 120."""
    for stream in streams:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
