"""What every quirk is played in: the keys of local servers, and retries that do not wait for seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit.api_boards import KEY

from arena.redact import forget_secrets


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setattr("arena.backends.http.endpoint._FIRST_BACKOFF_S", 0.01)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield
    forget_secrets()
