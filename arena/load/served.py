"""One request as it was served: when it was due, sent, begun and ended, and what came in which package."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from arena.types import JSON

OK = "ok"


@dataclass(slots=True)
class Served:
    """All moments are seconds after the start of its level; of a warm-up, after the start of that."""

    level: int
    attempt: int
    """Counts how often its level was begun."""
    index: int
    warmup: bool
    scheduled_s: float
    """When it was due; in a closed loop when it was sent."""
    sent_s: float
    ended_s: float = 0.0
    status: str = OK
    """`ok`, or the kind of failure."""
    error: str | None = None
    streamed: bool = True
    """Whether it came as a stream; where not, nothing is known about its first token."""
    times: array[float] = field(default_factory=lambda: array("d"))
    """When each package came that brought text, reasoning or a part of a tool call."""
    sizes: array[float] = field(default_factory=lambda: array("d"))
    """Characters in each package."""
    counted: array[float] | None = None
    """Tokens in each package, where the endpoint says so."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    """Reasoning included; None where the endpoint does not say."""
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: float | None = None
    question: str = ""
    opened_s: float | None = None
    """When its first event came, whatever was in it: a role alone is no token, but some tools count it as one."""
    events: int = 0
    """How many came, those without text too."""
    repeat: int = 0
    """Which run of its level it belongs to."""

    @property
    def ok(self) -> bool:
        """Whether a whole reply came back."""
        return self.status == OK

    @property
    def latency_s(self) -> float:
        """From when it was due to the end."""
        return self.ended_s - self.scheduled_s

    @property
    def ttft_s(self) -> float | None:
        """From when it was due to the first token; None where none came, or none that can be told apart."""
        return self.times[0] - self.scheduled_s if self.times else None

    @property
    def tpot_s(self) -> float | None:
        """(latency - time to first token) / (output tokens - 1); None for a single token or an unknown number."""
        if self.ttft_s is None or self.output_tokens is None or self.output_tokens < 2:
            return None
        return (self.latency_s - self.ttft_s) / (self.output_tokens - 1)

    def gaps(self) -> list[float]:
        """Seconds per token between packages: each gap over the tokens in the later package.

        Tokens of a package: as the endpoint counts them; one each where there are as many packages as tokens; else its
        share of the characters. Empty where the number of tokens is not known.
        """
        tokens = self._tokens()
        if tokens is None:
            return []
        pairs = zip(self.times, self.times[1:], strict=False)
        return [(late - early) / size for (early, late), size in zip(pairs, tokens[1:], strict=True)]

    def _tokens(self) -> list[float] | None:
        if self.counted is not None and all(size > 0 for size in self.counted):
            return list(self.counted)
        if self.output_tokens is None:
            return None
        if self.output_tokens <= len(self.times):
            return [1.0] * len(self.times)
        total = sum(self.sizes)
        return [max(1.0, self.output_tokens * size / total) for size in self.sizes]

    def line(self) -> dict[str, JSON]:
        """As it is stored. Moments to the microsecond."""
        return {
            "level": self.level, "attempt": self.attempt, "repeat": self.repeat, "index": self.index,
            "warmup": self.warmup,
            "question_id": self.question, "status": self.status, "error": self.error, "streamed": self.streamed,
            "scheduled_s": round(self.scheduled_s, 6), "sent_s": round(self.sent_s, 6),
            "events": self.events,
            "opened_s": None if self.opened_s is None else round(self.opened_s, 6),
            "ended_s": round(self.ended_s, 6), "packages_s": [round(at, 6) for at in self.times],
            "packages_chars": [int(size) for size in self.sizes],
            "packages_tokens": None if self.counted is None else [int(size) for size in self.counted],
            "usage": {
                "input_tokens": self.input_tokens, "output_tokens": self.output_tokens,
                "reasoning_tokens": self.reasoning_tokens, "cached_input_tokens": self.cached_tokens,
            },
            "cost_usd": self.cost_usd,
        }  # fmt: skip


def served_of(line: Mapping[str, JSON]) -> Served:
    """A stored line. Raises KeyError or TypeError for one that no load test wrote."""
    usage = line["usage"]
    assert isinstance(usage, dict)
    counted = line["packages_tokens"]
    return Served(
        level=line["level"], attempt=line["attempt"], index=line["index"], warmup=line["warmup"],  # type: ignore[arg-type]
        scheduled_s=line["scheduled_s"], sent_s=line["sent_s"], ended_s=line["ended_s"],  # type: ignore[arg-type]
        status=line["status"], error=line["error"], streamed=line["streamed"],  # type: ignore[arg-type]
        times=array("d", line["packages_s"]), sizes=array("d", line["packages_chars"]),  # type: ignore[arg-type]
        counted=None if counted is None else array("d", counted),  # type: ignore[arg-type]
        input_tokens=usage["input_tokens"], output_tokens=usage["output_tokens"],  # type: ignore[arg-type]
        reasoning_tokens=usage["reasoning_tokens"], cached_tokens=usage["cached_input_tokens"],  # type: ignore[arg-type]
        opened_s=line.get("opened_s"), events=line.get("events", 0),  # type: ignore[arg-type]
        cost_usd=line["cost_usd"], question=line["question_id"], repeat=line.get("repeat", 0),  # type: ignore[arg-type]
    )  # fmt: skip
