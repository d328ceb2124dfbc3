"""What a judge is asked, and what its stored replies come to.

One case is one question shown to one judge in one order. `resolve` walks through what the ledger holds: the first
reply, the one with twice the tokens when that was cut off before its verdict, the repair when no verdict could be read.
It ends with a verdict, or with the next request to send. Asking and combining use the same walk, so a resumed run
cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import NamedTuple

from arena.formats.text import hide_nonce
from arena.judging.frames import Frames, Judge
from arena.judging.sent import sent
from arena.keys import NONCE_IN_KEYS, ReplyKeys, filed_under, reply_keys
from arena.prompts import Prompt, Unparsed
from arena.types import (
    Answer,
    Completion,
    Exhibit,
    Message,
    Order,
    Parsed,
    ParsedScore,
    Question,
    Reason,
    Reply,
    Request,
    Sampling,
    VerdictStatus,
)

MAX_TOKENS = 4096
"""Output limit of a judge whose config sets none: less would cut explanations off."""
DEFAULT_SCALE = (1.0, 10.0)
_READING = (0, 2)
"""The version from which on a verdict that was taken back does not count, and a cut-off reply can be repaired."""


@dataclass(frozen=True)
class Case:
    """One question shown to one judge in one order, with one prompt."""

    judge: Judge
    prompt: Prompt
    question: Question
    models: tuple[str, ...]
    """model_a and model_b, or the one model of single mode."""
    answers: tuple[Answer, ...]
    """In the same order."""
    order: Order | None
    sample: int
    """The judge's sample number."""
    baselines: tuple[str, ...] = ()
    """The models that everybody meets, whose answers sibling cases therefore share."""
    frames: Frames = field(default_factory=Frames, compare=False, repr=False)
    """What keys of sibling cases have in common."""

    @property
    def prefix(self) -> str:
        """What is the same for all cases whose prompts begin alike: those over one question, and, where the baseline's
        answer stands first, those that go on with it. Nothing where no word to a judge is shown."""
        if self.prompt.format.conversation:
            return ""
        start = f"{self.question.question_id}\x1f{self.prompt.name}"
        return f"{start}\x1f{self.answers[self._slots()[0]].key}" if self._baseline_first else start

    @property
    def _baseline_first(self) -> bool:
        return len(self.models) == 2 and self.models[self._slots()[0]] in self.baselines

    @property
    def sampling(self) -> Sampling:
        """The judge's, for this sample."""
        return self.judge.sampled(self.sample)

    @property
    def key(self) -> str:
        """The key of the first request."""
        return self.keys.key

    @cached_property
    def keys(self) -> ReplyKeys:
        """The keys of the first request with the judge's own limit."""
        return self._first_keys(self.sampling)

    @cached_property
    def trial(self) -> Ask | None:
        """The same with a small limit, where the label is the whole reply and nobody set a limit: asked before it."""
        if self.judge.trial_tokens is None or not self.prompt.format.one_word:
            return None
        sampling = replace(self.sampling, max_tokens=self.judge.trial_tokens)
        return _ask(self, self._first_keys(sampling), "first", sampling)

    def _first_keys(self, sampling: Sampling) -> ReplyKeys:
        if self.prompt.format.conversation:
            return self._keys(self._messages(None), sampling)
        frame = self.frames.of(self.judge, self.prompt, self.question, self.sample, sampling)
        keys = frame.keys([self.answers[i] for i in self._slots()])
        return keys if self._before is None else keys._replace(older=self._before._first_keys(sampling).key)

    @property
    def _before(self) -> Case | None:
        """The same case as an earlier version asked it, where its keys were others."""
        return None if self.judge.older is None else replace(self, judge=self.judge.older)

    def _slots(self) -> tuple[int, ...]:
        return (1, 0) if self.order == "b_first" else tuple(range(len(self.models)))

    def _messages(self, nonce: str | None) -> tuple[Message, ...]:
        shown = [self.answers[i].turns for i in self._slots()]
        shared = int(self._baseline_first)
        return self.prompt.render(self.question, shown, self.question.reference, nonce, shared_answers=shared)

    def _keys(self, messages: tuple[Message, ...], sampling: Sampling) -> ReplyKeys:
        judge = self.judge
        keys = reply_keys(
            judge.name, judge.model, judge.revision, messages, sampling, self.prompt.format_spec, self.sample,
            extra=judge.key_extra, kind=judge.kind,
        )  # fmt: skip
        return keys if self._before is None else keys._replace(older=self._before._keys(messages, sampling).key)


@dataclass(frozen=True, slots=True)
class Ask:
    """The next request of a case, and what its ledger line will say about it."""

    case: Case
    key: str
    kind: str
    """first, longer (twice the tokens) or repair."""
    sampling: Sampling
    repaired: Reply | None = None
    older_key: str | None = None
    """The key that 0.1.0 gave it, where that was another."""

    @property
    def place(self) -> str:
        """Where the ledger files its reply."""
        return filed_under(self.key, self.case.judge.kind)

    def find(self, lookup: Callable[[str], Reply | None]) -> Reply | None:
        """Its stored reply."""
        found = lookup(self.place)
        if found is None and self.older_key is not None:
            return lookup(filed_under(self.older_key, self.case.judge.kind))
        return found

    def request(self, nonce: str) -> Request:
        """The request to send, with the real nonce of this question."""
        case = self.case
        nonce = self.repaired.nonce or nonce if self.repaired else nonce
        messages = case._messages(nonce)
        if self.repaired is not None:
            messages = _repair_messages(messages, case.prompt, self.repaired.text, nonce)
        slots = case._slots()
        fmt = case.prompt.format
        return Request(
            key=self.key,
            question_id=case.question.question_id,
            messages=messages,
            sampling=self.sampling,
            sample=case.sample,
            schema=fmt.schema() if self.kind != "repair" else fmt.repair_schema(nonce),
            narrow_schema=fmt.schema(nonce) if self.kind != "repair" else None,
            choices=fmt.repair_choices(nonce) if self.kind == "repair" else fmt.choices(nonce),
            top_logprobs=fmt.top_logprobs,
            prefix=case.prefix,
            exhibit=Exhibit(
                case.question,
                tuple(case.answers[i].turns for i in slots),
                partial(_write, case.prompt, nonce),
                fmt.bounds or DEFAULT_SCALE,
                tuple(case.models[i] for i in slots),
                nonce if case.prompt.nonce else None,
                fmt.write_logprobs if fmt.top_logprobs else None,
            ),
        )

    def reply(self, request: Request, completion: Completion, *, created_at: str, version: str) -> Reply:
        """The ledger line for what came back."""
        case = self.case
        exhibit = request.exhibit
        return Reply(
            key=self.key,
            status=completion.status,
            judge=case.judge.name,
            model_requested=case.judge.model,
            prompt=case.prompt.name,
            prompt_sha256=case.prompt.sha256,
            format=case.prompt.format_spec,
            nonce=exhibit.nonce if exhibit else None,
            request=sent(request, completion),
            question_id=case.question.question_id,
            model_a=case.models[0],
            model_b=case.models[1] if len(case.models) == 2 else None,
            order=case.order,
            sample=case.sample,
            text=completion.text,
            reasoning=completion.reasoning[-1] if completion.reasoning else None,
            finish_reason=completion.finish_reason,
            logprobs=completion.logprobs,
            usage=completion.usage,
            cost_usd=completion.cost_usd,
            latency_s=completion.latency_s,
            attempts=completion.attempts,
            maybe_billed=completion.maybe_billed,
            error=completion.error,
            model_returned=completion.model_returned,
            request_id=completion.request_id,
            created_at=created_at,
            arena_version=version,
            simulated=case.judge.simulated,
        )


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a case came to."""

    status: VerdictStatus
    parsed: Parsed | ParsedScore | None = None
    explanation: str | None = None
    """What the judge wrote beside its verdict (all it wrote where there is none), its nonce shown as `NONCE`."""
    reason: Reason | None = None
    key: str | None = None
    waiting: Ask | None = None
    """A repair that only a changed reading of an earlier version's line makes due: sent when somebody wants it."""


def resolve(case: Case, lookup: Callable[[str], Reply | None]) -> Resolved | Ask:
    """Walk through the stored replies of a case to its verdict, or to the next request."""
    walked = list(_walk(case, lookup))
    ask, _, said = walked[-1]
    if said is None:
        if ask.kind != "repair" or not _was_settled(case.prompt, walked[-2]):
            return ask
        unparsed = walked[-2].said
        assert unparsed is not None
        return replace(unparsed, waiting=ask)
    if ask.kind != "repair":
        return said
    repaired = walked[-2].said
    assert repaired is not None
    if said.status != "ok":
        return repaired if said.status == "unparsed" else said
    return replace(said, explanation=repaired.explanation)


def steps(case: Case, lookup: Callable[[str], Reply | None]) -> Iterator[Ask]:
    """Every request of a case's walk so far: those whose replies are stored, the next one, and the one that an earlier
    version began with."""
    yield from (ask for ask, _, _ in _walk(case, lookup))
    if case.trial is not None:
        yield _ask(case, case.keys, "first", case.sampling)


class _Step(NamedTuple):
    """One request of a walk, its reply, and what that says; None where none is stored."""

    ask: Ask
    reply: Reply | None
    said: Resolved | None


def _walk(case: Case, lookup: Callable[[str], Reply | None]) -> Iterator[_Step]:
    """The requests that decide a case, in their order; after one without a reply there is no other."""
    step = _step(case, _ask(case, case.keys, "first", case.sampling), lookup)
    if case.trial is not None:
        trial = _step(case, case.trial, lookup)
        if _was_enough(trial, step):
            step = trial
        elif trial.reply is not None:
            yield trial
    yield step
    if step.reply is not None and step.said is not None and step.reply.status == "truncated":
        longer = _step(case, _longer(step.ask), lookup)
        if _replaces(longer, step) or (step.said.status != "ok" and not case.prompt.format.one_word):
            step = longer
            yield step
    if step.reply is None or step.said is None or step.said.status != "unparsed" or case.prompt.format.conversation:
        return
    if step.reply.status in ("ok", "truncated"):
        yield _step(case, _repair(case, step.reply), lookup)


def _step(case: Case, ask: Ask, lookup: Callable[[str], Reply | None]) -> _Step:
    reply = ask.find(lookup)
    return _Step(ask, reply, None if reply is None else read_reply(case.prompt, reply))


def _was_enough(trial: _Step, step: _Step) -> bool:
    """Whether the small limit did no harm. What was stored before there was one counts, unless asked again since."""
    if step.reply is not None:
        later = trial.reply is not None and (trial.reply.created_at or "") > (step.reply.created_at or "")
        return later and trial.said is not None and trial.said.status == "ok"
    if trial.reply is None or trial.said is None:
        return True
    return trial.said.status == "ok" or trial.reply.status not in ("truncated", "empty", "bad_request")


def _replaces(longer: _Step, cut: _Step) -> bool:
    """Whether a stored longer reply counts in place of the one that was cut off.

    Not where that one holds a verdict and the longer one failed, or is what was left by an earlier asking.
    """
    if longer.reply is None or longer.said is None or cut.reply is None or cut.said is None:
        return False
    if cut.said.status != "ok" or longer.said.status == "ok":
        return True
    earlier = (longer.reply.created_at or "") < (cut.reply.created_at or "")
    return longer.said.status != "failed" and longer.reply.status != "empty" and not earlier


def _was_settled(prompt: Prompt, step: _Step) -> bool:
    """Whether an earlier version, whose line this is, asked for no repair: it read a verdict, or had given up."""
    if step.reply is None or _version(step.reply) >= _READING:
        return False
    return prompt.read_before(step.reply) or (step.ask.kind == "longer" and step.reply.status == "truncated")


def _version(reply: Reply) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", reply.arena_version)[:2])


def read_reply(prompt: Prompt, reply: Reply) -> Resolved:
    """What one reply says. A reply that failed or refused is never a verdict; one that was cut off only where its
    verdict stands in it whole."""
    raw = hide_nonce(reply.text, reply.nonce) if reply.text else None
    status = "ok" if reply.status == "truncated" and prompt.complete(reply.text, reply.nonce) else reply.status
    match status:
        case "ok":
            parsed = prompt.parse(reply.text, reply.nonce, reply.logprobs)
            if isinstance(parsed, Unparsed):
                return Resolved("unparsed", None, raw, "unparsed", reply.key)
            return Resolved("ok", parsed, prompt.explanation(reply.text, reply.nonce), None, reply.key)
        case "refused" | "truncated" | "empty":
            return Resolved("unparsed", None, raw, "unparsed", reply.key)
        case "bad_request" | "error":
            return Resolved("failed", None, raw or reply.error, "call_failed", reply.key)


def _ask(case: Case, keys: ReplyKeys, kind: str, sampling: Sampling, repaired: Reply | None = None) -> Ask:
    return Ask(case, keys.key, kind, sampling, repaired, keys.older)


def _longer(ask: Ask) -> Ask:
    """The same request with twice the tokens."""
    case = ask.case
    sampling = replace(ask.sampling, max_tokens=2 * (ask.sampling.max_tokens or MAX_TOKENS))
    return _ask(case, case._keys(case._messages(NONCE_IN_KEYS), sampling), "longer", sampling)


def _repair(case: Case, reply: Reply) -> Ask:
    """A request that shows the judge its own reply and asks for the label alone."""
    text = hide_nonce(reply.text, reply.nonce)
    messages = _repair_messages(case._messages(NONCE_IN_KEYS), case.prompt, text, NONCE_IN_KEYS)
    return _ask(case, case._keys(messages, case.sampling), "repair", case.sampling, reply)


def _repair_messages(messages: tuple[Message, ...], prompt: Prompt, text: str, nonce: str) -> tuple[Message, ...]:
    """The conversation that goes on with the repair; where there was no text no turn of the judge's stands between."""
    wanted = prompt.repair(nonce)
    if text.strip():
        return *messages, Message("assistant", text), Message("user", wanted)
    *before, last = messages
    return *before, replace(last, content=f"{last.content}\n\n{wanted}")


def _write(prompt: Prompt, nonce: str | None, verdict: Parsed | ParsedScore, explanation: str) -> str:
    return prompt.format.write(verdict, nonce if prompt.nonce else None, explanation)
