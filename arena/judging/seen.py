"""What everybody who counts battles wants to know of an answer, found out once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from arena.files import to_json
from arena.judging.combine import answer_failure
from arena.judging.style import features_of
from arena.types import Answer, Reason

_MOST = 1 << 18


@dataclass(frozen=True)
class Seen:
    """One answer."""

    answer: Answer
    failure: Reason | None
    """Why it cannot be judged; None when it can."""
    stripped: tuple[str, ...]
    """Its turns without white space at both ends: two that are equal here are not shown to a judge."""

    @cached_property
    def digest(self) -> bytes:
        """A hash of its texts."""
        return hashlib.sha256(to_json(self.answer.turns)).digest()

    @cached_property
    def style(self) -> tuple[float, ...]:
        """Its features, in the order of `FEATURES`."""
        return features_of(self.answer.turns)


class SeenAnswers:
    """Those that were looked at before."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def of(self, answer: Answer) -> Seen:
        """What is known of an answer."""
        seen = self._seen.get(id(answer))
        if seen is None:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            stripped = tuple(turn.strip() for turn in answer.turns)
            seen = self._seen[id(answer)] = Seen(answer, answer_failure(answer), stripped)
        return seen
