"""The chat-completions wire format as two pure functions: a request becomes a body, a body becomes a completion.

Live calls, streams and batches share them. Reading is tolerant: compatible servers leave fields out or add their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

from arena.backends.http.dialect import Dialect, with_strings, without_system
from arena.backends.http.errors import body_error, odd_body
from arena.backends.http.wire import count, logprobs_of, merge, sendable, text_of
from arena.backends.thinking import split_thinking
from arena.errors import Unstable
from arena.types import JSON, Completion, Request, Sampling, Status, TokenLogprobs, Usage

_TRUNCATED = ("length", "model_length", "max_tokens")
_THINKING = ("thinking", "reasoning", "reasoning_text", "reasoning_content")
_BROKEN = ("error", "abort", "insufficient_system_resource")
"""Finish reasons of an answer that the provider, not the model, ended: OpenRouter, Mistral; vLLM; DeepSeek."""


PLAIN = Dialect("max_tokens", "max_completion_tokens")
"""The dialect of most compatible servers."""


def dialect_of(base_url: str, ours: frozenset[str] = frozenset()) -> Dialect:
    """OpenAI's own hosts want `max_completion_tokens` (reasoning models take nothing else), all others `max_tokens`."""
    host = base_url.split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    own = host == "api.openai.com" or host.endswith((".openai.com", ".openai.azure.com"))
    limits = ("max_completion_tokens", "max_tokens") if own else ("max_tokens", "max_completion_tokens")
    return Dialect(*limits, states_cost=host == "openrouter.ai" or host.endswith(".openrouter.ai"), ours=ours)


def body_of(request: Request, model: str, dialect: Dialect, extra: Mapping[str, JSON]) -> dict[str, JSON]:
    """The JSON body of one call. What the user configured as extra_body wins over everything derived here."""
    messages = request.messages if dialect.system else without_system(request.messages)
    body: dict[str, JSON] = {
        "model": model,
        "messages": [cast("JSON", {"role": m.role, "content": sendable(m.content)}) for m in messages],
        **_sampling(request.sampling, dialect),
    }
    if request.schema is not None and dialect.enforces:
        asked = dict(request.schema) if dialect.schema == "given" else with_strings(request.schema)
        schema: dict[str, JSON] = {"name": "reply", "strict": True, "schema": asked}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if alternatives := dialect.asked_logprobs(request.top_logprobs):
        body |= {"logprobs": True, "top_logprobs": alternatives}
    return merge(body, extra)


def _sampling(sampling: Sampling, dialect: Dialect) -> dict[str, JSON]:
    fields: dict[str, JSON] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repetition_penalty,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        dialect.limit_field: sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": sampling.seed,
        "reasoning_effort": sampling.reasoning_effort,
    }
    return {name: value for name, value in fields.items() if value is not None and name not in dialect.unsent}


def completion_of(body: Mapping[str, object], dialect: Dialect = PLAIN) -> Completion:
    """What a response body says, as a completion of one turn.

    Raises a CallError when it is no completion: an error object inside a 200, or no choices at all.
    """
    choice = _first(body.get("choices"))
    if choice is None:
        raise odd_body(body, "choices: not a chat completion")
    if choice.get("error"):
        raise body_error(choice)
    message = _message(choice)
    written, thought_apart = _content(message.get("content"))
    thought = split_thinking(written)
    refusal = message.get("refusal") or _refusal(message.get("content"))
    finish = choice.get("finish_reason")
    finish_reason = text_of(finish)
    if (finish_reason or "").lower() in _BROKEN:
        raise Unstable(f"the endpoint broke off: finish_reason {finish_reason}")
    text = thought.text if thought.text.strip() or not isinstance(refusal, str) else refusal
    usage = _usage(body.get("usage"))
    return Completion(
        status=_status(text, finish_reason, refused=bool(refusal), closed=thought.closed),
        turns=(text,),
        reasoning=(_joined(_reasoning(message), thought_apart, thought.reasoning),),
        finish_reason=finish_reason,
        usage=usage,
        logprobs=_logprobs(choice),
        model_returned=text_of(body.get("model")),
        request_id=text_of(body.get("id")),
        cost_usd=_stated_cost(body.get("usage")) if dialect.states_cost else None,
    )


def _status(text: str, finish_reason: str | None, *, refused: bool, closed: bool) -> Status:
    reason = (finish_reason or "").lower()
    if refused or reason.startswith("content_filter"):
        return "refused"
    if reason in _TRUNCATED or not closed:
        return "truncated"
    return "ok" if text.strip() else "empty"


def _message(choice: Mapping[str, object]) -> Mapping[str, object]:
    """The message of a choice, whole or the piece that an event brings; completions of texts have the text alone."""
    for name in ("delta", "message"):
        found = choice.get(name)
        if isinstance(found, Mapping) and found:
            return found
        if text_of(found):
            return {"content": found}
    return {"content": choice.get("text")}


def _content(content: object) -> tuple[str, str | None]:
    """Text and reasoning of a message's content, which some servers send as a list of texts or typed parts."""
    if isinstance(content, str):
        return content, None
    parts = content if isinstance(content, list) else [content]
    texts, thoughts = [], []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            kind = str(part.get("type", "text"))
            if kind in _THINKING:
                named = next((name for name in (kind, *_THINKING, "text") if part.get(name)), kind)
                thoughts.append(_content(part.get(named))[0])
            elif kind != "refusal":
                texts.append(_text(part))
    return "".join(texts), "".join(thoughts) or None


def _text(part: Mapping[str, object]) -> str:
    """The text of a part, under its usual name or under that of its type."""
    found = part.get("text") or part.get(str(part.get("type"))) or part.get("content")
    found = found.get("value") if isinstance(found, Mapping) else found
    return text_of(found) or ""


def _refusal(content: object) -> str | None:
    """The refusal that stands among the parts of a content."""
    parts = content if isinstance(content, list) else []
    return "".join(text_of(p.get("refusal")) or "" for p in parts if isinstance(p, Mapping)) or None


def _reasoning(message: Mapping[str, object]) -> str | None:
    return next((found for name in ("reasoning_content", "reasoning") if (found := text_of(message.get(name)))), None)


def _joined(*parts: str | None) -> str | None:
    return "\n".join(part for part in parts if part) or None


def _usage(usage: object) -> Usage:
    if not isinstance(usage, Mapping):
        return Usage()
    prompt, completion = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    prompt_details, details = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    reasoning = count(details, "reasoning_tokens")
    total = count(usage, "total_tokens")
    if completion is not None and prompt is not None and reasoning and total == prompt + completion + reasoning:
        completion += reasoning  # some providers count reasoning beside the completion, and say so in the total
    cached = count(prompt_details, "cached_tokens")
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cached_input_tokens=count(usage, "prompt_cache_hit_tokens") if cached is None else cached,
        reasoning_tokens=reasoning,
        cache_write_tokens=count(prompt_details, "cache_write_tokens"),
    )


def _stated_cost(usage: object) -> float | None:
    cost = usage.get("cost") if isinstance(usage, Mapping) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not math.isfinite(cost) or cost < 0:
        return None
    return float(cost)


def _logprobs(choice: Mapping[str, object]) -> tuple[TokenLogprobs, ...]:
    found = choice.get("logprobs")
    return logprobs_of(found.get("content")) if isinstance(found, Mapping) else ()


def _first(choices: object) -> Mapping[str, object] | None:
    first = choices[0] if isinstance(choices, Sequence) and not isinstance(choices, str) and choices else None
    return first if isinstance(first, Mapping) else None


class StreamedBody:
    """Folds the chunks of a stream into the body that the same call would have returned without streaming."""

    def __init__(self) -> None:
        self._body: dict[str, object] = {}
        self._message: dict[str, str] = {}
        self._logprobs: list[object] = []
        self._finish_reason: object = None
        self._began = self._done = False
        self._other: Mapping[str, object] = {}
        """The last event that is no piece of a completion."""

    def add(self, chunk: Mapping[str, object]) -> bool:
        """Take one chunk in; whether it brought text, reasoning or a refusal."""
        if chunk.get("error"):
            raise body_error(chunk)
        self._body |= {name: chunk[name] for name in ("id", "model", "usage") if chunk.get(name)}
        choice = _first(chunk.get("choices"))
        if choice is None:
            self._other = self._other if chunk.get("usage") else chunk
            return False
        if choice.get("error"):
            raise body_error(choice)
        self._began = True
        self._finish_reason = choice.get("finish_reason") or self._finish_reason
        logprobs = choice.get("logprobs")
        content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
        self._logprobs.extend(content if isinstance(content, list) else [])
        return self._extend(_message(choice))

    def _extend(self, delta: Mapping[str, object]) -> bool:
        if len(delta) == 1 and type(text := delta.get("content")) is str:  # nearly all of them
            self._message["content"] = self._message.get("content", "") + text
            return bool(text)
        content, thinking = _content(delta.get("content"))
        refusal = delta.get("refusal") or _refusal(delta.get("content"))
        pieces = {"content": content, "refusal": refusal, "reasoning": _reasoning(delta) or thinking}
        found = {name: piece for name, piece in pieces.items() if isinstance(piece, str) and piece}
        for name, piece in found.items():
            self._message[name] = self._message.get(name, "") + piece
        return bool(found)

    def done(self) -> None:
        """`[DONE]`: nothing more comes, whatever was said about why."""
        self._done = True

    def body(self) -> dict[str, object]:
        """The finished body. Raises Unstable when the stream ended before it said that it was through."""
        if not self._began and (self._done or self._other):
            return dict(self._other)
        if self._finish_reason is None and not self._done:
            raise Unstable("the stream ended in the middle of the answer")
        choice = {"message": self._message, "finish_reason": self._finish_reason}
        return {**self._body, "choices": [{**choice, "logprobs": {"content": self._logprobs}}]}
