"""The leaderboard on a terminal, from the object that leaderboard.json holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from arena.cli.console import NEEDED, Shown, console_on, fill, simulated
from arena.reports.baselines import several
from arena.reports.board import NOT_MET, Ends, Report, Standing
from arena.reports.columns import BoardColumn, Kind, columns_of, line_of, main_column
from arena.reports.difference import difference, main_difference
from arena.reports.flags import flags_text
from arena.reports.leaderboard import basis, games_text, open_end, rank_text, set_text
from arena.reports.numbers import amount, more_decimals
from arena.reports.schedule import scheduled
from arena.reports.stability import firmness
from arena.reports.verdict import verdict_of
from arena.reports.weights import aside_told, weights_told

WIDTH_OF_A_PIPE = 160


def print_board(
    report: Report,
    folder: Path | None = None,
    console: Console | None = None,
    pair: tuple[str, str] | None = None,
    said: Collection[str] = (),
) -> None:
    """Print the leaderboard, under it what was left out and why, and at the end what it says in one sentence.

    `pair`: the two models whose difference is shown, first − second; without it the board's main one. `said`: warnings
    that the screen shows elsewhere.
    """
    console = console or board_console()
    rows = report.models
    if report.simulated:
        console.print(simulated("No model was asked: these numbers are invented."))
    table = Table(title=_title(report), title_justify="left", title_style="bold", header_style="bold",
                  row_styles=["", "dim"] if len(rows) > 12 else None)  # fmt: skip
    last = [row for row in rows if not row.set_aside]
    console.print(fill(table, [*_columns(report), *_against(report), *_criteria(report)], console.width, len(last)))
    loads = {load for row in rows if (load := row.performance.load) is not None}
    speeds = {column.heading("terminal") for column in columns_of(report, "terminal") if column.name in SPEEDS}
    if len(loads) > 1 and speeds & {str(column.header) for column in table.columns}:
        console.print(f"speeds under different loads ({', '.join(sorted(loads))}) do not compare", style="dim")
    for line in footer(report):
        console.print(line, style="dim", soft_wrap=True)
    for warning in (text for text in dict.fromkeys(report.warnings) if text not in said):
        console.print(Text.assemble(("!", "yellow"), f" {warning}"), soft_wrap=True)
    if folder is not None:
        console.print(f"reports: {_relative(folder)}", style="dim", soft_wrap=True)
    for line in conclusion(report, pair):
        console.print(line, style="bold", soft_wrap=True)


def conclusion(report: Report, pair: tuple[str, str] | None = None) -> list[str]:
    """The verdict, and the difference between two models where it is known; of a rehearsal they say so."""
    found = main_difference(report) if pair is None else difference(report, *pair)
    lines = [verdict_of(report).text, *([found.text] if found is not None else [])]
    if pair is not None and found is None:
        lines.append(f"{pair[0]} − {pair[1]}: no difference is known")
    return [f"SIMULATED: {line}" for line in lines] if report.simulated else lines


def board_console() -> Console:
    """The terminal; wide enough for whole rows where the output is a pipe."""
    return console_on(width_of_a_pipe=WIDTH_OF_A_PIPE)


def footer(report: Report) -> list[str]:
    """What the numbers rest on, and what was left out of them and why."""
    lines = [basis(report)]
    if (about := scheduled(report)) is not None:
        lines.append(about.sentence(len(report.models)))
    lines += firmness(report)
    lines += [text for text in (weights_told(report), aside_told(report)) if text is not None]
    if report.excluded:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(report.excluded.items()))
        lines.append(f"left out: {reasons}")
    if report.pending:
        lines.append(f"pending: {report.pending:,} {'scores' if report.single else 'battles'} not asked yet")
    return lines


def with_interval(shown: str, ends: Ends, digits: int, factor: float = 1.0) -> str:
    """A number as it is shown, and its interval behind it; an open end is said as such."""
    if ends.low is None and ends.high is None:
        return shown
    low, high = fixed(ends.low, digits, factor, "−∞"), fixed(ends.high, digits, factor, "+∞")
    return f"{shown} [{low}, {high}]"


def fixed(value: float | None, digits: int, factor: float = 1.0, missing: str = "–") -> str:
    """A number with so many digits."""
    return missing if value is None else f"{factor * value:.{digits}f}"


def _title(report: Report) -> str:
    parts = [(report.mode or "leaderboard").replace("_", " ")]
    if report.baselines:
        parts.append(f"baseline{'s' if len(report.baselines) > 1 else ''} {', '.join(report.baselines)}")
    if report.judges:
        parts.append(f"judged by {', '.join(report.judges)}")
    return " · ".join(parts)


def _columns(report: Report) -> list[Shown]:
    """The columns of this board; the model and what ranks it stay on the narrowest terminal."""
    shown, main = [], main_column(report).name
    for place, column in enumerate(columns_of(report, "terminal")):
        draw = partial(CELLS[column.kind], column, _more(column, report))
        left, spare = column.name == "model", column.spare
        if spare is None and column.name not in {"model", main}:
            spare = NEEDED + 50 - (0 if column.name == "rank" else place)
        shown.append(Shown(column.heading("terminal"), [draw(row) for row in report.models], left, spare))
    return shown


def _more(column: BoardColumn, report: Report) -> int:
    factor, decimals = DECIMALS.get(column.kind, (0.0, 0))
    return narrow(map(column.shown_ends, report.models), decimals, factor) if factor else 0


def _against(report: Report) -> list[Shown]:
    """One column per baseline, where there are several."""
    shown = []
    for place, name in enumerate(several(report)):
        ends = [row.win_rates.get(name, NOT_MET).ends for row in report.models]
        cells = [share(e, narrow(ends, 0, 100.0)) for e in ends]
        shown.append(Shown(f"vs {name}", cells, spare=4.5 - place / 1000))
    return shown


def _criteria(report: Report) -> list[Shown]:
    """One column per criterion of single mode; a criterion that is 0 or 1 is shown as a rate."""
    shown = []
    for place, name in enumerate(report.criteria):
        ends = [row.criterion(name) for row in report.models]
        rate = report.is_rate(name)
        more = narrow(ends, 0 if rate else 2, 100.0 if rate else 1.0)
        cells = [share(e, more) if rate else score(e, more) for e in ends]
        shown.append(Shown(name, cells, spare=NEEDED - 1 - place / 1000))
    return shown


def share(ends: Ends, more: int = 0) -> str:
    """A share in percent, with its interval where it has both ends; `more` decimals than usual."""
    if ends.value is None:
        return "–"
    shown = f"{100 * ends.value:.{max(1, more)}f}%"
    both = ends.low is not None and ends.high is not None
    return with_interval(shown, ends, more, 100) if both else shown


def score(ends: Ends, more: int = 0) -> str:
    """A judge's score and its interval."""
    return with_interval(fixed(ends.value, 2 + more), ends, 2 + more)


def narrow(ends: Iterable[Ends], decimals: int, factor: float = 1.0) -> int:
    """How many decimals more than usual the intervals of one column need."""
    widths = (e.high - e.low for e in ends if e.high is not None and e.low is not None)
    return more_decimals((factor * width for width in widths), decimals)


def _points(column: BoardColumn, more: int, row: Standing) -> str:
    ends = column.shown_ends(row)
    missing = open_end(row) if column.unbounded else "–"
    return with_interval(fixed(ends.value, more, missing=missing), ends, more)


def _measured(column: BoardColumn, more: int, row: Standing, form: Callable[[float], str]) -> str:
    value = column.ends(row).value
    return "–" if value is None else form(value)


def _seconds(ends: Ends) -> str:
    """A median, with the 95th percentile behind it."""
    if ends.value is None:
        return "–"
    return f"{amount(ends.value, 2)} s" + ("" if ends.high is None else f" ({amount(ends.high, 2)})")


def _relative(folder: Path) -> Path:
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder


SPEEDS = {"output_tokens_per_s", "latency_p50_s", "ttft_p50_s"}
DECIMALS: Mapping[Kind, tuple[float, int]] = {"points": (1.0, 0), "percent": (100.0, 0), "score": (1.0, 2)}
"""By what an interval's ends are multiplied, and how many decimals they usually have."""
CELLS: Mapping[Kind, Callable[[BoardColumn, int, Standing], str]] = {
    "set": lambda _, more, row: set_text(row),
    "rank": lambda column, more, row: rank_text(line_of(column, row)),
    "model": lambda _, more, row: row.model,
    "points": _points,
    "percent": lambda column, more, row: share(column.shown_ends(row), more),
    "score": lambda column, more, row: score(column.shown_ends(row), more),
    "count": partial(_measured, form="{:,.0f}".format),
    "speed": partial(_measured, form=amount),
    "money": partial(_measured, form=lambda value: f"${amount(value, 4)}"),
    "seconds": lambda column, more, row: _seconds(column.ends(row)),
    "games": lambda _, more, row: games_text(row),
    "text": lambda column, more, row: column.text(row),
    "flags": lambda _, more, row: flags_text(row.flags),
}
"""How the terminal writes each kind of column, with so many decimals more than usual."""
