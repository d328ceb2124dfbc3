"""The Anthropic messages wire format as two pure functions, shared by live calls, streams and batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from arena.backends.http.dialect import Dialect, with_strings, without_system
from arena.backends.http.errors import body_error, odd_body
from arena.backends.http.wire import count, merge, sendable, text_of
from arena.backends.thinking import split_thinking
from arena.config.kinds.api import CACHE_MINIMUM_CHARS
from arena.errors import Unstable
from arena.types import JSON, Completion, Message, Request, Sampling, Status, Usage

DEFAULT_MAX_TOKENS = 8192
"""The API demands a limit; this one stands where the configuration names none."""
_TRUNCATED = ("max_tokens", "model_context_window_exceeded")


ANTHROPIC = Dialect(marks=True, most_logprobs=0)
"""The dialect of the API itself."""


def body_of(request: Request, model: str, dialect: Dialect, extra: Mapping[str, JSON]) -> dict[str, JSON]:
    """The JSON body of one call. What the user configured as extra_body wins over everything derived here.

    The longest prefix that sibling requests share is marked for the prompt cache when it is long enough.
    """
    if not dialect.system:
        request = replace(request, messages=without_system(request.messages))
    marked = _cache_position(request) if dialect.marks else None
    system: list[JSON] = []
    turns: list[JSON] = []
    for position, given in enumerate(request.messages):
        message = replace(given, content=sendable(given.content))
        blocks = _blocks(message, mark=position == marked)
        if message.role == "system":
            system.extend(blocks)
        else:
            plain = len(blocks) == 1 and position != marked
            turns.append({"role": message.role, "content": message.content if plain else blocks})
    body: dict[str, JSON] = {"model": model, "messages": turns, **_sampling(request.sampling, dialect)}
    if system:
        told = [message.content for message in request.messages if message.role == "system"]
        body["system"] = system if dialect.marks else sendable("\n\n".join(told))
    if request.schema is not None and dialect.enforces:
        asked = dict(request.schema) if dialect.schema == "given" else with_strings(request.schema)
        body = merge(body, {"output_config": {"format": {"type": "json_schema", "schema": asked}}})
    return merge(body, extra)


def _cache_position(request: Request) -> int | None:
    """Index of the message that holds the end of the shared start, or None when it is too short to cache."""
    return request.last_shared if request.shared_chars >= CACHE_MINIMUM_CHARS else None


def _blocks(message: Message, *, mark: bool) -> list[JSON]:
    if not mark:
        return [{"type": "text", "text": message.content}]
    head, tail = message.content[: message.shared], message.content[message.shared :]
    if not tail.strip():  # the API takes no block of white space
        head, tail = message.content, ""
    marked: dict[str, JSON] = {"type": "text", "text": head, "cache_control": {"type": "ephemeral"}}
    return [marked, {"type": "text", "text": tail}] if tail else [marked]


def _sampling(sampling: Sampling, dialect: Dialect) -> dict[str, JSON]:
    fields: dict[str, JSON] = {
        "max_tokens": sampling.max_tokens or DEFAULT_MAX_TOKENS,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "stop_sequences": list(sampling.stop) or None,
        "output_config": None if sampling.reasoning_effort is None else {"effort": sampling.reasoning_effort},
    }
    return {name: value for name, value in fields.items() if value is not None and name not in dialect.unsent}


def completion_of(body: Mapping[str, object]) -> Completion:
    """What a message body says, as a completion of one turn. Raises a CallError when it is no message."""
    content = body.get("content")
    content = [content] if isinstance(content, str) else content
    if not isinstance(content, list):
        raise odd_body(body, "content: not a message")
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    blocks = [block for block in blocks if isinstance(block, Mapping)]
    thought = split_thinking("".join(_texts(blocks, "text")))
    thinking = [*_texts(blocks, "thinking"), *([thought.reasoning] if thought.reasoning else [])]
    stop = body.get("stop_reason")
    stop_reason = text_of(stop)
    return Completion(
        status=_status(thought.text, stop_reason, closed=thought.closed),
        turns=(thought.text,),
        reasoning=("\n".join(thinking) or None,),
        finish_reason=stop_reason,
        usage=_usage(body.get("usage")),
        model_returned=text_of(body.get("model")),
        request_id=text_of(body.get("id")),
    )


def _status(text: str, stop_reason: str | None, *, closed: bool) -> Status:
    reason = (stop_reason or "").lower()
    if reason == "refusal":
        return "refused"
    if reason in _TRUNCATED or not closed:
        return "truncated"
    return "ok" if text.strip() else "empty"


def _texts(blocks: list[Mapping[str, object]], kind: str) -> list[str]:
    """The texts of the blocks of a kind; `output_text` is what other APIs call a text."""
    own = [block for block in blocks if str(block.get("type", "text")).removeprefix("output_") == kind]
    return [text for block in own if (text := text_of(block.get(kind)))]


def _usage(usage: object) -> Usage:
    """Token counts; the input is the sum of plain, cache-read and cache-written tokens, which are reported apart."""
    if not isinstance(usage, Mapping):
        return Usage()
    plain, read = count(usage, "input_tokens"), count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    return Usage(
        input_tokens=None if plain is None else plain + (read or 0) + (written or 0),
        output_tokens=count(usage, "output_tokens"),
        cached_input_tokens=read,
        reasoning_tokens=count(usage.get("output_tokens_details"), "thinking_tokens"),
        cache_write_tokens=written,
    )


class StreamedBody:
    """Folds the events of a stream into the message that the same call would have returned without streaming."""

    def __init__(self) -> None:
        self._body: dict[str, object] = {}
        self._blocks: dict[str, dict[str, object]] = {}
        self._usage: dict[str, object] = {}
        self._ended = False
        self._whole: Mapping[str, object] | None = None
        """A message that came in one piece."""
        self._other: Mapping[str, object] = {}
        """The last event that is no piece of a message."""

    def add(self, event: Mapping[str, object]) -> bool:
        """Take one event in; whether it brought text or thinking."""
        match event.get("type"):
            case "message":
                self._whole = event
            case "message_start":
                self._start(event.get("message"))
            case "content_block_start" if isinstance(block := event.get("content_block"), Mapping):
                self._blocks[str(event.get("index"))] = dict(block)
            case "content_block_delta" if isinstance(delta := event.get("delta"), Mapping):
                return self._extend(str(event.get("index")), delta)
            case "message_delta":
                self._note_usage(event.get("usage"))
                if isinstance(delta := event.get("delta"), Mapping):
                    self._body["stop_reason"] = delta.get("stop_reason")
            case "message_stop":
                self._ended = True
            case "error":
                raise body_error(event)
            case None:
                if event.get("error"):
                    raise body_error(event)
                self._other = event
        return False

    def done(self) -> None:
        """`[DONE]`: nothing more comes."""
        self._ended = True

    def _start(self, message: object) -> None:
        if isinstance(message, Mapping):
            self._body |= {name: message[name] for name in ("id", "model") if name in message}
            self._note_usage(message.get("usage"))

    def _note_usage(self, usage: object) -> None:
        if isinstance(usage, Mapping):
            self._usage |= {name: value for name, value in usage.items() if value is not None}

    def _extend(self, index: str, delta: Mapping[str, object]) -> bool:
        kind = {"text_delta": "text", "thinking_delta": "thinking"}.get(str(delta.get("type")))
        piece = text_of(delta.get(kind)) if kind else None
        if kind is None or piece is None:
            return False
        block = self._blocks.setdefault(index, {"type": kind})
        block[kind] = (text_of(block.get(kind)) or "") + piece
        return True

    def body(self) -> dict[str, object]:
        """The finished message. Raises Unstable when the stream ended before the message did."""
        if self._whole is not None:
            return dict(self._whole)
        if not self._body and not self._blocks and (self._ended or self._other):
            return dict(self._other)
        if not self._ended and not self._body.get("stop_reason"):
            raise Unstable("the stream ended in the middle of the message")
        return {**self._body, "content": list(self._blocks.values()), "usage": self._usage}
