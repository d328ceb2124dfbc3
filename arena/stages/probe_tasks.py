"""Benchmarks' documents of multiple choice as questions, each with its options in two orders."""

from __future__ import annotations

from itertools import chain, zip_longest

from arena.board.open import OpenBoard
from arena.evals.documents import Document
from arena.evals.exams import Exam, open_exams
from arena.evals.letters import letter_messages, shuffled
from arena.keys import digest
from arena.types import Question

TwoOrders = tuple[Question, Question]


def documents_in_two_orders(board: OpenBoard, seed: int) -> list[TwoOrders]:
    """All that the config's tasks of multiple choice ask, task after task in turn, so that the first N are of all.
    Raises InputError for what is wrong with their files."""
    section = board.config.benchmarks
    exams = [] if section is None else open_exams(section, board.config.seed)
    by_task = [
        [_in_two_orders(exam, document, seed) for document in exam.chosen]
        for exam in exams
        if "letter" in exam.task.modes
    ]
    return [pair for pair in chain.from_iterable(zip_longest(*by_task)) if pair is not None]


def _in_two_orders(exam: Exam, document: Document, seed: int) -> TwoOrders:
    """In a drawn order, and in that order moved on by a drawn number of places: every option gets another letter."""
    assert exam.task.layout.choice is not None
    choice = exam.task.layout.choice(document.row)
    first = shuffled(seed, document.item, len(choice.options))
    moved = 1 + int(digest([seed, document.item, "moved"])[:8], 16) % (len(first) - 1)
    language = exam.task.language
    texts = (
        letter_messages(choice, order, language=language)[-1].content
        for order in (first, first[moved:] + first[:moved])
    )
    one, other = (Question(f"{exam.name}/{document.doc_id}", (text,), exam.name, language=language) for text in texts)
    return one, other
