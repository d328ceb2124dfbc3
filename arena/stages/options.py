"""What one invocation asks for, beyond the config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from arena.board.matches import SENTINEL
from arena.board.open import OpenBoard
from arena.errors import InputError
from arena.store.items import Item
from arena.types import Answer, Question

StageName = Literal["answers", "reviews", "benchmarks", "scores", "ratings"]
BatchMode = Literal["wait", "submit", "collect"]
STAGES: tuple[StageName, ...] = ("answers", "reviews", "benchmarks", "scores", "ratings")


@dataclass(frozen=True, slots=True)
class Redo:
    """Ask again although it is stored: everything of one judge, model or question."""

    kind: Literal["judge", "model", "question"]
    name: str

    def answer(self, model: str, question_id: str) -> bool:
        """Whether an answer is meant."""
        return self.name == {"judge": None, "model": model, "question": question_id}[self.kind]

    def reply(self, judge: str, models: tuple[str, ...], question_id: str) -> bool:
        """Whether a judge's reply is meant."""
        match self.kind:
            case "judge":
                return self.name == judge
            case "model":
                return self.name in models
            case "question":
                return self.name == question_id


@dataclass(frozen=True, slots=True)
class Only:
    """One question and the models that answer it (two, or one in single mode)."""

    question_id: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Which part of the board is asked for in this invocation. Rating always uses everything stored."""

    stages: tuple[StageName, ...] = STAGES
    models: tuple[str, ...] | None = None
    limit: int | None = None
    """The first N questions only."""
    retry_errors: bool = False
    retry_unparsed: bool = False
    """Judges are asked again where no verdict could be read."""
    redo: Redo | None = None
    budget_usd: float | None = None
    """The most this invocation may spend."""
    battle: Only | None = None
    """Nothing but what one battle needs."""
    batch: BatchMode | None = None
    """Judges are asked through batch endpoints: hand over, fetch, or both and wait in between."""
    accept_shorter: bool = False
    """Files that are shorter than they were are taken as they are."""
    pair: tuple[str, str] | None = None
    """The two models whose difference the run ends with."""

    tasks: tuple[str, ...] | None = None
    """Of the benchmarks only these."""
    metrics: tuple[str, ...] | None = None
    """Of the metrics only these."""
    task_limit: int | None = None
    """Of every benchmark a sample of this size; `limit` is about the board's questions alone."""

    def asked_questions(self, questions: Sequence[Question]) -> list[Question]:
        """The questions that may be asked about, of all on the board."""
        only = self.battle.question_id if self.battle else None
        return [q for q in questions[: self.limit] if only is None or q.question_id == only]

    @property
    def asks_again(self) -> str | None:
        """The option that asks again for something that is stored."""
        asked = {"--retry-errors": self.retry_errors, "--retry-unparsed": self.retry_unparsed, "--redo": self.redo}
        return next((name for name, given in asked.items() if given), None)

    def reopens_answer(self, answer: Answer) -> bool:
        """Whether a stored answer is asked for again: what failed in passing always, what is empty or was turned
        down only with --retry-errors."""
        if self.redo is not None and self.redo.answer(answer.model, answer.question_id):
            return self.models is None or answer.model in self.models  # the baseline comes along for what is missing
        if answer.status == "error":
            return self.retry_errors or answer.finish_reason != "bad_request"
        return answer.status == "empty" and self.retry_errors

    def reopens_item(self, item: Item) -> bool:
        """The same for a stored document of a benchmark."""
        if self.redo is not None and self.redo.kind == "model" and self.redo.name == item.model:
            return True
        return item.status == "error" or (self.retry_errors and item.status in {"empty", "bad_request"})

    def reopens_reply(self, status: str | None) -> bool:
        """The same for a stored reply."""
        return status == "error" or (self.retry_errors and status in {"empty", "bad_request"})


def parse_redo(text: str | None) -> Redo | None:
    """`judge=X`, `model=Y` or `question=Z`. Raises InputError for anything else."""
    if text is None:
        return None
    kind, _, name = text.partition("=")
    match kind:
        case "judge" | "model" | "question" if name:
            return Redo(kind, name)
        case _:
            raise InputError(f"--redo {text}: expected judge=NAME, model=NAME or question=ID")


def parse_pair(text: str | None) -> tuple[str, str] | None:
    """`A,B`: two names, of which the first may hold no comma. Raises InputError for anything else."""
    if text is None:
        return None
    first, _, second = (part.strip() for part in text.partition(","))
    if not first or not second or first == second:
        raise InputError(f"--pair {text}: expected two names, A,B")
    return first, second


class Scope:
    """What this invocation may ask judges about: --models, --limit, and only models that are enabled."""

    def __init__(self, board: OpenBoard, options: RunOptions) -> None:
        self._questions = {question.question_id for question in options.asked_questions(board.questions)}
        self._named = None if options.models is None else set(options.models)
        self._only = None if options.battle is None else set(options.battle.models)
        serving = board.config.reviews_gen.baselines  # disabled or not
        self._enabled = {name for name, c in board.candidates.items() if c.entry.enable or name in serving}
        self._enabled.add(SENTINEL)

    def covers(self, question: Question, models: Sequence[str]) -> bool:
        """Whether some models' answers to a question may be judged."""
        if self._named is not None and self._named.isdisjoint(models):
            return False
        if self._only is not None and self._only != set(models):
            return False
        return question.question_id in self._questions and self._enabled.issuperset(models)
