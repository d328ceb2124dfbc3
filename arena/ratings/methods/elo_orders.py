"""Online Elo over many orders at once: all orders advance together, and battles that share no model in one step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

import numpy as np

from arena.ratings.data.arrays import Codes, FloatArray, IntArray
from arena.ratings.data.table import BattleTable
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE

_WHOLE = 100_000
"""Up to this many battles an order is a permutation of all of them."""
_BLOCK = 1_024
_STEPS = 4_096
"""Battles whose columns are gathered at a time."""
_LANES = 4
"""Numbers gathered in one piece: numpy copies pieces of up to 32 bytes fast."""


def elo_over_orders(table: BattleTable, k: float, orders: int, seed: int) -> FloatArray:
    """Ratings after one pass in each of `orders` seeded random orders, shape (orders, models).

    A weight multiplies K. Above 100,000 battles an order shuffles blocks of 1,024 battles of one seeded permutation.
    """
    rng = np.random.default_rng(seed)
    if len(table) <= _WHOLE:
        rows = np.stack([rng.permutation(len(table)).astype(np.int32) for _ in range(orders)], axis=1)
        return _whole_orders(table, k, rows)
    base = rng.permutation(len(table))
    blocks = -(-len(table) // _BLOCK)
    shuffled = np.stack([rng.permutation(blocks) for _ in range(orders)])
    return _block_orders(table.select(base), k, shuffled)


def _whole_orders(table: BattleTable, k: float, rows: Codes) -> FloatArray:
    """One pass over the rows of each column of `rows`, one battle of every order per step."""
    orders, m = rows.shape[1], len(table.models)
    scale = k / ELO_SCALE * table.weights()
    gain, half = scale * (table.outcome - 0.5), 0.5 * scale
    flat = np.full(orders * m, ELO_MEAN / ELO_SCALE)
    offset = np.arange(orders) * m
    for first in range(0, len(rows), _STEPS):
        some = rows[first : first + _STEPS]
        at_a, at_b = table.a[some] + offset, table.b[some] + offset
        for i, j, g, h in zip(at_a, at_b, gain[some], half[some], strict=True):
            ra, rb = flat[i], flat[j]
            change = g - h * np.tanh(0.5 * (ra - rb))
            flat[i] = ra + change
            flat[j] = rb - change
    return flat.reshape(orders, m) * ELO_SCALE


def _block_orders(table: BattleTable, k: float, shuffled: IntArray) -> FloatArray:
    """One pass over the blocks of consecutive rows in each order of `shuffled`, shape (orders, blocks).

    Battles of a block that share no model commute exactly, so each block is laid out in steps of a few of them, and a
    step takes those of all orders. Ratings are halved natural ones: doubling is exact, and it saves an operation.
    """
    orders, m = len(shuffled), len(table.models)
    scale = 0.5 * k / ELO_SCALE * table.weights()
    packed = _Packed(table)
    a, b = packed.lay(table.a, m), packed.lay(table.b, m)
    gain = packed.lay(scale * (table.outcome - 0.5), 0.0)
    half = None if table.weight is None else packed.lay(0.5 * scale, 0.0)
    flat = np.full(orders * (m + 1), 0.5 * ELO_MEAN / ELO_SCALE)  # one more model, for empty places
    offset = (np.arange(orders) * (m + 1))[:, None]
    shape = (len(a), a.shape[1], orders, a.shape[3])
    codes, index = np.empty(shape, dtype=np.int32), np.empty((shape[0], 2, *shape[1:]), dtype=np.intp)
    gains, halves = np.empty(shape), np.empty(shape)
    both, change = np.empty((2, *shape[1:])), np.empty(shape[1:])
    first, second = both
    for blocks in shuffled.T:
        for side, column in enumerate((a, b)):
            np.take(column, blocks, axis=2, out=codes, mode="clip")
            np.add(codes, offset, out=index[:, side])
        np.take(gain, blocks, axis=2, out=gains, mode="clip")
        if half is not None:
            np.take(half, blocks, axis=2, out=halves, mode="clip")
        each: Iterable[FloatArray | float] = repeat(0.25 * k / ELO_SCALE) if half is None else halves
        for at, g, h in zip(index, gains, each, strict=False):
            flat.take(at, None, both, "clip")
            np.subtract(first, second, change)
            np.tanh(change, change)
            np.multiply(change, h, change)
            np.subtract(g, change, change)
            np.add(first, change, first)
            np.subtract(second, change, second)
            flat[at] = both
    return flat.reshape(orders, m + 1)[:, :m] * (2 * ELO_SCALE)


class _Packed:
    """Blocks of consecutive rows laid out in steps: no model twice in a step, each model's battles in their order."""

    def __init__(self, table: BattleTable) -> None:
        n = len(table)
        self._blocks = -(-n // _BLOCK)
        sample = np.linspace(0, self._blocks - 1, min(self._blocks, 64)).astype(np.int64)
        depth = int(_steps(table, sample, _BLOCK)[0].max()) + 1
        width = 1 << max(_BLOCK // depth, 1).bit_length() - 1
        step, place = _steps(table, np.arange(self._blocks), width)
        self._lanes = min(width, _LANES)
        self._shape = (int(step.max()) + 1, width // self._lanes, self._blocks, self._lanes)
        row = step.astype(np.int64) * self._shape[1] + place // self._lanes
        block = np.arange(n) // _BLOCK
        self._where = (row * self._blocks + block) * self._lanes + place % self._lanes

    def lay(self, column: Codes | FloatArray, empty: float) -> Codes | FloatArray:
        """A column of the rows, shape (steps, parts, blocks, lanes), with `empty` where a step is not full."""
        out = np.full(self._shape, empty, dtype=column.dtype)
        out.reshape(-1)[self._where] = column
        return out


def _steps(table: BattleTable, blocks: IntArray, width: int) -> tuple[Codes, Codes]:
    """For the rows of some blocks: the earliest step with room, after all that share a model; and the place in it.

    All blocks advance together, row by row. Only the last block of the table may be short; it must come last.
    """
    n, m = len(table), len(table.models)
    count = np.zeros((len(blocks), _BLOCK + 1), dtype=np.int32)
    after = np.zeros((len(blocks), m), dtype=np.int32)
    first_open = np.zeros(len(blocks), dtype=np.int32)
    step, place = (np.full((len(blocks), _BLOCK), -1, dtype=np.int32) for _ in range(2))
    for row in range(_BLOCK):
        rows = blocks * _BLOCK + row
        if rows[-1] >= n:
            rows = rows[:-1]
        at = np.arange(len(rows))
        i, j = table.a[rows], table.b[rows]
        found = np.maximum(np.maximum(after[at, i], after[at, j]), first_open[at])
        while (full := count[at, found] == width).any():
            found += full
        step[at, row], place[at, row] = found, count[at, found]
        count[at, found] += 1
        after[at, i] = after[at, j] = found + 1
        first_open[at] += count[at, first_open[at]] == width
    there = step >= 0
    return step[there], place[there]
