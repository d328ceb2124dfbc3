"""How long `arena --help` takes, beside a bare interpreter and one that imports click. Whole processes, medians.

python measurements/startup.py [RUNS]
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import click'": ["-c", "import click"],
    "import arena": ["-c", "import arena"],
    "arena --help": ["-m", "arena", "--help"],
    "arena run --help": ["-m", "arena", "run", "--help"],
}


def main() -> None:
    """Time every command in turn, so that a noisy moment hits all of them."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - began)
    for name, times in seconds.items():
        print(f"{name:28} {median(times):.3f} s   (min {min(times):.3f}, max {max(times):.3f})")


if __name__ == "__main__":
    main()
