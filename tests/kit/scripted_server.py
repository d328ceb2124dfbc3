"""A child that says it is an engine's server, and starts a process of its own as vLLM does."""

from __future__ import annotations

import subprocess
import sys

from arena.backends.local.child import main
from arena.backends.local.engine import CannotStart
from arena.backends.local.server import Server
from arena.backends.local.spec import EngineSpec

COMMAND = (sys.executable, __file__)


def start(spec: EngineSpec) -> Server:
    if spec.model == "refuses":
        raise CannotStart("refuses: there is no such model")
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL)
    return Server(f"http://127.0.0.1:9/{spec.name}", "a-key", [f"pid {started.pid}"], started)


if __name__ == "__main__":
    main(start, bound=False)
