"""No sandbox at all, for who asks for it in so many words: limits, but the network, the files and the user's rights."""

from __future__ import annotations

import sys
import tempfile

from arena.sandbox.limits import Limits, Outcome
from arena.sandbox.process import INSIDE, Command, Sandbox, judge


class Uncontained(Sandbox):
    """Runs programs as the user, in an empty folder, without the environment and under limits of one process.

    What they open they can read, whom they call they reach, and what they start and detach outlives them.
    """

    def run(self, program: str, limits: Limits | None = None) -> Outcome:
        """Run Python source to its end, on this very machine."""
        with tempfile.TemporaryDirectory(prefix="arena-program-", ignore_cleanup_errors=True) as folder:
            argv = [sys.executable, "-I", "-c", INSIDE.read_text(encoding="utf-8")]
            # Processes are counted over all of the user's here, so no bound of ours would be true.
            bounds = limits or Limits()
            bounds = Limits(bounds.time_s, bounds.memory_bytes, 1 << 20, bounds.disk_bytes, bounds.output_bytes)
            return judge(program, Command(argv, {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, folder), bounds)
