"""Programs in namespaces of their own, through bubblewrap (`bwrap`): nothing of the machine but an interpreter."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from arena.sandbox.limits import Limits, Outcome
from arena.sandbox.process import INSIDE, Command, Sandbox, judge

NOBODY = 65534
"""Who runs a program where we are root: bubblewrap is started as this user."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/nix/store")
"""What an interpreter needs to load its libraries; nothing of the user's lies there."""


class Bubblewrap(Sandbox):
    """Runs programs without network, files, environment and privileges, each in a process namespace that ends with it.

    A program sees the system's libraries and the interpreter, read-only, and a /tmp of its own in memory.
    """

    def __init__(self, bwrap: str, python: Path) -> None:
        self._bwrap = bwrap
        self._python = python

    def run(self, program: str, limits: Limits | None = None) -> Outcome:
        """Run Python source to its end. About 40 ms of overhead, most of it the interpreter's start."""
        limits = limits or Limits()
        return judge(program, self.command(limits), limits)

    def command(self, limits: Limits) -> Command:
        """The command under which a program runs."""
        argv = [self._bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        for name, value in (("PATH", "/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("OMP_NUM_THREADS", "1")):  # noqa: S108
            argv += ["--setenv", name, value]
        argv += _mounts(self._python)
        # Everything writable is bounded: /dev (with /dev/shm) and the root are themselves in memory.
        argv += ["--dev", "/dev", "--remount-ro", "/dev", "--size", str(limits.disk_bytes), "--tmpfs", "/tmp"]  # noqa: S108
        argv += ["--chdir", "/tmp", "--remount-ro", "/", "--"]  # noqa: S108
        argv += [str(self._python), "-I", "-B", "-c", INSIDE.read_text(encoding="utf-8")]
        return Command(argv, {}, "/", NOBODY if os.geteuid() == 0 else None)


def interpreters() -> Iterator[Path]:
    """Interpreters to try, ours first: where root runs us, one in root's home cannot be read by nobody."""
    yield Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in ("/usr/local/bin/python3", "/usr/bin/python3"):
        yield Path(path)


def _mounts(python: Path) -> list[str]:
    argv: list[str] = []
    for place in map(Path, _SYSTEM):
        if place.is_symlink():
            argv += ["--symlink", str(place.readlink()), str(place)]
        elif place.exists():
            argv += ["--ro-bind", str(place), str(place)]
    prefix = python.resolve().parents[1]
    if not any(prefix.is_relative_to(place) for place in _SYSTEM):
        argv += ["--ro-bind", str(prefix), str(prefix)]
    if prefix != python.parents[1] and not any(python.is_relative_to(place) for place in _SYSTEM):
        argv += ["--ro-bind", str(python.parents[1]), str(python.parents[1])]
    return argv
