"""`arena score`, and the table of scores."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from arena.cli.options import budget_option, config_option, names
from arena.cli.terminal import say
from arena.reports.board import read_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from arena.board.open import DryRun
    from arena.reports.scores import MetricScore
    from arena.reports.strengths import Strengths
    from arena.stages.perplexity import PerplexityReport
    from arena.stages.score import ScoreReport
    from arena.types import JSON

MOST = 5
"""Strengths and weaknesses of a model that the terminal lists."""
PROBED = ("safety", "robustness")
"""Parts of the overall number that probes measure."""


@click.command()
@config_option
@click.option("--metrics", metavar="A,B", help="Only these metrics of the config.")
@click.option("--models", metavar="A,B", help="Only these candidates' answers.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only answers to the first N questions.")
@click.option("--dry-run", is_flag=True, help="Score the invented answers of a rehearsal.")
@click.option("--json", "as_json", is_flag=True, help="reports/metrics.json on stdout, with `perplexity` in it.")
@budget_option
@click.option("--yes", is_flag=True, help="Do not ask before a judge that is paid names reasons.")
def score(
    config: str, metrics: str | None, models: str | None, limit: int | None, dry_run: bool, as_json: bool,
    budget_usd: float | None, yes: bool,
) -> int:  # fmt: skip
    """Score the answers of a board by rule: metrics against references, beside the judges and in no rating.

    What was scored stays as it is while answer, reference and metric do. `arena run` does the same after its reviews.
    """
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.progress import console_progress
    from arena.config.loading import load_config
    from arena.stages.options import RunOptions
    from arena.stages.run import run_board

    loaded = load_config(config)
    kind: DryRun | None = "all" if dry_run else None
    options = RunOptions(("scores",), names(models), limit, metrics=names(metrics, "--metrics"))
    with says_how_to_go_on(), console_progress() as progress:
        result = run_board(loaded, options, progress, kind)
    if as_json:
        say(_as_json(result.scores, result.perplexity))
    elif result.scores is not None:
        print_scores(result.scores)
    if result.perplexity is not None and not as_json:
        print_perplexity(result.perplexity)
    problems, code = list(result.problems), result.exit_code
    if result.reasons is not None:
        from arena.cli.reasons import label_and_print

        labelled = label_and_print(loaded, result.reasons, kind, budget_usd, ask=not yes, quiet=as_json)
        problems += labelled.problems
        code = code or labelled.exit_code
    for problem in problems:
        say(f"arena: {problem}", err=True)
    return code


def _as_json(scores: ScoreReport | None, perplexity: PerplexityReport | None) -> str:
    """reports/metrics.json, with reports/perplexity.json as its `perplexity` where that was asked for."""
    from arena.files import from_json, to_json

    shown = {} if scores is None else from_json((scores.folder / "metrics.json").read_bytes())
    assert isinstance(shown, dict)
    if perplexity is not None:
        shown |= {"perplexity": from_json((perplexity.folder / "perplexity.json").read_bytes())}
    return to_json(shown, indent=True).decode()


def print_perplexity(report: PerplexityReport) -> None:
    """A row per model: bits per byte first, which compare across tokenizers."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE

    rows = list(report.models.values())
    if not rows:
        return
    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if report.simulated:
        console.print(simulated("no model was asked, these numbers are invented."))
    columns = [
        Shown("model", list(report.models), left=True),
        Shown("bits per byte", [_with_ends(row, "bits_per_byte", "low", "high", 4) for row in rows]),
        Shown(
            "perplexity per token", [_with_ends(row, "token_perplexity", "token_low", "token_high", 2) for row in rows]
        ),
        Shown("tokens", [f"{row['n_tokens']:,}" for row in rows]),
        Shown("bytes", [f"{row['n_bytes']:,}" for row in rows]),
        Shown("documents", [f"{row['n_documents']:,}" for row in rows]),
    ]
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
    console.print("perplexity: lower is better; per token it does not compare across tokenizers", style="dim")


def _with_ends(row: Mapping[str, JSON], value: str, low: str, high: str, digits: int) -> str:
    known = [row.get(name) for name in (value, low, high)]
    numbers = [f"{one:.{digits}f}" for one in known if isinstance(one, float)]
    return "–" if not numbers else numbers[0] if len(numbers) < 3 else f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def print_scores(report: ScoreReport) -> None:
    """A row per model, a column per metric, with intervals where the terminal is wide enough; under it how each
    compares and what is left out."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE
    from arena.reports.strengths import STRENGTHS, read_strengths

    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if report.simulated:
        console.print(simulated("no model was asked, these numbers are invented."))
    models = [model for model, scores in report.scores.items() if scores]
    metrics = list(dict.fromkeys(name for model in models for name in report.scores[model]))
    head = Shown("model", models, left=True)
    for with_ends in (True, False):
        columns = [Shown(name, [_cell(report.scores[model].get(name), with_ends=with_ends) for model in models])
                   for name in metrics]  # fmt: skip
        if head.width + sum(column.width + 3 for column in columns) <= console.width:
            break
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), [head, *columns], console.width))
    for name in metrics:
        for line in _remarks(name, {m: report.scores[m][name] for m in models if name in report.scores[m]}):
            console.print(line, style="dim", markup=False)
    for line in _findings(read_strengths(report.folder / STRENGTHS), models):
        console.print(line, markup=False)
    for line in _overall(report.folder, models):
        console.print(line, markup=False)
    say(f"{report.folder / 'metrics.json'}")


def _overall(folder: Path, models: list[str]) -> list[str]:
    """The weighted number of each model, where the config states weights and the board is rated."""
    rated = read_report(folder / "leaderboard.json")
    own = {row.model: row.scores.overall for row in rated.models if row.scores.overall} if rated else {}
    if not own:
        return []
    weights = ", ".join(f"{name} {part.weight:g}" for name, part in next(iter(own.values())).parts.items())
    lines = [f"overall by the config's weights ({weights}), in no rating:"]
    for model in (model for model in models if model in own):
        one = own[model]
        parts = ", ".join(
            f"{name} {'–' if part.value is None else f'{part.value:.2f}'}" for name, part in one.parts.items()
        )
        lines.append(f"  {model}: {'–' if one.value is None else f'{one.value:.3f}'} ({parts})")
    lacking = dict.fromkeys(name for model in models if model in own for name in own[model].missing)
    if probed := [name for name in lacking if name in PROBED]:
        lines.append(f"  {' and '.join(probed)}: found by `arena probe`, which nobody ran for them yet")
    return lines


def _findings(found: Strengths, models: list[str]) -> list[str]:
    """What is sure of each model, and what is wrong with its answers beside their references."""
    lines = []
    for model in models:
        sure = [
            f"{one.part} ({', '.join(numbers)}: {one.gap:+.2f} [{one.low:+.2f}, {one.high:+.2f}])"
            for one, numbers in found.said(model)
        ]
        if sure:
            more = f" and {len(sure) - MOST} more" if len(sure) > MOST else ""
            lines.append(f"{model}, against the others, differs on: {', '.join(sure[:MOST])}{more}")
        mistakes = found.mistakes.get(model)
        shown = {kind: one.n for kind, one in mistakes.kinds.items() if one.n} if mistakes else {}
        if mistakes and shown:
            told = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in shown.items())
            lines.append(f"{model}, of {mistakes.n:,} answers with a reference: {told}")
    return lines


def _cell(score: MetricScore | None, *, with_ends: bool) -> str:
    if score is None or score.score is None:
        return "–"
    factor, digits = (100, 1) if score.share else (1, 3)
    known = with_ends and score.low is not None and score.high is not None
    ends = f" [{factor * (score.low or 0):.{digits}f}, {factor * (score.high or 0):.{digits}f}]" if known else ""
    return f"{factor * score.score:.{digits}f}{ends}"


def _remarks(name: str, scores: dict[str, MetricScore]) -> list[str]:
    """How a metric compares, once for all; then what was left out and what said nothing, by model."""
    first = next(iter(scores.values()))
    unit, lower = "100 × " if first.share else "", ", lower is better" if first.lower_is_better else ""
    lines = [f"{name}: {unit}{first.signature}{lower}"]
    for model, score in scores.items():
        parts = [f"{score.n_empty:,} said nothing"] if score.n_empty else []
        parts += [f"{n:,} left out ({reason})" for reason, n in score.excluded.items()]
        parts += [f"{score.n_pending:,} not scored yet"] if score.n_pending else []
        if parts:
            lines.append(f"{name}, {model}: {', '.join(parts)}")
    return lines
