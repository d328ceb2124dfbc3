"""Battle files line by line: our own battles.jsonl with its verdicts, and files whose columns mix types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, cast

from arena.battles.read.columns import Wanted
from arena.battles.read.files import OUTCOMES, PANEL, BattleFile
from arena.errors import DataError
from arena.judging.combine import value_of
from arena.ratings.data.table import BattleTable
from arena.types import JSON, Order, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

Line = dict[str, JSON]
_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""


def first_line(path: Path) -> Line:
    """The first line that is not empty. Raises DataError when there is none."""
    for _, line in lines(path):
        return line
    raise DataError(f"{path}: the file is empty")


def is_own(path: Path) -> bool:
    """Whether a file has the layout of our reports/battles.jsonl."""
    return isinstance(first_line(path).get("verdicts"), list)


def lines(path: Path) -> Iterator[tuple[int, Line]]:
    """The objects of a JSONL file, or of a JSON array, with their numbers. Raises DataError that names the line."""
    import orjson

    if path.suffix.lower() == ".json":
        yield from _elements(path)
        return
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            text = raw.removeprefix(_MARK) if number == 1 else raw
            if not text.strip():
                continue
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: not JSON: {error}") from error
            if not isinstance(line, dict):
                raise DataError(f"{path}:{number}: not a JSON object")
            yield number, line


def _elements(path: Path) -> Iterator[tuple[int, Line]]:
    """The objects of a JSON array, as Chatbot Arena publishes its battles, numbered from 1."""
    import orjson

    try:
        found = orjson.loads(path.read_bytes().removeprefix(_MARK))
    except orjson.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(element, dict) for element in found):
        raise DataError(f"{path}: not a JSON array of objects (one object per line belongs into a .jsonl file)")
    yield from enumerate(found, start=1)


def read_columns(path: Path, wanted: Wanted) -> pa.Table:
    """The wanted columns with identifiers written as text. Raises DataError that names the line of a bad value."""
    import pyarrow as pa

    found: dict[str, list[str | float | None]] = {name: [] for name in wanted.candidates()}
    names: dict[str, None] = {}
    for number, line in lines(path):
        names |= dict.fromkeys(line)
        for name, values in found.items():
            values.append(_cell(path, number, name, line.get(name), wanted))
    columns = wanted.columns(path, list(names))
    types = {name: pa.string() if wanted.is_name(name) else pa.float64() for name in columns}
    return pa.table({name: pa.array(found[name], types[name]) for name in columns})


def _cell(path: Path, number: int, name: str, value: JSON, wanted: Wanted) -> str | float | None:
    """One value of a column, whole numbers written as text where names are wanted."""
    if value is None:
        return None
    if not isinstance(value, bool):
        if wanted.is_name(name):
            if isinstance(value, str | int):
                return str(value)
            if isinstance(value, float) and value.is_integer():
                return str(int(value))
        elif isinstance(value, int | float):
            return float(value)
    kind = "a text or a whole number" if wanted.is_name(name) else "a number"
    raise DataError(f"{path}:{number}: {name}: found {value!r}, allowed: {kind}, or null")


def read_lines(path: Path, wanted: Wanted) -> BattleFile:
    """Our own battles.jsonl: rated rows of the panel (or the wanted judge, or all), with each order's outcome."""
    rows = [(number, line) for number, line in lines(path)]
    judges = sorted({str(line.get("judge")) for _, line in rows})
    if wanted.judge is not None and wanted.judge not in judges:
        raise DataError(f"{path}: no battles by judge {wanted.judge!r} (have: {', '.join(judges)})")
    chosen = wanted.judge or (PANEL if PANEL in judges else None)
    counted = [row for row in rows if chosen is None or row[1].get("judge") == chosen]
    skipped: Counter[str] = Counter()
    for _, line in counted:
        if line.get("state") != "rated":
            skipped[str(line.get("reason") or line.get("state"))] += 1
        elif _outcome(line) is None:
            skipped["no outcome"] += 1
    every = [row for row in rows if row[1].get("judge") != PANEL] if chosen == PANEL else None
    simulated = any(line.get("simulated") is True for _, line in counted)
    whole = None if every is None else _table(path, every, wanted.cluster)
    return BattleFile(_table(path, counted, wanted.cluster), dict(skipped), whole, simulated)


def _table(path: Path, rows: list[tuple[int, Line]], cluster: str) -> BattleTable:
    """Rows as columns; what depends on each other has the same value under `cluster`."""
    rated = [(number, line) for number, line in rows if line.get("state") == "rated" and _outcome(line) is not None]
    for number, line in rated:
        for name in (cluster, "model_a", "model_b"):
            if not isinstance(line.get(name), str | int):
                raise DataError(f"{path}:{number}: {name}: found {line.get(name)!r}, allowed: a name")
        for name, value, top in (("outcome", _outcome(line), 1.0), ("weight", line.get("weight", 1.0), inf)):
            if not isinstance(value, int | float) or not 0 <= value <= top:
                allowed = "a number in [0, 1]" if name == "outcome" else "a number of at least 0"
                raise DataError(f"{path}:{number}: {name}: found {value!r}, allowed: {allowed}")
    objects = [line for _, line in rated]
    style: dict[str, list[tuple[float, float]]] = {}
    features = sorted({name[:-2] for line in objects for name in _style(line) if name.endswith("_a")})
    for name in features:
        style[name] = [(_style(line).get(f"{name}_a", 0.0), _style(line).get(f"{name}_b", 0.0)) for line in objects]
    return BattleTable.from_columns(
        [str(line["model_a"]) for line in objects],
        [str(line["model_b"]) for line in objects],
        [_outcome(line) or 0.0 for line in objects],
        question_id=[str(line[cluster]) for line in objects],
        weight=[float(cast("float", line.get("weight", 1.0))) for line in objects],
        judge=[str(line.get("judge")) for line in objects],
        category=[_text(line.get("category")) for line in objects],
        language=[_text(line.get("language")) for line in objects],
        outcome_a_first=[_outcome_of(path, number, line, "a_first") for number, line in rated],
        outcome_b_first=[_outcome_of(path, number, line, "b_first") for number, line in rated],
        style=style,
        models=sorted({str(line[side]) for _, line in rows for side in ("model_a", "model_b") if line.get(side)}),
        source=str(path),
    )


def _outcome(line: Line) -> float | None:
    value = line.get("outcome")
    if isinstance(value, int | float):
        return float(value)
    winner = line.get("winner")
    return OUTCOMES.get(winner) if isinstance(winner, str) and "outcome" not in line else None


def _outcome_of(path: Path, number: int, line: Line, order: Order) -> float | None:
    """The mean of one order's verdicts; None where that order has none, or is not known."""
    values = []
    for item in cast("list[Line]", line.get("verdicts") or []):
        try:
            verdict = Verdict(
                order=cast("Order", item["order"]),
                status=item["status"],  # type: ignore[arg-type]
                label=item.get("label"),  # type: ignore[arg-type]
                probability=item.get("probability"),  # type: ignore[arg-type]
            )
            known = item.get("order_known") is not False
            value = value_of(verdict) if verdict.order == order and known else None
        except (KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: verdicts: found {item!r}, which is not a verdict") from error
        if value is not None:
            values.append(value)
    return sum(values) / len(values) if values else None


def _style(line: Line) -> dict[str, float]:
    value = line.get("style")
    return cast("dict[str, float]", value) if isinstance(value, dict) else {}


def _text(value: JSON) -> str | None:
    return None if value is None else str(value)
