"""Packages of a stream: which of its events brought generated text, how much of it, and when. For every API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from arena.backends.http.reading import Foldable
from arena.backends.http.wire import count
from arena.load.served import Served

_TEXTS = (
    "content",
    "reasoning_content",
    "reasoning",
    "refusal",
    "text",
    "thinking",
    "partial_json",
    "arguments",
    "name",
)


class Packages:
    """Laid around what folds a stream: sees each event come, and notes those that brought something.

    An event without text (a role alone, an empty piece, usage) is no package. A part of a tool call is one.
    """

    def __init__(self, inner: Foldable, served: Served, now: Callable[[], float]) -> None:
        self._inner = inner
        self._served = served
        self._now = now
        self._said = 0
        """Tokens so far, where events count them."""

    def add(self, event: Mapping[str, object]) -> bool:
        """Take one event in; whether it brought generated text."""
        served, now = self._served, self._now()
        served.events += 1
        if served.opened_s is None:
            served.opened_s = now
        brought = self._inner.add(event)
        size = _size(event)
        if not brought and not size:
            return False
        served.times.append(now)
        served.sizes.append(max(1, size))
        self._count(event)
        return True

    def done(self) -> None:
        """The endpoint said that nothing more comes."""
        self._inner.done()

    def body(self) -> Mapping[str, object]:
        """The finished body."""
        return self._inner.body()

    def _count(self, event: Mapping[str, object]) -> None:
        """Tokens of this package, where every event states how many there are by now (`continuous_usage_stats`)."""
        usage = event.get("usage")
        by_now = None if usage is None else count(usage, "completion_tokens")
        served = self._served
        if by_now is None or (served.counted is None and len(served.times) > 1):
            served.counted = None
            return
        if served.counted is None:
            served.counted = served.times[:0]
        served.counted.append(float(by_now - self._said))
        self._said = by_now


def _size(event: Mapping[str, object]) -> int:
    """Characters of generated text in one event: text, reasoning, refusals, and names and arguments of tool calls."""
    plain = _plain_chat(event)
    return sum(map(len, _pieces(event))) if plain is None else plain


def _plain_chat(event: Mapping[str, object]) -> int | None:
    """The size of what nearly all events of a chat are: a text alone; None for any other."""
    choices = event.get("choices")
    if type(choices) is not list or len(choices) != 1 or type(choices[0]) is not dict:
        return None
    delta = choices[0].get("delta")
    if type(delta) is not dict or len(delta) != 1 or type(text := delta.get("content")) is not str:
        return None
    return len(text)


def _pieces(event: Mapping[str, object]) -> Iterator[str]:
    kind = event.get("type")
    if isinstance(kind, str) and kind.startswith("response."):
        if kind.endswith(".delta") and isinstance(piece := event.get("delta"), str):
            yield piece
        return
    choices = event.get("choices")
    for choice in choices[:1] if isinstance(choices, list) else []:
        if isinstance(choice, Mapping):
            delta = choice.get("delta")
            yield from _texts(delta if isinstance(delta, Mapping) else choice)
    if kind == "content_block_delta":
        yield from _texts(event.get("delta"))
    block = event.get("content_block")
    if kind == "content_block_start" and isinstance(block, Mapping) and block.get("type") == "tool_use":
        yield from _texts(block)


def _texts(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    for name in _TEXTS:
        found = value.get(name)
        if isinstance(found, str) and found:
            yield found
        elif isinstance(found, list):
            for part in found:
                yield from [part] if isinstance(part, str) else _texts(part)
    calls = value.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        yield from _texts(call.get("function") if isinstance(call, Mapping) else None)
    yield from _texts(value.get("function_call"))
