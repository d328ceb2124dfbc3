"""What a load test asks: the board's questions, those of a file, or random words."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arena.config.load_test import LoadTestConfig, RandomPrompts
from arena.questions import load_questions
from arena.types import Message, Question, Request, Sampling

DEFAULT_MAX_TOKENS = 256
_WORDS = """
time year people way day man thing woman life child world school state family student group country problem hand part
place case week company system program question work number night point home water room mother area money story fact
month lot right study book eye job word business issue side kind head house service friend father power hour game line
end member law car city name team minute idea body back parent face level office door health person art war history
party result change morning reason research girl guy moment air teacher force
""".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Prompts:
    """Requests by number."""

    what: str
    """In words, for the plan."""
    count: int | None
    """How many there are before they repeat; None: each is another one."""
    chars: float
    """Mean length of one."""
    of: Callable[[int, int], Request]
    """The request of a level's number and an index."""


def prompts_of(
    settings: LoadTestConfig, questions: Path | None, sampling: Sampling, system: str | None, seed: int
) -> Prompts:
    """The prompts of a load test. `questions` is the board's file; without one, words are drawn.

    Raises DataError for a file that cannot be read.
    """
    source = settings.prompts
    file = questions if source == "questions" else source.file
    if file is None:
        drawn = (None if source == "questions" else source.random) or RandomPrompts(input=128, output=128)
        limit = settings.max_tokens or drawn.output
        return _random(drawn, replace(sampling, max_tokens=limit), seed)
    limit = settings.max_tokens or sampling.max_tokens or DEFAULT_MAX_TOKENS
    return _listed(load_questions(file), file.name, replace(sampling, max_tokens=limit), system)


def _listed(questions: Sequence[Question], name: str, sampling: Sampling, said: str | None) -> Prompts:
    """First turns in the order of the file, from the beginning again at its end. Warm-up takes them from behind."""
    requests = []
    for question in questions:
        own = question.system or said
        system = (Message("system", own),) if own else ()
        requests.append(
            Request("", question.question_id, (*system, Message("user", question.turns[0])), sampling=sampling)
        )
    chars = sum(len(message.content) for one in requests for message in one.messages) / len(requests)
    return Prompts(
        f"the {len(requests):,} prompts of {name}", len(requests), chars, lambda level, at: requests[at % len(requests)]
    )


def _random(drawn: RandomPrompts, sampling: Sampling, seed: int) -> Prompts:
    def of(level: int, at: int) -> Request:
        source = random.Random(f"{seed}:{level}:{at}")
        text = " ".join(source.choices(_WORDS, k=drawn.input))
        return Request("", f"random-{level}-{at}", (Message("user", text),), sampling=sampling)

    chars = sum(map(len, _WORDS)) / len(_WORDS) + 1
    return Prompts(f"{drawn.input:,} random words each", None, chars * drawn.input, of)
