"""One call to a backend that is opened for it."""

from __future__ import annotations

import asyncio

from kit.clocks import SkippingTime
from kit.servers import FakeServer

from arena.backends.anthropic.backend import open_anthropic
from arena.backends.http.endpoint import Endpoint
from arena.backends.openai.backend import open_openai
from arena.config.kinds import AnthropicConfig, OpenAIConfig
from arena.types import Completion, Message, Request

KEY = "sk-sentinel-12345"
FINE = Completion("ok", ("A",))


def ask(text: str = "hi", **fields: object) -> Request:
    """A request with one user message."""
    given = {"messages": (Message("user", text),), **fields}
    return Request(key=text, question_id="q", **given)


def open_on(server: FakeServer | str, api: str, /, **config: object):
    """A backend of the given API on a server (or URL)."""
    if api == "anthropic":
        url = server if isinstance(server, str) else server.anthropic_url
        entry = AnthropicConfig(backend="anthropic", base_url=url, api_key_env="KEY", **config)
        return open_anthropic(entry, "judge-1", "reviews_gen.judges.judge-1", {"KEY": KEY})
    url = server if isinstance(server, str) else server.openai_url
    entry = OpenAIConfig(backend="openai", base_url=url, api_key_env="KEY", **config)
    return open_openai(entry, "judge-1", "reviews_gen.judges.judge-1", {"KEY": KEY})


def complete(server: FakeServer | str, api: str, request: Request, /, **config: object):
    """One completion on a backend of its own; the waits of its retry loop take no time."""

    async def run() -> Completion:
        backend = open_on(server, api, **config)
        skipping = SkippingTime()
        old = backend.endpoint
        backend.endpoint = Endpoint(old.where, old.patience, clock=skipping.now, sleep=skipping.sleep)
        try:
            return await backend.complete(request)
        finally:
            await backend.close()

    return asyncio.run(run())
