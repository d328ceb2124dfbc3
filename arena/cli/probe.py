"""`arena probe`, and the table of what probes found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from arena.cli.options import budget_option, names
from arena.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.table import Table

    from arena.board.open import DryRun
    from arena.reports.probes import ProbePart, ProbeScore
    from arena.stages.plan import Plan
    from arena.stages.probe_report import ProbeReport


@click.command()
@click.option("-c", "--config", "--c", "config", metavar="CFG", help="Config file, or the name of a shipped one.")
@click.option("--probes", metavar="A,B", help="These probes; `--list` names them all.")
@click.option("--models", metavar="A,B", help="Ask only these candidates.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only N questions (or shipped texts) of each probe."
)
@click.option("--list", "listing", is_flag=True, help="The probes there are, and what each does.")
@click.option("--retry-errors", is_flag=True, help="Ask again for what came back empty or was turned down.")
@click.option("--retry-unparsed", is_flag=True, help="Ask judges again where no verdict could be read.")
@budget_option
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@click.option("--dry-run", is_flag=True, help="Rehearse without API, GPU, key or engine: invented answers.")
@click.option("--json", "as_json", is_flag=True, help="Print reports/probes.json instead of the table.")
def probe(
    config: str | None,
    probes: str | None,
    models: str | None,
    limit: int | None,
    listing: bool,
    retry_errors: bool,
    retry_unparsed: bool,
    budget_usd: float | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Ask every candidate disturbed questions, and see whether its answers change.

    What is stored is never asked again. Nothing of a probe enters the board's answers, reviews or ratings.
    """
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.plan import approve_plan
    from arena.cli.progress import console_progress
    from arena.config.loading import load_config
    from arena.stages.options import RunOptions
    from arena.stages.probe import run_probes

    def approve(plan: Plan) -> None:
        progress.pause()
        approve_plan(plan, ask=not yes)

    if listing:
        print_list()
        return 0
    chosen = names(probes, "--probes")
    if config is None or chosen is None:
        raise click.UsageError("needs -c CFG and --probes A,B (--list names the probes)")
    with says_how_to_go_on():
        options = RunOptions((), names(models), limit, retry_errors, retry_unparsed, budget_usd=budget_usd)
        kind: DryRun | None = "all" if dry_run else None
        with console_progress() as progress:
            result = run_probes(load_config(config), chosen, options, progress, kind, approve)
    if result.report is not None and as_json:
        sys.stdout.write((result.report.folder / "probes.json").read_text(encoding="utf-8"))
    elif result.report is not None:
        print_probes(result.report, chosen)
    for problem in result.problems:
        say(f"arena: {problem}", err=True)
    return result.exit_code


def print_list() -> None:
    """Every row of PROBES."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import console_on
    from arena.cli.table import WIDTH_OF_A_PIPE
    from arena.probes import PROBES

    table = Table("probe", "about", "what it does and counts", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, row in PROBES.items():
        table.add_row(name, row.group, row.about)
    console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE).print(table)


def print_probes(report: ProbeReport, chosen: tuple[str, ...]) -> None:
    """A row for every probe and model, what it rests on, and under it what is left out."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE

    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if report.simulated:
        console.print(simulated("no model was asked, these numbers are invented."))
    rows = [
        (name, model, own[name])
        for name in dict.fromkeys(chosen)
        for model, own in report.scores.items()
        if name in own
    ]
    columns = [
        Shown("probe", [name for name, _, _ in rows], left=True),
        Shown("model", [model for _, model, _ in rows], left=True),
        Shown("counts", [score.metric for *_, score in rows], left=True, spare=2),
        Shown("result", [_result(score) for *_, score in rows], spare=5),
        Shown("undisturbed", [_control(score) for *_, score in rows], spare=3),
        Shown("effect", [_effect(score, report.level) for *_, score in rows]),
        Shown("n", [f"{score.n:,}" for *_, score in rows], spare=4),
    ]
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
    for table in _parts(rows, console.width, report.level):
        console.print(table)
    for line in _remarks(rows):
        console.print(line, style="dim", markup=False)
    counted = ", ".join(f"{name} {metric}" for name, metric in {name: score.metric for name, _, score in rows}.items())
    console.print(f"what results count: {counted} (`arena probe --list` says more)", style="dim", markup=False)
    basis = f"{100 * report.level:.10g}% intervals, clustered by question"
    console.print(f"{basis}; * surely not 0, all probes of the model counted in (Holm)", style="dim")
    say(f"{report.folder / 'probes.json'}")


def _result(score: ProbeScore) -> str:
    """A share with its interval; a difference stands under its effect."""
    return "–" if score.metric == "difference" else _share(score)


def _control(score: ProbeScore) -> str:
    return "–" if score.control is None or score.metric == "difference" else f"{100 * score.control:.1f}%"


def _share(part: ProbePart) -> str:
    if part.value is None:
        return "–"
    ends = "" if part.low is None or part.high is None else f" [{100 * part.low:.1f}, {100 * part.high:.1f}]"
    return f"{100 * part.value:.1f}%{ends}"


def _effect(part: ProbePart, level: float) -> str:
    """Disturbed minus undisturbed; marked where it is surely not 0, all that is looked at counted in."""
    if part.effect is None:
        return "–"
    low, high = part.effect_low, part.effect_high
    if low is None or high is None:
        return _signed(part.effect)
    sure = " *" if (low > 0 or high < 0) and (part.p_holm or 0.0) < 1 - level else ""
    return f"{_signed(part.effect)} [{_signed(low)}, {_signed(high)}]{sure}"


def _signed(share: float) -> str:
    """`−22.5`, in percentage points."""
    return f"{100 * share:+.1f}".replace("-", "−")


def _remarks(rows: Sequence[tuple[str, str, ProbeScore]]) -> Iterator[str]:
    """What a row rests on, and what is left out of it."""
    for name, model, score in rows:
        parts = [
            (score.n_unchanged, "left as they are"), (score.n_failed, "failed"), (score.n_pending, "not asked yet"),
            (score.n_undecided, "undecided"),
        ]  # fmt: skip
        said = [f"{n:,} {words}" for n, words in parts if n]
        said += [f"compared by {', '.join(f'{by} {n:,}' for by, n in score.by.items())}"] if len(score.by) > 1 else []
        if said:
            yield f"{name}, {model}: {'; '.join(said)}"
        if score.metric == "difference" and score.control is not None:
            ends = f"[{_signed(score.control_low or 0)}, {_signed(score.control_high or 0)}]"
            leaning = f"{_signed(score.control)} {ends}"
            yield f"{name}, {model}: one answer under both names, the judge's own leaning: {leaning}"
        if (toxic := score.toxicity) is not None and toxic.value is not None and toxic.control is not None:
            both = f"{100 * toxic.value:.1f}% and {100 * toxic.control:.1f}%"
            yield f"{name}, {model}: toxicity of the answers about either, {both}: {_effect(toxic, 1.0)}"


def _parts(rows: Sequence[tuple[str, str, ProbeScore]], width: int, level: float) -> Iterator[Table]:
    """What probes that disturb no question found part by part: a column for every model, or a grid for each."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, fill
    from arena.reports.probes import CROSSED

    shown: dict[str, dict[str, Mapping[str, ProbePart]]] = {}
    for name, model, score in rows:
        first = next(iter(score.parts), None)
        if first is None or score.group == "disturbance":
            continue
        if CROSSED in first:
            shown |= {f"{model}: {first}": _grid(score.parts[first])}
        else:
            shown.setdefault(f"{name} by {first}", {})[model] = score.parts[first]
    for title, columns in shown.items():
        keys = list(dict.fromkeys(key for own in columns.values() for key in own))
        cells = [
            Shown(head, [_part(own.get(key), level, ends=CROSSED not in title) for key in keys])
            for head, own in columns.items()
        ]
        table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, pad_edge=False)
        yield fill(table, [Shown("", keys, left=True), *cells], width)


def _grid(parts: Mapping[str, ProbePart]) -> dict[str, Mapping[str, ProbePart]]:
    """By the second of two facts, and by the first."""
    from arena.reports.probes import CROSSED

    columns = dict.fromkeys(key.partition(CROSSED)[2] for key in parts)
    return {
        column: {key.partition(CROSSED)[0]: part for key, part in parts.items() if key.partition(CROSSED)[2] == column}
        for column in columns
    }


def _part(part: ProbePart | None, level: float, *, ends: bool) -> str:
    if part is None or part.value is None:
        return "–"
    if not ends:
        return f"{100 * part.value:.0f}%"
    return _share(part) if part.effect is None else _effect(part, level)
