"""Kinds that call an endpoint on the network, or on this machine behind a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import ClassVar, Literal, Self, cast
from urllib.parse import urlsplit

from pydantic import Field, JsonValue

from arena.config.base import Price
from arena.config.kinds.entry import BackendConfig, Identifies, NotInKeys, PromptCache, Room
from arena.config.kinds.reward import RewardTask
from arena.types import JSON

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""Names an environment variable."""
CACHE_MINIMUM_CHARS = 4096
"""About 1024 tokens: shorter prefixes are not cached by the providers, so marking them would be noise."""


RESPONSES_TAKE_NOT = (
    "seed", "stop", "n", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty",
)  # fmt: skip
"""Sampling parameters that OpenAI's Responses do not have."""


class ApiConfig(BackendConfig):
    """An endpoint on the network (or on this machine, behind a URL)."""

    model: Identifies[str | None] = None
    """The model's name at the endpoint; default: its name on the board."""
    base_url: NotInKeys[str | None] = None
    headers: NotInKeys[dict[str, str]] = Field(default_factory=dict)
    extra_body: Identifies[dict[str, JsonValue]] = Field(default_factory=dict)
    extra_query: Identifies[dict[str, str | int | float | bool]] = Field(default_factory=dict)
    """Sent with every call, behind the URL. Values from `${VAR}` are filled in when it is called, and are in no key."""
    stream: NotInKeys[bool] = False
    """true measures the time to the first token."""
    concurrency: NotInKeys[int] = Field(16, ge=1, le=4096)
    price: NotInKeys[Price | None] = None
    timeout_s: NotInKeys[float] = Field(600.0, gt=0)
    max_retry_after_s: NotInKeys[float] = Field(300.0, gt=0)
    """A longer Retry-After is cut to this."""
    connect_patience_s: NotInKeys[float] = Field(30.0, ge=0)
    """Nothing but refused connections for this long from the start ends the run (exit 2)."""
    silence_patience_s: NotInKeys[float] = Field(600.0, ge=0)
    """No success for this long later on ends the run (exit 3)."""
    max_reply_bytes: NotInKeys[int] = Field(64 << 20, ge=1)
    """Of one response or stream, decoded, and of one line of a batch's results; a larger one is an error."""
    api_key_env: NotInKeys[str | None] = None
    """Name of the environment variable with the key; null: no key needed (a local server)."""

    paid: ClassVar[bool] = True
    prompt_cache: ClassVar[PromptCache | None] = PromptCache(CACHE_MINIMUM_CHARS, charges_writes=False)
    batch_price: ClassVar[float] = 0.5
    url_variable: ClassVar[str]
    """The environment variable that its SDK reads an endpoint from, where `base_url` names none."""

    @property
    def takes_not(self) -> tuple[str, ...]:
        """Sampling parameters that its API does not have."""
        return ()

    @property
    def titled(self) -> str:
        """What messages call its API."""
        return "the endpoint"

    @property
    def own_fields(self) -> tuple[str, ...]:
        """Fields of a call's body that `extra_body` cannot set: they are set by arena, or by keys of their own."""
        return ("model", "messages", "stream")

    @property
    def keyless_local(self) -> bool:
        """Without key, headers and price, at a loopback address."""
        url = urlsplit(self.base_url or "")
        bare = not (self.headers or self.extra_query or url.username or url.password or url.query)
        return self.api_key_env is None and self.price is None and bare and _is_loopback(url.hostname or "")

    @property
    def shared_room(self) -> Room | None:
        """A server without a key is one machine, however many entries name it."""
        if not self.base_url or self.api_key_env is not None:
            return None
        return Room(self.base_url.rstrip("/"), self.concurrency)

    def address(self, environ: Mapping[str, str]) -> str | None:
        """The entry's own URL, or that of the environment."""
        return self.base_url or environ.get(self.url_variable)

    @property
    def token_price(self) -> Price | None:
        """The entry's own."""
        return self.price

    def identity(self, name: str) -> dict[str, JSON]:
        """Of extra_query what the config itself says, and nothing where there is none."""
        known = super().identity(name)
        told = {key: value for key, value in self.extra_query.items() if not REFERENCE.search(str(value))}
        del known["extra_query"]
        return known | ({"extra_query": cast("JSON", told)} if told else {})

    def at_once(self) -> Self:
        """A refused connection ends it."""
        return self.model_copy(update={"connect_patience_s": 0.0})

    def source(self, name: str) -> str:
        """The model's name at the endpoint."""
        return self.model or name


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OpenAIConfig(RewardTask, ApiConfig):
    """Any OpenAI-compatible endpoint."""

    backend: Identifies[Literal["openai"]]
    api_key_env: NotInKeys[str | None] = "OPENAI_API_KEY"
    """Name of the environment variable with the key; null: no key needed (a local server)."""

    api: Identifies[Literal["chat", "responses"]] = "chat"
    """Chat completions, which every compatible server has, or OpenAI's Responses."""
    background: NotInKeys[bool] = False
    """Responses: each call is left to the provider and looked at until it is there, within `timeout_s`."""
    reasoning_summary: NotInKeys[Literal["auto", "concise", "detailed"] | None] = None
    """Responses: a summary of the reasoning, kept beside the text."""

    url_variable: ClassVar[str] = "OPENAI_BASE_URL"

    @property
    def takes_not(self) -> tuple[str, ...]:
        """Nothing is refused of a chat: servers differ."""
        return RESPONSES_TAKE_NOT if self.api == "responses" else ()

    @property
    def titled(self) -> str:
        """What messages call its API."""
        return "the Responses API" if self.api == "responses" else super().titled

    @property
    def own_fields(self) -> tuple[str, ...]:
        """Those of a body that are not the user's."""
        return (*super().own_fields, *(("input", "background") if self.api == "responses" else ()))

    def identity(self, name: str) -> dict[str, JSON]:
        """A chat is what every entry was before there was another API."""
        known = super().identity(name)
        if self.api == "chat":
            del known["api"]
        return known


class AnthropicConfig(ApiConfig):
    """The Anthropic messages API."""

    backend: Identifies[Literal["anthropic"]]
    api_key_env: NotInKeys[str | None] = "ANTHROPIC_API_KEY"

    prompt_cache: ClassVar[PromptCache | None] = PromptCache(CACHE_MINIMUM_CHARS, charges_writes=True)
    url_variable: ClassVar[str] = "ANTHROPIC_BASE_URL"

    @property
    def takes_not(self) -> tuple[str, ...]:
        """Penalties and `min_p`; a seed is left out."""
        return ("min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")

    @property
    def titled(self) -> str:
        """What messages call its API."""
        return "the Anthropic API"
