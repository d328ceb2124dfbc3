"""One invocation of `arena probe`: answers to disturbed questions, what judges say about them, and the numbers. Under
the board's lock; nothing of it enters the board's answers, reviews or ratings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace

from arena.asking.control import Control, Spending
from arena.asking.progress import Progress
from arena.board.open import DryRun, OpenBoard, open_board
from arena.config.kinds import BackendConfig
from arena.config.loading import LoadedConfig, naming_config
from arena.errors import ConfigError, DiskFull, EndpointDead, InputError
from arena.probes.sameness import expects
from arena.stages.invocation import exit_code_of, holding, line_of, raise_what_is_no_stop, stopped_by, under_control
from arena.stages.options import RunOptions
from arena.stages.plan import (
    JUDGE_TOKENS,
    Plan,
    PlanRow,
    Rates,
    Volume,
    answer_row,
    check_plan,
    expected_output,
    measured_rates,
    plan_row,
)
from arena.stages.probe_answers import (
    Answered,
    Expected,
    OpenProbe,
    answer_probes,
    answers_of,
    board_answers,
    check_fits,
    due,
    how_counted,
    open_probes,
    probed_models,
)
from arena.stages.probe_report import ProbeReport, write_probes
from arena.stages.probe_reviews import comparisons, judged_folders, judges_there, plan_folder, review_probes
from arena.stages.record import RunRecord
from arena.stages.review import next_requests
from arena.stages.toxicity import toxicities
from arena.types import JSON


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What an invocation came to."""

    exit_code: int
    report: ProbeReport | None
    problems: tuple[str, ...]
    """Why the exit code is not 0, one line each."""


def run_probes(
    loaded: LoadedConfig,
    names: Sequence[str],
    options: RunOptions,
    progress: Progress,
    dry_run: DryRun | None = None,
    approve: Callable[[Plan], None] = lambda plan: None,
) -> ProbeResult:
    """Ask whatever these probes lack, and write their numbers.

    `approve` sees the plan before anything is sent, and may raise. Raises InputError for what is wrong before anything
    was asked, and KeyboardInterrupt after everything is kept.
    """
    board = open_board(loaded, dry_run)
    with holding(board), naming_config(loaded.path):
        probes, plan, notes = planned_probes(board, names, options)
        for line in notes:
            progress.note(line)
        check_plan(board, plan, options.budget_usd)
        entries: list[BackendConfig] = [board.candidates[name].entry for name in probed_models(board, options)]
        entries += [board.judges[name] for name in judges_there(board)]
        if any(entry.paid for entry in entries):
            approve(plan)
        asked: dict[str, JSON] = {"probes": [opened.name for opened in probes]}
        asked |= {"models": list(options.models)} if options.models else {}
        asked |= {"limit": options.limit} if options.limit else {}
        asked |= {"dry_run": dry_run} if dry_run else {}
        return _carry_out(board, probes, options, RunRecord(board, asked, progress), entries)


def planned_probes(
    board: OpenBoard, names: Sequence[str], options: RunOptions
) -> tuple[list[OpenProbe], Plan, list[str]]:
    """What these probes would ask, as a plan, and what is to be said of it. Raises InputError for all that can be known
    to be wrong before anybody is asked."""
    probes = open_probes(board, names, options.limit)
    models = probed_models(board, options)
    check_fits(board, probes, models)
    if board.config.probes.toxicity_model is not None and any(one.probe.hide for one in probes):
        toxicities(board.config.probes.toxicity_model, [])
    notes = [*_unchanged(probes), *how_counted(probes, models), *_undecided(board, probes)]
    plan = probe_plan(board, probes, options)
    return probes, plan, [*notes, *plan.notes]


def _carry_out(
    board: OpenBoard, probes: Sequence[OpenProbe], options: RunOptions, record: RunRecord,
    entries: Sequence[BackendConfig],
) -> ProbeResult:  # fmt: skip
    spending = Spending()
    report: ProbeReport | None = None
    stages = _stages(board, probes, options, record)
    problems = stopped_by(under_control(record, options.budget_usd, entries, spending, stages), record)
    spent = spending.possible or record.worked
    if not spent:
        raise_what_is_no_stop(problems)
    failed: tuple[str, ...] = ()
    if not any(isinstance(problem, DiskFull) for problem in problems):
        try:
            report = write_probes(board, open_probes(board, [one.name for one in probes], None), options)
            failed = report.problems
        except (InputError, OSError) as error:
            if not spent:
                raise
            problems.append(error)
    record.problems = (*map(line_of, problems), *failed)
    with suppress(*((InputError, OSError) if problems else ())):
        record.finish("stopped" if record.problems else "done")
    code = exit_code_of(problems, failures=bool(record.problems), spent=spent)
    return ProbeResult(code, report, record.problems)


def _stages(
    board: OpenBoard, probes: Sequence[OpenProbe], options: RunOptions, record: RunRecord
) -> Callable[[Control], Awaitable[None]]:
    async def stages(control: Control) -> None:
        failure: EndpointDead | None = None
        try:
            await answer_probes(board, probes, options, record, control)
        except EndpointDead as error:
            failure = error
        if not control.interruption.asked:
            with ExitStack() as stack:
                compared = comparisons(probes, answers_of(board, options, stack))
            await review_probes(board, compared, options, record, control)
        if failure is not None:
            raise failure

    return stages


def _unchanged(probes: Sequence[OpenProbe]) -> list[str]:
    """What to say where a probe leaves questions as they are."""
    said = []
    for opened in probes:
        left, of = len(opened.unchanged), len(opened.questions)
        if left and not opened.variants:
            said.append(f"{opened.name} changes nothing in any of the {of:,} questions: it is left out")
        elif left:
            said.append(f"{opened.name} changes nothing in {left:,} of {of:,} questions: they are left out")
    return said


def _undecided(board: OpenBoard, probes: Sequence[OpenProbe]) -> list[str]:
    """What to say of questions that no rule decides where there is no judge. Raises ConfigError where nothing else is
    left."""
    asking = [opened for opened in probes if opened.variants]
    needing = [opened for opened in asking if opened.probe.needs_judge]
    if judges_there(board) or not needing:
        return []
    asked = {variant.question.question_id: variant.question for opened in needing for variant in opened.variants}
    left = [name for name, question in asked.items() if expects(question) is None]
    if not left:
        return []
    said = (
        f"{', '.join(opened.name for opened in needing)}: no judge under reviews_gen.judges compares answers that are"
        f" no letter or number ({len(left):,} of {len(asked):,} questions, {left[0]} for one)"
    )
    alone = len(left) == len(asked) and len(needing) == len(asking)
    if alone and not (board.config.probes.toxicity_model and any(opened.probe.hide for opened in needing)):
        raise ConfigError(f"{board.loaded.path}: {said}")
    return [f"{said}: they are left out"]


def probe_plan(board: OpenBoard, probes: Sequence[OpenProbe], options: RunOptions) -> Plan:
    """What the probes would ask: one row for each candidate, and one for each judge."""
    rows: list[PlanRow] = []
    expected: dict[str, Expected] = {}
    missing = 0
    for name in probed_models(board, options):
        candidate = board.candidates[name]
        with closing(Answered(board, candidate)) as answered:
            todo, done = due(answered, probes, options)
            stored = board_answers(board, name)
            expected[name] = Expected.of(answered, stored)
        row = answer_row(candidate, [one.task for one in todo], done, stored)
        rows.append(replace(row, stage="probes"))
        missing += len(todo)
    with ExitStack() as stack:
        folders = judged_folders(board, comparisons(probes, expected), stack)
        for name in judges_there(board):
            entry, volume, done, rates = board.judges[name], Volume(), 0, Rates(None, None)
            for folder in folders:
                owed = plan_folder(folder, options)[name]
                volume.count(next_requests(owed, folder.ledgers[name], options), entry)
                done += owed.done
                rates = (
                    found if (found := measured_rates(folder.ledgers[name], entry)).output_tokens is not None else rates
                )
            tokens = expected_output(rates, entry, JUDGE_TOKENS) * volume.calls
            rows.append(plan_row("reviews", name, entry, volume, done, rates, tokens))
    return Plan(tuple(rows), missing)
