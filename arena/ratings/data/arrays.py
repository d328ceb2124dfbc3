"""The array types of this package, and its one way of adding up by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]


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
