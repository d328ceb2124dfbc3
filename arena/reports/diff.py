"""Two boards against each other: who moved, how alike the rankings are, and which battles changed hands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import cast

from arena.battles.counted import counted_rows
from arena.errors import InputError
from arena.files import read_objects
from arena.reports.board import Measure, Report, Standing, read_report
from arena.types import JSON

Row = Mapping[str, JSON]
_NEEDED = ("question_id", "model_a", "model_b", "sample", "judge", "state", "winner", "answer_key_a", "answer_key_b")
Place = tuple[str, str, str, int]
"""(question_id, the two models by code point, sample)."""


@dataclass(frozen=True, slots=True)
class BoardFile:
    """One side of a comparison."""

    path: Path
    report: Report
    battles: tuple[Row, ...]
    """Rows of battles.jsonl, where the board has them."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One model on both boards. None where a board has no such number."""

    model: str
    rank_before: int | None
    rank_after: int | None
    rating_before: float | None
    rating_after: float | None
    win_rate_before: float | None
    win_rate_after: float | None
    score_before: float | None
    score_after: float | None
    apart: bool | None
    """The two intervals of its rating (or score) do not meet. None without two intervals on one scale."""
    step: int | None
    """Places moved among the models ranked on both, up is positive: a newcomer above it moves nobody."""


@dataclass(frozen=True, slots=True)
class ChangedBattle:
    """A battle rated on both boards that another model won, or that became a tie or stopped being one."""

    question_id: str
    model_a: str
    model_b: str
    sample: int
    winner_before: str
    """A model's name, or `tie`."""
    winner_after: str
    answers_changed: bool


@dataclass(frozen=True, slots=True)
class BoardDiff:
    """What `arena diff` shows; `to_json` has the names it prints."""

    models: tuple[Moved, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    spearman: float | None
    """Rank correlation over the models ranked on both; None for fewer than two."""
    kendall: float | None
    """τ-b over the same models."""
    battles_both: int
    """Battles rated on both boards."""
    same_scale: bool
    """Whether ratings compare: held by the same model at the same points, or by the mean of the same models."""
    same_winner: int
    changed: tuple[ChangedBattle, ...]
    battles_only_before: int
    battles_only_after: int
    simulated: bool
    """One of the boards is a rehearsal."""

    def to_json(self) -> dict[str, JSON]:
        """Plain values."""
        plain = asdict(self)
        return cast("dict[str, JSON]", {key: list(v) if isinstance(v, tuple) else v for key, v in plain.items()})


def read_board(path: Path) -> BoardFile:
    """A board from its leaderboard.json, or the output or reports folder around it. Raises InputError."""
    places = [path, path / "leaderboard.json", path / "reports" / "leaderboard.json"]
    found = next((place for place in places if place.is_file()), path)
    report = read_report(found) if found.is_file() else None
    if report is None:
        raise InputError(f"{path}: no leaderboard.json there; rate the board first with `arena run`")
    battles = found.parent / "battles.jsonl"
    rows = tuple(_slim(row) for _, row in read_objects(battles)) if battles.is_file() else ()
    return BoardFile(found, report, rows)


def _slim(row: Row) -> Row:
    """What a comparison needs of a battle: a large board's explanations would fill the memory."""
    return {name: row.get(name) for name in _NEEDED}


def compare_boards(before: BoardFile, after: BoardFile) -> BoardDiff:
    """The second board seen from the first."""
    old, new = ({row.model: row for row in side.report.models} for side in (before, after))
    both = sorted(old.keys() & new.keys(), key=lambda m: (new[m].rank is None, new[m].rank or 0, m))
    ranked = [m for m in both if old[m].rank is not None and new[m].rank is not None]
    ranks = [(old[m].rank or 0, new[m].rank or 0) for m in ranked]
    steps = dict(zip(ranked, _steps(ranks), strict=True))
    same_scale = _same_scale(before.report, after.report)
    places_before, places_after = _rated(before.battles), _rated(after.battles)
    shared = sorted(places_before.keys() & places_after.keys())
    changed = [
        change for place in shared if (change := _changed(place, places_before[place], places_after[place])) is not None
    ]
    return BoardDiff(
        tuple(_moved(model, old[model], new[model], same_scale, steps.get(model)) for model in both),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(new.keys() - old.keys())),
        spearman([a for a, _ in ranks], [b for _, b in ranks]),
        kendall([a for a, _ in ranks], [b for _, b in ranks]),
        len(shared),
        same_scale,
        len(shared) - len(changed),
        tuple(changed),
        len(places_before) - len(shared),
        len(places_after) - len(shared),
        before.report.simulated or after.report.simulated,
    )


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Rank correlation with tied values at their mean rank; None for fewer than two or when one side is all ties."""
    a, b = _mean_ranks(first), _mean_ranks(second)
    n = len(a)
    if n < 2:
        return None
    mean = (n + 1) / 2
    cross = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return float(cross / spread**0.5) if spread > 0 else None


def kendall(first: Sequence[float], second: Sequence[float]) -> float | None:
    """τ-b: pairs in the same order less pairs in opposite order, corrected for ties; None where it is undefined."""
    agree = tied_first = tied_second = pairs = 0
    for i, j in combinations(range(len(first)), 2):
        a, b = _sign(first[i] - first[j]), _sign(second[i] - second[j])
        agree += a * b
        tied_first += a == 0
        tied_second += b == 0
        pairs += 1
    scale = ((pairs - tied_first) * (pairs - tied_second)) ** 0.5
    return agree / scale if scale > 0 else None


def _steps(ranks: Sequence[tuple[int, int]]) -> list[int]:
    """How many places each model moved up, counted among these models alone."""
    return [sum(a < rank_a for a, _ in ranks) - sum(b < rank_b for _, b in ranks) for rank_a, rank_b in ranks]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _mean_ranks(values: Sequence[float]) -> list[float]:
    return [1 + sum(other < value for other in values) + (values.count(value) - 1) / 2 for value in values]


def _same_scale(before: Report, after: Report) -> bool:
    """Ratings move as a whole when another model holds them, or when the mean is over other models."""
    if before.anchor or after.anchor:
        return before.anchor == after.anchor
    rated = [{row.model for row in side.models if row.rating is not None} for side in (before, after)]
    return rated[0] == rated[1]


def _moved(model: str, old: Standing, new: Standing, same_scale: bool, step: int | None) -> Moved:
    return Moved(
        model, old.rank, new.rank, old.rating, new.rating, old.win_rate, new.win_rate, old.score, new.score,
        _apart(old, new, same_scale), step,
    )  # fmt: skip


def _apart(old: Standing, new: Standing, same_scale: bool) -> bool | None:
    measure: Measure = "score" if old.rating is None or new.rating is None else "rating"
    if measure == "rating" and not same_scale:
        return None
    a, b = old.interval(measure), new.interval(measure)
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None
    return a.high < b.low or b.high < a.low


def _rated(rows: Iterable[Row]) -> dict[Place, Row]:
    """The rated battles that a board counts."""
    counted = counted_rows(list(rows), lambda row: row.get("judge"))
    return {_place(row): row for row in counted if row.get("state") == "rated"}


def _place(row: Row) -> Place:
    a, b = sorted((str(row["model_a"]), str(row["model_b"])))
    return str(row["question_id"]), a, b, int(cast("int", row.get("sample") or 0))


def _changed(place: Place, old: Row, new: Row) -> ChangedBattle | None:
    before, after = _winner(old), _winner(new)
    if before == after:
        return None
    return ChangedBattle(*place, before, after, _answer_keys(old) != _answer_keys(new))


def _winner(row: Row) -> str:
    return "tie" if row.get("winner") == "tie" else str(row[str(row["winner"])])


def _answer_keys(row: Row) -> set[tuple[str, str]]:
    return {(str(row[f"model_{side}"]), str(row.get(f"answer_key_{side}"))) for side in "ab"}
