"""Indexing llmuses battle files as they are: texts inside, the two orders of a battle as rows of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.errors import DataError
from arena.files import from_json
from viz.data.indexing import parse_line
from viz.data.rows import EXCLUDED, NONE, RATED, TIED, WON_A, WON_B, Names, Rows, RowsBuilder
from viz.data.text_store import TextWriter, text_key

JUDGE = "llmuses"
"""llmuses files do not name their judge."""
_VALUE = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5}


@dataclass(slots=True)
class _Game:
    """One row, or two that are the two orders of one battle. Values are in the frame model_a < model_b."""

    offset: int
    length: int
    question_id: str
    category: str
    language: str | None
    model_a: str
    model_b: str
    a_first: bool
    value: float | None
    texts: tuple[int, int, int]
    lengths: tuple[int, int]
    swapped: tuple[int, int, bool, float | None] | None = None
    """Of the second row: offset, length, a_first, value."""


def is_llmuses(path: Path) -> bool:
    """Whether the first line of a file is an llmuses review. Raises DataError when it is no JSON at all."""
    try:
        with path.open("rb") as handle:
            line = next((line for line in handle if line.strip()), b"")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        value = from_json(line)
    except ValueError as error:
        raise DataError(f"{path}:1: not JSON ({error})") from None
    return isinstance(value, dict) and "win" in value and "model_a" in value


def index_llmuses(path: Path, texts: TextWriter) -> tuple[Rows, Names]:
    """The index of a review file; fills the text store on the way. Raises DataError naming a wrong line."""
    games: dict[tuple[str, str, str], list[_Game]] = {}
    offset = number = 0
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):  # noqa: B007 - named in the error below
                if line.strip():
                    game = _game(parse_line(line), offset, len(line), texts)
                    _pair(games.setdefault((game.question_id, game.model_a, game.model_b), []), game)
                offset += len(line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}:{number}: not an llmuses review ({type(error).__name__}: {error})") from None
    builder = RowsBuilder()
    for listed in games.values():
        for sample, game in enumerate(listed):
            builder.add(_values(builder, game, sample))
    return builder.build()


def _game(row: dict[str, Any], offset: int, length: int, texts: TextWriter) -> _Game:
    names = str(row["model_a"]), str(row["model_b"])
    outputs = str(row.get("output_a") or ""), str(row.get("output_b") or "")
    question = str(row.get("question") or "")
    keys = text_key(question), text_key(outputs[0]), text_key(outputs[1])
    for key, text in zip(keys, (question, *outputs), strict=True):
        texts.add(key, text)
    value = _VALUE.get(row["win"])
    a_first = names[0] <= names[1]
    language = row.get("language")
    return _Game(
        offset, length, str(row["question_id"]), str(row.get("category") or "general"),
        str(language) if language and language != "NA" else None,
        min(names), max(names), a_first,
        value if value is None or a_first else 1.0 - value,
        keys if a_first else (keys[0], keys[2], keys[1]),
        (len(outputs[0]), len(outputs[1])) if a_first else (len(outputs[1]), len(outputs[0])),
    )  # fmt: skip


def _pair(listed: list[_Game], game: _Game) -> None:
    """Complete the first battle of these two on this question that still lacks this order, or start another."""
    for waiting in listed:
        if waiting.swapped is None and waiting.a_first != game.a_first and waiting.texts == game.texts:
            waiting.swapped = (game.offset, game.length, game.a_first, game.value)
            return
    listed.append(game)


def _values(to: RowsBuilder, game: _Game, sample: int) -> tuple[float, ...]:
    orders = [(game.a_first, game.value)]
    if game.swapped is not None:
        orders.append((game.swapped[2], game.swapped[3]))
    values = [value for _, value in orders if value is not None]
    unparsed = len(orders) - len(values)
    outcome = math.nan if unparsed else sum(values) / len(values)
    in_slots = [value if a_first else 1.0 - value for a_first, value in orders if value is not None]
    winner = NONE if unparsed else TIED if outcome == 0.5 else WON_A if outcome > 0.5 else WON_B
    return (
        game.offset, game.length, *(game.swapped[:2] if game.swapped else (NONE, NONE)),
        to.question(game.question_id), to.category(game.category), to.language(game.language),
        to.model(game.model_a), to.model(game.model_b), to.judge(JUDGE),
        sample, EXCLUDED if unparsed else RATED, to.reason("unparsed" if unparsed else None),
        winner, int(values[0] == values[1]) if len(values) == 2 else NONE,
        outcome, _of_order(orders, True), _of_order(orders, False), 1.0, math.nan,
        in_slots.count(1.0), in_slots.count(0.0), in_slots.count(0.5), 0, unparsed, 0,
        *game.lengths, *[math.nan] * 6, *game.texts,
    )  # fmt: skip


def _of_order(orders: list[tuple[bool, float | None]], a_first: bool) -> float:
    return next((value for first, value in orders if first == a_first and value is not None), math.nan)
