"""The array types of this package, and its one way of adding up by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Entry = TypeVar("Entry", np.int32, np.float64, np.bool_)
_IN_CACHE = 1 << 15
"""So many rows are worked on at a time: what is computed of them stays in the processor's cache."""


def counted(n: int, what: str) -> str:
    """`1 battle`, `2 battles`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def add_up(groups: NDArray[np.integer], values: FloatArray | None, size: int) -> FloatArray:
    """Sum of `values` in each group (how many, when None); groups are codes below `size`."""
    result: FloatArray = np.bincount(groups, values, size).astype(float, copy=False)
    return result


def codes_of(names: Sequence[str]) -> Codes:
    """Names as codes from 0."""
    if not names:
        return np.zeros(0, dtype=np.int32)
    result: Codes = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1].astype(np.int32)
    return result


def pieces(n: int) -> Iterator[slice]:
    """All of n rows, some at a time."""
    return (slice(start, min(start + _IN_CACHE, n)) for start in range(0, n, _IN_CACHE))


def taken(table: NDArray[Entry], *parts: Codes) -> NDArray[Entry]:
    """The entries of a table by code, −1 being the last one, of one part after the other."""
    found, start = np.empty(sum(map(len, parts)), dtype=table.dtype), 0
    for codes in parts:
        own = found[start : start + len(codes)]
        for rows in pieces(len(codes)):  # by codes as wide as addresses: NumPy takes by narrower ones much slower
            table.take(codes[rows].astype(np.int64), mode="wrap", out=own[rows])
        start += len(codes)
    return found


def placed(names: Sequence[str | None], places: dict[str, int]) -> list[int]:
    """The places of names, new ones at the end of them; −1 where there is no name."""
    found = list(map(cast("dict[str | None, int]", places).get, names))
    if None in found:
        return [-1 if name is None else places.setdefault(name, len(places)) for name in names]
    return cast("list[int]", found)


def sigmoid(x: FloatArray) -> FloatArray:
    """1/(1 + e^−x) without overflow."""
    result: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result


def centre(theta: FloatArray, block: IntArray) -> FloatArray:
    """θ minus its mean within each block; 0 outside all blocks."""
    inside = block >= 0
    if not inside.any():
        return np.zeros_like(theta)
    means = np.bincount(block[inside], theta[inside]) / np.maximum(np.bincount(block[inside]), 1)
    return np.where(inside, theta - means[np.where(inside, block, 0)], 0.0)


def gauge(block: IntArray, scale: float) -> FloatArray:
    """scale·Σ_c 1_c 1_cᵀ/m_c: added to a Hessian it makes it invertible and leaves every contrast alone."""
    sizes = np.bincount(block[block >= 0], minlength=1)
    same = (block[:, None] == block[None, :]) & (block >= 0)[:, None]
    result: FloatArray = same * (max(scale, 1e-12) / np.maximum(sizes, 1)[block])
    return result
