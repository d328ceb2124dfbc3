"""Candidates and judges of a board, and what they are asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from arena.config.base import GenerationConfig
from arena.config.kinds import CandidateConfig, JudgeConfig
from arena.judging.frames import Judge
from arena.judging.judge import MAX_TOKENS
from arena.keys import derived_seed, digest, plain_messages, recorded_key, sampling_params
from arena.store.recordings import Recording
from arena.types import JSON, Message, Question, Request

TRIAL_TOKENS = 16
"""What a reply of one word is tried with first where the config sets no limit: some models do not stop behind it."""


@dataclass(frozen=True)
class Candidate:
    """One candidate of a board, and what its answers are keyed by."""

    name: str
    entry: CandidateConfig
    recording: Recording | None = None

    @property
    def samples(self) -> int:
        """Answers per question."""
        return self.entry.generation_config.n

    @cached_property
    def simulated(self) -> bool:
        """Whether its answers are invented, here or in the rehearsal that a recording was taken from."""
        recorded = (self.recording or {}).values()
        return self.entry.simulated or any(answer.simulated for answer in recorded)

    def request(self, question: Question, sample: int) -> Request | None:
        """What to ask for one answer; None when a recording has no answer to the question."""
        known = self._requests.get((id(question), sample))
        if known is None:  # with the question itself, so that no other can have its id
            known = self._requests[id(question), sample] = question, self._request(question, sample)
        return known[1]

    @cached_property
    def _requests(self) -> dict[tuple[int, int], tuple[Question, Request | None]]:
        """Those that were made before: every stage asks which answers are today's."""
        return {}

    def _request(self, question: Question, sample: int) -> Request | None:
        if self.recording is not None:
            recorded = self.recording.get((question.question_id, sample))
            return Request(recorded_key(recorded.turns), question.question_id, (), sample=sample) if recorded else None
        system = question.system or self.entry.system
        messages = ((Message("system", system),) if system else ()) + (Message("user", question.turns[0]),)
        base = self.entry.generation_config.seed
        if base is None and self.entry.always_seeded:
            base = 0
        seed = None if base is None else derived_seed(base, question.question_id, sample)
        sampling = self.entry.generation_config.sampling(seed)
        parts: dict[str, object] = {
            "messages": plain_messages(messages),
            "follow_ups": list(question.turns[1:]),
            "sampling": sampling_params(sampling),
            "sample": sample,
        }
        identity, older = self._identities
        return Request(
            digest(parts | identity), question.question_id, messages, question.turns[1:], sampling, sample,
            older_key=None if older is None else digest(parts | older),
        )  # fmt: skip

    @cached_property
    def _identities(self) -> tuple[dict[str, JSON], dict[str, JSON] | None]:
        return self.entry.identity(self.name), self.entry.older_identity(self.name)


def judge_of(name: str, entry: JudgeConfig) -> Judge:
    """A configured judge as requests see it. Temperature 0 and 4096 tokens unless the config says otherwise."""
    if entry.rewards:  # samples nothing and writes nothing
        return replace(_judge(name, entry, GenerationConfig(max_tokens=1), entry.identity(name)), samples=1)
    settings = entry.generation_config
    if "temperature" not in settings.model_fields_set:
        settings = settings.model_copy(update={"temperature": 0.0})
    if settings.max_tokens is None:
        settings = settings.model_copy(update={"max_tokens": MAX_TOKENS})
    judge = _judge(name, entry, settings, entry.identity(name))
    older = entry.older_identity(name)
    judge = judge if older is None else replace(judge, older=_judge(name, entry, settings, older))
    return replace(judge, trial_tokens=TRIAL_TOKENS) if _may_be_tried(entry, judge) else judge


def _may_be_tried(entry: JudgeConfig, judge: Judge) -> bool:
    """Whether nobody said how long replies may be or how long to think, and somebody is asked at all."""
    ours = entry.generation_config.max_tokens is None and entry.generation_config.reasoning_effort is None
    return ours and entry.judge_kind is None and "extra_body" not in (judge.key_extra or {})


def _judge(name: str, entry: JudgeConfig, settings: GenerationConfig, known: dict[str, JSON]) -> Judge:
    model = str(known.pop("model"))
    revision = known.pop("revision", None)
    del known["backend"]  # the same weights behind another backend are the same judge
    extra = {key: value for key, value in known.items() if value not in (None, {}, "auto")}
    return Judge(
        name, model, str(revision) if revision else None, settings.sampling(settings.seed), entry.samples,
        entry.simulated, extra or None, entry.judge_kind,
    )  # fmt: skip
