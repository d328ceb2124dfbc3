"""What a probe is: questions made of other questions, or of shipped texts, and a rule that reads the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from random import Random
from typing import Literal, NamedTuple

from arena.config.probes import ProbesConfig
from arena.keys import digest
from arena.types import JSON, Answer, Question

Group = Literal["disturbance", "safety", "fairness", "context"]
Facts = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Variant:
    """One question as a probe asks it."""

    question: Question
    """Its id is its own in the probe; a disturbed question keeps the id of the one it was made of."""
    of: str
    """The question or text it was made of: what results depend on together."""
    facts: Facts = field(default_factory=dict)
    """What was done, for the rows of the report."""
    expected: tuple[str, ...] = ()
    """What the rule looks for in the answer."""
    beside: str | None = None
    """The id of the variant that its answer is held against, where the probe asks that itself: the plain request, the
    other person's question. It has no row of its own."""


class Blind(NamedTuple):
    """Two answers as a judge sees them, and one of them under both names."""

    question: Question
    answers: tuple[Answer, Answer]
    copies: tuple[Answer, Answer]
    """The first answer, and the first answer with the other name: what a judge makes of the name alone."""


@dataclass(frozen=True, slots=True)
class Material:
    """What probes are made of."""

    questions: Sequence[Question]
    settings: ProbesConfig
    seed: int
    documents: Sequence[tuple[Question, Question]] = ()
    """Of multiple choice, each with its options in two orders."""
    tokens: Callable[[str], int] | None = None
    """How many tokens a text has, by the tokenizer of the model that is asked; None: nobody here knows."""

    def random(self, *parts: object) -> Random:
        """A generator of its own for every place: what one question becomes does not depend on the others."""
        return Random(digest([self.seed, *parts]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A row of PROBES."""

    title: str
    group: Group
    about: str
    """One line: what is done and what is counted."""
    metric: str
    """What `value` is in the report: a share of answers, or a difference."""
    variants: Callable[[Material], list[Variant]]
    """What is asked. Raises ConfigError or DataError for settings and files that make no probe. A disturbance gives
    only the questions that it changes."""
    read: Callable[[Variant, Answer], float] | None = None
    """What an answer counts, by rule; None: it is compared with another one."""
    hide: Callable[[Variant, Answer, Answer], Blind | None] | None = None
    """Of two answers about two people: what a judge is shown of them, who is not to know which is whose. None where
    that cannot be hidden."""
    parts: tuple[str, ...] = ()
    """Facts by which results are shown apart."""
    worse: Literal["low", "high", "either"] = "low"
    """Which way is worse."""
    questions: Callable[[Material], Sequence[Question]] = attrgetter("questions")
    """What a disturbance disturbs."""
    reorders: bool = False
    """Whether it moves lettered options of benchmarks: the same option counts as the same answer."""
    counts_tokens: bool = False
    """Whether texts are cut to a number of tokens: then each model's own tokenizer counts, where it is on the disk."""

    @property
    def disturbs(self) -> bool:
        """Whether the answers are compared with those to the board's own questions."""
        return self.group == "disturbance"

    @property
    def needs_judge(self) -> bool:
        """Whether answers are compared that perhaps no rule can compare."""
        return self.read is None and not self.reorders


def disturbance(title: str, about: str, change: Callable[[str, Random], str], name: str) -> Probe:
    """A probe that changes the words of every question by a seeded rule; what it leaves as it is, is left out."""

    def variants(material: Material) -> list[Variant]:
        found = []
        for question in material.questions:
            rng = material.random(name, question.question_id)
            turns = tuple(change(turn, rng) for turn in question.turns)
            if turns != question.turns:
                found.append(disturbed(question, turns))
        return found

    return Probe(title=title, group="disturbance", about=about, metric="consistency", variants=variants)


def disturbed(question: Question, turns: tuple[str, ...]) -> Variant:
    """A question of the board in other words."""
    other = Question(
        question.question_id, turns, question.category, question.reference, question.system, question.language,
        question.metadata,
    )  # fmt: skip
    return Variant(other, question.question_id)
