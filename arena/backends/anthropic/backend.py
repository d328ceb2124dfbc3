"""The Anthropic messages API, and what speaks its format."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from arena.backends.anthropic.version import not_taken, spelled_alike, version_sent
from arena.backends.anthropic.wire import ANTHROPIC, StreamedBody, body_of, completion_of
from arena.backends.http.api import ApiBackend, endpoint_of, ours, read_key, timed, with_query
from arena.backends.http.client import open_client, post
from arena.backends.http.dialect import Dialect
from arena.backends.http.errors import Sdk
from arena.backends.http.reading import Foldable, Streamed, Watch, read_stream, read_whole
from arena.config.kinds import AnthropicConfig
from arena.types import JSON, Completion, Request


class AnthropicTransport:
    """One messages call at a time on the official SDK, whose own retries are off."""

    def __init__(self, config: AnthropicConfig, name: str, entry: str, key: str | None) -> None:
        import anthropic

        self.sdk = cast("Sdk", anthropic)
        self.model = config.model or name
        self.extra_body = config.extra_body
        self._stream = config.stream
        self.client = open_client(anthropic.AsyncAnthropic, self.sdk, config, entry, key)
        self.base_url = str(self.client.base_url)
        unsent = not_taken(version_sent(self.client.default_headers))
        self.dialect = replace(ANTHROPIC, ours=ours(config), unsent=unsent)
        asked = config.extra_body.get("output_config", {})
        if "output_format" in config.extra_body or not isinstance(asked, dict) or "format" in asked:
            self.dialect = replace(self.dialect, schema="words")  # the user's form goes out in place of ours

    def body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What the call sends."""
        return body_of(request, self.model, dialect, self.extra_body)

    async def send(self, request: Request, dialect: Dialect) -> Completion:
        """One HTTP call. Raises CallErrors, and the exceptions of the SDK and its HTTP library."""
        body = self.body(request, dialect)
        sent_at = asyncio.get_running_loop().time()
        if not self._stream:
            response = await post(self.client, "/v1/messages", body)
            found = read_whole(response.content, response.headers.get("content-type", ""), StreamedBody())
            return timed(completion_of(found), sent_at, None)
        streamed = await self._streamed(body, StreamedBody())
        return timed(completion_of(streamed.body), sent_at, streamed.first_at)

    async def stream(self, request: Request, dialect: Dialect, watch: Watch) -> Completion:
        """One streamed call of an entry that streams, its events seen by a watch. Raises as `send` does."""
        body = self.body(request, dialect)
        return completion_of((await self._streamed(body, watch(StreamedBody()))).body)

    async def _streamed(self, body: dict[str, JSON], folded: Foldable) -> Streamed:
        """The messages travel in extra_body: given as an argument, the SDK walks through their types."""
        model = cast("str", body.pop("model"))
        max_tokens = cast("int", body.pop("max_tokens"))
        async with self.client.messages.with_streaming_response.create(
            model=model, messages=[], max_tokens=max_tokens, extra_body=body, stream=True
        ) as opened:
            return await read_stream(opened.http_response, folded)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def open_anthropic(config: AnthropicConfig, name: str, entry: str, environ: Mapping[str, str]) -> ApiBackend:
    """The backend of one entry of the configuration; `entry` is its place there, for messages.

    Raises InputError when the key is missing or a value cannot be used.
    """
    config = with_query(config, entry, environ).model_copy(update={"headers": spelled_alike(config.headers)})
    transport = AnthropicTransport(config, name, entry, read_key(config, entry, environ))
    return ApiBackend(transport, endpoint_of(config, entry, transport.base_url), config)
