"""What studies by simulation share: their options, and a table in Markdown that is printed row by row and then kept."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path


def study_parser(about: str | None, replicates: int) -> argparse.ArgumentParser:
    """--replicates, --seed and --out."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=replicates)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    return parser


def print_table(head: Sequence[str], rows: Iterable[str], note: str, out: Path | None) -> None:
    """Print each row as it is found, then the note with the CPU seconds that all took; write both where `out` says."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    print("\n".join(lines), flush=True)
    started = time.process_time()
    for row in rows:
        lines.append(row)
        print(row, flush=True)
    note = f"{note}, {time.process_time() - started:.0f} CPU seconds."
    print(note)
    if out:
        out.write_text("\n".join([*lines, "", note, ""]), encoding="utf-8")
