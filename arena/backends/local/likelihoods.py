"""Log-likelihoods of given texts behind a prompt: tokens cut as lm-eval cuts them, and the sums of a request.

Equal to lm-eval's own models on the same weights to 1e-4 (tests/engines/test_likelihoods.py).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from arena.backends.local.rendering import CannotRender, Renderer
from arena.types import Completion, Request, Usage, Windows

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


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
    found = []
    for text, before in request.continuations:
        if before is None and own is not None:
            whole, start = [*own, *renderer.tokenizer.encode(text, add_special_tokens=False)], len(own)
        else:
            whole, start = encode_pair(renderer, request.messages[0].content if before is None else before, text)
        cut = max(0, len(whole) - (context + 1))
        found.append(Pair(tuple(whole[cut:]), max(1, start - cut)))
    return found


def encode_pair(renderer: Renderer, context: str, text: str) -> tuple[list[int], int]:
    """The tokens of both together and where the text begins. White space at the context's end belongs to the text."""
    if not context:
        ids, first = renderer.tokenizer.encode(text, add_special_tokens=False), renderer.first_token
        return (ids, 1) if ids[:1] == [first] else ([first, *ids], 1)
    kept = context.rstrip()
    whole = renderer.raw(kept + context[len(kept) :] + text)
    return whole, len(renderer.raw(kept))


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


class Scales:
    """Pairs in line for a model of transformers, the longest first; sequences that are equal but for their last token
    go through it once."""

    def __init__(self) -> None:
        self._line: list[tuple[int, int, Weighed, int]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._line)

    def add(self, weighed: Weighed) -> None:
        """Put all pairs of a request in line."""
        for place, pair in enumerate(weighed.pairs):
            self._count += 1
            insort(self._line, (len(pair.ids), -self._count, weighed, place), key=lambda entry: entry[:2])

    def next_batch(self, rows: int) -> dict[tuple[int, ...], list[tuple[Weighed, int]]]:
        """What goes through the model next: up to `rows` different sequences, each without its last token."""
        batch: dict[tuple[int, ...], list[tuple[Weighed, int]]] = {}
        while self._line:
            *_, weighed, place = self._line[-1]
            ids = weighed.pairs[place].ids[:-1]
            if ids not in batch and len(batch) >= rows:
                break
            self._line.pop()
            batch.setdefault(ids, []).append((weighed, place))
        return batch

    def put_back(self, batch: dict[tuple[int, ...], list[tuple[Weighed, int]]]) -> None:
        """Put a batch that did not fit in line again."""
        for pairs in batch.values():
            for weighed, place in pairs:
                self._count += 1
                entry = (len(weighed.pairs[place].ids), -self._count, weighed, place)
                insort(self._line, entry, key=lambda entry: entry[:2])


def weigh(
    model: PreTrainedModel | PeftModel, pad: int, batch: dict[tuple[int, ...], list[tuple[Weighed, int]]]
) -> list[tuple[Weighed, int, tuple[float, bool]]]:
    """One pass through a causal model, padded on the right: what comes later changes nothing before it."""
    import torch

    rows = list(batch)
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows], device=model.device)
    first = min(weighed.pairs[place].start for pairs in batch.values() for weighed, place in pairs) - 1
    with torch.inference_mode():
        logits = _logits(model, ids, width - first)
    found = []
    for n, row in enumerate(rows):
        known: dict[int, torch.Tensor] = {}
        for weighed, place in batch[row]:
            pair = weighed.pairs[place]
            begin, end = pair.start - 1 - first, len(row) - first
            if begin not in known:
                known[begin] = torch.log_softmax(logits[n, begin:end].float(), dim=-1)
            table = known[begin]
            target = torch.tensor(pair.ids[pair.start :], device=table.device)
            value = float(table.gather(1, target[:, None]).sum())
            found.append((weighed, place, (value, bool((table.argmax(dim=-1) == target).all()))))
    return found


def _logits(model: PreTrainedModel | PeftModel, ids: torch.Tensor, last: int) -> torch.Tensor:
    """The logits at the last positions alone, where the model can do with them alone."""
    import inspect

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if "logits_to_keep" in inspect.signature(inner.forward).parameters:
        found: torch.Tensor = model(input_ids=ids, logits_to_keep=last).logits
        return found
    every: torch.Tensor = model(input_ids=ids).logits
    return every[:, -last:]
