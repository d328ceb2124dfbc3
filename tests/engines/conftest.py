"""Tiny real candidates: trained once, or taken from the folder that ARENA_TINY names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kit.paths import ROOT
from kit.running import Running


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny-50 … tiny-500 and the adapter tiny-100-lora."""
    named = os.environ.get("ARENA_TINY")
    folder = Path(named).resolve() if named else tmp_path_factory.mktemp("tiny")
    if not (folder / "tiny-100-lora" / "adapter_config.json").is_file():
        subprocess.run([sys.executable, ROOT / "data" / "sample" / "wordtasks.py", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def engines() -> Iterator[Callable[..., Running]]:
    """Engines that stay up for all tests of a module: the same arguments give the same engine."""
    started: dict[str, Running] = {}

    def get(**arguments: object) -> Running:
        label = repr(sorted(arguments.items()))
        if label not in started:
            started[label] = Running(**arguments)  # type: ignore[arg-type]
        return started[label]

    yield get
    for running in started.values():
        running.close()
