"""An adapter against its base, by the shapes in their files."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from arena.backends.local.adapters import misfit, stranger

Q = "model.layers.0.self_attn.q_proj"


def _save(file: Path, tensors: dict[str, list[int]], dtype: str = "F32") -> Path:
    header = json.dumps({n: {"dtype": dtype, "shape": s, "data_offsets": [0, 0]} for n, s in tensors.items()}).encode()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(struct.pack("<Q", len(header)) + header)
    return file.parent


def _adapter(tmp_path: Path, wide: int, out: int, module: str = Q) -> Path:
    name = f"base_model.model.{module}"
    tensors = {f"{name}.lora_A.weight": [8, wide], f"{name}.lora_B.weight": [out, 8]}
    return _save(tmp_path / "adapter" / "adapter_model.safetensors", tensors)


def _base(tmp_path: Path, dtype: str = "BF16") -> Path:
    return _save(tmp_path / "base" / "model-00001-of-00001.safetensors", {f"{Q}.weight": [64, 128]}, dtype)


def test_matching_shapes_fit(tmp_path: Path) -> None:
    assert misfit(_base(tmp_path), _adapter(tmp_path, 128, 64)) is None


def test_a_wrong_side_is_named_with_both_shapes(tmp_path: Path) -> None:
    said = misfit(_base(tmp_path), _adapter(tmp_path, 120, 64))
    assert said == f"{Q} is 64×128 in the base, 64×120 in the adapter"
    assert misfit(_base(tmp_path), _adapter(tmp_path, 128, 32)) is not None


def test_what_cannot_be_compared_is_left_to_the_engine(tmp_path: Path) -> None:
    assert misfit(_base(tmp_path, "I32"), _adapter(tmp_path, 120, 64)) is None
    assert misfit(_base(tmp_path), _adapter(tmp_path, 120, 64, "model.layers.7.other")) is None
    assert misfit(tmp_path / "nowhere", _adapter(tmp_path, 120, 64)) is None


def test_an_adapter_of_layers_that_the_base_does_not_have_is_noticed(tmp_path: Path) -> None:
    assert stranger(_base(tmp_path), _adapter(tmp_path, 128, 64, "transformer.h.0.q")) == "transformer.h.0.q"
    assert stranger(_base(tmp_path), _adapter(tmp_path, 128, 64)) is None
    assert stranger(_base(tmp_path, "I32"), _adapter(tmp_path, 128, 64)) is None
    assert stranger(tmp_path / "nowhere", _adapter(tmp_path, 128, 64, "transformer.h.0.q")) is None
