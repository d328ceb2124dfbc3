"""One invocation of `arena run`: answer, review, rate, under the board's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from typing import cast

import arena
from arena.asking.control import Control, Spending
from arena.asking.progress import Progress
from arena.board.answers import current_answers
from arena.board.failures import too_many_failures
from arena.board.matches import models_on_board
from arena.board.open import DryRun, OpenBoard, in_asking_order, open_board
from arena.board.tables import Row, board_rows
from arena.board.verdicts import counted, open_ledgers
from arena.config.kinds import BackendConfig
from arena.config.loading import LoadedConfig, naming_config
from arena.errors import DataError, DiskFull, EndpointDead, InputError
from arena.evals.exams import Exam
from arena.evals.scores import ROWS
from arena.reports.reasons import Reasons
from arena.stages.adaptive import adaptive_stage
from arena.stages.answer import answer_stage, asked_models
from arena.stages.benchmark import benchmark_models, benchmark_stage, check_benchmarks
from arena.stages.benchmark_report import SUMMARY as BENCHMARKS
from arena.stages.benchmark_report import BenchmarkReport, correlate, write_benchmarks
from arena.stages.forecast import check_schedule
from arena.stages.invocation import (
    Problem,
    exit_code_of,
    holding,
    line_of,
    nobody_let_in,
    raise_what_is_no_stop,
    stopped_by,
    under_control,
)
from arena.stages.looks import begin_looks_anew
from arena.stages.options import RunOptions
from arena.stages.perplexity import (
    PerplexityReport,
    perplexity_models,
    perplexity_stage,
    wants_perplexity,
    write_perplexity,
)
from arena.stages.plan import Plan, check_plan, make_plan
from arena.stages.rate import Rated, rate_stage
from arena.stages.readings import read_differently, readings
from arena.stages.reasons import wanted as wants_reasons
from arena.stages.reasons import write_board_reasons
from arena.stages.record import RunRecord
from arena.stages.review import review_stage
from arena.stages.score import SUMMARY as METRICS
from arena.stages.score import ScoreReport, check_scores, write_scores, write_strengths
from arena.store.counts import WAY_OUT, shortfalls
from arena.types import JSON

LISTED = 5
"""Files that an error message lists at most."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What an invocation came to."""

    exit_code: int
    rated: Rated | None
    problems: tuple[str, ...]
    """Why the exit code is not 0, one line each."""
    spent: bool
    """Whether a model worked for it, or may have."""
    warned: tuple[str, ...] = ()
    """Warnings of the board that were said before anything was asked."""
    benchmarks: BenchmarkReport | None = None
    """The scores of benchmarks, where the run was about them."""
    scores: ScoreReport | None = None
    """What answers come to by rule, where the run was about that."""
    reasons: Reasons | None = None
    """Why models lose, likewise."""
    perplexity: PerplexityReport | None = None
    """How likely local models find given texts, where the run was about that."""


def run_board(
    loaded: LoadedConfig,
    options: RunOptions,
    progress: Progress,
    dry_run: DryRun | None = None,
    approve: Callable[[Plan], None] = lambda plan: None,
) -> RunResult:
    """Do whatever is still missing. What was received before an error or an interruption is stored, and rated.

    `approve` sees the plan of a run that calls endpoints before anything is sent, and may raise.
    Raises InputError for what is wrong before anything was asked, and KeyboardInterrupt after everything is kept.
    """
    board = open_board(loaded, dry_run)
    with holding(board):
        return run_held(board, options, progress, dry_run, approve)


def run_held(
    board: OpenBoard,
    options: RunOptions,
    progress: Progress,
    dry_run: DryRun | None,
    approve: Callable[[Plan], None],
) -> RunResult:
    """The same for an open board whose locks are held."""
    for warning in board.warnings:
        progress.note(warning)
    with naming_config(board.loaded.path):
        check_lengths(board, options, progress)
        preflight(board, options)
        for line in check_scores(board, options):
            progress.note(line)
        options = _with_recordings(board, options)
        exams = open_benchmarks(board, options, progress)
        if (asked_again := options.asks_again) and (said := begin_looks_anew(board, asked_again)):
            progress.note(said)
        entries = entries_asked(board, options)
        plan = None
        if any(entry.asks_anybody for entry in entries):
            plan = make_plan(in_asking_order(board), options, exams)
            for line in (*plan.unrecognised, *plan.notes):
                progress.note(line)
            check_plan(board, plan, options.budget_usd)
            if any(entry.paid for entry in entries):
                approve(plan)
        return _carry_out(board, options, RunRecord(board, _asked(options, dry_run), progress), plan, exams)


def open_benchmarks(board: OpenBoard, options: RunOptions, progress: Progress) -> list[Exam]:
    """The tasks that a run is about, checked and read. Raises InputError."""
    if "benchmarks" not in options.stages:
        return []
    if board.config.benchmarks is None:
        if options.stages == ("benchmarks",):
            raise InputError(f"{board.loaded.path}: there is no section `benchmarks` in it")
        return []
    exams, notes = check_benchmarks(board, options)
    for note in notes:
        progress.note(note)
    return exams


def _carry_out(
    board: OpenBoard, options: RunOptions, record: RunRecord, plan: Plan | None, exams: Sequence[Exam]
) -> RunResult:
    """Ask and rate. Once something may have been billed, whatever fails is a problem of the result, nothing raised."""
    spending = Spending()
    rated: Rated | None = None
    examined: BenchmarkReport | None = None
    scored: ScoreReport | None = None
    reasons: Reasons | None = None
    likely: PerplexityReport | None = None
    failed: tuple[str, ...] = ()
    problems = stopped_by(_ask(in_asking_order(board), options, record, plan, spending, exams), record)
    spent = spending.possible or record.worked
    try:
        if not spent:
            raise_what_is_no_stop(problems)
        full = any(isinstance(problem, DiskFull) for problem in problems)
        if (exams or _only_scored(board, options)) and not full:
            examined = write_benchmarks(board, exams, rated_later=rates(board, options))
        if wants_perplexity(board, options) and not full:
            likely = write_perplexity(board, rated_later=rates(board, options))
        if "scores" in options.stages and board.config.scores.metrics and not full:
            scored = write_scores(board, options, rated_later=rates(board, options))
        rated = _rate(board, options, record, problems, spent=spent)
        for report, summary in ((examined, BENCHMARKS), (scored, METRICS)):
            if rated is not None and report is not None:
                correlate(report.folder / summary)
        if scored is not None and rates(board, options):
            write_strengths(board)
        if wants_reasons(board, options) and not full and (rated is not None or options.stages == ("scores",)):
            reasons = write_board_reasons(board)
        failed = tuple(rated.problems if rated else () if problems else _failures(board, options))
        failed += (*(examined.problems if examined else ()), *(likely.problems if likely else ()))
    except (InputError, OSError) as error:
        if not spent:
            raise
        problems.append(error)
    lines = (*map(line_of, problems), *failed)
    record.problems = lines
    with suppress(*((InputError, OSError) if problems else ())):  # the first problem is told, not the next
        record.finish("stopped" if lines else "done")
    code = exit_code_of(problems, failures=bool(lines), spent=spent)
    return RunResult(code, rated, lines, spent, tuple(board.warnings), examined, scored, reasons, likely)


def check_lengths(board: OpenBoard, options: RunOptions, progress: Progress) -> None:
    """Refuse files that are shorter than they were, unless they are to be taken as they are. Raises DataError."""
    missing = shortfalls(board.folders, counted(board))
    refused = [sentence for sentence, torn in missing if not torn]
    if refused and not options.accept_shorter:
        more = [f"and {len(refused) - LISTED} more files"] if len(refused) > LISTED else []
        raise DataError(f"{'; '.join([*refused[:LISTED], *more])}. {WAY_OUT}")
    for sentence, _ in missing:
        progress.note(f"taken as it is: {sentence}")


def preflight(board: OpenBoard, options: RunOptions) -> None:
    """Everything that can be known to be wrong before anybody is asked. Raises InputError."""
    answers, _ = current_answers(board)
    with ExitStack() as stack:
        open_ledgers(board, stack)
    asked_models(board, options)
    there = models_on_board(board, answers)
    if not there:
        raise InputError(f"{board.loaded.path}: answers_gen: nothing is enabled and nothing is stored")
    if board.config.reviews_gen.adaptive:
        check_schedule(board, answers)
    baseline = board.config.reviews_gen.baseline
    if board.config.reviews_gen.mode == "pairwise_baseline" and there == [baseline]:
        raise InputError(f"{board.loaded.path}: only the baseline {baseline} is there; nothing to compare it with")


def _with_recordings(board: OpenBoard, options: RunOptions) -> RunOptions:
    """The options; where nothing is stored yet and all answers are recorded, they are taken over first."""
    recorded = all(candidate.recording is not None for candidate in board.candidates.values())
    if options.stages not in {("ratings",), ("scores",)} or not recorded or any(current_answers(board)[0].values()):
        return options
    return replace(options, stages=("answers", *options.stages))


def entries_asked(board: OpenBoard, options: RunOptions) -> list[BackendConfig]:
    """The candidates and judges that may be asked."""
    entries: list[BackendConfig] = []
    if "answers" in options.stages:
        entries += [board.candidates[name].entry for name in asked_models(board, options)]
    if "reviews" in options.stages and board.config.reviews_gen.enable:
        entries += [judge for judge in board.judges.values() if judge.enable]
    if wants_perplexity(board, options):
        entries += [board.candidates[name].entry for name in perplexity_models(board, options)]
    if "benchmarks" in options.stages and board.config.benchmarks is not None:
        entries += [board.candidates[name].entry for name in benchmark_models(board, options)]
    return entries


async def _ask(
    board: OpenBoard,
    options: RunOptions,
    record: RunRecord,
    plan: Plan | None,
    spending: Spending,
    exams: Sequence[Exam],
) -> None:
    """The stages that call models. Raises CancelledError when somebody asked it to stop."""

    async def stages(control: Control) -> None:
        await _stages(board, options, record, control, plan, exams)

    await under_control(record, options.budget_usd, entries_asked(board, options), spending, stages)


async def _stages(
    board: OpenBoard,
    options: RunOptions,
    record: RunRecord,
    control: Control,
    plan: Plan | None,
    exams: Sequence[Exam],
) -> None:
    """An endpoint that gives up in one stage does not stop the next. Where the plan is to ask nobody anything, no judge
    is looked at again."""
    failure: EndpointDead | None = None
    if "answers" in options.stages:
        try:
            await answer_stage(board, options, record, control)
        except EndpointDead as error:
            failure = error
    if "reviews" in options.stages and board.config.reviews_gen.enable and not control.interruption.asked:
        answers, _ = current_answers(board)
        if not any(answers.values()):
            record.note("no answers are stored yet, so there is nothing to review")
        try:
            if board.config.reviews_gen.adaptive and options.battle is None:
                await adaptive_stage(board, answers, options, record, control)
            elif plan is None or plan.calls:
                await review_stage(board, answers, options, record, control)
        except EndpointDead as error:
            failure = failure or error
    if exams and not control.interruption.asked:
        await benchmark_stage(board, exams, options, record, control)
    if wants_perplexity(board, options) and not control.interruption.asked:
        await perplexity_stage(board, options, record, control)
    if failure is not None:
        raise failure


def rates(board: OpenBoard, options: RunOptions) -> bool:
    """Whether a run ends with ratings."""
    return "ratings" in options.stages and board.config.rating_gen.enable and board.config.reviews_gen.enable


def _only_scored(board: OpenBoard, options: RunOptions) -> bool:
    """Whether documents of benchmarks that another tool asked are all there is to say something about."""
    nothing_else = "ratings" in options.stages and not rates(board, options) and board.config.benchmarks is None
    return nothing_else and (board.review_folder.reports / ROWS).is_file()


def _rate(
    board: OpenBoard, options: RunOptions, record: RunRecord, problems: Sequence[Problem], *, spent: bool
) -> Rated | None:
    if (
        not rates(board, options)
        or any(isinstance(problem, DiskFull) for problem in problems)
        or nobody_let_in(problems, spent=spent)
    ):
        return None
    version = record.rated_with
    before = readings(board) if version not in (None, arena.__version__) else {}
    try:
        rated = rate_stage(board)
        if before and (said := read_differently(board, before, str(version))):
            record.note(said)
        record.rated_with = arena.__version__
        return rated
    except InputError:
        if problems:  # nothing could be asked: that is the message, not the empty board after it
            return None
        raise


def _failures(board: OpenBoard, options: RunOptions) -> Iterable[str]:
    """What a run that rates nothing has to say of the answers and replies that failed: nobody says it later."""
    answers, rows = current_answers(board)[0], list[Row]()
    if "reviews" in options.stages:
        with ExitStack() as stack:
            rows = list(board_rows(board, answers, open_ledgers(board, stack)))
    return too_many_failures(board, rows, answers if "answers" in options.stages else {})


def _asked(options: RunOptions, dry_run: DryRun | None) -> dict[str, JSON]:
    known = {key: value for key, value in asdict(options).items() if value not in (None, False)}
    return cast("dict[str, JSON]", known | ({"dry_run": dry_run} if dry_run else {}))
