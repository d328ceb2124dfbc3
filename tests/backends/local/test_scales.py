"""Texts in line for a model: who goes with whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from arena.backends.local.likelihoods import Pair
from arena.backends.local.scales import WORTH, Batch, Scales, shared_tokens


def weighed(*texts: str, behind: str = "", start: int | None = None) -> Any:
    """A request whose tokens are letters."""
    first = len(behind) if start is None else start
    return SimpleNamespace(pairs=[Pair(tuple(map(ord, behind + text)), first) for text in texts])


def places(batch: Batch) -> list[list[int]]:
    """Of every row, which texts it serves."""
    return [[waiting.place for waiting in pairs] for found in batch.values() for pairs in found.values()]


def line_of(*requests: Any) -> Scales:
    line = Scales()
    for request in requests:
        line.add(request)
    return line


def test_the_longest_go_first_and_equal_beginnings_once() -> None:
    letters = weighed("A", "B", behind="long")
    line = line_of(weighed(" a", behind="Q"), letters)
    batch = line.next_batch(1, sharing=True)
    assert places(batch) == [[0, 1]]
    assert all(waiting.weighed is letters for waiting in batch[()][tuple(map(ord, "long"))])
    assert line
    line.put_back(batch)
    assert len(line.next_batch(9, sharing=True)[()]) == 2
    assert not line


@pytest.mark.parametrize(("texts", "behind", "start", "common"), [
    (("one", "two", "six"), "q" * WORTH, None, WORTH - 1),
    (("one", "on", "onto"), "q" * WORTH, None, WORTH - 1),
    (("xone", "yone"), "q" * WORTH + "same", WORTH + 2, WORTH + 1),
    (("one", "two", "six"), "q" * (WORTH // 2), None, 0),
    (("A", "B", "C", "D"), "q" * WORTH, None, 0),
    (("alone",), "q" * WORTH, None, 0),
    (("one", "two"), "q" * WORTH, 1, 0),
], ids=["three", "one in another", "start", "short", "one row", "one", "no context"])  # fmt: skip
def test_what_options_have_in_common_ends_before_their_first_token(
    texts: tuple[str, ...], behind: str, start: int | None, common: int
) -> None:
    assert shared_tokens(weighed(*texts, behind=behind, start=start).pairs) == common


def test_options_go_together_behind_as_many_beginnings_as_there_are_rows() -> None:
    first, second, third = (weighed("one", "two", "three", behind=letter * 50) for letter in "abc")
    line = line_of(first, second, weighed("x", behind="y" * 60), third)
    assert places(line.next_batch(2, sharing=True)) == [[0]], "what shares nothing goes apart"
    batch = line.next_batch(2, sharing=True)
    assert [chr(head[0]) for head in batch] == ["a", "b"]
    assert [len(head) for head in batch] == [49, 49]
    assert places(batch) == [[0], [1], [2]] * 2
    line.put_back(batch)
    assert [chr(head[0]) for head in line.next_batch(3, sharing=True)] == ["a", "b", "c"]
    assert not line


def test_a_model_that_shares_nothing_gets_rows() -> None:
    line = line_of(*(weighed("one", "two", behind=letter * 50) for letter in "ab"))
    batch = line.next_batch(3, sharing=False)
    assert list(batch) == [()] and len(batch[()]) == 3
