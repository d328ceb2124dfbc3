"""What every attack sees: the keys of local servers, and retries that do not wait for seconds."""

from __future__ import annotations

import pytest
from kit.api_boards import HEADER, KEY


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys as a user would have set them."""
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("JUDGE_HEADER", HEADER)
    monkeypatch.setattr("arena.backends.http.endpoint._FIRST_BACKOFF_S", 0.01)
