"""What an importer finds in another tool's files, before it becomes a board: questions, answers, judged replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from arena.config.schema import Mode
from arena.store.items import Item
from arena.types import JSON, Label, Question, Status, TokenLogprobs, Usage

_UNKNOWN = Usage()


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of one model to one question."""

    question_id: str
    model: str
    turns: tuple[str, ...]
    finish_reason: str | None = None
    usage: Usage = _UNKNOWN
    ttft_s: float | None = None
    latency_s: float | None = None
    cost_usd: float | None = None
    measured: bool = False
    """Latency and time to first token were measured by the tool, one call at a time against an endpoint."""
    sample: int | None = None
    """Which of several answers it is, where the tool says so."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One reply of a judge, in slots, as the tool stored it. No label and no score: it could not be read."""

    judge: str
    first: Said
    second: Said | None
    """None in single mode."""
    raw: JSON
    """The reply as the tool stored it; enters the key."""
    label: Label | None = None
    score_first: float | None = None
    score_second: float | None = None
    probability: float | None = None
    """P(first is better), where the tool stored one."""
    order_known: bool = True
    """False when the tool does not say who was shown first: `first` is then only a way of writing it down."""
    status: Status = "ok"
    error: str | None = None
    text: str = ""
    turn: int = 1
    """Which turn of the conversation was judged, for tools that judge each."""
    template: str = ""
    messages: tuple[Mapping[str, JSON], ...] = ()
    """The prompt, where the tool kept it."""
    logprobs: tuple[TokenLogprobs, ...] = ()
    usage: Usage = _UNKNOWN
    cost_usd: float | None = None
    latency_s: float | None = None
    created_at: str | None = None

    @property
    def question_id(self) -> str:
        """The question it is about."""
        return self.first.question_id


@dataclass(frozen=True, slots=True)
class FoundBoard:
    """Everything found in SRC."""

    tool: str
    questions: Mapping[str, Question]
    answers: tuple[Said, ...]
    replies: tuple[Judged, ...]
    baseline: str | None = None
    """The model that all others met, where the tool says so."""
    default_mode: Mode = "pairwise"
    """How a board without verdicts is to be judged."""
    quorum: int = 1
    strong_weight: float = 1.0
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    """Documents of benchmarks that the tool scored."""
    metrics: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The metric that counts, by (task, model)."""
    notes: tuple[str, ...] = ()
    """What was left out and why, one sentence each."""
