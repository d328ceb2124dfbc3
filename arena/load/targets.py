"""Whom a load test asks: candidates of a config that are endpoints, or one that is named on the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from arena.backends import Opening, open_backend
from arena.backends.http.api import ApiBackend, read_key
from arena.config.kinds import (
    AnthropicConfig,
    ApiConfig,
    BackendConfig,
    LlamaCppConfig,
    LocalConfig,
    OpenAIConfig,
    VllmConfig,
)  # fmt: skip
from arena.config.strict import nearest
from arena.errors import InputError
from arena.redact import shown_url

Api = Literal["chat", "completions", "responses", "anthropic"]
SERVED = (VllmConfig, LlamaCppConfig)
"""Kinds whose engines have a server of their own."""


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint and the model asked there."""

    name: str
    entry: ApiConfig
    api: Api
    role: str = "answers_gen"
    """Where its settings stand, for messages."""
    local: LocalConfig | None = None
    """Whose server is started for the test; None: an endpoint."""

    @property
    def url(self) -> str:
        """Where it is, without secrets; the provider's own where neither config nor environment say."""
        if self.local is not None:
            return f"{self.local.backend}'s own server on {self.local.model}"
        url = self.entry.address(os.environ)
        return shown_url(url) if url else f"{self.entry.backend}'s own endpoint"

    @property
    def on_this_machine(self) -> bool:
        """Whether it is at a loopback address."""
        host = urlsplit(self.entry.address(os.environ) or "").hostname or ""
        return host == "localhost" or host.startswith("127.") or host == "::1"

    def check(self) -> None:
        """Find what would keep it from being called. Sends and starts nothing. Raises InputError (a missing key)."""
        if self.local is not None:
            from arena.load.engines import check_engine

            check_engine(self)
            return
        read_key(self.entry, f"{self.role}.{self.name}", os.environ)

    def open(self, most_at_once: int) -> ApiBackend:
        """Its backend: it streams, nothing runs in the background, and its connections are a load test's own.

        Raises InputError (a missing key, a URL that cannot be used) before anything is sent.
        """
        from arena.load.connections import connect_straight

        changes: dict[str, object] = {"stream": True, "concurrency": most_at_once}
        if isinstance(self.entry, OpenAIConfig):
            changes["background"] = False
        entry = self.entry.model_copy(update=changes)
        if self.api == "completions":
            from arena.backends.openai.texts import open_texts

            assert isinstance(entry, OpenAIConfig)
            opened: object = open_texts(entry, self.name, f"{self.role}.{self.name}", os.environ)
        else:
            opened = open_backend(Opening(self.name, self.role), entry)
        assert isinstance(opened, ApiBackend)
        connect_straight(opened, entry.max_reply_bytes)
        return opened


def target_at(url: str, model: str, api: Api, key_env: str | None) -> Target:
    """An endpoint that no config names."""
    if api == "anthropic":
        entry: ApiConfig = AnthropicConfig(backend="anthropic", base_url=url, api_key_env=key_env)
    else:
        kind: Literal["chat", "responses"] = "responses" if api == "responses" else "chat"
        entry = OpenAIConfig(backend="openai", base_url=url, api_key_env=key_env, api=kind)
    return Target(model, entry, api, "load")


def target_on(name: str, entry: LocalConfig) -> Target:
    """A local candidate, by the endpoint that its engine's server will be. A base model completes texts."""
    kwargs = entry.engine.get("chat_template_kwargs")
    stands_in = OpenAIConfig(
        backend="openai", model=name, base_url="http://127.0.0.1/v1", api_key_env=None, price=entry.price,
        generation_config=entry.generation_config, system=entry.system,
        extra_body={} if kwargs is None else {"chat_template_kwargs": kwargs},
    )  # fmt: skip
    return Target(name, stands_in, "completions" if entry.templated is False else "chat", local=entry)


def targets_of(
    entries: Mapping[str, BackendConfig], asked: Sequence[str] | None, listed: Sequence[str] | None
) -> list[Target]:
    """The candidates to test: those asked for, else those that the config lists, else every endpoint that is enabled.

    Raises InputError for a name that is no candidate, and for one that is no endpoint.
    """
    names = asked or listed
    for name in names or ():
        if name not in entries:
            said, have = "--models" if asked else "load_test.candidates", sorted(entries)
            raise InputError(f"{said}: {name!r} is no candidate{nearest(name, have)}")
        if not isinstance(entries[name], (ApiConfig, *SERVED)):
            raise InputError(
                f"answers_gen.{name}: backend {entries[name].backend} is no endpoint and has no server; start one and"
                " give its URL (arena load --url URL --model M)"
            )
    chosen = {name: entries[name] for name in names} if names else entries
    found = [target for name, entry in chosen.items() if names or entry.enable if (target := _target_of(name, entry))]
    if not found:
        raise InputError("no candidate of this config can be asked by HTTP (openai, anthropic, vllm, llamacpp)")
    return found


def _target_of(name: str, entry: BackendConfig) -> Target | None:
    """None for a kind that nothing can be sent to."""
    if isinstance(entry, ApiConfig):
        return Target(name, entry, _api_of(entry))
    if isinstance(entry, SERVED):
        return target_on(name, entry)
    return None


def _api_of(entry: ApiConfig) -> Api:
    if isinstance(entry, OpenAIConfig):
        return entry.api
    return "anthropic"
