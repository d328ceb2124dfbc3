"""Opening a sandbox: found out once, and where there is none, said in one line with what to do about it."""

from __future__ import annotations

import functools
import shutil
import sys
from pathlib import Path
from typing import Literal

from arena.errors import InputError
from arena.sandbox.bubblewrap import Bubblewrap, interpreters
from arena.sandbox.limits import Limits
from arena.sandbox.process import Sandbox, listen
from arena.sandbox.uncontained import Uncontained

SandboxKind = Literal["bwrap", "none"]
"""How code of models is run: under bubblewrap, or, only where the user writes it, on the machine as it is."""

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_OR_NONE = "or write `sandbox: none` to run what models wrote on this machine, with your rights"
_PATIENCE = Limits(time_s=30.0)


def open_sandbox(kind: SandboxKind = "bwrap") -> Sandbox:
    """A sandbox that works on this machine.

    Raises InputError where there is none: what is missing, and how to get it. Nothing falls back to no sandbox.
    """
    if kind == "none":
        return Uncontained()
    found = _probed(shutil.which("bwrap"))
    if isinstance(found, str):
        raise InputError(found)
    return found


@functools.cache
def _probed(bwrap: str | None) -> Bubblewrap | str:
    """A sandbox that ran a program, or why there is none."""
    if not sys.platform.startswith("linux"):
        return f"code of models is only run in a sandbox, which needs Linux: run this in a Linux container, {_OR_NONE}"
    if bwrap is None:
        install = "apt-get install bubblewrap (or dnf, pacman, apk: bubblewrap)"
        return f"code of models is only run in a sandbox, and bubblewrap is not installed: {install}, {_OR_NONE}"
    said = ""
    for python in interpreters():
        sandbox = Bubblewrap(bwrap, python)
        if sandbox.run("pass", _PATIENCE).passed:
            return sandbox
        heard = listen(sandbox.command(_PATIENCE), b"", _PATIENCE)
        said = said or heard.stderr.decode("utf-8", "replace").strip().partition("\n")[0][:200]
    return (
        f"code of models is only run in a sandbox, and bubblewrap does not start ({said}): {remedy(said)}, {_OR_NONE}"
    )


def remedy(said: str, apparmor: Path = _APPARMOR) -> str:
    """What helps against bubblewrap's own words, as far as known."""
    if "--size" in said or "Unknown option" in said:
        return "install bubblewrap 0.7 or newer"
    try:
        restricted = apparmor.read_text(encoding="ascii").strip() == "1"
    except OSError:
        restricted = False
    if restricted:  # Ubuntu 23.10 and newer
        return "AppArmor forbids it here: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if "namespace" in said or "not permitted" in said or "Permission denied" in said:
        return "allow user namespaces (in Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined)"
    return "see what `bwrap --unshare-all --ro-bind / / true` says"
