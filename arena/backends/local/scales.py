"""Texts weighed by a model of transformers, the longest first. What the options of a document begin with is read once.

Scales.add ──▶ line ──next_batch──▶ rows by their beginning ──Balance.weigh──▶ (log-likelihood, greedy) of each pair
"""

from __future__ import annotations

import inspect
from bisect import insort
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from arena.backends.local.likelihoods import Pair, Weighed

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import Cache, PreTrainedModel

WORTH = 32
"""Tokens that a common beginning has to save: reading it costs a pass of its own."""
Ids: TypeAlias = tuple[int, ...]


class Waiting(NamedTuple):
    """A pair in line."""

    width: int
    """Tokens of the longest pair with the same beginning: those go together."""
    order: int
    shared: int
    """Tokens of the beginning that its request's other pairs have, too; 0: it goes alone."""
    weighed: Weighed
    place: int

    @property
    def pair(self) -> Pair:
        return self.weighed.pairs[self.place]


Batch: TypeAlias = dict[Ids, dict[Ids, list[Waiting]]]
"""By beginning, () for none, and by the whole row, which is a pair without its last token: one row serves all options
of one token."""


class Scales:
    """Pairs in line for a model."""

    def __init__(self) -> None:
        self._line: list[Waiting] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._line)

    def add(self, weighed: Weighed) -> None:
        """Put all pairs of a request in line."""
        shared = shared_tokens(weighed.pairs)
        longest = max(len(pair.ids) for pair in weighed.pairs)
        for place, pair in enumerate(weighed.pairs):
            self._count += 1
            self._wait(Waiting(longest if shared else len(pair.ids), -self._count, shared, weighed, place))

    def next_batch(self, rows: int, *, sharing: bool) -> Batch:
        """What goes through the model next: up to `rows` different sequences, or all behind up to `rows` beginnings."""
        batch: Batch = {}
        while self._line:
            last = self._line[-1]
            ids = last.pair.ids[:-1]
            head = ids[: last.shared] if sharing else ()
            if not _fits(batch, head, ids, rows):
                break
            batch.setdefault(head, {}).setdefault(ids, []).append(self._line.pop())
        return batch

    def put_back(self, batch: Batch) -> None:
        """Put a batch for which memory did not suffice in line again."""
        for found in batch.values():
            for pairs in found.values():
                for waiting in pairs:
                    self._wait(waiting)

    def _wait(self, waiting: Waiting) -> None:
        insort(self._line, waiting, key=lambda entry: entry[:2])


def shared_tokens(pairs: Sequence[Pair]) -> int:
    """How many tokens a request's pairs have in common in front of their texts; 0 where it saves too little."""
    rows = {pair.ids[:-1] for pair in pairs}
    first, last = min(rows), max(rows)  # all others lie between them
    most = min(len(first), *(pair.start - 1 for pair in pairs))
    common = next((n for n in range(most) if first[n] != last[n]), most)
    return common if common * (len(rows) - 1) >= WORTH else 0


def _fits(batch: Batch, head: Ids, ids: Ids, rows: int) -> bool:
    """Whether a row may join: rows with a beginning of their own and those without are not mixed."""
    if not batch:
        return True
    if head:
        return () not in batch and (head in batch or len(batch) < rows)
    return () in batch and (ids in batch[()] or len(batch[()]) < rows)


class Row(NamedTuple):
    """A sequence that goes through the model."""

    head: int | None
    """Which of the beginnings it stands behind."""
    before: int
    """Tokens of that."""
    ids: Ids
    pairs: list[Waiting]


class Heads(NamedTuple):
    """Beginnings that were read, padded on the left, so that what follows stands right behind them."""

    cache: Cache
    mask: torch.Tensor


class Balance:
    """A causal model that weighs."""

    def __init__(self, model: PreTrainedModel | PeftModel, pad: int) -> None:
        self._model = model
        self._pad = pad
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        known = inspect.signature(inner.forward).parameters
        self._keeps = "logits_to_keep" in known
        self.sharing = self._keeps and {"attention_mask", "position_ids", "past_key_values", "use_cache"} <= set(known)
        """Whether it can go on behind a beginning; found out for good when it reads the first one."""

    def weigh(self, batch: Batch, rows: int) -> Iterator[tuple[Waiting, tuple[float, bool]]]:
        """The log-likelihood of every pair, and whether its text is the greedy one, `rows` sequences at a time."""
        import torch

        with torch.inference_mode():
            heads = None if () in batch else self._read(list(batch))
            line = [
                Row(None, 0, ids, pairs) if heads is None else Row(n, len(head), ids, pairs)
                for n, (head, found) in enumerate(batch.items())
                for ids, pairs in found.items()
            ]
            line.sort(key=lambda row: row.before - len(row.ids))
            for begin in range(0, len(line), rows):
                yield from self._weigh(line[begin : begin + rows], heads)

    def _read(self, beginnings: Sequence[Ids]) -> Heads | None:
        """None where the model keeps something else than the keys and values of all tokens."""
        import torch
        from transformers import DynamicCache
        from transformers.cache_utils import DynamicLayer

        width = max(map(len, beginnings))
        mask = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in beginnings])
        mask = mask.to(self._model.device)
        cache = self._model(
            input_ids=self._tensor([[self._pad] * (width - len(ids)) + list(ids) for ids in beginnings]),
            attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0), use_cache=True, logits_to_keep=1,
        ).past_key_values  # fmt: skip
        if isinstance(cache, DynamicCache) and all(type(layer) is DynamicLayer for layer in cache.layers):
            return Heads(cache, mask)
        self.sharing = False
        return None

    def _weigh(self, rows: Sequence[Row], heads: Heads | None) -> Iterator[tuple[Waiting, tuple[float, bool]]]:
        """One pass, padded on the right: what comes later changes nothing before it."""
        import torch

        starts = [min(waiting.pair.start for waiting in row.pairs) - 1 - row.before for row in rows]
        first = min(starts)
        for row, start, logits in zip(rows, starts, self._logits(rows, heads, first), strict=True):
            begin, end = start - first, len(row.ids) - row.before - first
            table = torch.log_softmax(logits[begin:end].float(), dim=-1)
            likeliest = table.argmax(dim=-1)
            for waiting in row.pairs:
                pair = waiting.pair
                target = torch.tensor(pair.ids[pair.start :], device=table.device)
                own = slice(len(table) - len(target), None)
                value = float(table[own].gather(1, target[:, None]).sum())
                yield waiting, (value, bool((likeliest[own] == target).all()))

    def _logits(self, rows: Sequence[Row], heads: Heads | None, first: int) -> torch.Tensor:
        """Of every row behind its beginning, from position `first` on: shape (rows, positions, vocabulary)."""
        import torch

        tails = [row.ids[row.before :] for row in rows]
        width = max(map(len, tails))
        ids = self._tensor([list(tail) + [self._pad] * (width - len(tail)) for tail in tails])
        more: dict[str, object] = {"logits_to_keep": width - first} if self._keeps else {}
        if heads is not None:
            which = torch.tensor([row.head for row in rows], device=heads.mask.device)
            before = torch.tensor([row.before for row in rows], device=ids.device)
            more |= {
                "attention_mask": torch.cat([heads.mask[which], torch.ones_like(ids)], dim=1),
                "position_ids": before[:, None] + torch.arange(width, device=ids.device),
                "past_key_values": _chosen(heads.cache, which),
            }
        logits: torch.Tensor = self._model(input_ids=ids, use_cache=heads is not None, **more).logits
        return logits[:, first - width :]

    def _tensor(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        import torch

        return torch.tensor(ids, device=self._model.device)


def _chosen(cache: Cache, which: torch.Tensor) -> Cache:
    """The keys and values of some rows, some of them several times, to go on with."""
    from transformers import DynamicCache

    chosen = DynamicCache()
    for n, layer in enumerate(cache.layers):
        place = which.to(layer.keys.device)
        chosen.update(layer.keys[place], layer.values[place], n)
    return chosen
