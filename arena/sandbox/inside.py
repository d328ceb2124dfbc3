"""The first and last thing that runs inside a sandbox: takes the limits, runs the program, says that it got to its end.

Its source is handed to the interpreter as text: nothing of this package can be seen from inside.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys


def main() -> None:
    """Reads one JSON object from stdin: program, end, time_s, memory_bytes, processes, disk_bytes."""
    given = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what stood there, the end marker among it, cannot be read again
    seconds = math.ceil(given["time_s"]) + 1
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, given["memory_bytes"]),
        (resource.RLIMIT_FSIZE, given["disk_bytes"]),
        (resource.RLIMIT_NPROC, given["processes"]),
        (resource.RLIMIT_NOFILE, 64),
    ):
        hard = resource.getrlimit(limit)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(limit, (bound, bound))
        except ValueError:  # macOS bounds no address space; only programs without a sandbox run there
            if sys.platform != "darwin":
                raise
    sys.argv = ["program.py"]
    exec(compile(given["program"], "program.py", "exec"), {"__name__": "__main__"})  # noqa: S102
    sys.stdout.flush()
    os.write(1, f"\n{given['end']}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
