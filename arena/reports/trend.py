"""Boards in time: every model's number on each, and where they no longer measure on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from arena.errors import DataError, InputError
from arena.files import from_json
from arena.reports.board import Ends, Measure, Report, read_report
from arena.reports.drift import Drift, drift
from arena.reports.scale import FILE, Scale, apart, common_questions, read_scale
from arena.types import JSON


@dataclass(frozen=True, slots=True)
class TrendBoard:
    """One board of a trend."""

    name: str
    path: str
    moment: str | None
    """When its last run ended, from run.json."""
    report: Report
    line: int
    """Boards of one line share a scale; lines are numbered from 0."""
    begins: tuple[str, ...]
    """Why a new line begins here; empty on the first board, and where the line goes on."""
    common: int | None
    """Questions that it has in common with the board before; None where that is not known."""
    drift: tuple[Drift, ...]
    """Of its judges since the board before."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A model on a board."""

    board: int
    line: int
    number: Ends
    rank: int | None
    unbounded: str | None


@dataclass(frozen=True, slots=True)
class Trend:
    """Several boards, the earliest first."""

    measure: Measure
    """What is followed: ratings, or scores in single mode."""
    level: float
    boards: tuple[TrendBoard, ...]
    models: tuple[tuple[str, tuple[TrendPoint, ...]], ...]
    """Every model with a number on some board, in the order of the last board that has it."""

    @property
    def simulated(self) -> bool:
        """Whether any of the boards is a rehearsal."""
        return any(board.report.simulated for board in self.boards)

    @property
    def warnings(self) -> list[str]:
        """Why numbers on both sides of a board do not compare, a sentence each."""
        return [
            f"{board.name} shares no scale with {before.name}, so a new line begins: {'; '.join(board.begins)}"
            for before, board in zip(self.boards, self.boards[1:], strict=False)
            if board.begins
        ]

    def to_json(self) -> dict[str, JSON]:
        """What `arena trend --json` prints."""
        boards = [
            {
                "name": board.name, "path": board.path, "moment": board.moment, "line": board.line,
                "begins": list(board.begins), "common_questions": board.common,
                "n_questions": board.report.n_questions, "simulated": board.report.simulated,
                "judges": list(board.report.judges), "drift": [asdict(one) for one in board.drift],
            }
            for board in self.boards
        ]  # fmt: skip
        models = [
            {"model": model, "points": [
                {"board": point.board, "line": point.line, **asdict(point.number), "rank": point.rank,
                 "unbounded": point.unbounded} for point in points
            ]}
            for model, points in self.models
        ]  # fmt: skip
        found = {"measure": self.measure, "level": self.level, "boards": boards, "models": models,
                 "warnings": self.warnings}  # fmt: skip
        return cast("dict[str, JSON]", found)


@dataclass(frozen=True, slots=True)
class FoundBoard:
    """A board's reports on disk."""

    path: Path
    report: Report
    scale: Scale | None
    moment: str | None


def find_board(path: Path) -> FoundBoard:
    """A board by its folder, its reports' folder or its leaderboard.json. Raises InputError or DataError."""
    places = [path, path / "leaderboard.json", path / "reports" / "leaderboard.json"]
    found = next((place for place in places if place.is_file()), None)
    report = None if found is None else read_report(found)
    if found is None or report is None:
        raise InputError(f"{path}: no leaderboard.json there; rate the board first with `arena run`")
    return FoundBoard(found, report, read_scale(found.parent), _moment(found.parent.parent / "run.json"))


def trend_of(paths: Sequence[Path], *, by_time: bool = False) -> Trend:
    """The boards in the order given, or by the moment of their last run. Raises InputError or DataError."""
    found = [find_board(path) for path in paths]
    files = [board.path.resolve() for board in found]
    twice = next((path for n, path in enumerate(files) if path in files[:n]), None)
    if twice is not None:
        raise InputError(f"{twice}: given twice; a trend needs different boards")
    if len(found) < 2:
        raise InputError(f"{paths[0]}: one board is no trend; give two or more, the earliest first")
    if by_time:
        unknown = next((board.path for board in found if board.moment is None), None)
        if unknown is not None:
            raise InputError(f"{unknown}: no run.json beside it says when it was made; give the boards in order")
        found.sort(key=lambda board: board.moment or "")
    kinds = {board.report.single for board in found}
    if len(kinds) > 1:
        one = next(board for board in found if board.report.single != found[0].report.single)
        raise InputError(f"{one.path}: boards of scores and boards of battles have no number in common")
    return _assembled(found)


def _assembled(found: Sequence[FoundBoard]) -> Trend:
    boards: list[TrendBoard] = []
    names = _names([board.path for board in found])
    for place, board in enumerate(found):
        before = found[place - 1] if place else None
        begins = () if before is None else tuple(_apart(before, board))
        line = 0 if before is None else boards[-1].line + bool(begins)
        common, drifted = None, tuple[Drift, ...]()
        if before is not None and before.scale is not None and board.scale is not None:
            common = len(common_questions(before.scale, board.scale))
            drifted = drift(before.path.parent, board.path.parent, before.scale, board.scale, board.report.level)
        about = (names[place], str(board.path), board.moment, board.report)
        boards.append(TrendBoard(*about, line, begins, common, drifted))
    measure = found[-1].report.drawn
    return Trend(measure, found[-1].report.level, tuple(boards), _models(boards, measure))


def _models(boards: Sequence[TrendBoard], measure: Measure) -> tuple[tuple[str, tuple[TrendPoint, ...]], ...]:
    points: dict[str, list[TrendPoint]] = {}
    order: dict[str, tuple[int, int, int]] = {}
    for place, board in enumerate(boards):
        for position, row in enumerate(board.report.models):
            number = row.interval(measure)
            if number.value is None and row.unbounded is None:
                continue
            points.setdefault(row.model, []).append(TrendPoint(place, board.line, number, row.rank, row.unbounded))
            order[row.model] = (-place, row.rank or 10**9, position)
    return tuple((model, tuple(points[model])) for model in sorted(points, key=lambda model: (order[model], model)))


def _apart(before: FoundBoard, board: FoundBoard) -> list[str]:
    for one in (before, board):
        if one.scale is None:
            return [f"{one.path.parent} has no {FILE}, which says what it was measured with "
                    "(`arena run --stage ratings` writes it)"]  # fmt: skip
    assert before.scale is not None
    assert board.scale is not None
    return apart(before.scale, board.scale)


def _moment(path: Path) -> str | None:
    """When the last run of a board ended, or began where it did not end."""
    try:
        document = from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a run's record ({error})") from None
    runs = document.get("runs") if isinstance(document, dict) else None
    last = runs[-1] if isinstance(runs, list) and runs else None
    moment = (last.get("finished") or last.get("started")) if isinstance(last, dict) else None
    return moment if isinstance(moment, str) else None


def _names(paths: Sequence[Path]) -> list[str]:
    """The folder that each board lies in, with as many folders around it as tell them apart."""
    folders = [path.resolve().parent for path in paths]
    folders = [folder.parent if folder.name == "reports" else folder for folder in folders]
    for depth in range(1, max(len(folder.parts) for folder in folders) + 1):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(names)) == len(names):
            return _without_common_end(names)
    return [str(folder) for folder in folders]


def _without_common_end(names: Sequence[str]) -> list[str]:
    """Without the last folder where all have the same, as `out`."""
    parts = [name.split("/") for name in names]
    while all(len(own) > 1 for own in parts) and len({own[-1] for own in parts}) == 1:
        parts = [own[:-1] for own in parts]
    return ["/".join(own) for own in parts]
