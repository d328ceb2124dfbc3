"""What can be said against a local candidate before anything is started, and frames, and sentences."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path

import pytest

from arena.backends import Opening, open_backend
from arena.backends.local.backend import LocalBackend
from arena.backends.local.failures import explain_adapter, explain_start, is_out_of_memory
from arena.backends.local.frames import Ask, Done, Ready, read_frame, write_frames
from arena.backends.local.spec import EngineSpec, check_packages, check_spec, is_folder, lora_rank, spec_of
from arena.config.kinds import TransformersConfig, VllmConfig
from arena.errors import InputError, MissingDependency
from arena.types import Completion, Message, Request

PACKAGES = {"vllm": "vllm", "torch": "local", "ray": "cluster"}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every engine were installed: only `find_spec` is asked."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(("package", "extra"), PACKAGES.items())
def test_a_missing_engine_names_its_extra(
    package: str, extra: str, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else object())
    kind = "vllm" if package == "vllm" else "transformers"
    spec = EngineSpec(kind, str(model), engine={"replicas": 2}, name="answers_gen.m")
    with pytest.raises(MissingDependency, match=rf"answers_gen\.m: .*{package}.*llm-arena\[{extra}\]"):
        check_packages(spec)


def test_a_missing_folder_an_empty_one_and_a_missing_adapter_are_named(tmp_path: Path, model: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for spec, says in (
        (EngineSpec("vllm", str(tmp_path / "no"), name="a"), "a: model: there is no folder"),
        (EngineSpec("vllm", str(empty)), "holds no config.json"),
        (EngineSpec("vllm", str(model), adapter=str(tmp_path / "no")), "adapter: there is no folder"),
        (EngineSpec("vllm", str(model), adapter=str(empty)), "holds no adapter_config.json"),
        (EngineSpec("vllm", str(model), chat_template="no.jinja"), "neither a file nor a template"),
        (EngineSpec("vllm", str(model), engine={"replicas": 0}), "engine.replicas: 0 is not"),
        (EngineSpec("vllm", str(model), engine={"replicas": "two"}), "expected a whole number, found 'two'"),
        (EngineSpec("vllm", str(model), engine={"chat_template_kwargs": 1}), "expected a mapping"),
        (EngineSpec("transformers", str(model), engine={"batch_size": 0}), "engine.batch_size: 0 is no number"),
        (EngineSpec("transformers", str(model), precision="int8"), "precision: 'int8' is none of auto, float32"),
    ):
        with pytest.raises(InputError, match=says):
            check_spec(spec)


def test_hub_ids_and_good_folders_pass(model: Path) -> None:
    check_spec(EngineSpec("vllm", "Qwen/Qwen3-4B", adapter="someone/adapter"))
    check_spec(EngineSpec("transformers", str(model), chat_template="{{ messages }}", engine={"batch_size": 4}))


@pytest.mark.parametrize(
    ("name", "folder"),
    [("Qwen/Qwen3-4B", False), ("gpt2", False), ("./x", True), ("/x", True), ("~/x", True), ("a/b/c", True)],
)
def test_folders_and_hub_ids_are_told_apart(name: str, folder: bool) -> None:
    assert is_folder(name) is folder


def test_a_template_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "template.jinja"
    file.write_text("{{ messages }}")
    assert EngineSpec("vllm", "m", chat_template=str(file)).template_text == "{{ messages }}"
    assert EngineSpec("vllm", "m", chat_template="{{ x }}").template_text == "{{ x }}"


def test_our_own_keys_are_not_passed_to_the_engine() -> None:
    engine = {"replicas": 2, "ray_address": "auto", "batch_size": 1, "max_model_len": 512}
    spec = EngineSpec("vllm", "m", engine=engine)
    assert spec.passed_on == {"max_model_len": 512}
    assert (spec.replicas, spec.ray_address, spec.on_ray) == (2, "auto", True)
    assert not EngineSpec("vllm", "m").on_ray


def test_lora_rank_is_read_from_the_adapter(tmp_path: Path) -> None:
    assert lora_rank(tmp_path) == 8
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 16, "rank_pattern": {"x": 24}}))
    assert lora_rank(tmp_path) == 24


@pytest.mark.usefixtures("installed")
def test_a_config_entry_opens_a_backend_that_has_started_nothing(model: Path) -> None:
    entry = VllmConfig(backend="vllm", model=str(model), concurrency=7, engine={"replicas": 3})
    backend = open_backend(Opening("m", "answers_gen"), entry)
    assert isinstance(backend, LocalBackend)
    assert (backend.concurrency, backend.load) == (21, "offline-batch")
    assert spec_of("m", TransformersConfig(backend="transformers", model="x")).kind == "transformers"


def test_frames_survive_the_pipe_and_a_torn_one_is_the_end() -> None:
    request = Request("k", "q", (Message("user", "ü"),), ("more",))
    sent = [Ready(("note",)), Ask(1, request), Done(2, Completion("ok", ("x",)))]
    pipe = io.BytesIO()
    for frame in sent:
        write_frames(pipe, frame)
    whole = pipe.getvalue()
    pipe.seek(0)
    assert [read_frame(pipe) for _ in range(4)] == [*sent, None]
    torn = io.BytesIO(whole[:-3])
    assert [read_frame(torn) for _ in range(3)] == [*sent[:2], None]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("We couldn't connect to 'https://huggingface.co' to load the files"), "hub cannot be reached"),
        (OSError("x is not a local folder and is not a valid model identifier"), "neither a folder here nor a model"),
        (OSError("You are trying to access a gated repo."), "accept the model's terms"),
        (OSError("v9 is not a valid git identifier (branch name, tag)"), "has no revision 'v9'"),
        (ValueError("Free memory on device (1 GiB) is less than desired GPU memory utilization"), "out of memory"),
        (ValueError("No available memory for the cache blocks."), "gpu_memory_utilization"),
        (ValueError("head size 16 is not supported"), "vllm cannot start: ValueError: head size 16"),
    ],
)
def test_exceptions_become_sentences(error: Exception, says: str) -> None:
    assert says in explain_start(EngineSpec("vllm", "org/model", "v9"), error)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate"
        ),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.1 GB)"),
    ],
)
def test_every_way_to_run_out_of_memory_is_known(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_the_cause_behind_an_exception_is_seen() -> None:
    outer = RuntimeError("Engine core initialization failed")
    outer.__cause__ = RuntimeError("CUDA out of memory. Tried to allocate")
    assert is_out_of_memory(outer)
    assert "tensor_parallel_size" in explain_start(EngineSpec("vllm", "m"), outer)


def test_an_adapter_names_itself_and_its_base() -> None:
    said = explain_adapter(EngineSpec("vllm", "base", adapter="lora"), RuntimeError("size mismatch for q_proj"))
    assert said.startswith("lora: this adapter does not fit base (size mismatch")
