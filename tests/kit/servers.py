"""A local judge or candidate over HTTP that speaks both wire formats and misbehaves on demand.

    with FakeServer(lambda call: Say("hello")) as server:
        ... base_url=server.openai_url ... (or server.anthropic_url)
    server.counts  # calls per distinct list of messages: the witness that nothing was paid twice

A script gets each `Call` and returns what to do: Say, Fail, Raw, Cut, Stall or Drop. It runs in the server's thread.
Also runs alone, for benchmarks: `python tests/kit/servers.py --latency 0.1` prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kit import responses


@dataclass(frozen=True)
class Call:
    """One request as the server saw it."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]
    key: str
    repeat: int
    """How often the same messages came before."""

    @property
    def api(self) -> str:
        ending = self.path.split("?")[0].rsplit("/", 1)[1]
        return {"messages": "anthropic", "responses": "responses"}.get(ending, "openai")

    @property
    def messages(self) -> list[Mapping[str, object]]:
        """The conversation, whatever the API calls it."""
        return self.body["input"] if self.api == "responses" else self.body["messages"]

    @property
    def prompt(self) -> str:
        """The last user message's text."""
        content = self.messages[-1]["content"]
        return content if isinstance(content, str) else "".join(block["text"] for block in content)


@dataclass(frozen=True)
class Say:
    """A proper completion."""

    text: str | None = "hello"
    reasoning: str | None = None
    refusal: str | None = None
    finish: str | None = None
    """Finish or stop reason; default: the API's normal one."""
    usage: Mapping[str, object] | None = None
    message: Mapping[str, object] = field(default_factory=dict)
    """Further fields of the OpenAI message."""
    blocks: list[Mapping[str, object]] | None = None
    """Anthropic content blocks, instead of text and reasoning."""
    logprobs: list[Mapping[str, object]] | None = None
    model: str | None = None
    """Which model the server says it is; default: the one that was asked for."""
    latency_s: float = 0.0
    stream_error: Mapping[str, object] | None = None
    """An error event after the first piece of a stream."""
    cut_stream: bool = False
    """The stream ends after the first piece."""


@dataclass(frozen=True)
class Fail:
    """An HTTP error."""

    status: int
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    latency_s: float = 0.0


@dataclass(frozen=True)
class Raw:
    """Any body at all."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    latency_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """A body that breaks off in the middle."""

    latency_s: float = 0.0


@dataclass(frozen=True)
class Drop:
    """The connection closes without an answer."""

    latency_s: float = 0.0


@dataclass(frozen=True)
class Stall:
    """Headers, then silence."""

    seconds: float = 3600.0
    latency_s: float = 0.0


_UNFINISHED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n"
Action = Say | Fail | Raw | Cut | Drop | Stall


class FakeServer:
    """The server, in a thread of its own, on a free port of 127.0.0.1."""

    def __init__(
        self, script: Callable[[Call], Action], *, tls: ssl.SSLContext | None = None, record: bool = True
    ) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = self.numbered = 0
        self._record = record
        self.port = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    @property
    def openai_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FakeServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.serve())
        self._loop.close()

    async def serve(self) -> None:
        self._stopped = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024, limit=2**24, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (call := await self._read(reader)) is not None:
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    keep = await self._act(call, self.script(call), writer)
                finally:
                    self.in_flight -= 1
                if not keep:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Call | None:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        parsed = json.loads(body) if body else {}
        key = self.key_of(parsed)
        repeat = self.counts[key]
        self.counts[key] += 1
        self.numbered += 1
        call = Call(self.numbered - 1, request_line.split(" ")[1], headers, parsed, key, repeat)
        if self._record:
            self.calls.append(call)
        return call

    def date(self) -> str | None:
        """What the header of that name says; None: it is left out."""
        return None

    @staticmethod
    def key_of(body: Mapping[str, object]) -> str:
        asked = [body.get("system"), body.get("messages", body.get("input")), body.get("model")]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    async def _act(self, call: Call, action: Action, writer: asyncio.StreamWriter) -> bool:
        if action.latency_s:
            await asyncio.sleep(action.latency_s)
        match action:
            case Say() if call.body.get("stream"):
                return await _stream(call, action, writer)
            case Say():
                return await _send(writer, 200, json.dumps(completion(call, action)).encode())
            case Fail():
                body = {"error": {"message": action.message, "type": "error"}} if action.body is None else action.body
                return await _send(writer, action.status, json.dumps(body).encode(), headers=action.headers)
            case Raw():
                headers = {**action.headers, **({"date": date} if (date := self.date()) else {})}
                return await _send(writer, action.status, action.body, action.content_type, headers)
            case Cut():
                writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"id":')
                await writer.drain()
            case Stall():
                writer.write(_UNFINISHED)
                await writer.drain()
                await asyncio.sleep(action.seconds)
            case Drop():
                pass
        return False


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bool:
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True


def completion(call: Call, say: Say) -> dict[str, object]:
    """The response body of a proper completion, in the format of the API that was called."""
    model = say.model or call.body["model"]
    if call.api == "responses":
        return responses.response(call.number, model, say)
    if call.api == "anthropic":
        blocks = say.blocks
        if blocks is None:
            thinking = [{"type": "thinking", "thinking": say.reasoning, "signature": "s"}] if say.reasoning else []
            blocks = [*thinking, *([{"type": "text", "text": say.text}] if say.text else [])]
        usage = say.usage or {"input_tokens": 10, "output_tokens": 5}
        shared = {"id": f"msg_{call.number}", "type": "message", "role": "assistant", "model": model}
        return {**shared, "content": blocks, "stop_reason": say.finish or "end_turn", "usage": usage}
    message = {"role": "assistant", "content": say.text, "refusal": say.refusal, **say.message}
    if say.reasoning is not None:
        message["reasoning_content"] = say.reasoning
    logprobs = None if say.logprobs is None else {"content": say.logprobs}
    choice = {"index": 0, "message": message, "finish_reason": say.finish or "stop", "logprobs": logprobs}
    usage = say.usage or {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    head = {"id": f"chatcmpl-{call.number}", "object": "chat.completion", "created": 0, "model": model}
    return {**head, "choices": [choice], "usage": usage}


async def _stream(call: Call, say: Say, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    events = EVENTS[call.api](call, say)
    for position, event in enumerate(events):
        name = "" if call.api == "openai" else f"event: {event['type']}\n"
        writer.write(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
        await writer.drain()
        started = position >= (2 if call.api == "anthropic" else 0)
        if say.cut_stream and started:
            return False
        if say.stream_error and started:
            writer.write(f"event: error\ndata: {json.dumps(say.stream_error)}\n\n".encode())
            return False
    if call.api == "openai":
        writer.write(b"data: [DONE]\n\n")
    await writer.drain()
    return False


def _openai_events(call: Call, say: Say) -> list[dict[str, object]]:
    body = completion(call, say)
    choice = body["choices"][0]
    head = {"id": body["id"], "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
    deltas = []
    for name in ("reasoning_content", "content", "refusal"):
        text = choice["message"].get(name) or ""
        deltas += [{name: text[: len(text) // 2]}, {name: text[len(text) // 2 :]}] if text else []
    events = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    if events and say.logprobs is not None:
        events[-1]["choices"][0]["logprobs"] = {"content": say.logprobs}
    events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if (call.body.get("stream_options") or {}).get("include_usage"):
        events.append({**head, "choices": [], "usage": body["usage"]})
    return events


def _anthropic_events(call: Call, say: Say) -> list[dict[str, object]]:
    body = completion(call, say)
    usage = body["usage"]
    opening = {**body, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events: list[dict[str, object]] = [{"type": "message_start", "message": opening}]
    for index, block in enumerate(body["content"]):
        kind = block["type"]
        text = block[kind]
        events.append({"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}})
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
            delta = {"type": f"{kind}_delta", kind: piece}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    ending = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": usage["output_tokens"]}})
    return [*events, {"type": "message_stop"}]


def _response_events(call: Call, say: Say) -> list[dict[str, object]]:
    return responses.events(call.number, say.model or call.body["model"], say)


EVENTS = {"openai": _openai_events, "anthropic": _anthropic_events, "responses": _response_events}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--text", default="A")
    options = parser.parse_args()
    action = Say(options.text, latency_s=options.latency)
    server = FakeServer(lambda call: action, record=False)
    with server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
