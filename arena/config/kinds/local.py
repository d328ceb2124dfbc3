"""Kinds that run a model in a process of ours."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from arena.config.base import Price
from arena.config.kinds.entry import BackendConfig, Identifies, NotInKeys
from arena.errors import InputError
from arena.keys import fingerprint
from arena.types import JSON

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
    always_seeded: ClassVar[bool] = True

    def source(self, name: str) -> str:
        """The hub id or folder."""
        return self.model

    def identity(self, name: str) -> dict[str, JSON]:
        """The weights by their files, the chat template by its text, the engine by what it renders."""
        known = super().identity(name)
        del known["engine"]
        return known | {
            "chat_template": template_text(self.chat_template),
            "files": fingerprint(self.model, "model"),
            "adapter_files": fingerprint(self.adapter, "adapter") if self.adapter else None,
            "rendering": {key: self.engine[key] for key in RENDERING if key in self.engine},
        }


class VllmConfig(LocalConfig):
    """vLLM in a process of its own, or on a Ray cluster."""

    backend: Identifies[Literal["vllm"]]


class TransformersConfig(LocalConfig):
    """transformers in a process of its own: slower than vLLM, runs anywhere."""

    backend: Identifies[Literal["transformers"]]


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
