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
