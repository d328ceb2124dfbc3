"""Columns of arrow, whichever file they come from, as a checked table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from arena.battles.counted import counted_codes, counted_judges
from arena.battles.read.wanted import NUMBERS, BattleFile, Wanted
from arena.errors import DataError
from arena.ratings.data.arrays import Codes, FloatArray, Mask, pieces, taken
from arena.ratings.data.table import FAINTEST, BattleTable, Coded
from arena.tables import TableFile, blank_warnings, name_of, number_of
from arena.terms import PANEL
from arena.winners import OUTCOMES, Cell, Side, read_winners

if TYPE_CHECKING:
    import pyarrow as pa

Number = TypeVar("Number", np.int32, np.int64, np.float64)


def from_arrow(data: pa.Table, file: TableFile, wanted: Wanted) -> BattleFile:
    """A checked table from arrow columns; rows without an outcome, or not rated, are skipped and counted."""
    there = set(data.column_names)
    coded = {
        name: _coded(data.column(name), file, name)
        for name in data.column_names
        if wanted.is_name(name) and (name not in ("model_a", "model_b") or name == wanted.cluster)
    }
    models, a, b = _models(*(_coded(data.column(name), file, name) for name in ("model_a", "model_b")))
    outcome, by_voter = _outcomes(data, coded, (models, a, b), file)
    keep, skipped, every = _selection(coded, outcome, wanted, file, by_voter)
    first = _first(coded["first_model"], models, a, b, file) if "first_model" in coded else None
    style = {name: numbers_of(data, name, file) for name in there if not wanted.is_name(name) and name not in NUMBERS}
    table = BattleTable(
        models=models, a=a, b=b, outcome=outcome, first=first,
        weight=numbers_of(data, "weight", file) if "weight" in there else None,
        question=coded.get(wanted.cluster), judge=coded.get("judge"), category=coded.get("category"),
        language=coded.get("language"), style=_style(style),
    )  # fmt: skip
    _check(table, keep if every is None else keep | every, file, wanted.cluster)
    judges = None if every is None else _compact(table.select(every))
    named = {name: column.names for name, column in coded.items()} | {"model": models}
    odd = [text for name, names in named.items() for text in blank_warnings(name, names)]
    return BattleFile(_compact(table if keep.all() else table.select(keep)), skipped, judges, warnings=tuple(odd))


def _selection(
    coded: dict[str, Coded], outcome: FloatArray, wanted: Wanted, file: TableFile, by_voter: Mask
) -> tuple[Mask, dict[str, int], Mask | None]:
    """Rows to rate, how many others there are by reason, and the rows of all judges where a panel is rated."""
    n = len(outcome)
    judge = coded.get("judge")
    chosen, every = np.ones(n, dtype=bool), None
    if wanted.judge is not None:
        there = judge is not None and wanted.judge in judge.names
        if not there and not wanted.judge_elsewhere:
            have = ", ".join(judge.names) if judge is not None else "no judge column"
            raise DataError(f"{file}: no battles by judge {wanted.judge!r} (have: {have})")
        chosen &= judge is not None and there and judge.codes == judge.names.index(wanted.judge)
    elif judge is not None and PANEL in counted_judges(judge.names):
        chosen = counted_codes(judge.names, judge.codes)
        every = ~chosen
    rated = ~np.isnan(outcome)
    skipped: Counter[str] = Counter()
    state = coded.get("state")
    if state is not None:
        is_rated = state.codes == (state.names.index("rated") if "rated" in state.names else -2)
        reason = coded.get("reason")
        for row in np.flatnonzero(chosen & ~is_rated):
            why = reason.codes[row] if reason is not None else -1
            known = state.names[state.codes[row]] if state.codes[row] >= 0 else "no state"
            skipped[reason.names[why] if reason is not None and why >= 0 else known] += 1
        chosen, every = chosen & is_rated, None if every is None else every & is_rated
    if not rated.all():
        for left_out, rows in (("skipped by the voter", by_voter), ("no outcome", ~rated & ~by_voter)):
            if without := int((chosen & rows).sum()):
                skipped[left_out] += without
    return chosen & rated, dict(skipped), None if every is None else every & rated


def _coded(column: pa.ChunkedArray, file: TableFile, name: str) -> Coded:
    """A text column as sorted names and codes; numbers are written as text, whole ones without a fraction."""
    column = dictionaries(column, file, name, unified=True)
    if column.num_chunks == 0:
        return Coded((), np.zeros(0, dtype=np.int32))
    names = [name_of(value) for value in column.chunk(0).dictionary.to_pylist()]
    return Coded.recoded(names, *(values_of(chunk.indices, np.dtype(np.int32), -1) for chunk in column.chunks))


def dictionaries(column: pa.ChunkedArray, file: TableFile, name: str, *, unified: bool = False) -> pa.ChunkedArray:
    """A column of names as chunks of dictionaries and indices: one dictionary for all, or one per chunk."""
    import pyarrow as pa

    try:
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            column = column.cast(pa.string())
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        return column.unify_dictionaries() if unified else column
    except pa.ArrowException as error:
        raise DataError(f"{file}: {name}: not a column of names: {error}") from error


def values_of(array: pa.Array, kind: np.dtype[Number], missing: float) -> NDArray[Number]:
    """An arrow array's values with nulls filled, not copied where there is nothing to change.

    Arrow's own conversions import pandas where it is installed.
    """
    data = array.buffers()[1]
    if data is None or not len(array):
        return np.full(len(array), missing, dtype=kind)
    width = array.type.bit_width // 8
    stored = np.frombuffer(data, dtype=f"{'f' if kind.kind == 'f' else 'i'}{width}")
    values = stored[array.offset : array.offset + len(array)].astype(kind, copy=array.null_count > 0)
    if array.null_count:
        bits = np.unpackbits(np.frombuffer(array.buffers()[0], dtype=np.uint8), bitorder="little")
        values[bits[array.offset : array.offset + len(array)] == 0] = missing
    return values


def _models(first: Coded, second: Coded) -> tuple[tuple[str, ...], Codes, Codes]:
    """Both columns over one sorted tuple of names."""
    if first.names == second.names:
        return first.names, first.codes, second.codes
    names = tuple(sorted({*first.names, *second.names}))
    place = {name: code for code, name in enumerate(names)}
    a, b = (np.array([*(place[name] for name in side.names), -1], dtype=np.int32) for side in (first, second))
    return names, a[first.codes], b[second.codes]


def _compact(table: BattleTable) -> BattleTable:
    """Without judges' names that no row has."""
    if table.judge is None:
        return table
    used = [int(code) for code in np.unique(table.judge.codes) if code >= 0]
    if len(used) == len(table.judge.names):
        return table
    names = [name if code in used else None for code, name in enumerate(table.judge.names)]
    return replace(table, judge=Coded.recoded(names, table.judge.codes))


def _outcomes(
    data: pa.Table, coded: dict[str, Coded], met: tuple[tuple[str, ...], Codes, Codes], file: TableFile
) -> tuple[FloatArray, Mask]:
    """P(model_a wins) of every row, and which ones a voter skipped."""
    if "outcome" in data.column_names:
        outcome = numbers_of(data, "outcome", file)
    elif "winner" in coded:
        return _winners(coded["winner"], *met, file)
    else:
        outcome = 1 - numbers_of(data, "human_pref", file)
    return outcome, np.zeros(len(outcome), dtype=bool)


def _winners(winner: Coded, models: tuple[str, ...], a: Codes, b: Codes, file: TableFile) -> tuple[FloatArray, Mask]:
    place = {name: code for code, name in enumerate(models)}
    sides: tuple[Side | None, ...] = (None,)
    cells = winner.codes
    if not place.keys().isdisjoint(winner.names):
        sides = (None, "model_a", "model_b")
        names = np.array([*(place.get(name, -2) for name in winner.names), -2], dtype=np.int32)[winner.codes]
        cells = 3 * winner.codes + (names == a) + 2 * (names == b)
        cells[winner.codes < 0] = -1
    n_cells = len(sides) * len(winner.names)
    occurs = np.zeros(n_cells + 1, dtype=bool)
    for rows in pieces(len(cells)):
        occurs[cells[rows].astype(np.int64)] = True
    there = np.flatnonzero(occurs[:-1])  # the last one is that of rows without a winner
    meant: dict[int, Cell] = {int(cell): (winner.names[cell // len(sides)], sides[cell % len(sides)]) for cell in there}
    choices, refused = read_winners(meant.values())
    if refused:
        row = int(np.argmax(np.isin(cells, [cell for cell, said in meant.items() if said in refused])))
        raise DataError(f"{file}: row {row + 1}: winner: {refused[meant[int(cells[row])]]}")
    values, skips = np.full(n_cells + 1, np.nan), np.zeros(n_cells + 1, dtype=bool)
    for cell, said in meant.items():
        values[cell] = OUTCOMES.get(choices[said], np.nan)
        skips[cell] = said[0].strip().lower() == "skip"
    return taken(values, cells), taken(skips, cells) if skips.any() else np.zeros(len(cells), dtype=bool)


def numbers_of(data: pa.Table, name: str, file: TableFile) -> FloatArray:
    import pyarrow as pa

    column = data.column(name)
    try:
        if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
            column = pa.chunked_array([pa.array(map(number_of, column.to_pylist()), pa.float64())])
        chunks = column.cast(pa.float64()).chunks
    except (ValueError, pa.ArrowException) as error:
        raise DataError(f"{file}: {name}: not a column of numbers: {error}") from error
    return np.concatenate([np.zeros(0), *(values_of(chunk, np.dtype(np.float64), np.nan) for chunk in chunks)])


def _first(first: Coded, models: tuple[str, ...], a: Codes, b: Codes, file: TableFile) -> FloatArray:
    place = {name: code for code, name in enumerate(models)}
    codes = np.array([*(place.get(name, -2) for name in first.names), -1], dtype=np.int32)[first.codes]
    alien = (codes != -1) & (codes != a) & (codes != b)
    if alien.any():
        row = int(np.argmax(alien))
        raise DataError(
            f"{file}: row {row + 1}: first_model: found {first.names[first.codes[row]]!r}, "
            "allowed: model_a or model_b of its row"
        )
    return np.where(codes == -1, np.nan, np.where(codes == a, 1.0, -1.0))


def _style(columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Columns x_a and x_b as the two sides of x; any other column as a difference."""
    found = {}
    for name, values in sorted(columns.items()):
        if name.endswith("_a") and f"{name[:-2]}_b" in columns:
            found[name[:-2]] = np.column_stack([values, columns[f"{name[:-2]}_b"]])
        elif not (name.endswith("_b") and f"{name[:-2]}_a" in columns):
            found[name] = values
    return found


def _check(table: BattleTable, rows: Mask, file: TableFile, cluster: str) -> None:
    """Refuse what cannot be rated, by the number of the row in the file and what was found there."""
    a, b, weight, outcome = table.a, table.b, table.weight, table.outcome
    checks: list[tuple[Callable[[slice], Mask], Callable[[int], str], str, str]] = [
        (lambda some: a[some] < 0, _nothing, "model_a", "a model's name"),
        (lambda some: b[some] < 0, _nothing, "model_b", "a model's name"),
        (lambda some: (a[some] == b[some]) & (a[some] >= 0), lambda row: repr(table.models[a[row]]), "model_a, model_b",
         "two different models"),
        (lambda some: ~((outcome[some] >= 0) & (outcome[some] <= 1)), lambda row: f"{outcome[row]:g}", "outcome",
         "a number in [0, 1]"),
    ]  # fmt: skip
    if weight is not None:
        top = np.max(weight, where=rows & np.isfinite(weight), initial=0.0)
        bad, faint = ~((weight >= 0) & np.isfinite(weight)), (weight > 0) & (weight < FAINTEST * top)
        checks.append((bad.__getitem__, lambda row: _shown(weight[row]), "weight", "a number of at least 0"))
        allowed = "0, or at least a billionth of the largest"
        checks.append((faint.__getitem__, lambda row: f"{weight[row]:g}", "weight", allowed))
    if table.question is not None:
        what = "a question's id" if cluster == "question_id" else "a value to cluster by"
        questions = table.question.codes
        checks.append((lambda some: questions[some] < 0, _nothing, cluster, what))
    for name, values in table.style.items():
        infinite = np.atleast_1d(np.isinf(values.reshape(len(table), -1)).any(axis=1))
        checks.append((infinite.__getitem__, lambda row: "inf", name, "a finite number"))
    for bad_among, shown, column, allowed in checks:
        for some in pieces(len(table)):
            if (found := bad_among(some) & rows[some]).any():
                row = some.start + int(np.argmax(found))
                raise DataError(f"{file}: row {row + 1}: {column}: found {shown(row)}, allowed: {allowed}")


def _shown(value: float) -> str:
    return "nothing" if np.isnan(value) else f"{value:g}"


def _nothing(row: int) -> str:
    return "nothing"
