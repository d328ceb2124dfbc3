"""A reward model behind a server: vLLM's `/pooling`, a score per conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, cast

from arena.backends.http.api import timed
from arena.backends.http.client import open_client, post
from arena.backends.http.dialect import Dialect
from arena.backends.http.errors import Sdk, odd_body
from arena.backends.http.reading import Watch, read_body
from arena.backends.http.wire import count, merge, sendable, text_of
from arena.config.kinds import OpenAIConfig
from arena.errors import Rejected
from arena.types import JSON, Completion, Request, Usage

PATH: Final = "/pooling"
_VERSION = "/v1"
"""What a base URL ends with where the other calls go; this one stands beside it."""


class PoolingTransport:
    """One conversation's score at a time, over the official SDK's client, whose own retries are off."""

    def __init__(self, config: OpenAIConfig, name: str, entry: str, key: str | None) -> None:
        import openai

        self.sdk = cast("Sdk", openai)
        self.model = config.model or name
        self._extra = config.extra_body
        self.client = open_client(openai.AsyncOpenAI, self.sdk, config, entry, key)
        self.base_url = str(self.client.base_url)
        self.dialect = Dialect(most_logprobs=0)
        self._url = pooling_url(self.base_url)

    def body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What the call sends: the conversation with its answer; the raw score is wanted, not its sigmoid."""
        body: dict[str, JSON] = {
            "model": self.model,
            "messages": [cast("JSON", {"role": m.role, "content": sendable(m.content)}) for m in request.messages],
            "task": "classify",
            "use_activation": False,
        }
        return merge(body, self._extra)

    async def send(self, request: Request, dialect: Dialect) -> Completion:
        """One HTTP call. Raises CallErrors, and the exceptions of the SDK and its HTTP library."""
        sent_at = asyncio.get_running_loop().time()
        response = await post(self.client, self._url, self.body(request, dialect))
        found = read_body(response.content, response.headers.get("content-type", ""))
        return timed(score_of(found), sent_at, None)

    async def stream(self, request: Request, dialect: Dialect, watch: Watch) -> Completion:
        """Raises Rejected: a score comes whole."""
        raise Rejected("a reward model's score comes whole, and cannot be streamed")

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def pooling_url(base_url: str) -> str:
    """Where a server pools: at its root, beside `/v1`."""
    place = base_url.rstrip("/")
    return place if place.endswith(PATH) else f"{place.removesuffix(_VERSION)}{PATH}"


def score_of(body: Mapping[str, object]) -> Completion:
    """What a pooling response says: one number.

    Raises a CallError where there is none, and Rejected where there are several: then it is no reward model.
    """
    data = body.get("data")
    first = data[0] if isinstance(data, list) and data else None
    found = first.get("data") if isinstance(first, Mapping) else None
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, list) and found:
        raise Rejected(f"{len(found)} numbers for one answer: a reward model has one (is this its /pooling?)", 422)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise odd_body(body, "data: no score")
    return Completion(
        "ok", (repr(float(found)),), usage=Usage(count(body.get("usage"), "prompt_tokens"), 0), finish_reason="stop",
        model_returned=text_of(body.get("model")), request_id=text_of(body.get("id")),
    )  # fmt: skip
