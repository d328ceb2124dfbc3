"""Kinds that run a model in a process of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, JsonValue, PrivateAttr

from arena.config.base import Price
from arena.config.kinds.entry import BackendConfig, Identifies, NotInKeys
from arena.config.kinds.reward import RewardTask
from arena.errors import InputError
from arena.gguf import SLOT_CONTEXT, SLOTS, gguf_fingerprint, read_gguf
from arena.keys import fingerprint
from arena.types import JSON

HOME = "home"
"""In the context of validation: the folder that an entry's paths are relative to."""
DOTTED = ("./", "../", "~")
"""How a path begins that can be no hub id."""
_CHATS = re.compile(r"instruct|chat|[-_]it\b", re.I)
RENDERING = ("chat_template_kwargs", "reasoning_parser")
"""Keys of `engine:` that change what is asked or what counts as the answer: part of an answer's key."""


class LocalConfig(BackendConfig):
    """A model that runs in a process of ours."""

    model: Identifies[str]
    """A hub id or a folder."""
    revision: Identifies[str | None] = None
    precision: Identifies[str] = "auto"
    """auto, float32, float16 or bfloat16."""
    adapter: Identifies[str | None] = None
    """A LoRA folder or hub id."""
    quantization: Identifies[str | None] = None
    chat_template: Identifies[str | None] = None
    """Template text, or a file, for a base model that has none."""
    concurrency: NotInKeys[int] = Field(256, ge=1)
    """Requests handed to the engine at once; the engine batches them itself."""
    gpu_hour_price: NotInKeys[float | None] = Field(None, ge=0)
    price: NotInKeys[Price | None] = None
    engine: Identifies[dict[str, JsonValue]] = Field(default_factory=dict)
    """Passed to the engine as it is, but for `replicas` and `ray_address`, which are ours. Of it the keys in RENDERING
    identify; the rest is how fast it goes."""

    one_at_a_time: ClassVar[bool] = True
    loglikelihoods: ClassVar[bool] = True
    always_seeded: ClassVar[bool] = True

    _home: Path | None = PrivateAttr(None)

    def model_post_init(self, context: object) -> None:
        """Remember the folder of the config, which paths are relative to."""
        if isinstance(context, Mapping) and isinstance(home := context.get(HOME), Path):
            self._home = home

    @property
    def reading(self) -> dict[str, Path] | None:
        """How another entry is read that says the same: the context for its validation."""
        return None if self._home is None else {HOME: self._home}

    @property
    def place(self) -> str:
        """Where the weights are opened: a folder, or a hub id."""
        return self._opened(self.model)

    @property
    def adapter_place(self) -> str | None:
        """Where the adapter is opened."""
        return None if self.adapter is None else self._opened(self.adapter)

    @property
    def template_place(self) -> str | None:
        """The chat template: its text, or the file that holds it."""
        template = self.chat_template
        return template if template is None or "{" in template else self._opened(template)

    @property
    def templated(self) -> bool | None:
        """What the entry or the saved tokenizer says; of a hub id that is not here yet, what its name says."""
        return True if self.template_place is not None else has_template(self.place)

    @property
    def weights(self) -> Path | None:
        """The folder or file, if it is there."""
        path = Path(self.place).expanduser()
        return path if path.exists() else None

    @property
    def context(self) -> int | None:
        """`engine.max_model_len`, else what the model's config says."""
        if (stated := _whole(self.engine.get("max_model_len"))) is not None or self.weights is None:
            return stated
        try:
            said = json.loads((self.weights / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return _whole(said.get("max_position_embeddings")) if isinstance(said, dict) else None

    def source(self, name: str) -> str:
        """The hub id or folder, as it is written."""
        return self.model

    def origin(self, name: str) -> str:
        """The folder itself, however it is written; else the hub id."""
        return str(Path(self.place).resolve()) if Path(self.place).exists() else self.model

    def identity(self, name: str) -> dict[str, JSON]:
        """The weights by name and files, the chat template by its text, the engine by what it renders. Names are as
        they are written, so that a board can be moved with its weights."""
        known = super().identity(name)
        del known["engine"]
        return known | {
            "chat_template": template_text(self.template_place),
            "files": fingerprint(self.place, "model"),
            "adapter_files": fingerprint(self.adapter_place, "adapter") if self.adapter_place else None,
            "rendering": {key: self.engine[key] for key in RENDERING if key in self.engine},
        }

    def older_identity(self, name: str) -> dict[str, JSON] | None:
        """With the paths of today in place of what is written, as candidates' keys of 0.1 had it."""
        dotted: dict[str, JSON] = {
            f: self._opened(v) for f in ("model", "adapter") if (v := getattr(self, f)) and v.startswith(DOTTED)
        }
        return self.identity(name) | dotted if dotted and self._home is not None else None

    def _opened(self, value: str) -> str:
        """A path as it is opened: relative to the config where it says so, or where there is such a file or folder."""
        path = Path(value).expanduser()
        if self._home is None:
            return str(path) if value.startswith("~") else value
        return str(self._home / path) if value.startswith(DOTTED) or (self._home / path).exists() else value


class LlamaCppConfig(LocalConfig):
    """llama.cpp in a process of its own: one GGUF file, on any machine, with or without a GPU."""

    backend: Identifies[Literal["llamacpp"]]

    @property
    def templated(self) -> bool | None:
        """What the entry or the file says."""
        path = Path(self.place).expanduser()
        return self.template_place is not None or not path.is_file() or read_gguf(path).chat_template is not None

    @property
    def context(self) -> int | None:
        """A slot's part of `engine.n_ctx`, else what the file says, up to what a slot gets."""
        if (stated := _whole(self.engine.get("n_ctx"))) is not None:
            return stated // max(1, _whole(self.engine.get("n_parallel")) or SLOTS)
        try:
            trained = read_gguf(self.weights).context_length if self.weights else None
        except InputError:  # said when the model is opened
            return None
        return min(trained or SLOT_CONTEXT, SLOT_CONTEXT) if self.weights else None

    def identity(self, name: str) -> dict[str, JSON]:
        """The weights by what the file says of itself: installed again, it is the same model."""
        path, adapter = Path(self.place).expanduser(), self.adapter_place and Path(self.adapter_place).expanduser()
        return super().identity(name) | {
            "files": gguf_fingerprint(path) if path.is_file() else None,
            "adapter_files": gguf_fingerprint(adapter) if adapter and adapter.is_file() else None,
        }


class VllmConfig(RewardTask, LocalConfig):
    """vLLM in a process of its own, or on a Ray cluster."""

    backend: Identifies[Literal["vllm"]]


class TransformersConfig(RewardTask, LocalConfig):
    """transformers in a process of its own: slower than vLLM, runs anywhere."""

    backend: Identifies[Literal["transformers"]]


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def has_template(place: str) -> bool:
    """Whether a saved tokenizer has a chat template."""
    folder = Path(place)
    if not folder.is_dir():
        return bool(_CHATS.search(place))
    if any((folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    try:
        stated = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(stated, dict) and bool(stated.get("chat_template"))


def template_text(template: str | None) -> str | None:
    """A chat template as text: the file's content where it names a file. Raises InputError when that is not there."""
    if template is None or "{" in template:
        return template
    try:
        return Path(template).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"chat_template: {template!r} is neither a template (no '{{' in it) nor a readable file: {error.strerror}"
        ) from None
