"""What only reads a board, or rates a file, loads nothing that can call a model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BOARD = Path(__file__).resolve().parent.parent / "fixtures/boards_0_1_0/openai"
CALLING = ("arena.backends", "arena.asking", "openai", "anthropic", "httpx", "torch", "transformers", "vllm", "ray")
READING = [
    ["rate", "out/reports/battles.jsonl"],
    ["show", "-c", "config.yaml", "1", "base", "other"],
    ["agree", "-c", "config.yaml", "--judge", "first", "--with", "second/one"],
    ["report", "-c", "config.yaml"],
    ["diff", "config.yaml", "config.yaml"],
]
SCRIPT = """
import json, sys
from arena.cli import main
try:
    main()
except SystemExit as stop:
    print(json.dumps([stop.code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_a_command_that_reads_loads_no_backend(command: list[str], tmp_path: Path) -> None:
    folder = shutil.copytree(BOARD, tmp_path / "board")
    child = [sys.executable, "-c", SCRIPT, *command]
    done = subprocess.run(child, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert code in (0, None), done.stderr
    assert [name for name in loaded if name.startswith(tuple(f"{calling}." for calling in CALLING))] == []
    assert set(CALLING).isdisjoint(loaded)
