"""Our own reports/battles.jsonl, with the verdicts of every order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import cast

from arena.battles.columns import battle_table
from arena.battles.counted import counted_judges, single_judges_rows
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError
from arena.judging.slots import value_of
from arena.ratings import BattleTable
from arena.ratings.data.table import Coded
from arena.records import verdict_from_json
from arena.tables import TableFile, blank_warnings
from arena.terms import PANEL
from arena.types import JSON, Battle, Verdict
from arena.winners import OUTCOMES, read_winners, side_of

Line = dict[str, JSON]


def read_own(lines: Iterable[tuple[int, Line]], file: TableFile, wanted: Wanted) -> BattleFile:
    """Rated rows of the panel (or the wanted judge, or all), with each order's outcome."""
    rows = list(lines)
    judges = sorted({_judge(row) for row in rows})
    if wanted.judge is not None and wanted.judge not in judges and not wanted.judge_elsewhere:
        raise DataError(f"{file}: no battles by judge {wanted.judge!r} (have: {', '.join(judges)})")
    chosen = counted_judges(judges) if wanted.judge is None else (wanted.judge,)
    counted = [row for row in rows if _judge(row) in chosen]
    skipped: Counter[str] = Counter()
    for _, line in counted:
        if line.get("state") != "rated":
            skipped[str(line.get("reason") or line.get("state"))] += 1
        elif _outcome(line) is None:
            skipped["no outcome"] += 1
    simulated = any(line.get("simulated") is True for _, line in counted)
    whole = _table(file, single_judges_rows(rows, _judge), wanted.cluster) if chosen == (PANEL,) else None
    table = _table(file, counted, wanted.cluster)
    return BattleFile(table, dict(skipped), whole, simulated, tuple(blank_warnings("model", table.models)))


def _judge(row: tuple[int, Line]) -> str:
    return str(row[1].get("judge"))


def _table(file: TableFile, rows: Sequence[tuple[int, Line]], cluster: str) -> BattleTable:
    """Rows as columns; what depends on each other has the same value under `cluster`."""
    rated = [row for row in rows if row[1].get("state") == "rated" and _outcome(row[1]) is not None]
    models = sorted({str(line[side]) for _, line in rows for side in ("model_a", "model_b") if line.get(side)})
    table = battle_table((_battle(file, *row, cluster) for row in rated), models=models, source=str(file))
    return replace(
        table, category=_all_names(table.category, rows, "category"),
        language=_all_names(table.language, rows, "language"),
    )  # fmt: skip


def _all_names(column: Coded | None, rows: Sequence[tuple[int, Line]], key: str) -> Coded | None:
    """A column that knows the names of rows that are not rated, too: a category may be waiting for its battles."""
    if column is None:
        return None
    more = sorted({str(line[key]) for _, line in rows if line.get(key) is not None} - set(column.names))
    return Coded.recoded([*column.names, *more], column.codes) if more else column


def _battle(file: TableFile, number: int, line: Line, cluster: str) -> Battle:
    """What is rated of a row. Raises DataError naming what cannot be."""
    for name in (cluster, "model_a", "model_b"):
        if not isinstance(line.get(name), str | int):
            raise DataError(f"{file}:{number}: {name}: found {line.get(name)!r}, allowed: a name")
    for name, value, top in (("outcome", _outcome(line), 1.0), ("weight", line.get("weight", 1.0), inf)):
        if not isinstance(value, int | float) or not 0 <= value <= top:
            allowed = "a number in [0, 1]" if name == "outcome" else "a number of at least 0"
            raise DataError(f"{file}:{number}: {name}: found {value!r}, allowed: {allowed}")
    style = line.get("style")
    return Battle(
        str(line[cluster]), cast("str", _text(line.get("category"))), _text(line.get("language")),
        str(line["model_a"]), str(line["model_b"]), None, None, str(line.get("judge")), 0, "rated",
        outcome=_outcome(line),
        weight=float(cast("float", line.get("weight", 1.0))),
        verdicts=tuple(_verdict(file, number, item) for item in cast("list[Line]", line.get("verdicts") or ())),
        style=cast("dict[str, float]", style) if isinstance(style, dict) else {},
    )  # fmt: skip


def _verdict(file: TableFile, number: int, item: Line) -> Verdict:
    try:
        verdict = verdict_from_json(item)
        value_of(verdict)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file}:{number}: verdicts: found {item!r}, which is not a verdict") from error
    return verdict


def _outcome(line: Line) -> float | None:
    value = line.get("outcome")
    if isinstance(value, int | float):
        return float(value)
    winner = line.get("winner")
    if not isinstance(winner, str) or "outcome" in line:
        return None
    cell = winner, side_of(winner, str(line.get("model_a")), str(line.get("model_b")))
    choice = read_winners([cell]).choices.get(cell)
    return OUTCOMES.get(choice) if choice is not None else None


def _text(value: JSON) -> str | None:
    return None if value is None else str(value)
