"""OpenAI's Responses wire format as two pure functions: a request becomes a body, a response becomes a completion.

Live calls, streams, background responses and batches share them. What compatible servers leave out is unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, cast

from arena.backends.http.dialect import Dialect, with_strings, without_system
from arena.backends.http.errors import body_error, odd_body
from arena.backends.http.wire import count, logprobs_of, merge, sendable, text_of
from arena.backends.thinking import split_thinking
from arena.config.kinds.api import CACHE_MINIMUM_CHARS
from arena.errors import Unstable
from arena.types import JSON, Completion, Request, Status, TokenLogprobs, Usage

RESPONSES: Final = Dialect("max_output_tokens", marks=True, most_logprobs=20)
"""The dialect of the API itself."""
UNDER_WAY = ("queued", "in_progress")
"""States of a background response that is not there yet."""
_ENDINGS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_PIECES = (
    "response.output_text.delta", "response.refusal.delta", "response.reasoning_text.delta",
    "response.reasoning_summary_text.delta",
)  # fmt: skip
"""Events that bring generated text."""


def body_of(
    request: Request, model: str, dialect: Dialect, extra: Mapping[str, JSON], *, summary: str | None = None
) -> dict[str, JSON]:
    """The JSON body of one call. What the user configured as extra_body wins over everything derived here.

    Nothing is kept at the provider (`store`), and requests about one question name one prompt cache where the start
    that they share is long enough for it.
    """
    messages = request.messages if dialect.system else without_system(request.messages)
    sampling = request.sampling
    reasoning = {"effort": sampling.reasoning_effort, "summary": summary}
    fields: dict[str, JSON] = {
        "model": model,
        "input": [cast("JSON", {"role": m.role, "content": sendable(m.content)}) for m in messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        dialect.limit_field: sampling.max_tokens,
        "reasoning": cast("JSON", {name: value for name, value in reasoning.items() if value is not None} or None),
        "store": False,
    }
    body: dict[str, JSON] = {
        name: value for name, value in fields.items() if value is not None and name not in dialect.unsent
    }
    if request.schema is not None and dialect.enforces:
        asked = dict(request.schema) if dialect.schema == "given" else with_strings(request.schema)
        body["text"] = {"format": {"type": "json_schema", "name": "reply", "strict": True, "schema": asked}}
    if alternatives := dialect.asked_logprobs(request.top_logprobs):
        body |= {"include": ["message.output_text.logprobs"], "top_logprobs": alternatives}
    if dialect.marks and request.shared_chars >= CACHE_MINIMUM_CHARS:
        body["prompt_cache_key"] = hashlib.sha256(request.question_id.encode()).hexdigest()[:32]
    return merge(body, extra)


def completion_of(body: Mapping[str, object], dialect: Dialect = RESPONSES) -> Completion:
    """What a response says, as a completion of one turn.

    Raises a CallError when it is none, or when the provider gave up on it.
    """
    output, status = body.get("output"), text_of(body.get("status"))
    if body.get("error"):
        raise body_error(body)
    if not isinstance(output, list):
        raise odd_body(body, "output: not a response")
    if status in ("failed", "cancelled"):
        raise Unstable(f"the response {'failed' if status == 'failed' else 'was cancelled'} at the endpoint")
    items = [item for item in output if isinstance(item, Mapping)]
    parts = [part for item in items if _kind(item) == "message" for part in _parts(item.get("content"))]
    written = "".join(text_of(part.get("text")) or "" for part in parts if _kind(part) in ("output_text", "text"))
    refusal = "".join(text_of(part.get("refusal")) or "" for part in parts if _kind(part) == "refusal")
    thought = split_thinking(written)
    text = thought.text if thought.text.strip() or not refusal else refusal
    reason = _incomplete(body)
    return Completion(
        status=_status(text, reason, refused=bool(refusal), closed=thought.closed),
        turns=(text,),
        reasoning=("\n".join([*_thoughts(items), *([thought.reasoning] if thought.reasoning else [])]) or None,),
        finish_reason=reason or status,
        usage=_usage(body.get("usage")),
        logprobs=_logprobs(parts),
        model_returned=text_of(body.get("model")),
        request_id=text_of(body.get("id")),
    )


def _status(text: str, reason: str | None, *, refused: bool, closed: bool) -> Status:
    if refused or reason == "content_filter":
        return "refused"
    if reason is not None or not closed:
        return "truncated"
    return "ok" if text.strip() else "empty"


def _incomplete(body: Mapping[str, object]) -> str | None:
    """Why a response ends early; None for a whole one."""
    details = body.get("incomplete_details")
    reason = text_of(details.get("reason")) if isinstance(details, Mapping) else None
    return reason or ("incomplete" if body.get("status") == "incomplete" else None)


def _kind(part: Mapping[str, object]) -> str:
    return str(part.get("type"))


def _parts(content: object) -> list[Mapping[str, object]]:
    if isinstance(content, str):
        return [{"type": "output_text", "text": content}]
    return [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []


def _thoughts(items: list[Mapping[str, object]]) -> Iterator[str]:
    """The reasoning itself where the endpoint shows it, else its summary."""
    for item in items:
        if _kind(item) == "reasoning":
            for field in ("content", "summary"):
                said = "\n".join(text for part in _parts(item.get(field)) if (text := text_of(part.get("text"))))
                if said:
                    yield said
                    break


def _logprobs(parts: list[Mapping[str, object]]) -> tuple[TokenLogprobs, ...]:
    return tuple(token for part in parts for token in logprobs_of(part.get("logprobs")))


def _usage(usage: object) -> Usage:
    if not isinstance(usage, Mapping):
        return Usage()
    read, made = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        output_tokens=count(usage, "output_tokens"),
        cached_input_tokens=count(read, "cached_tokens"),
        reasoning_tokens=count(made, "reasoning_tokens"),
        cache_write_tokens=count(read, "cache_write_tokens"),
    )


class StreamedResponse:
    """Folds the events of a stream into the response that its last event carries."""

    def __init__(self) -> None:
        self._whole: Mapping[str, object] | None = None
        self._began = False
        self._other: Mapping[str, object] = {}
        """The last event that is no piece of a response."""

    def add(self, event: Mapping[str, object]) -> bool:
        """Take one event in; whether it brought text, reasoning or a refusal."""
        kind = str(event.get("type"))
        if kind == "error":
            raise body_error(event if event.get("error") else {"error": event})
        if event.get("error"):
            raise body_error(event)
        response = event.get("response")
        if kind in _ENDINGS and isinstance(response, Mapping):
            self._whole = response
        elif event.get("object") == "response":
            self._whole = event
        elif not kind.startswith("response."):
            self._other = event
        self._began = self._began or kind.startswith("response.")
        return kind in _PIECES and bool(text_of(event.get("delta")))

    def done(self) -> None:
        """`[DONE]`: nothing more comes; without the response itself nothing is there."""

    def body(self) -> dict[str, object]:
        """The finished response. Raises Unstable when the stream ended before it came."""
        if self._whole is not None:
            return dict(self._whole)
        if self._began or not self._other:
            raise Unstable("the stream ended in the middle of the answer")
        return dict(self._other)
