"""Battles whose every verdict is a stored one: what most of a board is, counted without an object for each reply.

How a battle comes out depends on the few things that its replies can say. Each such case is combined once, as any
other; its line is then the same for all but names, texts and style.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arena.board.bench import Bench
from arena.board.heard import READING
from arena.board.matches import Match
from arena.files import utf8_json
from arena.judging.combine import combine, verdict_of
from arena.judging.judge import Resolved
from arena.judging.seen import Seen
from arena.judging.style import Sides
from arena.reports.rows import Ready, Shape, rounded
from arena.store.memory import NOTHING, Column
from arena.types import Battle, Parsed, ParsedScore


class PlainBattles:
    """One pass over a board's battles."""

    def __init__(self, strong_weight: float) -> None:
        self._strong_weight = strong_weight
        self._shapes: dict[object, Shape] = {}
        self._names: dict[str | None, bytes | None] = {}
        self._styles: dict[tuple[float, ...], tuple[bytes, ...]] = {}

    def battle(self, match: Match, rows: Sequence[int]) -> Ready | None:
        """The battle that these replies decide, with its line; None where it has to be put together otherwise."""
        contest, bench = match.contest, match.bench
        assert bench is not None
        assert contest.answer_a is not None
        assert contest.answer_b is not None
        a, b, question = bench.seen(contest.answer_a), bench.seen(contest.answer_b), contest.question
        facts = (
            question.question_id, question.category, question.language, contest.model_a, contest.model_b, a.answer.key,
            b.answer.key, contest.judge,
        )  # fmt: skip
        column = bench.ledger.column(bench.prompt, READING)
        parts = [*map(self._name, facts), *self._texts(bench, column, rows)]
        if None in parts:
            return None
        parts += [side for pair in zip(self._style(a), self._style(b), strict=True) for side in pair]
        shape = self._shape(match, column, rows)
        known = shape.row
        assert isinstance(known, Battle)
        row = Battle(
            *facts, contest.sample, known.state, None, known.outcome, known.winner, known.weight, known.verdicts,
            known.consistent, None, Sides(a.style, b.style),
        )  # fmt: skip
        return Ready(row, shape.line(tuple(parts)))  # type: ignore[arg-type]  # none is None

    def _shape(self, match: Match, column: Column[Parsed | ParsedScore | None], rows: Sequence[int]) -> Shape:
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

    def _name(self, name: str | None) -> bytes | None:
        """A name as JSON; None where it has lone surrogates, which change how the whole line is written."""
        if name not in self._names:
            self._names[name] = utf8_json(name)
        return self._names[name]

    def _texts(
        self, bench: Bench, column: Column[Parsed | ParsedScore | None], rows: Sequence[int]
    ) -> Iterator[bytes | None]:
        """Explanation and key (which is ours, in hex) of every reply; None where the one does not begin its text."""
        ledger = bench.ledger
        for row in rows:
            length = column.numbers[row]
            if length > 0:
                text = ledger.quoted(row, length)
                yield None if text is None else b'"%b"' % text
            else:
                yield None if length == NOTHING else b"null"
            yield b'"%b"' % ledger.own_key(row).encode("ascii")

    def _style(self, seen: Seen) -> tuple[bytes, ...]:
        found = self._styles.get(seen.style)
        if found is None:
            found = self._styles[seen.style] = tuple(map(rounded, seen.style))
        return found
