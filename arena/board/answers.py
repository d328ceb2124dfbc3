"""Today's answers of every candidate."""

from __future__ import annotations

from pathlib import Path

from arena.board.open import AnswersRead, OpenBoard
from arena.store.folder import AnswerStore
from arena.types import Answer

Answers = dict[str, dict[tuple[str, int], Answer]]
"""Current answers by model, question and sample."""


def current_answers(board: OpenBoard) -> tuple[Answers, list[str]]:
    """Today's answers of every candidate, and warnings about stored ones that belong to no question any more.

    A disabled candidate keeps its last stored answers, whatever its entry says today. What was read is read again when
    a file of answers has changed.
    """
    files = {name: board.answer_folder.answer_file(name, board.names) for name in board.candidates}
    state = tuple(_state(path) for path in files.values())
    read = board.answers
    same = read is not None and read.questions is board.questions and read.candidates is board.candidates
    if read is None or not same or read.state != state:
        read = board.answers = AnswersRead(state, board.questions, board.candidates, *_read(board, files))
    return {name: dict(own) for name, own in read.found.items()}, list(read.warnings)


def _state(path: Path) -> tuple[int, ...]:
    """What changes with a file's content; nothing where there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read(board: OpenBoard, files: dict[str, Path]) -> tuple[Answers, list[str]]:
    answers: Answers = {}
    warnings = []
    known = {question.question_id for question in board.questions}
    for name, candidate in board.candidates.items():
        store = AnswerStore(files[name], name)
        if orphans := len(store.question_ids() - known):
            warnings.append(f"{name}: answers to {orphans} questions that are no longer asked are left out")
        found: dict[tuple[str, int], Answer] = {}
        for question in board.questions:
            for sample in range(candidate.samples):
                request = candidate.request(question, sample)
                answer = store.find(request) if request else None
                if answer is None and not candidate.entry.enable:
                    answer = store.latest(question.question_id, sample, simulated=candidate.simulated)
                if answer is not None:
                    found[question.question_id, sample] = answer
        answers[name] = found
    return answers, warnings
