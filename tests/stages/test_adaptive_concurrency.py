"""An endpoint that takes fewer calls at once than were configured, through the whole run."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.boards import arithmetic_board, read_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Say

ROOM = 3


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 529])
def test_a_narrow_endpoint_is_asked_less_at_once_and_gives_every_verdict(tmp_path: Path, status: int) -> None:
    refused = 0

    def narrow(call: Call) -> Action:
        nonlocal refused
        if server.in_flight > ROOM:
            refused += 1
            return Fail(status, "slow down", headers={"retry-after-ms": "30"}, latency_s=0.02)
        said = sum_judge(call)
        assert isinstance(said, Say)
        return Say(said.text, latency_s=0.02)

    with FakeServer(narrow) as server:
        judge = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "concurrency": 24}
        config = arithmetic_board(tmp_path, n_questions=40, mode="pairwise", baseline=None, judges={"j": judge})
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    lines = read_jsonl(tmp_path / "out/reviews/j.jsonl")
    assert {line["status"] for line in lines} == {"ok"}
    assert server.most_in_flight <= 24
    assert 0 < refused < len(lines)  # a stubborn client is refused several times per verdict
