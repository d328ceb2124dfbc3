"""One request on its way through an engine: its turns, what came back for each, and the completion they make."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace

from arena.backends.thinking import split_thinking
from arena.types import Completion, Message, Request, Sampling, Status, TokenLogprobs, Usage


@dataclass(frozen=True, slots=True)
class Piece:
    """What an engine generated for one turn."""

    text: str
    cut: bool
    """The token limit ended it."""
    input_tokens: int
    output_tokens: int
    ttft_s: float | None = None
    latency_s: float | None = None
    logprobs: tuple[TokenLogprobs, ...] = ()
    reasoning: str | None = None
    """Taken apart by the engine's own parser (perhaps empty); None leaves it to the `<think>` rule."""
    opened: bool = False
    """The prompt itself ended in `<think>`, so the text begins inside the reasoning."""
    reasoning_tokens: int | None = None


@dataclass
class Dialogue:
    """The turns of one request, asked one after another, each seeing the answers before it."""

    number: int
    request: Request
    messages: list[Message] = field(init=False)
    texts: list[str] = field(default_factory=list)
    reasoning: list[str | None] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    status: Status = "ok"
    enforced: bool | None = None
    """Whether the engine holds the answer to the request's schema; None when there is none."""

    def __post_init__(self) -> None:
        self.messages = list(self.request.messages)

    @property
    def sampling(self) -> Sampling:
        """The request's sampling with a seed of its own: two turns of one request do not share theirs either."""
        seed = self.request.sampling.seed
        if seed is None:
            seed = zlib.crc32(self.request.key.encode())
        return replace(self.request.sampling, seed=(seed + 7919 * len(self.pieces)) % 2**31)

    def absorb(self, piece: Piece) -> bool:
        """Take the answer to the current turn. True when there is another turn to ask."""
        text, thought, closed = piece.text, piece.reasoning, True
        if thought is not None:
            thought = thought.strip() or None
        else:
            text, thought, closed = split_thinking(f"<think>{text}" if piece.opened else text)
        self.pieces.append(piece)
        self.texts.append(text)
        self.reasoning.append(thought)
        if piece.cut or not closed:
            self.status = "truncated"
        elif not text.strip():
            self.status = "empty"
        if not text.strip() or len(self.pieces) > len(self.request.follow_ups):
            return False
        follow_up = self.request.follow_ups[len(self.pieces) - 1]
        self.messages += [Message("assistant", text), Message("user", follow_up)]
        return True

    def completion(self, model: str, peak_memory_bytes: int | None = None) -> Completion:
        """What the turns so far come to."""
        thinking = [piece.reasoning_tokens for piece in self.pieces if piece.reasoning_tokens is not None]
        latencies = [piece.latency_s for piece in self.pieces if piece.latency_s is not None]
        return Completion(
            status=self.status,
            turns=tuple(self.texts),
            reasoning=tuple(self.reasoning) if any(self.reasoning) else (),
            finish_reason="length" if any(piece.cut for piece in self.pieces) else "stop",
            usage=Usage(
                input_tokens=sum(piece.input_tokens for piece in self.pieces),
                output_tokens=sum(piece.output_tokens for piece in self.pieces),
                reasoning_tokens=sum(thinking) if thinking else None,
            ),
            logprobs=self.pieces[-1].logprobs,
            ttft_s=self.pieces[0].ttft_s,
            latency_s=sum(latencies) if latencies else None,
            load="offline-batch",
            model_returned=model,
            peak_memory_bytes=peak_memory_bytes,
            enforced=self.enforced,
        )

    def failure(self, status: Status, error: str) -> Completion:
        """The completion of a request that cannot be finished; the turns reached so far are kept."""
        return Completion(
            status,
            turns=tuple(self.texts),
            reasoning=tuple(self.reasoning) if any(self.reasoning) else (),
            error=error,
            load="offline-batch",
            enforced=self.enforced,
        )
