"""The label alone, and its log-probabilities as a probability: soft verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from arena.formats.base import Format, Kind, Outcome, expect_pair
from arena.formats.pairs import WEAK
from arena.formats.text import Unparsed, normal, visible
from arena.redact import masked
from arena.types import Label, Parsed, TokenLogprobs

_SLOTS: tuple[Label, ...] = ("first", "second", "tie")
_LEAST_MASS = 0.5
_NOT_STATED = -9000.0
"""Endpoints write -9999 for a log-probability that they do not have, or nothing at all."""


@dataclass(frozen=True)
class LabelOnly(Format):
    """One word that is the whole reply: an explanation before it would saturate its log-probabilities.

    P(first) is the first label's share of the probability of all labels, a tie counting half (AlpacaEval 2's
    `weighted_` annotators). A label missing from the alternatives is taken to be as likely as the least likely
    alternative listed. When the judge sampled another word, the distribution still counts if the labels hold more
    than half of it.
    """

    labels: tuple[str, ...] = ("A", "B")
    """What stands for the first answer, the second and, if there are three, a tie."""

    name: ClassVar[str] = "label_only"
    kind: ClassVar[Kind] = "pairwise"
    top_logprobs: ClassVar[int] = 10
    one_word: ClassVar[bool] = True

    def __post_init__(self) -> None:
        proper = all(label and label == normal(label) and " " not in label for label in self.labels)
        if len(self.labels) not in {2, 3} or len(set(self.labels)) != len(self.labels) or not proper:
            raise ValueError(f"labels are two or three different words, found {list(self.labels)}")

    def instructions(self, nonce: str | None) -> str:
        return f"Reply with the verdict alone: one word, no explanation, nothing else. {self._menu()}"

    def repair(self, nonce: str | None) -> str:
        return f"Reply with one word and nothing else. {self._menu()}"

    def choices(self, nonce: str | None) -> tuple[str, ...]:
        return self.labels

    def parse(self, text: str, nonce: str | None, logprobs: Sequence[TokenLogprobs] = ()) -> Outcome | Unparsed:
        shown = visible(text)
        if isinstance(shown, Unparsed):
            return shown
        word = _word(shown)
        if word in self.labels:
            return Parsed(_SLOTS[self.labels.index(word)], probability=self._probability(word, logprobs))
        return self._by_distribution(logprobs) or Unparsed(f"not a label: {masked(word)[:60]!r}")

    def complete(self, text: str, nonce: str | None) -> bool:
        shown = visible(text)
        word = "" if isinstance(shown, Unparsed) else _word(shown)
        return word in self.labels and not any(label != word and label.startswith(word) for label in self.labels)

    def write(self, outcome: Outcome, nonce: str | None, explanation: str = "") -> str:
        return self.labels[self._slot(outcome)]

    def write_logprobs(self, outcome: Outcome) -> tuple[TokenLogprobs, ...]:
        """The label's token with the probability of the outcome; none when the outcome has no probability."""
        p = expect_pair(outcome).probability
        if p is None:
            return ()
        top = [(label, math.log(max(q, 1e-12))) for label, q in zip(self.labels, (p, 1 - p, 0.0), strict=False)]
        top.sort(key=lambda pair: -pair[1])
        said = self.labels[self._slot(outcome)]
        return (TokenLogprobs(said, dict(top).get(said, top[0][1]), tuple(top)),)

    def explanation(self, text: str, nonce: str | None) -> str | None:
        return None

    def _menu(self) -> str:
        first, second, *tie = self.labels
        either = f", {tie[0]} if they are equally good" if tie else ""
        return f"Write {first} if answer A is better, {second} if answer B is better{either}."

    def _slot(self, outcome: Outcome) -> int:
        slot = _SLOTS.index(WEAK[expect_pair(outcome).label])
        return slot if slot < len(self.labels) else 0

    def _probability(self, word: str, logprobs: Sequence[TokenLogprobs]) -> float | None:
        """P(first) at the last token that is this label; None without log-probabilities of it."""
        for token in reversed(logprobs):
            if token.token.strip() == word and token.top:
                prefix = token.token[: len(token.token) - len(token.token.lstrip())]
                return self._share({token.token: token.logprob} | dict(token.top), prefix)[0]
        return None

    def _by_distribution(self, logprobs: Sequence[TokenLogprobs]) -> Parsed | None:
        """The verdict at the first token, where a label was due but another word was drawn."""
        if not logprobs:
            return None
        top = dict(logprobs[0].top)
        probability, mass = self._share(top, "")
        if mass <= _LEAST_MASS:
            return None
        likeliest = max(self.labels, key=lambda label: top.get(label, -math.inf))
        return Parsed(_SLOTS[self.labels.index(likeliest)], probability=probability)

    def _share(self, top: dict[str, float], prefix: str) -> tuple[float | None, float]:
        """P(first) among the labels, None where no label is listed, and how much of the distribution they hold."""
        top = {token: log for token, log in top.items() if log > _NOT_STATED}
        if not any(prefix + label in top for label in self.labels):
            return None, 0.0
        least = min(top.values())
        logs = [top.get(prefix + label, least) for label in self.labels]
        weights = [math.exp(log - max(logs)) for log in logs]
        mass = sum(math.exp(top[prefix + label]) for label in self.labels if prefix + label in top)
        tie = weights[2] if len(weights) > 2 else 0.0
        return (weights[0] + tie / 2) / sum(weights), mass


def _word(shown: str) -> str:
    return normal(shown).strip(" *_`\"'.")
