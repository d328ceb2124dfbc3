"""A look at a growing run: at the longest complete prefix of the seeded order, never at what happens to have come.

What was looked at stays as it was seen: looks.jsonl holds it, and a later look adds to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from arena.board.duel import Duel
from arena.board.evidence import Compared, Evidence, Term, evidence_of_terms, terms_of
from arena.board.open import OpenBoard
from arena.board.tables import Row
from arena.errors import InputError
from arena.judging.order import SeededOrder, seeded_order
from arena.ratings.intervals.sequence import FIRST_LOOK, watched_level
from arena.reports.gate import Gate
from arena.store.looks import About, Looks, Terms, begin_sequences, looking
from arena.types import JSON


@dataclass(frozen=True, slots=True)
class Look:
    """What one look sees."""

    evidence: Evidence
    order: SeededOrder
    looked_at: int
    """How many questions of the order it sees: the first ones."""
    in_category: dict[str, tuple[int, int]]
    """Of each category: the questions seen, and all."""
    fresh: Terms
    """What no look saw before."""
    looks: Looks
    notes: tuple[str, ...]

    @property
    def sequence(self) -> int:
        """The number of this sequence of looks."""
        return self.looks.sequence

    @property
    def planned(self) -> int:
        """All questions of the board."""
        return len(self.order.questions)

    @property
    def failed(self) -> int:
        """The new model's failed answers among what it sees."""
        question = self.evidence.table.question
        return 0 if question is None else len(set(question.codes[self.evidence.failed].tolist()))

    @property
    def too_early(self) -> str | None:
        """Why nothing is decided yet; None once enough questions are complete."""
        if self.looked_at >= FIRST_LOOK:
            return None
        return (
            f"{self.looked_at} of {self.planned:,} questions are complete in the seeded order; a look needs "
            f"{FIRST_LOOK} (`gate: {{peek: true}}` in the config asks in that order)"
        )

    def bounds(self, level: float, category: str | None) -> float:
        """The two-sided level whose ends hold at all looks together."""
        seen, planned = (self.looked_at, self.planned) if category is None else self.in_category[category]
        return watched_level(level, seen, planned)

    def keep(self, gate: Gate) -> None:
        """Note the look, where it sees anything that none saw before."""
        if not self.fresh:
            return
        ends = gate.whole.ends
        line: dict[str, JSON] = {
            "new": gate.new, "old": gate.old, "metric": gate.metric.name,
            "order": {"seed": self.order.seed, "sha256": self.order.sha256}, "questions": self.looked_at,
            "level": gate.level, "margin": gate.margin, "difference": ends.value, "low": ends.low, "high": ends.high,
            "verdict": gate.verdict, "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "terms": cast("JSON", self.fresh),
        }  # fmt: skip
        self.looks.add(line)


@contextmanager
def look(board: OpenBoard, duel: Duel, compared: Compared) -> Iterator[Look]:
    """What a look sees now, while other looks at this board wait. Raises InputError."""
    if compared.metric == "rating" and compared.options.style:
        raise InputError("--peek: ratings under rating_gen.style_control are not looked at; use --metric win_rate")
    order = seeded_order(board.questions, board.config.seed)
    today = _terms(duel, compared)
    with looking(board.review_folder.looks_file, About(compared.new, compared.old, compared.metric)) as looks:
        notes = []
        if looks.order is not None and looks.order != order.sha256:
            looks.begin_again("the questions or the seed have changed")
        if looks.began is not None:
            notes.append(f"sequence {looks.sequence} of looks, begun because of: {looks.began}")
        kept, seen = looks.terms, list[str]()
        for name in order.ids:
            if name not in kept and (name in duel.pending or name not in duel.known):
                break
            seen.append(name)
        terms = {name: kept.get(name, today.get(name, [])) for name in seen}
        changed = sum(name in kept and kept[name] != today.get(name, []) for name in seen)
        if changed:
            how = "1 question has" if changed == 1 else f"{changed} questions have"
            notes.append(f"{how} changed since they were looked at; they count as they were seen")
        groups: dict[str, list[bool]] = defaultdict(list)
        for place, question in enumerate(order.questions):
            groups[board.group_of(question.category)].append(place < len(seen))
        yield Look(
            evidence_of_terms(board, terms), order, len(seen), {n: (sum(own), len(own)) for n, own in groups.items()},
            {name: own for name, own in terms.items() if name not in kept}, looks, tuple(notes),
        )  # fmt: skip


def begin_looks_anew(board: OpenBoard, why: str) -> str | None:
    """What to say where looks have been taken at a board of which answers or replies are now asked for again."""
    if not begin_sequences(board.review_folder.looks_file, why):
        return None
    return (
        f"{why}: a new sequence of looks (`gate --peek`) begins; what it says is not covered by the earlier one's level"
    )


def _terms(duel: Duel, compared: Compared) -> dict[str, list[Term]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in duel.rows:
        rows[row.question_id].append(row)
    pair = compared.new, compared.old
    return {
        name: terms_of(own, compared.metric, pair, lambda row: duel.is_lost(row, compared.new))
        for name, own in rows.items()
    }
