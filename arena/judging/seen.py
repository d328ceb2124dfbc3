"""What everybody who counts battles wants to know of an answer, found out once."""

from __future__ import annotations

import hashlib

from arena.files import to_json
from arena.judging.combine import answer_failure
from arena.judging.style import features_of
from arena.types import Answer, Reason

_MOST = 1 << 18


class Seen:
    """One answer."""

    __slots__ = ("_digest", "_style", "answer", "failure", "stripped")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.failure: Reason | None = answer_failure(answer)
        """Why it cannot be judged; None when it can."""
        stripped = tuple(turn.strip() for turn in answer.turns)
        self.stripped = answer.turns if stripped == answer.turns else stripped
        """Its turns without white space at both ends: two that are equal here are not shown to a judge."""
        self._digest: bytes | None = None
        self._style: tuple[float, ...] | None = None

    @property
    def digest(self) -> bytes:
        """A hash of its texts."""
        if self._digest is None:
            self._digest = hashlib.sha256(to_json(self.answer.turns)).digest()
        return self._digest

    @property
    def style(self) -> tuple[float, ...]:
        """Its features, in the order of `FEATURES`."""
        if self._style is None:
            self._style = features_of(self.answer.turns)
        return self._style


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
            seen = self._seen[id(answer)] = Seen(answer)
        return seen
