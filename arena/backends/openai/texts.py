"""Text completions (`/v1/completions`): a prompt goes on, without roles. For load tests; boards ask by chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from arena.backends.http.api import ApiBackend, endpoint_of, read_key, with_query
from arena.backends.http.dialect import Dialect
from arena.backends.http.reading import Foldable, Streamed, read_stream
from arena.backends.openai.backend import OpenAITransport
from arena.config.kinds import OpenAIConfig
from arena.types import JSON, Request


class TextTransport(OpenAITransport):
    """As a chat, but what is said stands in one text. Streams only."""

    def batch_body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """The messages' texts, one after another, in place of a conversation."""
        body = super().batch_body(request, dialect)
        del body["messages"]
        return {**body, "prompt": "\n\n".join(message.content for message in request.messages)}

    async def _streamed(self, model: str, body: dict[str, JSON], folded: Foldable) -> Streamed:
        prompt = cast("str", body.pop("prompt"))
        async with self.client.completions.with_streaming_response.create(
            model=model, prompt=prompt, extra_body=body, stream=True
        ) as opened:
            return await read_stream(opened.http_response, folded)


def open_texts(config: OpenAIConfig, name: str, entry: str, environ: Mapping[str, str]) -> ApiBackend:
    """The backend of an entry whose endpoint completes texts; it has to stream.

    Raises InputError when the key is missing or a value cannot be used.
    """
    config = with_query(config, entry, environ)
    transport = TextTransport(config, name, entry, read_key(config, entry, environ))
    return ApiBackend(transport, endpoint_of(config, entry, transport.base_url), config)
