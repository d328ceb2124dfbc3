"""What makes a local candidate's answer a new one: everything that changes its text, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from arena.config.kinds import VllmConfig
from arena.errors import InputError
from arena.types import JSON


def _identity(**fields: JSON) -> dict[str, JSON]:
    return VllmConfig.model_validate({"backend": "vllm", "model": "org/model"} | fields).identity("m")


def test_engine_settings_concurrency_and_replicas_do_not_change_an_answer() -> None:
    engine: JSON = {"max_model_len": 512, "replicas": 4, "ray_address": "auto", "gpu_memory_utilization": 0.5}
    assert _identity(engine=engine, concurrency=7, gpu_hour_price=2.0) == _identity()


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "org/other"},
        {"revision": "v2"},
        {"precision": "float16"},
        {"quantization": "fp8"},
        {"adapter": "org/lora"},
        {"chat_template": "{{ messages }}"},
        {"engine": {"chat_template_kwargs": {"enable_thinking": False}}},
        {"engine": {"reasoning_parser": "qwen3"}},
    ],
)
def test_what_changes_the_text_is_part_of_the_key(fields: dict[str, JSON]) -> None:
    assert _identity(**fields) != _identity()


def test_a_template_counts_by_its_text_wherever_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "chat.jinja"
    file.write_text("{{ messages }}")
    assert _identity(chat_template=str(file)) == _identity(chat_template="{{ messages }}")
    file.unlink()
    with pytest.raises(InputError, match="neither a template"):
        _identity(chat_template=str(file))


def test_retrained_weights_and_a_changed_adapter_are_new(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "lora").mkdir()
    weights, lora = tmp_path / "model" / "model.safetensors", tmp_path / "lora" / "adapter_model.safetensors"
    weights.write_bytes(b"one")
    lora.write_bytes(b"one")
    both = {"model": str(weights.parent), "adapter": str(lora.parent)}
    before = _identity(**both)
    from arena.keys import fingerprint

    lora.write_bytes(b"two")
    fingerprint.cache_clear()
    after = _identity(**both)
    assert after["files"] == before["files"]
    assert after["adapter_files"] != before["adapter_files"]
    weights.write_bytes(b"other")
    fingerprint.cache_clear()
    assert _identity(**both)["files"] != before["files"]
