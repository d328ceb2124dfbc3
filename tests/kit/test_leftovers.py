"""The check that every test runs under sees what it is there for."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from kit import leftovers
from kit.api_boards import board_on
from kit.leftovers import Running
from kit.processes import finish, start
from kit.servers import FakeServer, Say

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "GRACE_S", 0.0)


def test_a_child_that_runs_on_is_named_and_ended() -> None:
    before = Running.now()
    child = subprocess.Popen(["sleep", "600"])
    assert any("sleep 600" in left for left in before.left_since())
    assert child.wait() == -signal.SIGKILL
    assert before.left_since() == []


def test_an_orphan_is_seen_too() -> None:
    before = Running.now()
    subprocess.run(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"], check=True)
    assert any("sleep 600" in left for left in before.left_since())


def test_a_thread_that_runs_on_is_named() -> None:
    before, done = Running.now(), threading.Event()
    thread = threading.Thread(target=done.wait, name="stays")
    thread.start()
    assert "stays" in before.left_since()[0]
    done.set()
    thread.join()
    assert before.left_since() == []


@pytest.mark.usefixtures("fork_server")
def test_a_forked_run_is_a_child_too(tmp_path: Path) -> None:
    before = Running.now()
    with FakeServer(lambda call: Say(latency_s=60)) as server:
        run = start("run", "-c", board_on(server, tmp_path))
        assert any("ForkServerProcess" in left for left in before.left_since())
        assert finish(run) == -signal.SIGKILL
