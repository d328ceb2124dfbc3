"""Battles whose every verdict is a stored one: what most of a board is, counted without an object for each reply.

How a battle comes out depends on the few things that its replies can say. Each such case is combined once, as any
other; its line is then the same for all but names, texts and style.
"""

from __future__ import annotations

from collections.abc import Sequence

from arena.board.bench import Bench
from arena.board.matches import Match
from arena.board.reading import Heard
from arena.files import utf8_json
from arena.judging.combine import combine, verdict_of
from arena.judging.judge import Resolved
from arena.judging.style import Sides
from arena.reports.rows import Ready, Shape, rounded
from arena.types import Battle


class PlainBattles:
    """One pass over a board's battles."""

    def __init__(self, strong_weight: float) -> None:
        self._strong_weight = strong_weight
        self._shapes: dict[object, Shape] = {}
        self._names, self._styles = _Names(), _Styles()

    def battle(self, match: Match, rows: Sequence[int]) -> Ready | None:
        """The battle that these replies decide, with its line; None where it has to be put together otherwise."""
        contest, bench = match.contest, match.bench
        assert bench is not None
        assert contest.answer_a is not None
        assert contest.answer_b is not None
        question, names = contest.question, self._names
        a, b = bench.seen(contest.answer_a), bench.seen(contest.answer_b)
        facts = (
            question.question_id, question.category, question.language, contest.model_a, contest.model_b, a.answer.key,
            b.answer.key, contest.judge,
        )  # fmt: skip
        parts = [names[fact] for fact in facts]
        self._add_texts(parts, bench, rows)
        if None in parts:
            return None
        for pair in zip(self._styles[a.style], self._styles[b.style], strict=True):
            parts += pair
        shape = self._shape(match, bench.column, rows)
        known = shape.row
        assert isinstance(known, Battle)
        row = Battle(
            *facts, contest.sample, known.state, None, known.outcome, known.winner, known.weight, known.verdicts,
            known.consistent, None, Sides(a.style, b.style),
        )  # fmt: skip
        return Ready(row, shape.line(tuple(parts)))  # type: ignore[arg-type]  # none is None

    def _shape(self, match: Match, column: Heard, rows: Sequence[int]) -> Shape:
        codes = tuple([column.codes[row] for row in rows])
        kind = id(column), match.contest.judge, match.orders, match.contest.sample, codes
        shape = self._shapes.get(kind)
        if shape is None:
            each = ((order, sample) for order in match.orders for sample in range(len(rows) // len(match.orders)))
            verdicts = [
                verdict_of(Resolved("ok", column.values[code]), order, match.contest.sample, sample)
                for (order, sample), code in zip(each, codes, strict=True)
            ]
            battle = combine(match.contest, verdicts, self._strong_weight)
            shape = self._shapes[kind] = Shape(battle, tuple(battle.style))
        return shape

    @staticmethod
    def _add_texts(parts: list[bytes | None], bench: Bench, rows: Sequence[int]) -> None:
        """Explanation and key (which is ours, in hex) of every reply; None where the one does not begin its text."""
        ledger, lengths = bench.ledger, bench.column.numbers
        for row in rows:
            length = lengths[row]
            text = ledger.quoted(row, length) if length > 0 else None
            parts.append(b'"%b"' % text if text is not None else b"null" if length == 0 else None)
            parts.append(b'"%b"' % ledger.own_key(row).encode("ascii"))


class _Names(dict[str | None, bytes | None]):
    """Names as JSON; None for those with lone surrogates, which change how the whole line is written."""

    def __missing__(self, name: str | None) -> bytes | None:
        self[name] = written = utf8_json(name)
        return written


class _Styles(dict[tuple[float, ...], tuple[bytes, ...]]):
    """The features of answers as rows write them."""

    def __missing__(self, style: tuple[float, ...]) -> tuple[bytes, ...]:
        self[style] = written = tuple(map(rounded, style))
        return written
