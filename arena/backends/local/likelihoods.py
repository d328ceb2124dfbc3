"""Log-likelihoods of given texts behind a prompt: tokens cut as lm-eval cuts them, and the sums of a request.

Equal to lm-eval's own models on the same weights to 1e-4 (tests/bench/test_same_as_lm_eval.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from arena.backends.local.rendering import CannotRender, Renderer
from arena.types import Completion, Request, Usage, Windows


class Pair(NamedTuple):
    """A prompt and a text behind it, as tokens."""

    ids: tuple[int, ...]
    start: int
    """Where the text begins."""


class Weighed:
    """A request whose texts are judged one by one."""

    def __init__(self, number: int, request: Request, renderer: Renderer, context: int) -> None:
        """Raises CannotRender."""
        self.number = number
        self.pairs = _pairs(request, renderer, context)
        self._values: list[tuple[float, bool] | None] = [None] * len(self.pairs)

    def put(self, place: int, value: tuple[float, bool]) -> bool:
        """Take the log-likelihood of one text. True when all are there."""
        self._values[place] = value
        return None not in self._values

    def completion(self, model: str) -> Completion:
        """What they come to."""
        read = sum(len(pair.ids) for pair in self.pairs)
        return Completion(
            "ok", ("",), finish_reason="stop", usage=Usage(read, 0), load="offline-batch", model_returned=model,
            loglikelihoods=tuple(value for value in self._values if value is not None),
            weighed_tokens=sum(len(pair.ids) - pair.start for pair in self.pairs),
        )  # fmt: skip


def _pairs(request: Request, renderer: Renderer, context: int) -> list[Pair]:
    """Cut on the left to what the model's context holds, as lm-eval does; of a text in windows, the windows."""
    if request.windows is not None:
        return _windows(request.messages[0].content, request.windows, renderer, context)
    own = None if request.raw else renderer.render(request.messages).ids
    found: list[Pair] = []
    lengths: dict[str, int] = {}
    for text, before in request.continuations:
        if before is None and own is not None:
            whole, start = [*own, *renderer.tokenizer.encode(text, add_special_tokens=False)], len(own)
        else:
            above = request.messages[0].content if before is None else before
            whole, start = encode_pair(renderer, above, text, lengths)
        cut = max(0, len(whole) - (context + 1))
        found.append(Pair(tuple(whole[cut:]), max(1, start - cut)))
    return found


def encode_pair(renderer: Renderer, context: str, text: str, lengths: dict[str, int]) -> tuple[list[int], int]:
    """The tokens of both together and where the text begins. White space at the context's end belongs to the text.

    `lengths` is what is known of contexts, in tokens, and learns of new ones."""
    if not context:
        ids, first = renderer.tokenizer.encode(text, add_special_tokens=False), renderer.first_token
        return (ids, 1) if ids[:1] == [first] else ([first, *ids], 1)
    kept = context.rstrip()
    if kept not in lengths:
        lengths[kept] = len(renderer.raw(kept))
    return renderer.raw(context + text), lengths[kept]


def _windows(text: str, windows: Windows, renderer: Renderer, context: int) -> list[Pair]:
    """Raises CannotRender where a window is wider than the context."""
    if windows.window > context:
        why = f"a window has {windows.window} tokens, the context holds {context} (scores.perplexity.window)"
        raise CannotRender(why)
    ids = renderer.tokenizer.encode(text, add_special_tokens=False)
    first = renderer.first_token
    if windows.first and ids[:1] != [first]:
        ids = [first, *ids]
    return windows_of(ids, windows.window, windows.stride)


def windows_of(ids: Sequence[int], window: int, stride: int) -> list[Pair]:
    """A text's tokens in windows that overlap by window − stride: every token but the very first is weighed once,
    behind as much of what stands before it as its window holds."""
    found = []
    done = 1
    for begin in range(0, len(ids), stride):
        end = min(begin + window, len(ids))
        if end > done:
            found.append(Pair(tuple(ids[begin:end]), done - begin))
            done = end
        if end == len(ids):
            break
    return found
