"""Keys come back all, each once, and near each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from arena.ratings.data import nearby
from arena.ratings.data.nearby import Nearby


@pytest.mark.parametrize("top", [1, 200, 257, 12_000_000, 1 << 40])
def test_every_key_comes_back_once_shelf_by_shelf(monkeypatch: pytest.MonkeyPatch, top: int) -> None:
    monkeypatch.setattr(nearby, "_MOST", 3_000)
    rng, held = np.random.default_rng(0), Nearby(top)
    given = [rng.integers(0, top, 1_000) for _ in range(5)]
    early = [keys for some in given for keys in held.add(some)]
    late = list(held.rest())
    assert sorted(np.concatenate(early + late).tolist()) == sorted(np.concatenate(given).tolist())
    assert sum(map(len, early)) == 3_000
    for shelves in (early, late):
        ends = [(int(keys.min()), int(keys.max())) for keys in shelves if len(keys)]
        assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert list(held.rest()) == []
