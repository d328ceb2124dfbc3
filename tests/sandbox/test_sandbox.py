"""Sixteen programs: one that is right, and fifteen that are wrong or want out. Nothing of them is left."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from arena.errors import InputError
from arena.sandbox import Limits, Sandbox, open_sandbox
from arena.sandbox import opening as opening_module
from arena.sandbox.opening import remedy

MARK = "arena-sandbox-test-4711"
"""Stands in the command line of what an attack leaves behind."""
LIMITS = Limits(time_s=4.0, memory_bytes=256 << 20, disk_bytes=8 << 20)
RIGHT = "def add(a, b):\n    return a + b\nassert add(2, 3) == 5\n"
CONNECT = """
import socket
with socket.create_connection(("127.0.0.1", {port}), 1) as s:
    s.sendall(b"out")
"""
DAEMON = f"""
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(300)", "{MARK}"])
    os._exit(0)
os._exit(0)
"""
FILL = """
import os
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/"):
    for n in range(64):
        try:
            with open(f"{folder}/fill-%d-%d" % (n, os.getpid()), "wb") as f:
                for _ in range(64):
                    f.write(b"x" * (1 << 20))
        except OSError:
            break
held = sum(os.stat(f"/tmp/{name}").st_size for name in os.listdir("/tmp"))
raise SystemExit(f"held {held >> 20} MiB")
"""
MEMORY = "held = []\nfor _ in range(4096):\n    held.append(bytearray(1 << 20))\n"
BOMB = "import os\nwhile True:\n    os.fork()\n"
KILLER = (
    "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)\nos.kill(-1, 9)\nassert 0\n"
)
READER = "assert not open({path!r}).read()\n"
WRITER = "open({path!r}, 'w').write('out')\n"
ENVIRONMENT = "import os\nraise SystemExit(' '.join(sorted(os.environ)) + os.environ.get('OPENAI_API_KEY', ' none'))\n"

ATTACKS = {
    "wrong assertion": ("assert 1 + 1 == 3\n", "failed"),
    "endless loop": ("while True: pass\n", "timeout"),
    "sleep": ("import time\ntime.sleep(60)\n", "timeout"),
    "4 GiB of memory": (MEMORY, "failed"),
    "fork bomb": (BOMB, "failed"),
    "killing the parent": (KILLER, "failed"),
    "os._exit(0)": ("import os\nos._exit(0)\n" + RIGHT, "no_end"),
    "SystemExit(0)": ("raise SystemExit(0)\n" + RIGHT, "no_end"),
    "endless output": ("while True: print('x' * 1000)\n", "output"),
    "a daemon": (DAEMON, "no_end"),
    "filling the disk": (FILL, "failed"),
}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return open_sandbox("bwrap")
    except InputError as why:
        pytest.skip(f"no sandbox: {why}")


@pytest.fixture
def outside() -> Iterator[Path]:
    """A file that everybody may read and a folder that everybody may write."""
    folder = Path("/var/tmp") / f"arena-sandbox-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "secret").write_text("the user's")
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_a_right_answer_passes(sandbox: Sandbox) -> None:
    assert sandbox.run(RIGHT) == ("passed", "")


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_wrong_fails_within_its_limits(name: str, sandbox: Sandbox) -> None:
    program, ending = ATTACKS[name]
    limits = replace(LIMITS, time_s=1.0) if ending == "timeout" else LIMITS
    assert sandbox.run(program, limits).ending == ending
    assert not list(Path("/tmp").glob("fill-*")) and not list(Path("/dev/shm").glob("fill-*"))
    assert not marked()


def test_the_disk_a_program_fills_is_bounded(sandbox: Sandbox) -> None:
    held = sandbox.run(FILL, LIMITS).message
    assert 0 < int(held.split()[1]) <= LIMITS.disk_bytes >> 20


def test_a_port_of_the_host_is_not_reached(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = sandbox.run(CONNECT.format(port=server.getsockname()[1]), LIMITS)
        server.settimeout(0.01)
        with pytest.raises(TimeoutError):
            server.accept()
    assert outcome.ending == "failed" and "rror" in outcome.message


def test_a_file_of_the_user_is_not_read(sandbox: Sandbox, outside: Path) -> None:
    path = outside / "secret"
    assert open_sandbox("none").run(READER.format(path=str(path))).ending == "failed"  # it can be read from outside
    assert "FileNotFoundError" in sandbox.run(READER.format(path=str(path)), LIMITS).message
    for path in (Path.home(), Path(__file__), Path("/etc/passwd"), Path("/work")):
        assert not sandbox.run(f"import os\nassert os.path.exists({str(path)!r})\n", LIMITS).passed


def test_the_environment_is_not_read(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-strangers")
    for one in (sandbox, open_sandbox("none")):
        outcome = one.run(ENVIRONMENT, LIMITS)
        assert outcome.ending == "failed" and outcome.message.endswith("none")


def test_nothing_is_written_outside(sandbox: Sandbox, outside: Path) -> None:
    for path in (outside / "new", Path("/usr/new"), Path("/new"), Path("/dev/shm/new")):
        assert sandbox.run(WRITER.format(path=str(path)), LIMITS).ending == "failed"
        assert not path.exists()


def test_the_end_cannot_be_said_before_it_is_reached(sandbox: Sandbox) -> None:
    for early in ("print(open(0).read())", "import os\nprint(os.read(0, 1000).decode())", "print('passed')"):
        assert not sandbox.run(f"{early}\nimport os\nos._exit(0)\n", LIMITS).passed


def test_what_a_program_prints_after_its_end_does_not_stand_for_it(sandbox: Sandbox) -> None:
    assert sandbox.run(RIGHT + "print('chatter')\n").passed
    assert sandbox.run("import sys\nsys.stderr.write('a warning')\n" + RIGHT).passed


def test_programs_side_by_side_do_not_disturb_each_other(sandbox: Sandbox) -> None:
    programs = [RIGHT, BOMB, "assert 0\n", RIGHT]
    with ThreadPoolExecutor(2) as pool:
        endings = [outcome.ending for outcome in pool.map(sandbox.run, programs)]
    assert endings == ["passed", "failed", "failed", "passed"]


def test_a_broken_program_is_no_crash_of_ours(sandbox: Sandbox) -> None:
    assert "SyntaxError" in sandbox.run("def add(a, b:\n").message
    assert sandbox.run("x = '" + "a" * 1_000_000 + "'\n").passed
    assert sandbox.run("").passed
    assert sandbox.run("import sys\nsys.stdout.close()\nsys.stderr.close()\n", LIMITS).ending == "failed"


def test_without_a_sandbox_only_when_asked_for() -> None:
    bare = open_sandbox("none")
    assert bare.run(RIGHT).passed
    assert bare.run("while True: pass\n", Limits(time_s=0.5)).ending == "timeout"
    assert bare.run("import os\nos._exit(0)\n").ending == "no_end"


def test_no_bubblewrap_is_one_line_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opening_module._probed.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"apt-get install bubblewrap.*`sandbox: none`"):
        open_sandbox()
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr("arena.sandbox.bubblewrap.NOBODY", os.getuid())
    with pytest.raises(InputError, match=r"does not start \(bwrap: setting up uid map: Permission denied\): "):
        open_sandbox()
    opening_module._probed.cache_clear()


def test_the_remedy_follows_what_bubblewrap_says(tmp_path: Path) -> None:
    off, on = tmp_path / "off", tmp_path / "on"
    off.write_text("0\n")
    on.write_text("1\n")
    denied = "bwrap: setting up uid map: Permission denied"
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in remedy(denied, on)
    assert "allow user namespaces" in remedy(denied, off)
    assert "allow user namespaces" in remedy("bwrap: No permissions to create new namespace", tmp_path / "none")
    assert "0.7 or newer" in remedy("bwrap: Unknown option --size", off)
    assert "--unshare-all" in remedy("bwrap: something else", off)


def marked() -> list[str]:
    """Processes of an attack that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [str(path)] if MARK.encode() in path.read_bytes() and path.parent.name != str(os.getpid()) else []
        except OSError:
            continue
    return found
