"""The rule-based judge under long texts: it works off the event loop, and compares no more than it says."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from arena.backends.offline import reference
from arena.formats import make_format
from arena.metrics import sacre
from arena.metrics.closeness import turn_closeness
from arena.types import Exhibit, Message, Question, Request


def judged(monkeypatch: pytest.MonkeyPatch, answer: str) -> set[bool]:
    """Whether the comparing was done in the thread of the event loop."""
    where: set[bool] = set()

    def noting(said: tuple[str, ...], right: tuple[str, ...]) -> float:
        where.add(threading.current_thread() is threading.main_thread())
        return float(said == right)

    monkeypatch.setattr(reference, "closeness", noting)
    write = partial(make_format("label", {}).write, nonce=None)
    exhibit = Exhibit(
        Question("q", ("?",), reference=("yes",)), ((answer,), ("no",)), lambda v, e: write(v, explanation=e)
    )
    asked = reference.ReferenceBackend().complete(Request("k", "q", (Message("user", "?"),), exhibit=exhibit))
    assert asyncio.run(asked).status == "ok"
    return where


def test_a_long_text_is_compared_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, "yes") == {True}
    assert judged(monkeypatch, "yes " * 5000) == {False}


def test_what_stands_beyond_the_limit_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sacre, "LIMIT", 20)
    right = "a reference that is long enough"
    assert turn_closeness(right[:20] + "x" * 100, right) == turn_closeness(right[:20], right)
    assert turn_closeness("y" * 1000 + " 12", "12") == 1.0  # numbers are looked for everywhere
