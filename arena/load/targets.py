"""Whom a load test asks: candidates of a config that are endpoints, or one that is named on the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from arena.backends import Opening, open_backend
from arena.backends.http.api import ApiBackend, read_key
from arena.config.kinds import AnthropicConfig, ApiConfig, BackendConfig, OpenAIConfig
from arena.errors import InputError
from arena.redact import shown_url

Api = Literal["chat", "completions", "responses", "anthropic"]
APIS: tuple[Api, ...] = ("chat", "completions", "responses", "anthropic")


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint and the model asked there."""

    name: str
    entry: ApiConfig
    api: Api
    role: str = "answers_gen"
    """Where its settings stand, for messages."""

    @property
    def url(self) -> str:
        """Where it is, without secrets; the provider's own where neither config nor environment say."""
        url = self.entry.address(os.environ)
        return shown_url(url) if url else f"{self.entry.backend}'s own endpoint"

    @property
    def on_this_machine(self) -> bool:
        """Whether it is at a loopback address."""
        host = urlsplit(self.entry.address(os.environ) or "").hostname or ""
        return host == "localhost" or host.startswith("127.") or host == "::1"

    def check(self) -> None:
        """Find what would keep it from being called. Sends nothing. Raises InputError (a missing key, a bad URL)."""
        read_key(self.entry, f"{self.role}.{self.name}", os.environ)

    def open(self, most_at_once: int) -> ApiBackend:
        """Its backend: it streams, nothing runs in the background, and connections are kept alive.

        Raises InputError (a missing key, a URL that cannot be used) before anything is sent.
        """
        changes: dict[str, object] = {"stream": True, "concurrency": most_at_once}
        if isinstance(self.entry, OpenAIConfig):
            changes["background"] = False
        entry = self.entry.model_copy(update=changes)
        if self.api == "completions":
            from arena.backends.openai.texts import open_texts

            assert isinstance(entry, OpenAIConfig)
            return open_texts(entry, self.name, f"{self.role}.{self.name}", os.environ)
        backend = open_backend(Opening(self.name, self.role), entry)
        assert isinstance(backend, ApiBackend)
        return backend


def target_at(url: str, model: str, api: Api, key_env: str | None) -> Target:
    """An endpoint that no config names."""
    if api == "anthropic":
        entry: ApiConfig = AnthropicConfig(backend="anthropic", base_url=url, api_key_env=key_env)
    else:
        kind: Literal["chat", "responses"] = "responses" if api == "responses" else "chat"
        entry = OpenAIConfig(backend="openai", base_url=url, api_key_env=key_env, api=kind)
    return Target(model, entry, api, "load")


def targets_of(
    entries: Mapping[str, BackendConfig], asked: Sequence[str] | None, listed: Sequence[str] | None
) -> list[Target]:
    """The candidates to test: those asked for, else those that the config lists, else every endpoint that is enabled.

    Raises InputError for a name that is no candidate, and for one that is no endpoint.
    """
    names = asked or listed
    for name in names or ():
        if name not in entries:
            raise InputError(f"{name!r} is no candidate (have: {', '.join(sorted(entries))})")
        if not isinstance(entries[name], ApiConfig):
            raise InputError(
                f"answers_gen.{name}: backend {entries[name].backend} is no endpoint; start its server and give its"
                " URL (arena load --url URL --model M)"
            )
    chosen = {name: entries[name] for name in names} if names else entries
    found = [
        Target(name, entry, _api_of(entry))
        for name, entry in chosen.items()
        if isinstance(entry, ApiConfig) and (names or entry.enable)
    ]
    if not found:
        raise InputError("no candidate of this config is an endpoint (openai or anthropic); nothing to load")
    return found


def _api_of(entry: ApiConfig) -> Api:
    if isinstance(entry, OpenAIConfig):
        return entry.api
    return "anthropic"
