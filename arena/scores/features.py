"""What questions have in common: their category, language, and features of their text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from arena.metrics.tokens import words
from arena.types import Question

_CODE = re.compile(r"```|`[^`\n]+`|\b(?:def|class|function|import|return|SELECT|#include)\b\s")


class Part(NamedTuple):
    """Some questions of a board."""

    by: str
    """category, language or feature."""
    name: str
    questions: frozenset[str]


def parts_of(questions: Sequence[Question]) -> list[Part]:
    """Every part that holds some questions and leaves some out."""
    middle = median([len(words(" ".join(question.turns))) for question in questions]) if questions else 0
    features: Mapping[str, Callable[[Question], bool]] = {
        "long": lambda question: len(words(" ".join(question.turns))) > middle,
        "several_turns": lambda question: len(question.turns) > 1,
        "code": lambda question: any(_CODE.search(turn) for turn in question.turns),
        "numbers": lambda question: any(char.isdigit() for turn in question.turns for char in turn),
    }
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for question in questions:
        found["category", question.category].add(question.question_id)
        if question.language:
            found["language", question.language].add(question.question_id)
        for name, has in features.items():
            if has(question):
                found["feature", name].add(question.question_id)
    return [Part(by, name, frozenset(ids)) for (by, name), ids in found.items() if len(ids) < len(questions)]
