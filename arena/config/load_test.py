"""The section `load_test`: which load is put on the candidates, and what counts as fast enough."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from arena.config.base import Strict

Arrival = Literal["closed", "poisson", "constant", "trace"]


class SloConfig(Strict):
    """What a request must keep to count as good; what is null does not matter."""

    ttft_s: float | None = Field(None, gt=0)
    """To the first token."""
    tpot_s: float | None = Field(None, gt=0)
    """Per output token after the first."""
    latency_s: float | None = Field(None, gt=0)
    """To the last token."""
    share: float = Field(0.99, gt=0, lt=1)
    """Of the requests, how many must be good."""

    @property
    def bounds(self) -> dict[str, float]:
        """The times that are bounded."""
        known = {"ttft_s": self.ttft_s, "tpot_s": self.tpot_s, "latency_s": self.latency_s}
        return {name: value for name, value in known.items() if value is not None}


class RandomPrompts(Strict):
    """Prompts of random words, each another one."""

    input: int = Field(128, ge=1, le=1_000_000)
    """Words of a prompt, about a token each; the endpoint's usage says how many tokens they were."""
    output: int = Field(128, ge=1)
    """Most tokens of a reply, where `max_tokens` says nothing else."""


class PromptSource(Strict):
    """Where prompts come from other than the board's questions."""

    file: Path | None = None
    """Questions in any layout of `question_file`."""
    random: RandomPrompts | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.random is None):
            raise ValueError("either `file: PATH` or `random: {input: N, output: N}`")
        return self


class LoadTestConfig(Strict):
    """A load test: `arena load` sends it, `arena run` does not."""

    candidates: tuple[str, ...] | None = Field(None, min_length=1)
    """Only these; default: every candidate that is an endpoint."""
    arrival: Arrival = "closed"
    """closed: so many requests at once; poisson, constant: so many a second, whatever comes back; trace: at moments."""
    concurrency: tuple[int, ...] = Field((1, 4, 16, 64), min_length=1)
    """Levels of a closed loop: requests under way at once."""
    rate: tuple[float, ...] = ()
    """Levels of an open loop: requests per second."""
    requests: int | None = Field(None, ge=1)
    """Per level; default: 100, or 10 times the concurrency where that is more."""
    find_limit: bool = False
    """Search the largest rate that keeps the SLO, from the first `rate` on, instead of sending every level."""
    duration_s: float | None = Field(None, gt=0)
    """Seconds per level, in place of `requests`."""
    repeat: int = Field(1, ge=1, le=1000)
    """Runs of each level; from 5 on intervals are over runs."""
    warmup: int | None = Field(None, ge=0)
    """Requests sent before each level and left out; default: its concurrency, in an open loop 1."""
    max_tokens: int | None = Field(None, ge=1)
    """Of a reply; default: the candidate's own, else 256."""
    prompts: Literal["questions"] | PromptSource = "questions"
    slo: SloConfig | None = None
    trace: Path | None = None
    """Moments of sending in seconds, one a line."""

    @model_validator(mode="after")
    def _levels_there_are(self) -> Self:
        if self.requests is not None and self.duration_s is not None:
            raise ValueError("either `requests` or `duration_s` per level, not both")
        if self.arrival in ("poisson", "constant") and not self.rate and not self.find_limit:
            raise ValueError(f"`arrival: {self.arrival}` needs `rate: [...]`, requests per second")
        if self.arrival == "trace" and self.trace is None:
            raise ValueError("`arrival: trace` needs `trace: FILE`, a moment in seconds on each line")
        if self.arrival != "trace" and self.trace is not None:
            raise ValueError("`trace` goes with `arrival: trace`")
        if self.find_limit and self.arrival not in ("poisson", "constant"):
            raise ValueError("`find_limit` is a search over rates: it goes with `arrival: poisson` or `constant`")
        if self.find_limit and (self.slo is None or not self.slo.bounds):
            raise ValueError(
                "`find_limit` needs an SLO, such as `slo: {ttft_s: 0.5, share: 0.99}` or --slo ttft_s=0.5,share=0.99"
            )
        if any(level < 1 or level > 65_536 for level in self.concurrency):
            raise ValueError("`concurrency` takes whole numbers from 1 to 65,536")
        if any(not 0 < level <= 1_000_000 for level in self.rate):
            raise ValueError("`rate` takes requests per second above 0")
        return self
