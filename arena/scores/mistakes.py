"""What is wrong with answers that miss their reference, by rule: a first look, no judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arena.board.answers import Answers
from arena.metrics.choices import settled
from arena.metrics.closeness import turn_closeness
from arena.metrics.f1 import f1
from arena.metrics.refusal import refuses
from arena.metrics.tokens import language_of, words
from arena.ratings.intervals.means import share_of
from arena.types import JSON, Question

KINDS = ("empty", "refusal", "other_language", "number_wrong", "much_shorter", "much_longer", "off_topic")
SHORTER, LONGER = 1 / 3, 3.0
"""Of the reference's words."""
ENOUGH = 10
"""Words of a reference, below which lengths and topics say nothing."""
OFF_TOPIC = 0.15
"""Of chrF with reference and question: an answer that is less like both is about something else."""
SHARED = 0.35
"""F1 of words above which two texts are about the same, whatever their letters say."""
FAR = 0.5
"""An answer closer to its reference than this (9/10 of chrF) is not looked at."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer beside its reference."""

    question_id: str
    kinds: tuple[str, ...]


def mistakes(question: Question, turns: Sequence[str]) -> tuple[str, ...] | None:
    """The kinds that an answer shows in any of its turns with a reference; None where no turn has one."""
    found: list[str] = []
    looked = False
    for place, right in enumerate(question.reference):
        if right.strip():
            looked = True
            said = turns[place] if place < len(turns) else ""
            found += _of_turn(question.turns[place], said, right)
    return tuple(kind for kind in KINDS if kind in found) if looked else None


def _of_turn(asked: str, said: str, right: str) -> list[str]:
    if not said.strip():
        return ["empty"]
    found = []
    if refuses(said) and not refuses(right):
        found.append("refusal")
    wrong = settled(said, right)
    if wrong is not None:
        return found if wrong or not any(char.isdigit() for char in right) else [*found, "number_wrong"]
    kind = None if found else _kind_of_text(asked, said, right)
    return found if kind is None or turn_closeness(said, right) >= FAR else [kind]


def _kind_of_text(asked: str, said: str, right: str) -> str | None:
    """What a text would be if it is far from the reference; looked at first, since closeness takes its time."""
    if _letters(said) and _letters(right) and language_of(said) != language_of(right):
        return "other_language"
    size, wanted = len(words(said)), len(words(right))
    if wanted < ENOUGH:
        return None
    if size < SHORTER * wanted:
        return "much_shorter"
    if size > LONGER * wanted:
        return "much_longer"
    if size < ENOUGH or max(f1(said, (right,)), f1(said, (asked,))) > SHARED:
        return None
    return "off_topic" if max(turn_closeness(said, right), turn_closeness(said, asked)) / 0.9 < OFF_TOPIC else None


def _letters(text: str) -> bool:
    return sum(char.isalpha() for char in text) >= ENOUGH


def mistakes_of(questions: Sequence[Question], answers: Answers, level: float) -> dict[str, JSON]:
    """By model: how many answers were looked at, and of each kind how many, their share with its interval, and the
    first questions that show it."""
    by_id: Mapping[str, Question] = {question.question_id: question for question in questions}
    found: dict[str, JSON] = {}
    for model, own in answers.items():
        looked = [
            Looked(question_id, kinds)
            for (question_id, _), answer in sorted(own.items())
            if answer.status != "error" and (kinds := mistakes(by_id[question_id], answer.turns)) is not None
        ]
        if looked:
            found[model] = {"n": len(looked), "kinds": {kind: _kind(kind, looked, level) for kind in KINDS}}
    return found


def _kind(kind: str, looked: Sequence[Looked], level: float) -> JSON:
    shows = [kind in one.kinds for one in looked]
    ids = [one.question_id for one in looked]
    share = share_of([float(show) for show in shows], ids, level)
    examples = list(dict.fromkeys(q for q, show in zip(ids, shows, strict=True) if show))[:5]
    return {
        "n": sum(shows),
        "share": share.value,
        "low": share.low,
        "high": share.high,
        "examples": list[JSON](examples),
    }
