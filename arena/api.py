"""arena from Python: run a board, rate battles, open a board. `import arena` gives these names, and loads them on use.

The same bytes as the command line; what is wrong is an exception of `arena.errors`. It works where an event loop is
running, as in a notebook.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar, get_args

from arena.board.open import OpenBoard, open_board
from arena.config.loading import LoadedConfig, load_config, loaded_from
from arena.errors import InputError
from arena.files import read_objects, to_json
from arena.ratings import Anchored, RatingOptions
from arena.ratings.options import USUAL_METHODS, Interval, Slice
from arena.reports.board import Report, read_report
from arena.reports.gate import Gate
from arena.reports.table_html import table_html
from arena.stages.options import STAGES, RunOptions, StageName, parse_redo
from arena.types import JSON, Completion

if TYPE_CHECKING:
    from arena.board.open import DryRun
    from arena.stages.plan import Plan
    from arena.stages.run import RunResult

Format = Literal["dicts", "pandas", "arrow"]
Row = dict[str, JSON]
T = TypeVar("T")
S = TypeVar("S", bound=str)


class Event(NamedTuple):
    """What a run says while it works."""

    stage: str
    """`answers`, `reviews`, …; empty for a remark."""
    name: str
    """The candidate or judge."""
    done: int
    total: int
    note: str = ""
    """A remark: something a person should know."""


class Shown:
    """A leaderboard. In a notebook it shows itself as a table."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def leaderboard(self, format: Format = "dicts") -> object:
        """One row per model, under the names of leaderboard.json."""
        return _as(format, [dict(row.stored) for row in self.report.models])

    def to_json(self) -> bytes:
        """leaderboard.json, byte for byte as `arena` writes it."""
        return to_json(self.report.stored, indent=True) + b"\n"

    def _repr_html_(self) -> str:
        return table_html(self.report)

    def __repr__(self) -> str:
        return f"<arena: {len(self.report.models)} models, ranked by {self.report.ranked_by}>"


class Board(Shown):
    """A board on disk, by its config, its output folder, its reports or a leaderboard.json."""

    def __init__(self, path: str | Path, *, dry_run: bool = False) -> None:
        """Open it; a rehearsal's with `dry_run`. Raises InputError where nothing is rated yet."""
        self._config: LoadedConfig | None = None
        self._dry_run: DryRun | None = "all" if dry_run else None
        place = Path(path)
        if place.suffix in {".yaml", ".yml"} or not place.exists():
            self._config = load_config(str(path))
            place = self._config.config.output_dir
        if dry_run and "dry-run" not in (place.name, place.parent.name, place.parent.parent.name):
            place /= "dry-run"
            if not place.is_dir():
                raise InputError(f"{place}: nothing is rehearsed there; rehearse first: arena.run(..., dry_run=True)")
        names = ("", "leaderboard.json", "reports/leaderboard.json")
        found = next((place / name for name in names if (place / name).is_file()), None)
        report = None if found is None else read_report(found)
        if found is None or report is None:
            run = "arena.run(..., dry_run=True)" if dry_run else "`arena run`"
            raise InputError(f"{place}: no leaderboard.json there; rate the board first with {run}")
        self.reports = found.parent
        super().__init__(report)

    def battles(self, format: Format = "dicts") -> object:
        """The rows of battles.jsonl; of scores.jsonl in single mode."""
        name = "scores.jsonl" if self.report.single else "battles.jsonl"
        return _as(format, _rows([self.reports / name]))

    def answers(self, model: str | None = None, format: Format = "dicts") -> object:
        """Every stored answer, of all candidates or one, texts as they were received."""
        return _as(format, _stored(self._root / "answers", "model", model))

    def replies(self, judge: str | None = None, format: Format = "dicts") -> object:
        """Every stored reply of all judges or one."""
        return _as(format, _stored(self._root / "reviews", "judge", judge))

    def gate(
        self,
        new: str,
        old: str,
        *,
        metric: str | None = None,
        margin: str = "0",
        level: float = 0.95,
        by: Literal["category"] | None = None,
        peek: bool = False,
    ) -> Gate:
        """What `arena gate` decides about NEW − OLD: `.verdict`, `.exit_code`, `.to_json()`. Raises InputError."""
        from arena.stages.gate import Wish, gate

        if not 0.5 < level < 1:
            raise InputError(f"level: found {level:g}, allowed: between 0.5 and 1")
        if by is not None:
            _allowed("by", by, ["category"])
        board = self._open()
        if board.simulated and self._dry_run is None:
            raise InputError("this board is simulated and decides nothing; with dry_run=True the gate rehearses")
        return gate(board, Wish(new, old, metric, str(margin), level, by == "category", peek))

    def compare(self, base: str, tuned: str, *, metric: str | None = None, level: float = 0.95) -> Gate:
        """TUNED − BASE on the questions that both were asked, with its two-sided interval: `.whole.ends`."""
        return self.gate(tuned, base, metric=metric, level=(1 + level) / 2)

    @property
    def _root(self) -> Path:
        folder = self.reports.parent
        if not (folder / "answers").is_dir() and folder.name == "dry-run":
            return folder.parent
        return folder

    def _open(self) -> OpenBoard:
        if self._config is None:
            raise InputError("a gate reads the board's config: arena.Board('CONFIG.yaml')")
        return open_board(self._config, self._dry_run)


class Run(Board):
    """A board that was just run. Failures above its thresholds are here, not raised."""

    def __init__(self, result: RunResult, loaded: LoadedConfig, *, dry_run: DryRun | None) -> None:
        assert result.rated is not None
        Shown.__init__(self, result.rated.leaderboard)
        self._config, self._dry_run, self.reports = loaded, dry_run, result.rated.folder
        self.problems = result.problems
        """What made the exit code not 0, a line each."""
        self.exit_code = result.exit_code


def run(
    config: str | Path | Mapping[str, object],
    *,
    stages: Sequence[StageName] = STAGES,
    models: Sequence[str] | None = None,
    limit: int | None = None,
    retry_errors: bool = False,
    retry_unparsed: bool = False,
    redo: str | None = None,
    accept_shorter: bool = False,
    budget_usd: float | None = None,
    yes: bool = False,
    dry_run: bool | Literal["judge"] = False,
    progress: Callable[[Event], None] | None = None,
) -> Run:
    """Answer, review, rate: whatever is still missing, as `arena run`.

    A mapping is a config whose paths are relative to the current folder.

    Raises InputError where it would cost money, or nobody knows whether it does, unless `yes=True` or `budget_usd` is
    given; and for what is wrong before anything was asked. Ctrl-C stops it, with everything kept.
    """
    from arena.stages.run import run_board

    loaded = loaded_from(config) if isinstance(config, Mapping) else load_config(str(config))
    _at_least("limit", limit, 1)
    _at_least("budget_usd", budget_usd, 0)
    wanted = _listed(stages)
    for stage in wanted:
        _allowed("stages", stage, STAGES)
    if dry_run not in {True, False, None}:
        _allowed("dry_run", dry_run, [True, False, "judge"])
    chosen = tuple(stage for stage in STAGES if stage in wanted)
    options = RunOptions(
        chosen, None if models is None else _listed(models), limit, retry_errors, retry_unparsed,
        parse_redo(redo), budget_usd, accept_shorter=accept_shorter,
    )  # fmt: skip
    kind: DryRun | None = "all" if dry_run is True else dry_run or None

    def approve(plan: Plan) -> None:
        if plan.cost_usd != 0 and not yes and budget_usd is None:
            cost = "an unknown amount" if plan.cost_usd is None else f"about ${plan.cost_usd:,.2f}"
            raise InputError(f"{loaded.path}: this run costs {cost}; pass yes=True, or budget_usd=X as its limit")

    listener = _Listener(progress)
    result = _beside_a_loop(lambda: run_board(loaded, options, listener, kind, approve), listener)
    if result.rated is None:
        raise InputError("; ".join(result.problems) or f"{loaded.path}: nothing was rated; ask for the stage ratings")
    return Run(result, loaded, dry_run=kind)


def rate(
    battles: object,
    *,
    methods: Sequence[str] = USUAL_METHODS,
    baseline: str | Sequence[str] | None = None,
    anchor: Mapping[str, float] | None = None,
    interval: Interval = "sandwich",
    cluster: str = "question_id",
    level: float = 0.95,
    simultaneous: bool = False,
    style: Sequence[str] = (),
    by: Sequence[Slice] = (),
    judge: str | None = None,
    pairs: bool | None = None,
    seed: int = 0,
    weights: str | Mapping[str, Mapping[str, float]] | None = None,
    set_aside: Sequence[str] = (),
) -> Shown:
    """Ratings of battles, as `arena rate`: of a file, several, a folder, or a data frame (pandas, polars, pyarrow, a
    mapping of columns). `weights` are as under `rating_gen.weights`. Raises InputError."""
    from arena.battles.read.frame import write_frame
    from arena.battles.read.wanted import Wanted
    from arena.ratings.data.mix import weights_of
    from arena.ratings.methods import wrong_method
    from arena.ratings.methods.style import columns_needed
    from arena.stages.rate_file import rate_files

    methods, style, slices = _listed(methods), _listed(style), _listed(by)
    _allowed("interval", interval, get_args(Interval))
    for part in slices:
        _allowed("by", part, get_args(Slice))
    if not 0 < level < 1:
        raise InputError(f"level: found {level:g}, allowed: between 0 and 1")
    _at_least("seed", seed, 0)
    for name in methods:
        if (wrong := wrong_method(name)) is not None:
            raise InputError(f"methods: {wrong}")
    baselines = () if baseline is None else _listed(baseline)
    held = next((Anchored(model, float(points)) for model, points in (anchor or {}).items()), None)
    options = RatingOptions(
        methods=methods, baseline=next(iter(baselines), None), more_baselines=baselines[1:], anchor=held,
        interval=interval, level=level,
        simultaneous=simultaneous, style=style, seed=seed, pairs=pairs, slices=slices,
        weights=None if weights is None else weights_of(weights), set_aside=_listed(set_aside),
    )  # fmt: skip
    wanted = Wanted(judge, columns_needed(style), cluster, slices)
    if isinstance(battles, str | Path):
        return Shown(rate_files([Path(battles)], options, wanted).report)
    if isinstance(battles, list | tuple) and battles and all(isinstance(item, str | Path) for item in battles):
        return Shown(rate_files([Path(item) for item in battles], options, wanted).report)
    with TemporaryDirectory() as folder:
        path = write_frame(battles, Path(folder) / "battles.parquet")
        try:
            return Shown(rate_files([path], options, wanted).report)
        except InputError as error:
            raise type(error)(str(error).replace(str(path), "battles")) from None


def _listed(names: S | Sequence[S]) -> tuple[S, ...]:
    """Names as a tuple; one alone need not be in a list."""
    return (names,) if isinstance(names, str) else tuple(names)


def _allowed(name: str, found: object, allowed: Sequence[object]) -> None:
    """Raises InputError, naming what there is."""
    if found not in allowed:
        raise InputError(f"{name}: found {found!r}, allowed: {', '.join(map(str, allowed))}")


def _at_least(name: str, found: float | None, least: int) -> None:
    """Raises InputError for less, and for what is no number."""
    if found is not None and not found >= least:
        raise InputError(f"{name}: found {found:g}, allowed: {least} or more")


class _Listener:
    """Passes what a run says to a callback, and the callback's wish to stop to the run."""

    def __init__(self, heard: Callable[[Event], None] | None) -> None:
        self.stop = threading.Event()
        self._heard = heard
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def begin(self, stage: str, name: str, total: int, done: int, *, recorded: bool = False) -> None:
        """A stage of one candidate or judge begins."""
        self._counts[stage, name] = done, total
        self._say(Event(stage, name, done, total))

    def advance(
        self, stage: str, name: str, completion: Completion, cost_usd: float | None, *, again: bool = False
    ) -> None:
        """One more came back."""
        done, total = self._counts[stage, name]
        self._counts[stage, name] = done + (not again), total
        self._say(Event(stage, name, done + (not again), total))

    def waiting(self, stage: str, name: str, seconds: float, why: str) -> None:
        """An endpoint asks for patience."""
        done, total = self._counts[stage, name]
        self._say(Event(stage, name, done, total, f"waiting {seconds:.0f} s: {why}"))

    def note(self, message: str) -> None:
        """A remark."""
        self._say(Event("", "", 0, 0, message))

    def _say(self, event: Event) -> None:
        if self.stop.is_set():
            raise KeyboardInterrupt
        if self._heard is not None:
            self._heard(event)


def _beside_a_loop(work: Callable[[], T], listener: _Listener) -> T:
    """The work's result; in a thread of its own where this one runs an event loop already, as in a notebook."""
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        return _in_a_thread(work, listener)
    return work()


def _in_a_thread(work: Callable[[], T], listener: _Listener) -> T:
    found: list[T] = []
    failed: list[BaseException] = []

    def carry_out() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the work was asked for
            failed.append(error)

    thread = threading.Thread(target=carry_out, name="arena.run", daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        listener.stop.set()
        thread.join()
        raise
    if failed:
        raise failed[0]
    return found[0]


def _stored(folder: Path, owner: str, name: str | None) -> list[Row]:
    rows = _rows(sorted(folder.glob("*.jsonl")))
    if name is None:
        return rows
    mine = [row for row in rows if row.get(owner) == name]
    if not mine:
        have = ", ".join(sorted({str(row.get(owner)) for row in rows})) or "none"
        raise InputError(f"{folder}: nothing of {name!r} (have: {have})")
    return mine


def _rows(paths: Sequence[Path]) -> list[Row]:
    return [row for path in paths if path.is_file() for _, row in read_objects(path, growing=True)]


def _as(format: Format, rows: list[Row]) -> object:
    """The rows as wished. Raises InputError for a format that there is not, ImportError without pandas."""
    match format:
        case "dicts":
            return rows
        case "arrow":
            import pyarrow as pa

            return pa.Table.from_pylist(rows)
        case "pandas":
            import pandas as pd

            return pd.DataFrame(rows)
        case _:
            raise InputError(f"format: found {format!r}, allowed: dicts, pandas, arrow")
