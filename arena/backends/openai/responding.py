"""OpenAI's Responses API on the official SDK: one call at a time, streamed, or in the background and fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from arena.backends.http.api import ours, timed
from arena.backends.http.client import open_client, post
from arena.backends.http.dialect import Dialect
from arena.backends.http.errors import Sdk, call_error, http_errors
from arena.backends.http.reading import Foldable, Streamed, Watch, read_stream, read_whole
from arena.backends.openai.responses import RESPONSES, UNDER_WAY, StreamedResponse, body_of, completion_of
from arena.config.kinds import OpenAIConfig
from arena.errors import CallError, InputError, Throttled, Unstable
from arena.types import JSON, Completion, Request

if TYPE_CHECKING:
    import httpx2

FIRST_LOOK_S = 1.0
"""After so long a background response is looked at first; then after twice as long, up to LONGEST_LOOK_S."""
LONGEST_LOOK_S = 15.0
MISSED_LOOKS = 8
"""So many looks in a row may fail: the response goes on at the provider meanwhile, and another would be paid again."""


def check_entry(config: OpenAIConfig, entry: str) -> None:
    """Refuse what an entry of the configuration asks of the wrong API. Raises InputError naming the key."""
    for field in ("background", "reasoning_summary"):
        if getattr(config, field) and config.api != "responses":
            raise InputError(f"{entry}.{field}: needs `api: responses`; chat completions have no such thing")
    if config.rewards and (config.api != "chat" or config.stream):
        field = "api" if config.api != "chat" else "stream"
        raise InputError(f"{entry}.{field}: not with `task: reward`; scores come from the server's /pooling, whole")
    if config.background and config.stream:
        raise InputError(f"{entry}.background: not together with `stream`; what runs in the background comes whole")


class ResponsesTransport:
    """One call of the Responses API at a time on the official SDK, whose own retries are off."""

    path: Final = "/v1/responses"

    def __init__(
        self, config: OpenAIConfig, name: str, entry: str, key: str | None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        import openai

        self.sdk = cast("Sdk", openai)
        self.model = config.model or name
        self._extra = config.extra_body
        self._summary = config.reasoning_summary
        self._stream, self._background = config.stream, config.background
        self._sleep = sleep
        self._errors: tuple[type[Exception], ...] = (CallError, *http_errors(self.sdk))
        self.client = open_client(openai.AsyncOpenAI, self.sdk, config, entry, key)
        self.base_url = str(self.client.base_url)
        text = config.extra_body.get("text")
        form = isinstance(text, dict) and "format" in text  # the user's form goes out in place of ours
        self.dialect = replace(RESPONSES, ours=ours(config), schema="words" if form else "given")

    def body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What the call sends."""
        body = self.batch_body(request, dialect)
        return body | {"background": True, "store": True} if self._background else body

    def batch_body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What stands in a line of a batch."""
        return body_of(request, self.model, dialect, self._extra, summary=self._summary)

    def completion(self, body: Mapping[str, object], dialect: Dialect = RESPONSES) -> Completion:
        """What a response says. Raises CallErrors."""
        return completion_of(body, dialect)

    async def send(self, request: Request, dialect: Dialect) -> Completion:
        """One call. Raises CallErrors, and the exceptions of the SDK and its HTTP library."""
        body = self.body(request, dialect)
        sent_at = asyncio.get_running_loop().time()
        if self._stream:
            model = cast("str", body.pop("model"))
            streamed = await self._streamed(model, body, StreamedResponse())
            return timed(completion_of(streamed.body, dialect), sent_at, streamed.first_at)
        found = _read(await post(self.client, "/responses", body))
        found = await self._finished(found) if self._background else found
        return timed(completion_of(found, dialect), sent_at, None)

    async def stream(self, request: Request, dialect: Dialect, watch: Watch) -> Completion:
        """One streamed call of an entry that streams, its events seen by a watch. Raises as `send` does."""
        body = self.body(request, dialect)
        model = cast("str", body.pop("model"))
        return completion_of((await self._streamed(model, body, watch(StreamedResponse()))).body, dialect)

    async def _streamed(self, model: str, body: dict[str, JSON], folded: Foldable) -> Streamed:
        """The input travels in extra_body: given as an argument, the SDK walks through its types."""
        async with self.client.responses.with_streaming_response.create(
            model=model, input=[], extra_body=body, stream=True
        ) as opened:
            return await read_stream(opened.http_response, folded)

    async def _finished(self, response: Mapping[str, object]) -> Mapping[str, object]:
        """A background response once it is there. Raises Unstable when it cannot be looked at any more."""
        pause, missed = FIRST_LOOK_S, 0
        while response.get("status") in UNDER_WAY:
            await self._sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK_S)
            try:
                raw = await self.client.responses.with_raw_response.retrieve(str(response.get("id")))
                response = _read(raw.http_response)
                missed = 0
            except self._errors as error:
                missed += 1
                why = error if isinstance(error, CallError) else call_error(error, self.sdk)
                if not isinstance(why, Throttled | Unstable) or missed >= MISSED_LOOKS:
                    raise Unstable(f"the response goes on in the background, but cannot be fetched: {why}") from None
        return response

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def _read(response: httpx2.Response) -> Mapping[str, object]:
    return read_whole(response.content, response.headers.get("content-type", ""), StreamedResponse())
