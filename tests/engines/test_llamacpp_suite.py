"""The real llama.cpp on the same tiny candidates as the other engines, written as GGUF files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.behaviour import *  # noqa: F403 - the tests that every engine must pass
from kit.running import Running, arena, questions, request, write_board
from kit.tiny_gguf import write_adapter, write_model

from arena.errors import EndpointDead
from arena.types import JSON

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("default")]
ONE_THREAD: dict[str, JSON] = {
    "n_threads": 1, "n_ctx": 4 * 1024, "cache_type_k": "f32", "cache_type_v": "f32", "flash_attn_type": "disabled",
}  # fmt: skip
"""In float32 throughout, as the other engines are asked to compute."""


@pytest.fixture(scope="module")
def written(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The GGUF file of a saved model or adapter."""
    folder, files = tmp_path_factory.mktemp("gguf"), dict[Path, Path]()

    def file_of(saved: Path) -> Path:
        if saved not in files:
            target = folder / f"{len(files)}-{saved.name}.gguf"
            heads = json.loads((tiny / "tiny-100" / "config.json").read_text())["num_attention_heads"]
            adapter = (saved / "adapter_config.json").is_file()
            files[saved] = write_adapter(saved, heads, target) if adapter else write_model(saved, target)
        return files[saved]

    return file_of


@pytest.fixture
def engine(engines: Callable[..., Running], written: Callable[[Path], Path], tiny: Path) -> Callable[..., Running]:
    def start(model: str | Path, *, adapter: str | Path | None = None, **fields: object) -> Running:
        put_on = None if adapter is None else str(written(tiny / adapter))
        fields = {"precision": "auto", "engine": ONE_THREAD} | fields
        return engines(kind="llamacpp", model=written(tiny / model), adapter=put_on, **fields)

    return start


def test_greedy_text_equals_that_of_transformers(engine: Callable[..., Running], tiny: Path) -> None:
    asked = [request(q["turns"][0]) for q in questions()]
    other = Running("transformers", tiny / "tiny-500")
    try:
        assert engine("tiny-500").texts(*asked) == other.texts(*asked)
    finally:
        other.close()


def test_a_lora_changes_what_it_changes_in_transformers(engine: Callable[..., Running], tiny: Path) -> None:
    asked = [request(q["turns"][0]) for q in questions()[:60]]
    other = Running("transformers", tiny / "tiny-100", adapter=str(tiny / "tiny-100-lora"))
    try:
        adapted = engine("tiny-100", adapter="tiny-100-lora").texts(*asked)
        assert adapted == other.texts(*asked)
    finally:
        other.close()
    assert adapted != engine("tiny-100").texts(*asked)


def test_another_model_is_no_adapter(engine: Callable[..., Running]) -> None:
    with pytest.raises(EndpointDead, match=r"this adapter does not fit .*tiny-100.*it is no LoRA"):
        engine("tiny-100", adapter="tiny-500").ask(request("repeat ab"))


def test_a_load_test_starts_its_server_and_leaves_none(
    written: Callable[[Path], Path], tiny: Path, tmp_path: Path
) -> None:
    entry: dict[str, JSON] = {"backend": "llamacpp", "model": str(written(tiny / "tiny-100")), "engine": ONE_THREAD,
                              "precision": "auto"}  # fmt: skip
    load: JSON = {"concurrency": [1, 2], "requests": 8, "max_tokens": 6}
    config = write_board(tmp_path, {"m": entry}, load_test=load, reviews_gen={"enable": False, "mode": "pairwise"})
    done = arena("load", "-c", config, "--json")
    assert done.returncode == 0, done.stderr
    levels = json.loads(done.stdout)["models"]["m"]["levels"]
    assert [level["succeeded"] for level in levels] == [8, 8]
    assert all(level["ttft_s"]["p50"]["value"] > 0 for level in levels)
    assert "Bearer" not in (tmp_path / "board" / "load" / "load.json").read_text()
