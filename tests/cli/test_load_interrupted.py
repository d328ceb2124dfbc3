"""Ctrl-C and kill -9 in the middle of a load test: what was measured stays."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from kit.boards import read_jsonl
from kit.processes import finish, start
from kit.servers import FakeServer, Say

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("fork_server"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs signals"),
]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_measured_stays(tmp_path: Path, number: signal.Signals) -> None:
    with FakeServer(lambda _: Say(latency_s=0.01)) as server:
        process = start("load", "--url", server.openai_url, "--model", "m", "--out", tmp_path,
                        "--concurrency", "2", "--requests", "1000000")  # fmt: skip
        while len(server.calls) < 60:
            time.sleep(0.01)
        assert process.pid is not None
        os.kill(process.pid, number)
        code = finish(process)
    assert code == (130 if number == signal.SIGINT else -number)
    run = json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))["runs"][0]
    lines = read_jsonl(tmp_path / f"m-{run['run']}.jsonl")
    assert sum(line["status"] == "ok" for line in lines) >= 40
    assert run["complete"] is False
    if number == signal.SIGINT:
        level = run["models"]["m"]["levels"][0]
        assert (level["complete"], level["succeeded"]) == (False, sum(not line["warmup"] for line in lines))
