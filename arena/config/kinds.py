"""Kinds of backends, the pure half: what a user writes for a candidate or a judge, and what makes it the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from arena.config.base import GenerationConfig, Price, Strict
from arena.errors import InputError
from arena.keys import fingerprint
from arena.types import JSON


def identity(name: str, entry: BackendConfig) -> dict[str, JSON]:
    """What makes two backends the same generator: not its URL, engine settings or concurrency."""
    if isinstance(entry, LocalConfig):
        return {
            "backend": getattr(entry, "backend", None), "model": entry.model, "revision": entry.revision,
            "adapter": entry.adapter, "precision": entry.precision, "quantization": entry.quantization,
            "chat_template": template_text(entry.chat_template), "files": fingerprint(entry.model, "model"),
            "adapter_files": fingerprint(entry.adapter, "adapter") if entry.adapter else None,
            "rendering": {key: entry.engine[key] for key in RENDERING if key in entry.engine},
        }  # fmt: skip
    if isinstance(entry, ApiConfig):
        kind: JSON = getattr(entry, "backend", None)
        return {"backend": kind, "model": entry.model or name, "extra_body": dict(entry.extra_body)}
    return {"backend": getattr(entry, "backend", None), "model": name}


class BackendConfig(Strict):
    """What every candidate and judge has."""

    enable: bool = True
    """false asks nothing; what is stored stays on the board."""
    generation_config: GenerationConfig = GenerationConfig()
    system: str | None = None
    """System prompt of a candidate for questions that bring none of their own."""


class ApiConfig(BackendConfig):
    """An endpoint on the network (or on this machine, behind a URL)."""

    model: str | None = None
    """The model's name at the endpoint; default: its name on the board."""
    base_url: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    stream: bool = False
    """true measures the time to the first token."""
    concurrency: int = Field(16, ge=1, le=4096)
    price: Price | None = None
    timeout_s: float = Field(600.0, gt=0)
    max_retry_after_s: float = Field(300.0, gt=0)
    """A longer Retry-After is cut to this."""
    connect_patience_s: float = Field(30.0, ge=0)
    """Nothing but refused connections for this long from the start ends the run (exit 2)."""
    silence_patience_s: float = Field(600.0, ge=0)
    """No success for this long later on ends the run (exit 3)."""


class OpenAIConfig(ApiConfig):
    """Any OpenAI-compatible endpoint."""

    backend: Literal["openai"]
    api_key_env: str | None = "OPENAI_API_KEY"
    """Name of the environment variable with the key; null: no key needed (a local server)."""


class AnthropicConfig(ApiConfig):
    """The Anthropic messages API."""

    backend: Literal["anthropic"]
    api_key_env: str | None = "ANTHROPIC_API_KEY"


class LocalConfig(BackendConfig):
    """A model that runs in a process of ours."""

    model: str
    """A hub id or a folder."""
    revision: str | None = None
    precision: str = "auto"
    """auto, float32, float16 or bfloat16."""
    adapter: str | None = None
    """A LoRA folder or hub id."""
    quantization: str | None = None
    chat_template: str | None = None
    """Template text, or a file, for a base model that has none."""
    concurrency: int = Field(256, ge=1)
    """Requests handed to the engine at once; the engine batches them itself."""
    gpu_hour_price: float | None = Field(None, ge=0)
    price: Price | None = None
    engine: dict[str, JsonValue] = Field(default_factory=dict)
    """Passed to the engine as it is, but for `replicas` and `ray_address`, which are ours."""


class VllmConfig(LocalConfig):
    """vLLM in a process of its own, or on a Ray cluster."""

    backend: Literal["vllm"]


class TransformersConfig(LocalConfig):
    """transformers in a process of its own: slower than vLLM, runs anywhere."""

    backend: Literal["transformers"]


class RecordedConfig(BackendConfig):
    """Answers that exist already, in a file. As a judge: only what is in the ledger, nothing is asked."""

    backend: Literal["recorded"]
    file: Path | None = None


class ReferenceConfig(BackendConfig):
    """The rule-based judge that compares with reference answers: no key, no network."""

    backend: Literal["reference"]
    concurrency: int = Field(8, ge=1)


class SimulatedConfig(BackendConfig):
    """Invented answers and verdicts, for rehearsals. Everything it touches is marked `simulated`."""

    backend: Literal["simulated"]
    latency_s: float = Field(0.0, ge=0)
    concurrency: int = Field(16, ge=1)


class JudgeFields(Strict):
    """What a judge has beyond its backend."""

    samples: int = Field(1, ge=1)
    """Replies per request; more than one averages the judge's own noise."""


class OpenAIJudge(OpenAIConfig, JudgeFields):
    """An OpenAI-compatible judge."""


class AnthropicJudge(AnthropicConfig, JudgeFields):
    """An Anthropic judge."""


class VllmJudge(VllmConfig, JudgeFields):
    """A local judge on vLLM."""


class TransformersJudge(TransformersConfig, JudgeFields):
    """A local judge on transformers."""


class RecordedJudge(RecordedConfig, JudgeFields):
    """A judge whose replies are all in the ledger already."""


class ReferenceJudge(ReferenceConfig, JudgeFields):
    """The rule-based judge."""


class SimulatedJudge(SimulatedConfig, JudgeFields):
    """The rehearsal's judge."""


CandidateConfig = Annotated[
    OpenAIConfig | AnthropicConfig | VllmConfig | TransformersConfig | RecordedConfig | SimulatedConfig,
    Field(discriminator="backend"),
]


JudgeConfig = Annotated[
    OpenAIJudge | AnthropicJudge | VllmJudge | TransformersJudge | RecordedJudge | ReferenceJudge | SimulatedJudge,
    Field(discriminator="backend"),
]


def price_of(entry: BackendConfig) -> Price | None:
    """The price list of an endpoint; None for what is not paid by the token."""
    return entry.price if isinstance(entry, ApiConfig) else None


RENDERING = ("chat_template_kwargs", "reasoning_parser")
"""Keys of `engine:` that change what is asked or what counts as the answer: part of an answer's key."""


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
