"""Another judge over the answers a board has: its own ledger, its own view, the board's reports left as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from arena.asking.progress import Progress
from arena.board.open import DryRun, OpenBoard, open_board
from arena.config.kinds import JUDGES, JudgeConfig
from arena.config.loading import LoadedConfig
from arena.config.schema import OrderRule
from arena.config.strict import describe
from arena.errors import ConfigError, InputError, RunStopped
from arena.files import file_stems
from arena.stages.invocation import holding, line_of
from arena.stages.options import RunOptions, StageName
from arena.stages.plan import Plan
from arena.stages.rate import Rated, rate_stage
from arena.stages.run import RunResult, run_held
from arena.terms import PANEL
from arena.types import JSON

_JUDGE: TypeAdapter[JudgeConfig] = TypeAdapter(JudgeConfig)


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A board as another judge alone sees it."""

    loaded: LoadedConfig
    """The board's config with this judge and no other."""
    entry: dict[str, JSON]
    """What to write under reviews_gen.judges to keep the judge on the board; empty when it stands there already."""
    stages: tuple[StageName, ...]
    """What has to run: recorded answers are taken over first, nobody else is asked for any."""


def with_judge(
    loaded: LoadedConfig,
    name: str,
    fields: Mapping[str, JSON],
    *,
    order: OrderRule | None = None,
    prompt: str | None = None,
) -> Rejudged:
    """The board's config seen by the judge `name` alone: the one that stands in it, or a new one made of `fields`.

    Raises ConfigError when the fields make no judge, or when they describe one that stands there already.
    """
    config = loaded.config
    known = config.reviews_gen.judges if isinstance(config.reviews_gen.judges, dict) else {}
    entry: dict[str, JSON] = {}
    if name not in known:
        entry = {"backend": "openai", **fields}
        judge = _judge(name, entry)
    elif fields:
        raise ConfigError(
            f"{loaded.path}: reviews_gen.judges.{name} stands there already; leave out {', '.join(fields)}"
        )
    else:
        judge = known[name]
    rule: OrderRule = order or ("both" if config.reviews_gen.order == "recorded" else config.reviews_gen.order)
    if order is not None and config.reviews_gen.adaptive:
        raise ConfigError(f"{loaded.path}: reviews_gen.schedule is adaptive: the orders are those that were drawn")
    changes: dict[str, object] = {"judges": {name: judge}, "order": rule, "enable": True}
    if prompt is not None:
        changes["prompt"] = prompt
    reviews = config.reviews_gen.model_copy(update=changes)
    recorded = all(candidate.replays for candidate in config.answers_gen.values())
    stages: tuple[StageName, ...] = ("answers", "reviews") if recorded else ("reviews",)
    seen = config.model_copy(update={"reviews_gen": reviews})
    return Rejudged(replace(loaded, config=seen), entry, stages)


def view_folder(board: OpenBoard, judge: str) -> Path:
    """Where the view of one judge is written."""
    folder = board.review_folder.root / "judges"
    stored = {path.name for path in folder.iterdir()} if folder.is_dir() else ()
    return folder / file_stems([judge], stored)[judge]


def review_board(
    rejudged: Rejudged,
    judge: str,
    options: RunOptions,
    progress: Progress,
    dry_run: DryRun | None,
    approve: Callable[[Plan], None],
) -> tuple[RunResult, Rated]:
    """Ask the judge for what is missing, and rate the board by it alone, under the board's lock all the while.

    Raises what `run_board` raises, and InputError when there is nothing to compare.
    """
    board = open_board(rejudged.loaded, dry_run)
    with holding(board):
        result = run_held(board, options, progress, dry_run, approve)
        try:
            return result, rate_stage(board, view_folder(board, judge))
        except (InputError, OSError) as error:
            if result.spent:
                raise RunStopped(line_of(error)) from None
            raise


def _judge(name: str, entry: Mapping[str, JSON]) -> JudgeConfig:
    if name == PANEL or not name.strip():
        raise ConfigError(f"a judge cannot be called {name!r}")
    try:
        return _JUDGE.validate_python(dict(entry))
    except ValidationError as error:
        raise ConfigError(f"judge {name}: {describe(error, *JUDGES)}") from None
