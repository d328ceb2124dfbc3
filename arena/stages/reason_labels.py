"""Names for the reasons that models lose by, from a judge: planned and paid as any call, and asked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from arena.asking.ask import Asking, Job, ask_all, opened
from arena.asking.control import Control, Spending, now
from arena.asking.progress import Progress
from arena.backends import Opening, open_backend
from arena.board.open import DryRun, OpenBoard, open_board
from arena.config.loading import LoadedConfig, naming_config
from arena.errors import InputError
from arena.money import priced
from arena.reports.reasons import Reasons, write_reasons
from arena.stages.invocation import (
    Problem,
    exit_code_of,
    holding,
    line_of,
    raise_what_is_no_stop,
    stopped_by,
    under_control,
)
from arena.stages.plan import Plan, Rates, Volume, check_plan, plan_row
from arena.stages.reason_names import TASK, label_requests, labels_file, replied, with_labels
from arena.stages.record import RunRecord
from arena.store.items import Item, ItemStore
from arena.types import Completion, Request

LABEL_TOKENS = 20
"""What a label is expected to take."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What an invocation came to."""

    exit_code: int
    reasons: Reasons
    problems: tuple[str, ...] = ()


def label_reasons(
    loaded: LoadedConfig, found: Reasons, progress: Progress, dry_run: DryRun | None = None,
    budget_usd: float | None = None, approve: Callable[[Plan], None] = lambda plan: None,
) -> Labelled:  # fmt: skip
    """Have the judge of the config name each group of words that has no name yet, and write reports/reasons.json.

    What is stored is never asked again. Raises InputError before anybody was asked.
    """
    board = open_board(loaded, dry_run)
    name = board.config.scores.reasons.judge
    if name is None or board.simulated or not any(one.kind == "words" for one in found.reasons):
        return Labelled(0, found)
    with holding(board), naming_config(loaded.path):
        requests = label_requests(board, name, found)
        with closing(ItemStore(labels_file(board, name), name, writable=True)) as store:
            missing = [one for one in requests if not replied(store, one)]
            entry = board.judges[name]
            volume = Volume().count(missing, entry)
            row = plan_row("reviews", name, entry, volume, len(requests) - len(missing), Rates(None, None),
                           LABEL_TOKENS * len(missing))  # fmt: skip
            plan = Plan((row,), 0)
            check_plan(board, plan, budget_usd)
            problems: list[Problem] = []
            if missing:
                if entry.paid:
                    approve(plan)
                problems, spent = _ask(board, name, missing, len(requests), store, progress, budget_usd)
            else:
                spent = False
            told = with_labels(found, requests, store)
        write_reasons(board.review_folder.reports, told)
        lines = tuple(map(line_of, problems))
        failed = sum(not replied(store, one) for one in requests)
        if failed and not lines:
            lines = (f"judge {name}: {failed} of {len(requests)} calls for names failed; the next run asks again",)
        return Labelled(exit_code_of(problems, failures=bool(lines), spent=spent), told, lines)


def _ask(
    board: OpenBoard, name: str, missing: Sequence[Request], total: int, store: ItemStore, progress: Progress,
    budget_usd: float | None,
) -> tuple[list[Problem], bool]:  # fmt: skip
    """Ask for the names, each stored the moment it comes; what went wrong, and whether anything may have been spent."""
    entry = board.judges[name]
    record, spending = RunRecord(board, {"reasons": name}, progress), Spending()

    async def stages(control: Control) -> None:
        async def ask() -> None:
            record.begin("reviews", name, total, total - len(missing))
            backend = open_backend(Opening(name, "reviews_gen.judges", board.config.seed), entry)
            async with opened(backend, control) as open_one:
                asking = Asking(open_one, "reviews", name, entry.token_price, record, control, control.rooms.of(entry))

                async def do(request: Request) -> None:
                    completion = priced(await asking.complete(request), entry.token_price)

                    def keep() -> None:
                        store.add(_item(name, request, completion))
                        asking.stored(completion, completion.cost_usd)

                    await asking.keep(request, completion, keep)

                await asking.each(missing, do)

        await ask_all([Job(ask, entry.one_at_a_time)], record, control)

    problems = stopped_by(under_control(record, budget_usd, [entry], spending, stages), record)
    spent = spending.possible or record.worked
    if not spent:
        raise_what_is_no_stop(problems)
    record.problems = tuple(map(line_of, problems))
    with suppress(*((InputError, OSError) if problems else ())):
        record.finish("stopped" if problems else "done")
    return problems, spent


def _item(name: str, request: Request, completion: Completion) -> Item:
    return Item(
        task=TASK, model=name, doc_id=request.question_id, item=request.key[:16], key=request.key, mode="generate",
        status=completion.status, state="rated" if completion.turns else "failed",
        reply=completion.turns[0] if completion.turns else None, error=completion.error,
        finish_reason=completion.finish_reason, usage=completion.usage, latency_s=completion.latency_s,
        cost_usd=completion.cost_usd, model_returned=completion.model_returned, created_at=now(),
    )  # fmt: skip
