"""No process of a metric outlives its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arena.metrics.killable import worker


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    worker().close()
