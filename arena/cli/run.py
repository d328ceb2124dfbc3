"""`arena run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import budget_option, config_option, dry_run_option, names, schedule_options
from arena.cli.terminal import say

if TYPE_CHECKING:
    from arena.board.open import DryRun
    from arena.stages.options import BatchMode, StageName
    from arena.stages.plan import Plan
    from arena.stages.run import RunResult


@click.command()
@config_option
@click.option("--stage", "stages", multiple=True,
              type=click.Choice(["answers", "reviews", "benchmarks", "scores", "ratings"]),
              help="Only this stage; may be given several times.")  # fmt: skip
@click.option("--models", metavar="A,B", help="Ask only about these candidates (and the baseline's missing answers).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask only about the first N questions.")
@click.option("--retry-errors", is_flag=True, help="Ask again for what came back empty or was turned down.")
@click.option("--retry-unparsed", is_flag=True, help="Ask judges again where no verdict could be read.")
@click.option("--redo", metavar="judge=X|model=Y|question=Z", help="Ask again although it is stored.")
@budget_option
@click.option("--batch", is_flag=False, flag_value="wait", default=None, metavar="[=submit|collect]",
              type=click.Choice(["wait", "submit", "collect"]),
              help="Ask judges through batch endpoints at half the price; or only hand over, only fetch.")  # fmt: skip
@click.option("--accept-shorter", is_flag=True,
              help="Take answers and ledgers that are shorter than they were as they are.")  # fmt: skip
@schedule_options
@click.option("--pair", metavar="A,B",
              help="End with A − B; by default the best model − the baseline, else − the second.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@dry_run_option
def run(
    config: str,
    stages: tuple[str, ...],
    models: str | None,
    limit: int | None,
    retry_errors: bool,
    retry_unparsed: bool,
    redo: str | None,
    budget_usd: float | None,
    batch: str | None,
    accept_shorter: bool,
    schedule: str | None,
    calls: str | None,
    pair: str | None,
    yes: bool,
    dry_run: str | None,
) -> int:
    """Answer, review, rate: whatever is still missing.

    What is stored is never asked again. Stop it whenever you like, with Ctrl-C or kill -9: the same command goes on.
    """
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.plan import approve_plan
    from arena.cli.progress import console_progress
    from arena.config.loading import load_config, with_schedule
    from arena.stages.options import RunOptions, parse_pair, parse_redo
    from arena.stages.run import run_board

    def approve(plan: Plan) -> None:
        progress.pause()
        approve_plan(plan, ask=not yes)

    with says_how_to_go_on():
        loaded = with_schedule(load_config(config), schedule, calls)
        options = RunOptions(
            _stages(stages, batch),
            names(models),
            limit,
            retry_errors,
            retry_unparsed,
            parse_redo(redo),
            budget_usd,
            batch=cast("BatchMode | None", batch),
            accept_shorter=accept_shorter,
            pair=parse_pair(pair),
        )
        with console_progress() as progress:
            result = run_board(loaded, options, progress, cast("DryRun | None", dry_run), approve)
    return _show(result, options.pair)


def _show(result: RunResult, pair: tuple[str, str] | None) -> int:
    """Print what stands beside the board, the board, whose verdict comes last, and what went wrong; the exit code."""
    from arena.cli.table import print_board

    if result.benchmarks is not None:
        from arena.cli.bench import print_benchmarks

        print_benchmarks(result.benchmarks)
    if result.scores is not None:
        from arena.cli.score import print_scores

        print_scores(result.scores)
    if result.perplexity is not None:
        from arena.cli.score import print_perplexity

        print_perplexity(result.perplexity)
    if result.reasons is not None and result.rated is not None:
        from arena.cli.reasons import print_reasons

        print_reasons(result.reasons, result.rated.folder)
    if result.rated is not None:
        said = (*result.warned, *result.rated.said)
        print_board(result.rated.leaderboard, result.rated.folder, pair=pair, said=said)
    for problem in result.problems:
        say(f"arena: {problem}", err=True)
    return result.exit_code


def _stages(chosen: tuple[str, ...], batch: str | None) -> tuple[StageName, ...]:
    """The stages to run, in their order; fetching a batch asks no candidate."""
    from arena.stages.options import STAGES

    wanted = chosen or (("reviews", "ratings") if batch == "collect" else STAGES)
    return tuple(stage for stage in STAGES if stage in wanted)
