"""What a schedule can draw from: every cell (question, model in the first slot, model in the second) that judges can
read, which of them are decided without a call, and how many requests they are.

A judge that compares is asked for every cell. A reward model is asked for every answer, once, whoever else it meets:
its requests are the answers that the drawn cells show for the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.board.answers import Answers
from arena.board.matches import lacks_reference, models_on_board
from arena.board.open import OpenBoard
from arena.config.kinds import JudgeConfig
from arena.judging.combine import answer_failure
from arena.store.schedule_log import Drawn

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cells:
    """Masks are indexed [first, second, question]."""

    models: tuple[str, ...]
    """Sorted."""
    questions: tuple[str, ...]
    """In the board's order."""
    possible: Mask
    """Both models are enabled, and some judge that is asked can read their answers."""
    free: Mask
    """Decided without a call: identical answers, or one that failed and counts as a loss."""
    price: NDArray[np.int64]
    """(m, m): requests of a cell to judges that compare, repairs apart."""
    samples: NDArray[np.int64]
    """(m, m): how many answers of each of two models meet on a question."""
    scorers: int
    """How many reward models judge."""

    @property
    def n_full(self) -> int:
        """Cells that judging everything would ask about."""
        return int((self.possible & ~self.free).sum())

    @property
    def calls_full(self) -> int:
        """The same in requests."""
        return self.charged(self.possible)[1]

    def requests(self, count: int, there: Mask | None = None) -> int:
        """What so many cells of those come to at most."""
        return count * int(self.price.max(initial=0)) + self.scores(count, there)

    def scores(self, count: int, there: Mask | None = None) -> int:
        """The part of `requests` that goes to reward models."""
        return min(count * self._scores_of_a_cell, self._all_scores(there))

    def within(self, calls: int, there: Mask | None = None) -> int:
        """The largest number of cells of those that come to so many requests at most."""
        price, scores, everything = int(self.price.max(initial=0)), self._all_scores(there), int(self.possible.size)
        most = calls // (price + self._scores_of_a_cell) if price + self._scores_of_a_cell else everything
        if calls >= scores:
            most = max(most, (calls - scores) // price if price else everything)
        return most

    @property
    def _scores_of_a_cell(self) -> int:
        return 2 * self.scorers * int(self.samples.max(initial=0))

    def _all_scores(self, there: Mask | None) -> int:
        """Requests to reward models if every answer of some cells is read; of all models where answers are to come."""
        if there is not None:
            return self.scored(there)
        return self.scorers * int(self.samples.max(axis=1, initial=0).sum()) * len(self.questions)

    def places(self, drawn: Iterable[Drawn]) -> NDArray[np.int64]:
        """The places of drawn cells, shape (n, 3): first, second, question. Those of models or questions that are gone
        are left out."""
        model, question = _numbered(self.models), _numbered(self.questions)
        found = [
            (model[first], model[second], question[asked])
            for asked, first, second in drawn
            if asked in question and first in model and second in model and first != second
        ]
        return np.array(found, dtype=np.int64).reshape(-1, 3)

    def mask(self, drawn: Iterable[Drawn]) -> Mask:
        """The same as a mask."""
        found = np.zeros_like(self.possible)
        found[tuple(self.places(drawn).T)] = True
        return found

    def charged(self, drawn: Mask) -> tuple[int, int]:
        """How many of the drawn cells need a call, and how many requests that is."""
        asked = drawn & ~self.free
        count = asked.sum(axis=2)
        return int(count.sum()), int((count * self.price).sum()) + self.scored(asked)

    def scored(self, asked: Mask) -> int:
        """Requests to reward models for cells that need a call: one for every answer that they show."""
        if not self.scorers:
            return 0
        return self.scorers * int(((asked | asked.transpose(1, 0, 2)) * self.samples[:, :, None]).max(axis=1).sum())


def cells_of(board: OpenBoard, answers: Answers) -> Cells:
    """The cells of a board as its answers are now."""
    models = tuple(sorted(models_on_board(board, answers)))
    ids = tuple(question.question_id for question in board.questions)
    m, loses = len(models), board.config.reviews_gen.answer_failures == "loss"
    enabled = np.array([board.candidates[name].entry.enable for name in models], dtype=bool)
    there, fit, code = (np.zeros((m, len(ids)), dtype=kind) for kind in (bool, bool, np.int64))
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    for i, name in enumerate(models):
        for q, question in enumerate(board.questions):
            answer = answers[name].get((question.question_id, 0))
            failure = answer_failure(answer)
            fit[i, q] = answer is not None and failure is None
            there[i, q] = fit[i, q] or (answer is not None and loses)
            if answer is not None:
                texts = question.question_id, tuple(turn.strip() for turn in answer.turns)
                code[i, q] = seen.setdefault(texts, len(seen))
    apart = ~np.eye(m, dtype=bool)
    both = there[:, None] & there[None, :] & (enabled[:, None] & enabled[None, :] & apart)[:, :, None]
    judged = fit[:, None] & fit[None, :]
    same = judged & (code[:, None] == code[None, :])
    judges = [(name, entry) for name, entry in board.judges.items() if entry.enable and not entry.replays]
    answered = np.array([board.candidates[name].samples for name in models], dtype=np.int64).reshape(m)
    samples = np.minimum(answered[:, None], answered[None, :]) * apart
    price, anyone, read = _judged(board, models, judges)
    possible = both & (judged | (fit[:, None] ^ fit[None, :])) & anyone[:, :, None]
    return Cells(
        models, ids, possible & (read | same | ~judged), both & (same | ~judged), price * samples, samples,
        sum(entry.rewards for _, entry in judges),
    )  # fmt: skip


def _judged(
    board: OpenBoard, models: tuple[str, ...], judges: Sequence[tuple[str, JudgeConfig]]
) -> tuple[NDArray[np.int64], Mask, Mask]:
    """By pair: requests to judges that compare, and whether any judge is asked; and on which questions one can read."""
    m, place = len(models), _numbered(models)
    price, read = np.zeros((m, m), dtype=np.int64), np.zeros((m, m, len(board.questions)), dtype=bool)
    anyone = np.zeros((m, m), dtype=bool)
    peers = board.config.reviews_gen.judges == "peers"
    for name, entry in judges:
        reads = np.ones((m, m), dtype=bool)
        if peers and name in place:
            reads[place[name], :] = reads[:, place[name]] = False
        price += 0 if entry.rewards else reads * entry.samples
        anyone |= reads
        known = np.array([not lacks_reference(board, entry, question) for question in board.questions], dtype=bool)
        read |= reads[:, :, None] & known
    return price, anyone, read


def _numbered(names: Iterable[str]) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(names)}
