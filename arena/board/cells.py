"""What a schedule can draw from: every cell (question, model in the first slot, model in the second) that judges can
read, which of them are decided without a call, and how many requests one is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.board.answers import Answers
from arena.board.matches import lacks_reference, models_on_board
from arena.board.open import OpenBoard
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
    """(m, m): judge requests of a cell, repairs apart."""

    @property
    def per_cell(self) -> int:
        """Requests of the dearest cell."""
        return int(self.price.max(initial=0))

    @property
    def n_full(self) -> int:
        """Cells that judging everything would ask about."""
        return int((self.possible & ~self.free).sum())

    @property
    def calls_full(self) -> int:
        """The same in requests."""
        return int(((self.possible & ~self.free).sum(axis=2) * self.price).sum())

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
        asked = (drawn & ~self.free).sum(axis=2)
        return int(asked.sum()), int((asked * self.price).sum())


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
    price, read = _price(board, models)
    possible = both & (judged | (fit[:, None] ^ fit[None, :])) & (price > 0)[:, :, None]
    return Cells(models, ids, possible & (read | same | ~judged), both & (same | ~judged), price)


def _price(board: OpenBoard, models: tuple[str, ...]) -> tuple[NDArray[np.int64], Mask]:
    """Requests of a cell by pair, and on which questions any judge that is asked can read it."""
    m = len(models)
    answered = np.array([board.candidates[name].samples for name in models], dtype=np.int64).reshape(m)
    price, read = np.zeros((m, m), dtype=np.int64), np.zeros((m, m, len(board.questions)), dtype=bool)
    peers = board.config.reviews_gen.judges == "peers"
    place = _numbered(models)
    for name, entry in board.judges.items():
        if not entry.enable or entry.replays:
            continue
        reads = np.ones((m, m), dtype=bool)
        if peers and name in place:
            reads[place[name], :] = reads[:, place[name]] = False
        price += reads * entry.samples
        known = np.array([not lacks_reference(board, entry, question) for question in board.questions], dtype=bool)
        read |= reads[:, :, None] & known
    price *= np.minimum(answered[:, None], answered[None, :])
    price[np.arange(m), np.arange(m)] = 0
    return price, read


def _numbered(names: Iterable[str]) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(names)}
