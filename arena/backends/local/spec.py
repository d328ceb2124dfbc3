"""What an engine is started with, and what can be said against it before anything is started."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from arena.config.kinds.local import LocalConfig, template_text
from arena.errors import InputError, MissingDependency
from arena.files import from_json
from arena.gguf import read_gguf
from arena.types import JSON

EngineKind = Literal["vllm", "transformers", "llamacpp"]

OURS = frozenset({"replicas", "ray_address", "chat_template_kwargs", "batch_size", "device"})
"""Keys of `engine:` that are not passed to the engine but read by us."""


PRECISIONS = ("auto", "float32", "float16", "bfloat16", "half", "float")
"""What both engines can load weights as; `half` is float16, `float` is float32."""

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_EXTRA = {
    "vllm": "vllm", "transformers": "local", "peft": "local", "torch": "local", "ray": "cluster", "xllamacpp": "gguf",
}  # fmt: skip
_PACKAGES: dict[EngineKind, tuple[str, ...]] = {
    "vllm": ("vllm",),
    "transformers": ("torch", "transformers"),
    "llamacpp": ("xllamacpp",),
}


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One candidate's or judge's engine: which weights, in which form, with which arguments."""

    kind: EngineKind
    model: str
    """A hub id or a folder."""
    revision: str | None = None
    precision: str = "auto"
    adapter: str | None = None
    quantization: str | None = None
    chat_template: str | None = None
    """Template text, or a file with it."""
    engine: Mapping[str, JSON] = field(default_factory=dict)
    name: str = ""
    """The name on the board, for messages."""
    concurrency: int = 256
    reward: bool = False
    """Whether it is a reward model, which scores conversations."""

    @property
    def replicas(self) -> int:
        """How many engines answer side by side."""
        return _whole(self, "replicas", 1)

    @property
    def ray_address(self) -> str | None:
        """The Ray cluster to run on; None for this machine alone."""
        value = self.engine.get("ray_address")
        return str(value) if value is not None else None

    @property
    def on_ray(self) -> bool:
        """Whether replicas are spread by Ray instead of one engine in the child process."""
        return self.replicas > 1 or self.ray_address is not None

    @property
    def gpus_per_replica(self) -> int:
        """How many GPUs one engine spreads over."""
        return _whole(self, "tensor_parallel_size", 1) * _whole(self, "pipeline_parallel_size", 1)

    @property
    def gpus(self) -> int:
        """All GPUs that are paid for while this answers."""
        return self.gpus_per_replica * self.replicas

    @property
    def passed_on(self) -> dict[str, JSON]:
        """The engine's own arguments."""
        return {key: value for key, value in self.engine.items() if key not in OURS}

    @property
    def template_text(self) -> str | None:
        """The chat template of the config: the file's content where it names a file."""
        return template_text(self.chat_template)


def spec_of(name: str, entry: LocalConfig) -> EngineSpec:
    """The engine of a config entry; `name` is how messages call it."""
    return EngineSpec(
        cast("EngineKind", entry.backend),
        entry.place,
        entry.revision,
        entry.precision,
        entry.adapter_place,
        entry.quantization,
        entry.template_place,
        dict(entry.engine),
        name,
        entry.concurrency,
        entry.rewards,
    )


def check_packages(spec: EngineSpec) -> None:
    """Raise MissingDependency for a package that the engine needs and that is not installed."""
    for package in _PACKAGES[spec.kind]:
        _need(spec, package)
    if spec.adapter is not None and spec.kind == "transformers":
        _need(spec, "peft")
    if spec.on_ray:
        _need(spec, "ray")


def check_spec(spec: EngineSpec) -> None:
    """Raise InputError for what is certain to fail anywhere: a missing folder, adapter or template, a bad value."""
    if spec.replicas < 1:
        raise InputError(f"{_who(spec)}engine.replicas: {spec.replicas} is not a number of engines (1 or more)")
    if spec.kind == "llamacpp":
        _check_gguf(spec)
    else:
        _need_folder(spec, "model", spec.model, "config.json")
        if spec.adapter is not None:
            _need_folder(spec, "adapter", spec.adapter, "adapter_config.json")
    if spec.reward and spec.kind == "vllm" and spec.adapter is not None:
        raise InputError(f"{_who(spec)}adapter: not with `task: reward`; merge it into the weights")
    template = spec.chat_template
    if template is not None and "{" not in template and not Path(template).is_file():
        raise InputError(f"{_who(spec)}chat_template: {template!r} is neither a file nor a template (no '{{' in it)")
    for key in ("chat_template_kwargs",):
        if key in spec.engine and not isinstance(spec.engine[key], dict):
            raise InputError(f"{_who(spec)}engine.{key}: expected a mapping, found {spec.engine[key]!r:.80}")
    if _whole(spec, "batch_size", 1) < 1:
        raise InputError(f"{_who(spec)}engine.batch_size: {spec.engine['batch_size']} is no number of rows (1 or more)")
    if spec.precision not in PRECISIONS:
        raise InputError(f"{_who(spec)}precision: {spec.precision!r} is none of {', '.join(PRECISIONS)}")


def lora_rank(adapter: Path) -> int:
    """The rank an adapter folder states; 8, the usual one, when it does not."""
    try:
        stated = from_json((adapter / "adapter_config.json").read_bytes())
    except (OSError, ValueError):
        return 8
    if not isinstance(stated, dict):
        return 8
    pattern = stated.get("rank_pattern")
    ranks = [stated.get("r"), *(pattern.values() if isinstance(pattern, dict) else ())]
    return max([rank for rank in ranks if isinstance(rank, int)], default=8)


def is_folder(name: str) -> bool:
    """Whether a model or adapter names a folder rather than a hub id."""
    return Path(name).expanduser().exists() or not _HUB_ID.fullmatch(name) or name.startswith((".", "/", "~"))


def _need(spec: EngineSpec, package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise MissingDependency(
            f"{_who(spec)}backend {spec.kind} needs the package {package}, which is not installed:"
            f" pip install 'llm-arena[{_EXTRA[package]}]'"
        )


def _check_gguf(spec: EngineSpec) -> None:
    """llama.cpp takes files: the weights with everything about them in one, an adapter in another."""
    for what, written in (("model", spec.model), ("adapter", spec.adapter)):
        if written is None:
            continue
        name = _shown(written)
        path = Path(name).expanduser()
        if path.is_dir():
            held = ", ".join(sorted(file.name for file in path.glob("*.gguf"))[:5])
            raise InputError(f"{_who(spec)}{what}: {name} is a folder; name the .gguf file (there: {held or 'none'})")
        if not path.is_file():
            raise InputError(f"{_who(spec)}{what}: there is no file {name}; backend llamacpp takes a .gguf file")
        read_gguf(path)
    for what, given, default in (("revision", spec.revision, None), ("precision", spec.precision, "auto"),
                                 ("quantization", spec.quantization, None)):  # fmt: skip
        if given != default:
            raise InputError(f"{_who(spec)}{what}: found {given!r}; a GGUF file says that itself, leave it out")
    if spec.on_ray:
        raise InputError(f"{_who(spec)}engine: backend llamacpp has no replicas; engine.n_parallel sets its slots")


def _need_folder(spec: EngineSpec, what: str, name: str, file: str) -> None:
    if not is_folder(name):
        return
    name = _shown(name)
    folder = Path(name).expanduser()
    if not folder.exists():
        raise InputError(f"{_who(spec)}{what}: there is no folder {name}")
    if not (folder / file).is_file():
        ggufs = sorted(found.name for found in folder.glob("*.gguf"))
        hint = f"; it holds {ggufs[0]}: use backend: llamacpp with {what}: {name}/{ggufs[0]}" if ggufs else ""
        raise InputError(f"{_who(spec)}{what}: {name} holds no {file}, so it is not a saved {what}{hint}")


def _shown(name: str) -> str:
    """A path as a person would write it: without what its way up and down cancels."""
    path = Path(name).expanduser()
    return str(path.resolve()) if ".." in path.parts and path.is_absolute() else name


def _whole(spec: EngineSpec, key: str, default: int) -> int:
    value = spec.engine.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{_who(spec)}engine.{key}: expected a whole number, found {value!r}")
    return value


def _who(spec: EngineSpec) -> str:
    return f"{spec.name}: " if spec.name else ""
