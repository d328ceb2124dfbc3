"""An engine's own server for a load test: it is there while it is measured, and ends with whoever started it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kit import scripted_server
from kit.paths import ROOT

from arena.backends.local.server import vllm_arguments
from arena.backends.local.spec import EngineSpec
from arena.config.kinds import LlamaCppConfig, TransformersConfig, VllmConfig
from arena.errors import InputError
from arena.load.engines import serving
from arena.load.targets import Target, target_on, targets_of


def local(model: str) -> Target:
    return target_on("m", VllmConfig(backend="vllm", model=model))


def test_the_target_is_the_server_while_it_is_measured() -> None:
    notes: list[str] = []

    async def job() -> None:
        async with serving(local("any"), notes.append, scripted_server.COMMAND) as there:
            assert there.entry.base_url == "http://127.0.0.1:9/m"
            assert there.entry.headers == {"Authorization": "Bearer a-key"}
            assert there.on_this_machine
            assert "a-key" not in there.url and there.url == "vllm's own server on any"

    asyncio.run(job())
    assert notes[0] == "m: starting vllm's own server on any"
    assert notes[1].startswith("pid ")  # it is gone by now, or kit.leftovers fails this test


def test_one_that_does_not_start_says_why() -> None:
    async def job() -> None:
        async with serving(local("refuses"), lambda _: None, scripted_server.COMMAND):
            raise AssertionError

    with pytest.raises(InputError, match=r"answers_gen\.m: its server does not start: refuses: there is no such"):
        asyncio.run(job())


@pytest.mark.slow
def test_kill_9_leaves_no_server_behind(tmp_path: Path) -> None:
    """What is left over fails the test: kit.leftovers looks."""
    script = tmp_path / "run.py"
    script.write_text(
        "import asyncio\n"
        "from kit import scripted_server\n"
        "from arena.config.kinds import VllmConfig\n"
        "from arena.load.engines import serving\n"
        "from arena.load.targets import target_on\n"
        "async def job():\n"
        "    target = target_on('m', VllmConfig(backend='vllm', model='any'))\n"
        "    async with serving(target, lambda note: print(note, flush=True), scripted_server.COMMAND):\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(job())\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
    ) as run:
        assert run.stdout is not None
        while not (line := run.stdout.readline()).startswith("pid"):
            assert line, "it ended before its server was up"
        run.kill()


def test_who_can_be_asked_by_http() -> None:
    entries = {
        "v": VllmConfig(backend="vllm", model="org/base"),
        "l": LlamaCppConfig(backend="llamacpp", model="a.gguf", engine={"chat_template_kwargs": {"think": False}}),
        "t": TransformersConfig(backend="transformers", model="x"),
    }
    found = targets_of(entries, None, None)
    assert [(target.name, target.api) for target in found] == [("v", "completions"), ("l", "chat")]
    assert found[1].entry.extra_body == {"chat_template_kwargs": {"think": False}}
    with pytest.raises(InputError, match=r"answers_gen\.t: backend transformers is no endpoint and has no server"):
        targets_of(entries, ["t"], None)


def test_an_entry_as_vllm_has_it(tmp_path: Path) -> None:
    engine = {"max_model_len": 512, "enable_prefix_caching": False, "hf_overrides": {"a": 1}}
    spec = EngineSpec("vllm", "org/model", adapter=str(tmp_path), engine=engine, name="-m")
    words = vllm_arguments(spec, "cpu", 8123)
    assert {
        "--model=org/model", "--host=127.0.0.1", "--port=8123", "--max-model-len=512", "--no-enable-prefix-caching",
        '--hf-overrides={"a": 1}', f"--lora-modules=-m={tmp_path}", "--served-model-name=-m-base", "--enforce-eager",
        "--kv-cache-memory-bytes=1073741824",
    } < set(words)  # fmt: skip
    assert "--enforce-eager" not in vllm_arguments(spec, "cuda", 1)
