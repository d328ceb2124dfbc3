"""Whether a newer checkout is slower than an older one: CPU seconds of whole processes, old and new in turn.

python measurements/before_after.py OLD_CHECKOUT NEW_CHECKOUT --battles FILE [--rounds N] [--folder FOLDER]

Times `arena --help`, `arena rate` on the battle file, and `arena run` with nothing to do on a board of 100,000 replies
(1,000 questions, 51 simulated candidates, one simulated judge in both orders), which the older checkout writes into
FOLDER first. Prints the smallest of all rounds: what other programs on the machine add is never negative.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

QUESTIONS, MODELS = 1000, 51
HELP_RUNS = 10
"""Starts of `arena --help` per round: one alone is too short to time."""


def write_board(folder: Path) -> Path:
    """The config of the board with the many replies, its questions beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    questions = [
        {"question_id": i, "text": f"Question {i}, please.", "category": f"c{i % 5}"} for i in range(QUESTIONS)
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))
    models = "".join(f"  model-{i:02d}: {{backend: simulated}}\n" for i in range(MODELS))
    config = folder / "config.yaml"
    config.write_text(
        f"question_file: questions.jsonl\noutput_dir: out\nanswers_gen:\n{models}"
        "reviews_gen:\n  baseline: model-00\n  judges:\n    judge: {backend: simulated}\n"
        "rating_gen:\n  elo: {orders: 10}\n"
    )
    return config


def cpu_seconds(checkout: Path, arguments: list[str], times: int = 1) -> float:
    """User and system seconds of a command, per start."""
    command = [str(checkout / ".venv/bin/python"), "-m", "arena", *arguments]
    total = 0.0
    for _ in range(times):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=checkout,
                              env=os.environ | {"OMP_NUM_THREADS": "1"}) as child:  # fmt: skip
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(command)} failed with {child.returncode}")
        total += usage.ru_utime + usage.ru_stime
    return total / times


def main() -> None:
    """Write the board, time both checkouts in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--battles", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    old, new = options.old.resolve(), options.new.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        config = write_board((options.folder or Path(temporary)).resolve())
        cpu_seconds(old, ["run", "-c", str(config)])
        commands = {
            "arena --help": (["--help"], HELP_RUNS),
            f"arena rate {options.battles.name}": (["rate", str(options.battles.resolve())], 1),
            "arena run, nothing to do": (["run", "-c", str(config)], 1),
        }
        for name, (arguments, times) in commands.items():
            pairs = [[cpu_seconds(root, arguments, times) for root in (old, new)] for _ in range(options.rounds)]
            before, after = (min(seconds) for seconds in zip(*pairs, strict=True))
            print(f"{name:28} {before:8.3f} s {after:8.3f} s   new/old {after / before:.3f}", flush=True)


if __name__ == "__main__":
    main()
