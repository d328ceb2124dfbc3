"""Any OpenAI-compatible endpoint: OpenAI, a vLLM server, Ollama, DeepSeek, DashScope, OpenRouter, ..."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from arena.backends.http.api import ApiBackend, endpoint_of, ours, read_key, timed, with_query
from arena.backends.http.client import open_client, post
from arena.backends.http.dialect import Dialect
from arena.backends.http.errors import Sdk
from arena.backends.http.reading import Foldable, Streamed, Watch, read_stream, read_whole
from arena.backends.openai.pooling import PoolingTransport
from arena.backends.openai.responding import ResponsesTransport
from arena.backends.openai.wire import PLAIN, StreamedBody, body_of, completion_of, dialect_of
from arena.config.kinds import OpenAIConfig
from arena.types import JSON, Completion, Request


class OpenAITransport:
    """One chat-completions call at a time on the official SDK, whose own retries are off."""

    path: Final = "/v1/chat/completions"

    def __init__(self, config: OpenAIConfig, name: str, entry: str, key: str | None) -> None:
        import openai

        self.sdk = cast("Sdk", openai)
        self.model = config.model or name
        self._extra = config.extra_body
        self._stream = config.stream
        self.client = open_client(openai.AsyncOpenAI, self.sdk, config, entry, key)
        self.base_url = str(self.client.base_url)
        self.dialect = dialect_of(self.base_url, ours(config))
        if "response_format" in config.extra_body:
            self.dialect = replace(self.dialect, schema="words")  # the user's form goes out in place of ours

    def body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What the call sends."""
        body = self.batch_body(request, dialect)
        if self._stream and dialect.stream_usage:
            body.setdefault("stream_options", {"include_usage": True})
        return body

    def batch_body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What stands in a line of a batch."""
        return body_of(request, self.model, dialect, self._extra)

    def completion(self, body: Mapping[str, object], dialect: Dialect = PLAIN) -> Completion:
        """What a response says. Raises CallErrors."""
        return completion_of(body, dialect)

    async def send(self, request: Request, dialect: Dialect) -> Completion:
        """One HTTP call. Raises CallErrors, and the exceptions of the SDK and its HTTP library."""
        body = self.body(request, dialect)
        sent_at = asyncio.get_running_loop().time()
        if not self._stream:
            response = await post(self.client, "/chat/completions", body)
            content_type = response.headers.get("content-type", "")
            return timed(
                completion_of(read_whole(response.content, content_type, StreamedBody()), dialect), sent_at, None
            )
        model = cast("str", body.pop("model"))
        streamed = await self._streamed(model, body, StreamedBody())
        return timed(completion_of(streamed.body, dialect), sent_at, streamed.first_at)

    async def stream(self, request: Request, dialect: Dialect, watch: Watch) -> Completion:
        """One streamed call of an entry that streams, its events seen by a watch. Raises as `send` does."""
        body = self.body(request, dialect)
        model = cast("str", body.pop("model"))
        return completion_of((await self._streamed(model, body, watch(StreamedBody()))).body, dialect)

    async def _streamed(self, model: str, body: dict[str, JSON], folded: Foldable) -> Streamed:
        """The messages travel in extra_body: given as an argument, the SDK walks through their types."""
        async with self.client.chat.completions.with_streaming_response.create(
            model=model, messages=[], extra_body=body, stream=True
        ) as opened:
            return await read_stream(opened.http_response, folded)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def open_openai(config: OpenAIConfig, name: str, entry: str, environ: Mapping[str, str]) -> ApiBackend:
    """The backend of one entry of the configuration; `entry` is its place there, for messages.

    Raises InputError when the key is missing or a value cannot be used.
    """
    config = with_query(config, entry, environ)
    key = read_key(config, entry, environ)
    kind: type[OpenAITransport | ResponsesTransport | PoolingTransport] = OpenAITransport
    if config.rewards or config.api == "responses":
        kind = PoolingTransport if config.rewards else ResponsesTransport
    transport = kind(config, name, entry, key)
    return ApiBackend(transport, endpoint_of(config, entry, transport.base_url), config)
