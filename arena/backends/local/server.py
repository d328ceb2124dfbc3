"""An engine's own server in a child process: `python -m arena.backends.local.server PARENT_PID`, on a port of its own.

It is for measuring how an engine serves. It ends with its parent: all of its session is killed when its stdin ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from arena.backends.local.child import die_with_parent, main
from arena.backends.local.engine import Finished
from arena.backends.local.spec import EngineSpec, lora_rank
from arena.types import JSON, Request

SERVER = (sys.executable, "-P", "-m", "arena.backends.local.server")
"""The command of a server's process; our process id is added to it."""
LOOK_S = 0.25
_NEVER_S = 3600.0


class Server:
    """A server that is up. Requests come to it by HTTP and not from here."""

    def __init__(self, address: str, key: str, notes: list[str] | None = None, kept: object = None) -> None:
        self.address, self.key = address, key
        self.notes = notes or []
        self._kept = kept
        """What ends when it is forgotten."""

    @property
    def busy(self) -> bool:
        """Never."""
        return False

    def add(self, number: int, request: Request) -> None:
        """Nothing is asked this way."""
        raise RuntimeError(f"request {number} ({request.key}) belongs to the server at {self.address}")

    def step(self) -> list[Finished]:
        """Nothing is under way here."""
        time.sleep(_NEVER_S)
        return []


def start_server(spec: EngineSpec) -> Server:
    """The engine's own server. Raises CannotStart with a sentence for the user."""
    return _llamacpp(spec) if spec.kind == "llamacpp" else _vllm(spec)


def _llamacpp(spec: EngineSpec) -> Server:
    from arena.backends.local.llamacpp_engine import params_of, start_llamacpp

    params, key = params_of(spec), secrets.token_hex(16)
    params.api_keys = [key]
    server = start_llamacpp(spec, params)
    return Server(f"{server.listening_address}/v1", key, kept=server)


def _vllm(spec: EngineSpec) -> Server:
    key, port = secrets.token_hex(16), free_port()
    from arena.backends.local.vllm_engine import device_of

    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *vllm_arguments(spec, device_of(spec), port)]
    parent = os.getpid()
    process = subprocess.Popen(
        command, stdout=sys.stderr, stderr=sys.stderr, env=os.environ | {"VLLM_API_KEY": key},
        preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 - this process has no other thread that matters yet
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    while not _answers(f"{url}/health"):
        if (code := process.poll()) is not None:
            raise RuntimeError(f"vLLM's server ended with exit code {code}")  # its log says why
        time.sleep(LOOK_S)
    return Server(f"{url}/v1", key, kept=process)


def vllm_arguments(spec: EngineSpec, device: str, port: int) -> list[str]:
    """The entry as vLLM's command line has it."""
    given: dict[str, JSON] = {
        "host": "127.0.0.1", "port": port, "dtype": spec.precision, "revision": spec.revision,
        "quantization": spec.quantization, "served_model_name": spec.name,
    }  # fmt: skip
    if device == "cpu":
        given |= {"enforce_eager": True}
        if not {"gpu_memory_utilization", "kv_cache_memory_bytes"} & spec.passed_on.keys():
            given["kv_cache_memory_bytes"] = 1 << 30
    if spec.adapter is not None:
        place = Path(spec.adapter).expanduser()
        given |= {
            "enable_lora": True, "served_model_name": f"{spec.name}-base", "max_lora_rank": max(8, lora_rank(place)),
            "lora_modules": f"{spec.name}={place}",
        }  # fmt: skip
    if spec.chat_template is not None:
        given["chat_template"] = spec.template_text
    place = Path(spec.model).expanduser()
    found = [f"--model={place if place.exists() else spec.model}"]  # with "=" a value may begin with a dash
    for name, value in (given | spec.passed_on).items():
        flag = name.replace("_", "-")
        match value:
            case None:
                continue
            case True | False:
                found.append(f"--{flag}" if value else f"--no-{flag}")
            case dict() | list():
                found.append(f"--{flag}={json.dumps(value)}")
            case _:
                found.append(f"--{flag}={value}")
    return found


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310
        return bool(reply.status == 200)
    return False


if __name__ == "__main__":
    main(start_server, bound=False)
