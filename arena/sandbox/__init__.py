"""Code of others, run without network, files, environment or time to spare: what a model wrote is never trusted.

`open_sandbox("bwrap")` finds out once whether the machine can contain a program, and `run` says what became of one.
"""

from __future__ import annotations

from arena.sandbox.bubblewrap import Bubblewrap
from arena.sandbox.limits import Limits, Outcome
from arena.sandbox.opening import SandboxKind, open_sandbox
from arena.sandbox.process import Sandbox
from arena.sandbox.uncontained import Uncontained

__all__ = ["Bubblewrap", "Limits", "Outcome", "Sandbox", "SandboxKind", "Uncontained", "open_sandbox"]
