"""Boards whose judge sits behind a local server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, read_jsonl
from kit.servers import FakeServer

KEY = "sk-sentinel-key-0001"
HEADER = "header-sentinel-0002"
PRICE = {"input": 2.0, "output": 8.0}
WITH_SAMPLING: dict[str, dict[str, object]] = {"anthropic": {"headers": {"anthropic-version": "2023-06-01"}}}
"""What an entry needs so that its API has sampling parameters at all."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a folder's conftest: keys as a user would have set them, and retries that do not wait for seconds."""
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("JUDGE_HEADER", HEADER)
    monkeypatch.setattr("arena.backends.http.endpoint._FIRST_BACKOFF_S", 0.01)


def api_judge(server: FakeServer, api: str = "openai", /, **fields: object) -> dict[str, object]:
    url = server.anthropic_url if api == "anthropic" else server.openai_url
    if api == "responses":
        api, fields = "openai", {"api": "responses"} | fields
    return {"backend": api, "base_url": url, "api_key_env": "JUDGE_KEY", "price": PRICE, **fields}


def board_on(server: FakeServer, folder: Path, api: str = "openai", n_questions: int = 12, **fields: object) -> Path:
    return arithmetic_board(folder, n_questions, judges={"j": api_judge(server, api, **fields)})


def ledger(folder: Path) -> list[dict[str, object]]:
    return read_jsonl(folder / "out/reviews/j.jsonl")


def last_run(folder: Path) -> dict[str, object]:
    return json.loads((folder / "out/run.json").read_text())["runs"][-1]
