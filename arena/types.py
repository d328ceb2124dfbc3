"""The nouns: what flows from questions to the leaderboard. Frozen, without behaviour.

    Question ──Request──▶ Answer ──Request──▶ Reply ──▶ Parsed ──▶ Verdict ──▶ Battle
              (backend)            (judge)         parse       combine

A parser speaks in slots: `first` and `second` as the judge saw them (`Parsed`). `Verdict` adds the order that
says which model sat where, and gives scores and probabilities in model_a's frame. Nothing else swaps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, TypeAlias

from arena.terms import BattleState

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"

Status = Literal["ok", "refused", "truncated", "empty", "bad_request", "error"]
"""How one call ended. `bad_request` never stands on an answer: there it is `error`."""
Load = Literal["api", "offline-batch", "recorded"]
"""Under which kind of load a latency was measured; numbers of different kinds are not comparable."""
Order = Literal["a_first", "b_first"]
Label = Literal["first_strong", "first", "tie", "second", "second_strong"]
Winner = Literal["model_a", "model_b", "tie"]
VerdictStatus = Literal["ok", "identical", "unparsed", "failed", "missing"]
Reason = Literal[
    "answer_missing",
    "answer_empty",
    "answer_error",
    "call_failed",
    "unparsed",
    "no_reference",
    "self_judged",
    "no_quorum",
]
"""Why a battle is excluded."""


@dataclass(frozen=True, slots=True)
class Question:
    """One conversation to answer: its user turns, and what is known about them."""

    question_id: str
    turns: tuple[str, ...]
    category: str = "general"
    reference: tuple[str, ...] = ()
    """The right answer to each turn; an empty string where a turn has none; empty when there is none at all."""
    system: str | None = None
    language: str | None = None
    metadata: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call (or the sum over the turns of one answer). None is unknown, never 0."""

    input_tokens: int | None = None
    """All prompt tokens, those read from or written to a cache included."""
    output_tokens: int | None = None
    """All generated tokens, reasoning included."""
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None
    """Prompt tokens written to a cache (billed at a premium where the provider does so)."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters of one request. None leaves the provider's or engine's default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """The seed of this very request, already derived (never one seed shared by many requests)."""
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str
    shared: int = 0
    """Leading characters of `content` that sibling requests repeat: where a provider's prompt cache may be marked."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a judge is asked about, as data: for backends that judge by rule instead of reading the prompt."""

    question: Question
    answers: tuple[tuple[str, ...], ...]
    """The answers in the order they are shown (two for a pair, one in single mode), each a tuple of turns."""
    write: Callable[[Parsed | ParsedScore, str], str]
    """Writes a verdict and its explanation as the reply that the prompt's format asks for."""
    scale: tuple[float, float] = (1.0, 10.0)
    """Lowest and highest score of single mode."""
    models: tuple[str, ...] = ()
    """The contestants in the same order. Only the simulated judge may look: it invents strengths by name."""
    nonce: str | None = None
    """The code in fences and verdict; None when the prompt uses none."""
    write_logprobs: Callable[[Parsed | ParsedScore], tuple[TokenLogprobs, ...]] | None = None
    """The log-probabilities that go with `write`, in formats that read them."""


class Windows(NamedTuple):
    """How a long text is weighed: windows of so many tokens, one every `stride`; each token counts once."""

    window: int
    stride: int
    first: bool
    """Whether the tokenizer's first (or end-of-text) token stands before the text, so that all its tokens count."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to generate: messages so far, then perhaps further user turns that see the earlier answers."""

    key: str
    question_id: str
    messages: tuple[Message, ...]
    follow_ups: tuple[str, ...] = ()
    """User turns asked one after another once `messages` is answered, each seeing all answers before it."""
    sampling: Sampling = Sampling()
    sample: int = 0
    schema: Mapping[str, JSON] | None = None
    """JSON schema of the reply, for endpoints with structured output; the prompt also works without it."""
    narrow_schema: Mapping[str, JSON] | None = None
    """The same with all that this one reply must repeat word for word, for engines where a schema of its own for every
    request costs nothing."""
    choices: tuple[str, ...] = ()
    """The reply must be one of these (guided decoding where the engine has it)."""
    top_logprobs: int = 0
    """Ask for the log-probabilities of this many alternatives per token; 0 for none."""
    prefix: str = ""
    """Requests with the same prefix share the start of their prompt: the first of them goes ahead alone."""
    exhibit: Exhibit | None = None
    raw: bool = False
    """The one message is the text itself, to be gone on with: no chat template. Local engines only."""
    continuations: tuple[tuple[str, str | None], ...] = ()
    """Nothing is generated: the log-likelihoods of these texts behind the prompt, or each behind a context of its own.
    Local engines only."""
    older_key: str | None = None
    """The key that an earlier version gave it, where that was another."""
    windows: Windows | None = None
    """Nothing is generated: the log-likelihood of the one message's text itself. Local engines only."""

    @property
    def weighs(self) -> bool:
        """Whether given texts are weighed, and nothing is generated."""
        return bool(self.continuations) or self.windows is not None

    @property
    def last_shared(self) -> int | None:
        """Index of the last message that sibling requests begin alike; None when they share nothing."""
        return next((i for i in reversed(range(len(self.messages))) if self.messages[i].shared > 0), None)

    @property
    def shared_chars(self) -> int:
        """Length of the start that sibling requests repeat: all before the last shared part, and that part."""
        last = self.last_shared
        if last is None:
            return 0
        return sum(len(message.content) for message in self.messages[:last]) + self.messages[last].shared


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """One generated token and its most likely alternatives."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    """(token, natural log-probability), most likely first."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for one request. A failure is a Completion too: it has a status, never a made-up text."""

    status: Status
    turns: tuple[str, ...] = ()
    """One text per turn that was reached."""
    reasoning: tuple[str | None, ...] = ()
    """The model's reasoning per turn, kept apart from its answer; None where there is none."""
    error: str | None = None
    finish_reason: str | None = None
    usage: Usage = Usage()
    logprobs: tuple[TokenLogprobs, ...] = ()
    """Of the last turn, when asked for."""
    loglikelihoods: tuple[tuple[float, bool], ...] = ()
    """Of each continuation (or window): the sum of its tokens' natural log-probabilities, and whether each was the
    likeliest."""
    weighed_tokens: int | None = None
    """Tokens whose log-probabilities stand in them."""
    ttft_s: float | None = None
    """Seconds to the first token of the first turn; None unless it was measured."""
    latency_s: float | None = None
    load: Load = "api"
    model_returned: str | None = None
    request_id: str | None = None
    attempts: int = 1
    broken: int = 0
    """Attempts that broke off in a way that may have been billed."""
    peak_memory_bytes: int | None = None
    enforced: bool | None = None
    """Whether the endpoint held the reply to the request's JSON schema; None when there was none to hold it to."""
    asked_logprobs: int | None = None
    """How many alternatives per token an endpoint was asked for, which may take fewer than the request wants."""
    cost_usd: float | None = None
    """Stated by the source itself (a recording, a provider that returns its price); else the price list decides."""

    @property
    def maybe_billed(self) -> bool:
        """Whether more may have been billed than what came back."""
        return self.broken > 0

    @property
    def text(self) -> str:
        """The last turn's text; empty when nothing came."""
        return self.turns[-1] if self.turns else ""


class Backend(Protocol):
    """Something that generates. Candidates and judges are both backends; a backend does not know which it is."""

    concurrency: int
    """How many requests it wants in flight at once."""
    load: Load

    async def complete(self, request: Request) -> Completion:
        """Generate for one request, retries included. Failures come back as a Completion.

        Raises EndpointDead (nobody gets in: 401, wrong URL, engine cannot start) and nothing else on purpose.
        """

    async def close(self) -> None:
        """Let go of connections, processes and memory. Called once, also after an error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored line of answers/<model>.jsonl: what a candidate said to one question (all turns)."""

    question_id: str
    model: str
    sample: int
    turns: tuple[str, ...]
    status: Status
    key: str
    reasoning: tuple[str | None, ...] = ()
    error: str | None = None
    finish_reason: str | None = None
    usage: Usage = Usage()
    ttft_s: float | None = None
    latency_s: float | None = None
    load: Load = "api"
    cost_usd: float | None = None
    model_returned: str | None = None
    created_at: str | None = None
    """ISO 8601, UTC."""
    simulated: bool = False
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One immutable line of a judge's ledger: what came back for one request. What it means is derived."""

    key: str
    status: Status
    judge: str
    model_requested: str
    prompt: str
    prompt_sha256: str
    format: str
    nonce: str | None
    request: Mapping[str, JSON]
    """{messages, params} as sent, the literal nonce included."""
    question_id: str
    model_a: str
    """Names of the first asker; several battles may share the reply. In single mode the model."""
    model_b: str | None
    order: Order | None
    sample: int
    text: str
    reasoning: str | None = None
    finish_reason: str | None = None
    logprobs: tuple[TokenLogprobs, ...] = ()
    usage: Usage = Usage()
    via: Literal["live", "batch", "import"] = "live"
    cost_usd: float | None = None
    latency_s: float | None = None
    attempts: int = 1
    maybe_billed: bool = False
    error: str | None = None
    model_returned: str | None = None
    request_id: str | None = None
    created_at: str | None = None
    arena_version: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a judge's reply says about a pair, in slots."""

    label: Label
    score_first: float | None = None
    score_second: float | None = None
    probability: float | None = None
    """P(first is better), where the reply or its log-probabilities give one."""


@dataclass(frozen=True, slots=True)
class ParsedScore:
    """What a judge's reply says about one answer."""

    score: float
    criteria: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one order of a battle came to. Label in slots; scores and probability in model_a's frame."""

    order: Order
    status: VerdictStatus
    answer_sample: int = 0
    sample: int = 0
    """The judge's sample number."""
    label: Label | None = None
    score_a: float | None = None
    score_b: float | None = None
    probability: float | None = None
    explanation: str | None = None
    reason: Reason | None = None
    key: str | None = None
    order_known: bool = True
    """False where an imported board does not say what was shown first: `order` then only fixes the frame of `label`."""


@dataclass(frozen=True, slots=True)
class Battle:
    """One question, two models, one judge, all its orders: a row of reports/battles.jsonl."""

    question_id: str
    category: str
    language: str | None
    model_a: str
    model_b: str
    answer_key_a: str | None
    answer_key_b: str | None
    judge: str
    sample: int
    state: BattleState
    reason: Reason | None = None
    outcome: float | None = None
    """P(model_a wins) in [0, 1], the mean of the orders; None unless rated."""
    winner: Winner | None = None
    weight: float = 1.0
    verdicts: tuple[Verdict, ...] = ()
    consistent: bool | None = None
    """Whether both orders name the same winner; None with one order."""
    agreement: float | None = None
    """Panel rows: the share of the judges that name the panel's winner."""
    style: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """Single mode: one judge's score of one answer: a row of reports/scores.jsonl."""

    question_id: str
    category: str
    language: str | None
    model: str
    judge: str
    sample: int
    state: BattleState
    score: float | None = None
    criteria: Mapping[str, float] = field(default_factory=dict)
    explanation: str | None = None
    reason: Reason | None = None
    key: str | None = None
    answer_key: str | None = None
    spread: float | None = None
    """Panel rows: the highest judge's score minus the lowest's."""
