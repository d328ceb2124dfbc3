"""Who can be compared with whom: connected components, and the part of each with finite ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up
from arena.ratings.data.pair_sums import PairSums

HIGH, CORE, LOW, INCOMPARABLE = 1, 0, -1, 9
_EDGES_EACH = 64
"""Above so many edges per model some of them say as much as all."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Components of the battles, and where each model stands to the core of its component.

    The core is the part whose ratings are finite: every model of it has, directly or through others, both lost and won
    (or tied) against every other. A model that only ever beat the core has an unbounded rating above it.
    """

    component: IntArray
    """Number of each model's component, the largest first; −1 for a model without battles."""
    side: IntArray
    """CORE, HIGH (above the core without bound), LOW, or INCOMPARABLE (cut off from it by separation)."""

    @property
    def n_components(self) -> int:
        """How many connected sets of models there are."""
        return int(self.component.max(initial=-1)) + 1

    @property
    def separated(self) -> bool:
        """Whether any model is outside its component's core."""
        return bool((self.side[self.component >= 0] != CORE).any())


def build_graph(pairs: PairSums, prefer: int | None = None) -> Graph:
    """Components and cores of the battles.

    The core is the largest strongly connected set; among equals the one that holds `prefer` (the anchor), then the one
    with more battles, then the first by name.
    """
    m = pairs.n_models
    wins, losses = pairs.wins > 0, pairs.games - pairs.wins > pairs.games * 1e-15
    source = np.concatenate([pairs.i[wins], pairs.j[losses]])
    target = np.concatenate([pairs.j[wins], pairs.i[losses]])
    played = add_up(pairs.i, pairs.games, m) + add_up(pairs.j, pairs.games, m)
    if m and played.all() and _is_strongly_connected(m, source, target):
        return Graph(np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64))
    return _taken_apart(m, source, target, played, prefer)


def _taken_apart(m: int, source: IntArray, target: IntArray, played: FloatArray, prefer: int | None) -> Graph:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    beats = csr_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=(m, m))
    _, weak = connected_components(beats, directed=True, connection="weak")
    _, strong = connected_components(beats, directed=True, connection="strong")
    component = np.full(m, -1, dtype=np.int64)
    side = np.zeros(m, dtype=np.int64)
    order = sorted({int(c) for c in weak[played > 0]}, key=lambda c: (-int((weak == c).sum()), _first(weak == c)))
    forward, backward = _neighbours(m, source, target), _neighbours(m, target, source)
    for number, label in enumerate(order):
        members = weak == label
        component[members] = number
        core = _core(members, strong, played, prefer)
        start = _first(core)
        below, above = _reach(start, forward, m), _reach(start, backward, m)
        side[members & ~core] = INCOMPARABLE
        side[members & below & ~core] = LOW
        side[members & above & ~core] = HIGH
    return Graph(component, side)


def _core(members: Mask, strong: NDArray[np.int32], played: FloatArray, prefer: int | None) -> Mask:
    best: tuple[float, ...] = ()
    core = members
    for label in np.unique(strong[members]):
        part = members & (strong == label)
        holds = prefer is not None and bool(part[prefer])
        merit = (float(part.sum()), float(holds), float(played[part].sum()), -float(_first(part)))
        if merit > best:
            best, core = merit, part
    return core


def _first(mask: Mask) -> int:
    return int(np.argmax(mask))


def _neighbours(m: int, source: IntArray, target: IntArray) -> list[IntArray]:
    order = np.argsort(source, kind="stable")
    ends = np.searchsorted(source[order], np.arange(1, m))
    return np.split(target[order], ends)


def _reach(start: int, neighbours: list[IntArray], m: int) -> Mask:
    seen = np.zeros(m, dtype=bool)
    seen[start] = True
    stack = [start]
    while stack:
        for node in neighbours[stack.pop()]:
            if not seen[node]:
                seen[node] = True
                stack.append(int(node))
    return seen


def _is_strongly_connected(m: int, source: IntArray, target: IntArray) -> bool:
    """Whether model 0 reaches, and is reached by, everybody: by some of the edges where there are many, or by all."""
    few = slice(None, None, max(1, len(source) // (_EDGES_EACH * m)))
    some, all_of_them = (source[few], target[few]), (source, target)
    return any(_spreads(m, *edges) and _spreads(m, *edges[::-1]) for edges in (some, all_of_them))


def _spreads(m: int, source: IntArray, target: IntArray) -> bool:
    seen = np.zeros(m, dtype=bool)
    seen[0] = True
    count = 1
    while True:
        seen[target[seen[source]]] = True
        now = int(seen.sum())
        if now in (m, count):
            return now == m
        count = now
