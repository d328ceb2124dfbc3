"""A judge as requests see it, and keys of many requests about one question: what they share is hashed once."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from arena.keys import NONCE_IN_KEYS, ReplyFrame, ReplyKeys, canonical, escaped, messages_around, reply_frame
from arena.prompts import Prompt
from arena.types import JSON, Answer, Question, Sampling

if TYPE_CHECKING:
    from hashlib import _Hash as HASH


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge as requests see it."""

    name: str
    model: str
    revision: str | None
    sampling: Sampling
    samples: int = 1
    simulated: bool = False
    key_extra: Mapping[str, JSON] | None = None
    """Further settings that change replies (an adapter, an extra request body)."""
    kind: str | None = None
    """The kind of its backend where no weights stand behind it: part of its keys."""
    trial_tokens: int | None = None
    """The output limit that a one-word reply is tried with first; None where the config says how long it may be."""
    older: Judge | None = None
    """The same judge as an earlier version keyed its replies."""

    def sampled(self, sample: int) -> Sampling:
        """Its sampling, with a seed of its own for each sample: the same seed would give the same reply again."""
        sampling = self.sampling
        return replace(sampling, seed=sampling.seed + sample) if sampling.seed is not None else sampling


class Frame:
    """Everything a judge's requests about one question have in common: all but the answers."""

    def __init__(self, judge: Judge, prompt: Prompt, question: Question, reply: ReplyFrame) -> None:
        self._judge, self._prompt, self._reply = judge, prompt, reply
        before, user = prompt.around(question, question.reference, NONCE_IN_KEYS)
        pieces = self._pieces = messages_around(reply, before, user)
        first = next(n for n, piece in enumerate(pieces) if isinstance(piece, int))
        self._first = int(pieces[first])
        self._until, self._rest = pieces[: first + 1], pieces[first + 1 :]
        self._shown: dict[tuple[int, int], tuple[Answer, bytes]] = {}
        self._begun: dict[int, HASH] = {}

    @cached_property
    def digest(self) -> bytes:
        """A hash of everything that decides a key but the answers."""
        prompt = self._prompt
        about = [self._judge.kind, prompt.kind, prompt.nonce, len(self._pieces)]
        digest = hashlib.sha256(canonical(about) + self._reply.after)
        for piece in self._pieces:
            part = b"%d" % piece if isinstance(piece, int) else piece
            digest.update(b"%d:%b" % (len(part), part))
        return digest.digest()

    def keys(self, answers: Sequence[Answer]) -> ReplyKeys:
        """The keys of the first request that shows these answers in this order."""
        first = id(answers[self._first])
        begun = self._begun.get(first)
        if begun is None:
            begun = self._begun[first] = hashlib.sha256(self._filled(self._until, answers))
        hashed = begun.copy()
        hashed.update(self._filled(self._rest, answers))
        return self._reply.keys(hashed, self._judge.kind)

    def _filled(self, pieces: Sequence[bytes | int], answers: Sequence[Answer]) -> bytes:
        return b"".join([self._answer(p, answers[p]) if isinstance(p, int) else p for p in pieces])

    def _answer(self, slot: int, answer: Answer) -> bytes:
        found = self._shown.get((slot, id(answer)))
        if found is None:  # with the answer itself, so that no other can have its id
            found = answer, escaped(self._prompt.shown(slot, answer.turns, NONCE_IN_KEYS))
            self._shown[slot, id(answer)] = found
        return found[1]


class Frames:
    """The frames of the question that was asked about last."""

    def __init__(self) -> None:
        self._question: Question | None = None
        self._made: dict[Hashable, Frame] = {}

    def of(self, judge: Judge, prompt: Prompt, question: Question, sample: int, sampling: Sampling) -> Frame:
        """The frame of what a judge is asked about a question; made where it is not known."""
        if question is not self._question:
            self._question, self._made = question, {}
        rest = id(judge), id(prompt), sample, sampling.max_tokens
        frame = self._made.get(rest)
        if frame is None:
            around = reply_frame(
                judge.name, judge.model, judge.revision, sampling, prompt.format_spec, sample, extra=judge.key_extra
            )
            frame = self._made[rest] = Frame(judge, prompt, question, around)
        return frame
