"""`arena review`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import budget_option, config_option
from arena.cli.terminal import say
from arena.config.kinds import KINDS
from arena.config.strict import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from arena.board.open import DryRun
    from arena.config.schema import OrderRule
    from arena.stages.options import RunOptions
    from arena.stages.plan import Plan
    from arena.stages.rate import Rated
    from arena.stages.rejudge import Rejudged
    from arena.stages.run import RunResult
    from arena.types import JSON


class KindOfJudge(click.Choice[str]):
    """A kind of backend that can be asked to judge; another word is told with the nearest one."""

    def __init__(self) -> None:
        super().__init__([word for word, kind in KINDS.items() if kind.judge and not kind.config.replays])

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word. Fails as a usage error."""
        if value not in self.choices:
            self.fail(f"no backend {value!r}{nearest(value, list(self.choices))}", param, ctx)
        return value


@click.command()
@config_option
@click.option("--judge", required=True, metavar="NAME", help="A judge of the config, or the name of a new one.")
@click.option("--backend", type=KindOfJudge(), help="How a new judge is reached.  [default: openai]")
@click.option("--model", metavar="M", help="A new judge's model.  [default: its name]")
@click.option("--base-url", metavar="URL", help="A new judge's endpoint.")
@click.option("--api-key-env", metavar="VAR", help="Variable that holds its key; `none` where it needs none.")
@click.option("--order", type=click.Choice(["both", "random", "fixed"]), help="Orders to ask for.")
@click.option("--prompt", metavar="P", help="Another prompt for this judge.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask only about the first N questions.")
@budget_option
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@click.option("--dry-run", is_flag=True, help="A simulated judge reads the answers: no call, invented verdicts.")
def review(
    config: str,
    judge: str,
    backend: str | None,
    model: str | None,
    base_url: str | None,
    api_key_env: str | None,
    order: str | None,
    prompt: str | None,
    limit: int | None,
    budget_usd: float | None,
    yes: bool,
    dry_run: bool,
) -> int:
    """Let another judge read the answers a board has, and compare its board with yours.

    No model answers anew. The replies are stored beside the others', so putting the judge into the config later costs
    nothing; until then the board's own reports stay as they are.
    """
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.table import print_board
    from arena.config.loading import load_config
    from arena.stages.options import RunOptions
    from arena.stages.rejudge import with_judge

    given: dict[str, JSON] = {"backend": backend, "model": model, "base_url": base_url, "api_key_env": api_key_env}
    fields: dict[str, JSON] = {key: value for key, value in given.items() if value is not None}
    if api_key_env == "none":
        fields["api_key_env"] = None
    loaded = load_config(config)
    rejudged = with_judge(loaded, judge, fields, order=cast("OrderRule | None", order), prompt=prompt)
    options = RunOptions(rejudged.stages, limit=limit, budget_usd=budget_usd)
    with says_how_to_go_on():
        result, rated = _ask(rejudged, judge, options, ask_first=not yes, dry_run=dry_run)
    print_board(rated.leaderboard, rated.folder, said=(*result.warned, *rated.said))
    _compare(loaded.config.output_dir, rated.folder)
    for problem in dict.fromkeys((*result.problems, *rated.problems)):
        say(f"arena: {problem}", err=True)
    if rejudged.entry and not dry_run:
        _keep(rejudged, judge)
    return result.exit_code or (3 if rated.problems else 0)


def _ask(
    rejudged: Rejudged, judge: str, options: RunOptions, *, ask_first: bool, dry_run: bool
) -> tuple[RunResult, Rated]:
    """Ask the judge for what is missing, and rate the board by it alone."""
    from arena.cli.plan import approve_plan
    from arena.cli.progress import console_progress
    from arena.stages.rejudge import review_board

    kind: DryRun | None = "judge" if dry_run else None
    with console_progress() as progress:

        def approve(plan: Plan) -> None:
            progress.pause()
            approve_plan(plan, ask=ask_first)

        return review_board(rejudged, judge, options, progress, kind, approve)


def _compare(board: Path, view: Path) -> None:
    """This judge's board against the one the config stands for, where that was rated."""
    from arena.cli.diff import print_diff
    from arena.reports.diff import compare_boards, read_board

    if (board / "reports" / "leaderboard.json").is_file():
        say()
        before, after = read_board(board), read_board(view)
        print_diff(compare_boards(before, after), str(before.path.parent), str(after.path.parent))


def _keep(rejudged: Rejudged, judge: str) -> None:
    import yaml

    entry = yaml.safe_dump({judge: rejudged.entry}, default_flow_style=False, sort_keys=False, allow_unicode=True)
    say("\nto keep this judge on the board, add it under reviews_gen.judges (nothing is asked again):")
    say("\n".join(f"    {line}" for line in entry.splitlines()))
