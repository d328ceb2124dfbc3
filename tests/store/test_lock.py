"""One run at a time on a board."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from arena.errors import BoardLocked, DiskFull
from arena.store.lock import BoardLock


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_disk_too_full_for_the_lock_is_told_as_such(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(DiskFull, match="lock: the disk is full"):
            BoardLock(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    BoardLock(tmp_path).release()


HOLD = """
import sys, time
from pathlib import Path
from arena.store.lock import BoardLock
lock = BoardLock(Path(sys.argv[1]))
print("in", flush=True)
time.sleep(60)
"""


def test_a_second_run_is_refused_and_told_who_holds_the_board(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "in\n"
        with pytest.raises(BoardLocked, match=f"pid {holder.pid} on .* since 2"):
            BoardLock(tmp_path)
        holder.kill()
        holder.wait()
    with BoardLock(tmp_path) as lock:
        assert json.loads(lock.path.read_text())["pid"] == os.getpid()


WRITE = """
import os, sys
from pathlib import Path
from arena.files import replacing
with replacing(Path(sys.argv[1])) as write:
    write(b"half")
    print("in", flush=True)
    sys.stdin.read()
"""


def writer(path: Path) -> subprocess.Popen[str]:
    """A process in the middle of replacing a file."""
    started = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "in\n"
    return started


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("place", ["run.json", "reports/a.b-1@x.json", "judges/j/leaderboard.json"])
def test_the_next_holder_removes_what_a_killed_writer_left_and_nothing_else(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    killed = writer(tmp_path / place)
    with killed:
        [left] = names(tmp_path)
        BoardLock(tmp_path).release()
        assert names(tmp_path) == [left], "its writer lives"
        killed.kill()
        killed.wait()
    name, _, host = left.rpartition("@")
    mine = f".votes.jsonl.{os.getpid()}@{host}"
    kept = {tmp_path / other for other in (f"{name}@not-{host}", mine, ".hidden@home", ".run.json.abcd1234")}
    for path in kept:
        path.write_text("")
    BoardLock(tmp_path).release()
    assert set(tmp_path.rglob(".*")) == kept
