"""The requests of a level as columns of numbers: what figures need, so that a long level takes little room.

About 40 bytes a request and 2 a package; everything else stands in the stored line.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from arena.load.gaps import Codes, coded
from arena.load.served import Served
from arena.money import known_sum
from arena.ratings.data.arrays import FloatArray

BoolArray = NDArray[np.bool_]
Kind = TypeVar("Kind", bound=np.generic)
_TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
_MOST_TOKENS = (1 << 32) - 1
"""Whatever an endpoint claims."""

TimeName = Literal["ttft_s", "tpot_s", "latency_s"]


class Columns:
    """Requests as they come back, warm-up left out; put in order where they are looked at."""

    def __init__(self) -> None:
        self.failed: Counter[str] = Counter()
        """By kind."""
        self.packages = self.without_first_token = self.not_streamed = 0
        """Of those that succeeded."""
        self._begun: list[int] = []
        """Where each run begins."""
        self._repeat = -1
        self._ok, self._scheduled, self._ended, self._ttft = array("b"), array("d"), array("d"), array("d")
        self._lag, self._tokens, self._gaps, self._through = array("f"), array("I"), array("I"), array("I")
        self._codes = array("H")
        self._totals: dict[str, int | None] = {}
        self._costs = [0.0]
        self._unpriced = 0

    def __len__(self) -> int:
        return len(self._ok)

    def add(self, one: Served) -> None:
        """Take one request in. Runs of a level come one after another."""
        if one.warmup:
            return
        if one.repeat != self._repeat:
            self._repeat = one.repeat
            self._begun.append(len(self))
        codes = coded(one.gaps()) if one.ok else array("H")
        ttft = one.ttft_s
        self._ok.append(one.ok)
        self._scheduled.append(one.scheduled_s)
        self._ended.append(one.ended_s)
        self._ttft.append(math.nan if ttft is None else ttft)
        self._lag.append(one.sent_s - one.scheduled_s)
        self._tokens.append(min(one.output_tokens or 0, _MOST_TOKENS))
        self._codes.extend(codes)
        self._gaps.append(len(codes))
        self._through.append(len(self._codes))
        if not one.ok:
            self.failed[one.status] += 1
            return
        self.packages += len(one.times)
        self.without_first_token += ttft is None
        self.not_streamed += not one.streamed
        self._add_up(one)

    def _add_up(self, one: Served) -> None:
        for name in _TOKENS:
            value, before = getattr(one, name), self._totals.get(name, 0)
            self._totals[name] = None if value is None or before is None else before + value
        self._unpriced += one.cost_usd is None
        self._costs.append(one.cost_usd or 0.0)
        if len(self._costs) > 4096:
            self._costs = [math.fsum(self._costs)]

    def total(self, name: str) -> int | None:
        """Tokens of all that succeeded; None where one does not say, or there are none."""
        return self._totals.get(name)

    @property
    def cost_usd(self) -> float | None:
        """Of all that succeeded; None where one is not known, or there are none."""
        return known_sum(self._costs) if self._totals and not self._unpriced else None

    def measured(self) -> Measured:
        """All so far, in the order in which they were due, run by run; no more can be added as long as that is used."""
        run = np.zeros(len(self), dtype=np.uint16)
        run[self._begun[1:]] = 1
        order = np.lexsort((np.frombuffer(self._scheduled), np.cumsum(run, dtype=np.uint16))).astype(np.uint32)
        return Measured(
            _in_order(self._ok, np.bool_, order), _in_order(self._scheduled, np.float64, order),
            _in_order(self._ended, np.float64, order), _in_order(self._ttft, np.float64, order),
            _in_order(self._lag, np.float32, order), _in_order(self._tokens, np.uint32, order),
            _in_order(self._gaps, np.uint32, order), _in_order(self._through, np.uint32, order),
            np.frombuffer(self._codes, dtype=np.uint16), tuple(self._begun),
        )  # fmt: skip


def _in_order(held: array[Any], kind: type[Kind], order: NDArray[np.uint32]) -> NDArray[Kind]:
    """A column put in order where it lies."""
    column = np.frombuffer(held, dtype=kind)
    column[:] = column[order]
    return column


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests in the order in which they were due, run by run: a number of each in every array but `all_codes`."""

    ok: BoolArray
    """Whether a whole reply came back."""
    scheduled_s: FloatArray
    """When it was due."""
    ended_s: FloatArray
    """When its reply had come."""
    _to_first: FloatArray
    _lag: NDArray[np.float32]
    _tokens: NDArray[np.uint32]
    """Of the output; 0 where it is not known, too."""
    _gaps: NDArray[np.uint32]
    _through: NDArray[np.uint32]
    """Where each request's codes end."""
    all_codes: Codes
    """As `gap_codes`, of the whole level, in the order in which its requests came back."""
    _begun: tuple[int, ...]
    """Where each run of the level begins."""

    def __len__(self) -> int:
        return len(self.ok)

    def part(self, low: int, high: int) -> Measured:
        """Those from one place up to another."""
        own = slice(low, high)
        return Measured(
            self.ok[own], self.scheduled_s[own], self.ended_s[own], self._to_first[own], self._lag[own],
            self._tokens[own], self._gaps[own], self._through[own], self.all_codes, (0,),
        )  # fmt: skip

    def runs(self) -> list[Measured]:
        """Each run of the level."""
        return [self.part(low, high) for low, high in pairwise((*self._begun, len(self)))]

    @property
    def lag_s(self) -> FloatArray:
        """How much later than due it was sent."""
        return self._lag.astype(float)

    @property
    def sent_s(self) -> FloatArray:
        """When it was sent."""
        return self.scheduled_s + self._lag

    @property
    def ttft_s(self) -> FloatArray:
        """From when it was due to the first token; NaN for none."""
        return self._to_first

    @property
    def latency_s(self) -> FloatArray:
        """From when it was due to the end."""
        return self.ended_s - self.scheduled_s

    @property
    def tpot_s(self) -> FloatArray:
        """(latency - time to first token) / (output tokens - 1); NaN for a single token or an unknown number."""
        later = self._tokens.astype(float) - 1
        later[later < 1] = np.nan
        each: FloatArray = (self.latency_s - self.ttft_s) / later
        return each

    @property
    def wall_s(self) -> float:
        """From the first sending to the last end, of one run."""
        return float(self.ended_s.max() - self.sent_s.min())

    @property
    def output_tokens(self) -> int:
        """Of those that succeeded, as far as known."""
        return int(self._tokens[self.ok].sum(dtype=np.int64))

    def of(self, name: TimeName) -> FloatArray:
        """A time of those that succeeded and have one."""
        values: FloatArray = getattr(self, name)
        return values[self.ok & ~np.isnan(values)]

    def gap_codes(self) -> Codes:
        """Seconds per token between packages of those that succeeded, as codes."""
        ends, counts = self._through.tolist(), self._gaps.tolist()
        pieces = [self.all_codes[end - n : end] for end, n in zip(ends, counts, strict=True)]
        return np.concatenate([*pieces, np.empty(0, dtype=np.uint16)])


def columns_of(requests: Iterable[Served]) -> Columns:
    """Columns of requests that are there already."""
    columns = Columns()
    for one in requests:
        columns.add(one)
    return columns
