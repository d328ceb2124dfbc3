"""Headers of GGUF files, written here byte by byte after the format's specification."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from arena.backends.local.spec import EngineSpec, check_spec
from arena.config.kinds import LlamaCppConfig
from arena.config.kinds.local import HOME
from arena.errors import InputError
from arena.gguf import gguf_fingerprint, misfit, read_gguf


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def header(pairs: list[tuple[str, int, bytes]], tensors: list[tuple[str, list[int]]], version: int = 3) -> bytes:
    found = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    for name, kind, value in pairs:
        found += text(name) + struct.pack("<I", kind) + value
    for name, shape in tensors:
        found += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0)
    return found


PAIRS = [
    ("general.architecture", 8, text("llama")),
    ("llama.context_length", 4, struct.pack("<I", 2048)),
    ("llama.rope", 6, struct.pack("<f", 0.5)),
    ("tokenizer.chat_template", 8, text("{{ messages }}")),
    ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 3) + text("a") + text("<|end|>") + text("b")),
    ("tokenizer.ggml.token_type", 9, struct.pack("<IQ3i", 5, 3, 1, 3, 1)),
    ("tokenizer.ggml.eos_token_id", 4, struct.pack("<I", 1)),
    ("tokenizer.ggml.bos_token_id", 4, struct.pack("<I", 77)),
    ("nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ2H", 2, 2, 7, 8)),
]
WHOLE = header(PAIRS, [("weight", [4, 2])])


def written(folder: Path, content: bytes, name: str = "m.gguf") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    found = read_gguf(written(tmp_path, WHOLE + b"\0" * 64))
    assert found.context_length == 2048
    assert found.chat_template == "{{ messages }}"
    assert found.special_tokens == ("<|end|>",)
    assert (found.token_id("bos"), found.token_id("eos")) == (None, 1)
    assert found.metadata["llama.rope"] == 0.5
    assert found.metadata["nested"] == [[7, 8]]
    assert found.size == len(WHOLE) + 64


def test_a_file_with_a_chat_template_is_asked_through_it_in_benchmarks_and_one_without_is_not(tmp_path: Path) -> None:
    bare = header([pair for pair in PAIRS if pair[0] != "tokenizer.chat_template"], [("weight", [4, 2])])
    chat, base = written(tmp_path, WHOLE), written(tmp_path, bare, "base.gguf")

    def templated(path: Path, **fields: str) -> bool | None:
        return LlamaCppConfig.model_validate({"backend": "llamacpp", "model": str(path), **fields}).templated

    assert (templated(chat), templated(base), templated(base, chat_template="{{ x }}")) == (True, False, True)
    assert LlamaCppConfig.loglikelihoods


def test_weights_beside_the_config_are_the_same_from_whatever_folder_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("m.gguf", "lora.gguf"):
        written(tmp_path, WHOLE, name)
    entry = LlamaCppConfig.model_validate(
        {"backend": "llamacpp", "model": "m.gguf", "adapter": "lora.gguf"}, context={HOME: tmp_path}
    )
    known = gguf_fingerprint(tmp_path / "m.gguf")
    elsewhere = entry.identity("m")
    assert (elsewhere["files"], elsewhere["adapter_files"]) == (known, known)
    monkeypatch.chdir(tmp_path)
    assert entry.identity("m") == elsewhere


def lora(module: str = "weight", wide: int = 4, rows: int = 2, kind: str = "adapter") -> bytes:
    pairs = [("general.type", 8, text(kind)), ("adapter.type", 8, text("lora"))]
    return header(pairs, [(f"{module}.lora_a", [wide, 8]), (f"{module}.lora_b", [8, rows])])


@pytest.mark.parametrize(
    ("adapter", "why"),
    [
        (lora(), None),
        (lora(kind="model"), "it is no LoRA"),
        (WHOLE, "it is no LoRA"),
        (lora(module="other"), "the base has no other"),
        (lora(wide=5), "weight is 4×2 in the base, 5×2 in the adapter"),
        (lora(rows=3), "weight is 4×2 in the base, 4×3 in the adapter"),
    ],
)
def test_an_adapter_that_does_not_fit_is_known_by_its_header(adapter: bytes, why: str | None, tmp_path: Path) -> None:
    base, other = read_gguf(written(tmp_path, WHOLE)), read_gguf(written(tmp_path, adapter, "lora.gguf"))
    said = misfit(base, other)
    assert said is None if why is None else said is not None and why in said


def test_a_model_is_known_by_its_header_wherever_and_whenever_it_was_written(tmp_path: Path) -> None:
    one = gguf_fingerprint(written(tmp_path, WHOLE + b"\0" * 64))
    assert gguf_fingerprint(written(tmp_path, WHOLE + b"\0" * 64, "again.gguf")) == one
    assert gguf_fingerprint(written(tmp_path, WHOLE + b"\0" * 65, "longer.gguf")) != one
    other = header(PAIRS, [("weight", [2, 4])])
    assert gguf_fingerprint(written(tmp_path, other + b"\0" * 64, "other.gguf")) != one


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no GGUF file"),
        (b"PK\x03\x04", "is no GGUF file"),
        (WHOLE[:30], "damaged or cut off"),
        (WHOLE[:-8], "damaged or cut off"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "damaged or cut off"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62), "damaged or cut off"),
        (header([("x", 9, struct.pack("<IQ", 0, 2**61))], []), "damaged or cut off"),
        (header([("x", 77, b"")], []), "damaged or cut off"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "damaged or cut off"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_in_one_line(content: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=why):
        read_gguf(written(tmp_path, content))


def test_deep_arrays_end_in_one_line(tmp_path: Path) -> None:
    deep = struct.pack("<IQ", 9, 1) * 100_000
    with pytest.raises(InputError, match="damaged or cut off"):
        read_gguf(written(tmp_path, header([("x", 9, deep)], [])))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"model": "gone.gguf"}, "there is no file"),
        ({"model": ""}, "is a folder; name the .gguf file .there: m.gguf."),
        ({"model": "m.gguf", "precision": "float16"}, "precision: found 'float16'"),
        ({"model": "m.gguf", "quantization": "fp8"}, "quantization: found 'fp8'"),
        ({"model": "m.gguf", "revision": "main"}, "revision: found 'main'"),
        ({"model": "m.gguf", "engine": {"replicas": 2}}, "engine.n_parallel sets its slots"),
        ({"model": "configs/../gone.gguf"}, r"there is no file /[^.]*/gone\.gguf;"),
        ({"model": "m.gguf", "adapter": "gone.gguf"}, "adapter: there is no file"),
    ],
)
def test_an_entry_that_cannot_be_right_is_refused_before_anything_starts(
    fields: dict[str, object], why: str, tmp_path: Path
) -> None:
    written(tmp_path, WHOLE)
    places = {key: str(tmp_path / str(fields[key])) for key in ("model", "adapter") if key in fields}
    with pytest.raises(InputError, match=why):
        check_spec(EngineSpec("llamacpp", **(fields | places)))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["vllm", "transformers"])
def test_a_folder_with_only_a_gguf_file_names_the_backend_that_takes_it(kind: str, tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    with pytest.raises(InputError, match=r"it holds m\.gguf: use backend: llamacpp with model: .*/m\.gguf"):
        check_spec(EngineSpec(kind, str(tmp_path)))  # type: ignore[arg-type]
