"""Today's answers of every candidate."""

from __future__ import annotations

from arena.board.open import OpenBoard
from arena.store.folder import AnswerStore
from arena.types import Answer

Answers = dict[str, dict[tuple[str, int], Answer]]
"""Current answers by model, question and sample."""


def current_answers(board: OpenBoard) -> tuple[Answers, list[str]]:
    """Today's answers of every candidate, and warnings about stored ones that belong to no question any more.

    A disabled candidate keeps its last stored answers, whatever its entry says today.
    """
    answers: Answers = {}
    warnings = []
    known = {question.question_id for question in board.questions}
    for name, candidate in board.candidates.items():
        store = AnswerStore(board.answer_folder.answer_file(name, board.names), name)
        if orphans := len(store.question_ids() - known):
            warnings.append(f"{name}: answers to {orphans} questions that are no longer asked are left out")
        found: dict[tuple[str, int], Answer] = {}
        for question in board.questions:
            for sample in range(candidate.samples):
                request = candidate.request(question, sample)
                answer = store.get(request.key, question.question_id, sample) if request else None
                if answer is None and not candidate.entry.enable:
                    answer = store.latest(question.question_id, sample, simulated=candidate.simulated)
                if answer is not None:
                    found[question.question_id, sample] = answer
        answers[name] = found
    return answers, warnings
