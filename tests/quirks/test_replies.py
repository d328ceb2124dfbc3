"""Replies in shapes of their own: what the official SDK reads is read, nothing becomes empty without a word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.api_boards import KEY, board_on
from kit.api_calls import ask, complete
from kit.commands import arena
from kit.quirks import Quirk, good, play, played
from kit.servers import Action, Call, FakeServer, Raw, Say, completion

pytestmark = pytest.mark.slow

BOM = b"\xef\xbb\xbf"
EVENTS = "text/event-stream"
SAID = "It is A. \u2028 Because."


@dataclass(frozen=True)
class Shape:
    """How one server writes a text."""

    name: str
    write: Callable[[Call, Say], bytes]
    content_type: str = "application/json"
    api: str = "openai"
    streams: tuple[bool, ...] = (False, True)
    """Whether events were asked for."""

    def script(self, call: Call) -> Action:
        return Raw(self.write(call, good(call)), self.content_type)


def lines(events: list[object], end: str = "data: [DONE]\n\n", between: str = "\n\n", name: str = "") -> bytes:
    written = (event if isinstance(event, str) else json.dumps(event, ensure_ascii=False) for event in events)
    return "".join([*(f"{name}data: {event}{between}" for event in written), end]).encode()


def chunks(say: Say, finish: str | None = "stop", empty: str | None = None) -> list[object]:
    half = len(say.text) // 2
    pieces = [{"role": "assistant"}, {"content": say.text[:half]}, {"content": say.text[half:]}]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    made = [{**head, "choices": [{"index": 0, "delta": piece, "finish_reason": empty}]} for piece in pieces]
    return [*made, {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}] if finish else made


def messages(say: Say, *, stop: bool = True) -> list[dict[str, object]]:
    start = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
             "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": say.text}}
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    made = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        delta,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 5}},
    ]
    return [*made, {"type": "message_stop"}] if stop else made


def named(events: list[dict[str, object]], end: str = "") -> bytes:
    return (
        "".join(f"event: {e['type']}\ndata: {json.dumps(e, ensure_ascii=False)}\n\n" for e in events) + end
    ).encode()


def body(call: Call, say: Say) -> dict[str, object]:
    return completion(call, say)


def choice(**fields: object) -> Callable[[Call, Say], bytes]:
    """A completion whose only choice has these fields, texts filled in for `TEXT`."""

    def write(call: Call, say: Say) -> bytes:
        filled = json.dumps(fields).replace('"TEXT"', json.dumps(say.text))
        return json.dumps({"choices": [json.loads(filled)]}).encode()

    return write


STREAMS = [
    Shape("no finish reason", lambda c, s: lines(chunks(s, None)), EVENTS),
    Shape("an empty finish reason", lambda c, s: lines(chunks(s, None, empty="")), EVENTS),
    Shape("an empty one on each piece", lambda c, s: lines(chunks(s, empty="")), EVENTS),
    Shape("typed as text", lambda c, s: lines(chunks(s)), "text/plain; charset=utf-8"),
    Shape("typed as JSON", lambda c, s: lines(chunks(s)), "application/json"),
    Shape("nothing in between", lambda c, s: lines(["null", *chunks(s), "null"]), EVENTS),
    Shape("comments and pings", lambda c, s: b": keep-alive\n\n" + lines(["[]", *chunks(s)]), EVENTS),
    Shape("carriage returns", lambda c, s: lines(chunks(s), "data: [DONE]\r\n\r\n", "\r\n\r\n"), EVENTS),
    Shape("bare carriage returns", lambda c, s: lines(chunks(s), "data: [DONE]\r\r", "\r\r"), EVENTS),
    Shape("several lines", lambda c, s: lines(chunks(s)).replace(b'"choices"', b'\ndata: "choices"'), EVENTS),
    Shape("a mark in front", lambda c, s: BOM + lines(chunks(s)), EVENTS),
    Shape("more after the end", lambda c, s: lines([*chunks(s), "[DONE]", *chunks(Say("nonsense"))]), EVENTS),
    Shape("an end in one with its error", lambda c, s: lines(chunks(s), "data: [DONE] \n"), EVENTS),
    Shape("messages", lambda c, s: named(messages(s)), EVENTS, "anthropic"),
    Shape("messages with pings", lambda c, s: named([{"type": "ping"}, *messages(s)]), EVENTS, "anthropic"),
    Shape("messages typed as text", lambda c, s: named(messages(s)), "text/plain", "anthropic"),
    Shape("messages without their last word", lambda c, s: named(messages(s, stop=False)), EVENTS, "anthropic"),
    Shape("messages, done", lambda c, s: named(messages(s, stop=False), "data: [DONE]\n\n"), EVENTS, "anthropic"),
]  # fmt: skip
BODIES = [
    Shape("followed by its end", lambda c, s: json.dumps(body(c, s)).encode() + b"\n\ndata: [DONE]\n\n"),
    Shape("a whole completion as one event", lambda c, s: lines([body(c, s)]), EVENTS),
    Shape("a whole message as one event", lambda c, s: named([body(c, s)]), EVENTS, "anthropic"),
    Shape("a mark in front of a body", lambda c, s: BOM + json.dumps(body(c, s)).encode()),
    Shape("a mark in front of a message", lambda c, s: BOM + json.dumps(body(c, s)).encode(), api="anthropic"),
    Shape("a list of texts", choice(message={"content": ["TEXT"]})),
    Shape("output_text", choice(message={"content": [{"type": "output_text", "text": "TEXT"}]})),
    Shape("a part under its own name", choice(message={"content": [{"type": "output_text", "output_text": "TEXT"}]})),
    Shape("a part alone", choice(message={"content": {"type": "text", "text": {"value": "TEXT"}}})),
    Shape("a text in place of a message", choice(text="TEXT", finish_reason="stop")),
    Shape("a message that is a text", choice(message="TEXT", finish_reason="")),
    Shape("texts in events", lambda c, s: lines([{"choices": [{"text": s.text, "index": 0}]}]), EVENTS),
    Shape("content as a text", lambda c, s: json.dumps({**body(c, s), "content": s.text}).encode(), api="anthropic"),
    Shape("a message of output_text", lambda c, s: json.dumps({**body(c, s), "content": [
          {"type": "output_text", "text": s.text}]}).encode(), api="anthropic"),
]  # fmt: skip
ROWS = [(shape, stream) for shape in (*STREAMS, *BODIES) for stream in shape.streams]


@pytest.mark.parametrize(("shape", "stream"), ROWS, ids=lambda x: getattr(x, "name", str(x)))
def test_a_reply_is_read_whatever_its_shape(tmp_path: Path, shape: Shape, stream: bool) -> None:
    for role in ("judge", "candidate"):
        (tmp_path / role).mkdir()
        quirk = Quirk(shape.name, shape.script)
        found = play(quirk, tmp_path / role, shape.api, role, stream, n_questions=2)
        assert found.done.returncode == 0, found.done.stderr
        assert {line["status"] for line in found.lines} == {"ok"}
        assert found.board["models"][0]["model"] == "right"
        assert len(found.calls) == len(found.lines)


@pytest.mark.parametrize("shape", STREAMS, ids=lambda shape: shape.name)
def test_a_stream_is_what_the_sdk_itself_yields(shape: Shape) -> None:
    with FakeServer(lambda call: Raw(shape.write(call, Say(SAID)), shape.content_type)) as server:
        ours = complete(server, shape.api, ask(), stream=True)
        theirs = asyncio.run((_openai if shape.api == "openai" else _anthropic)(server))
    assert ours.text == SAID
    assert theirs[0] in (SAID, "")  # their reader of messages knows events by name alone
    if theirs[0]:
        assert ours.finish_reason == (theirs[1] or None)


async def _openai(server: FakeServer) -> tuple[str, str | None]:
    import openai

    text, finish = "", None
    async with openai.AsyncOpenAI(api_key=KEY, base_url=server.openai_url, max_retries=0) as client:
        stream = await client.chat.completions.create(model="m", messages=[], stream=True)
        async for chunk in stream:
            for choice in getattr(chunk, "choices", None) or []:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
    return text, finish


async def _anthropic(server: FakeServer) -> tuple[str, str | None]:
    import anthropic

    text, finish = "", None
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=server.anthropic_url, max_retries=0) as client:
        stream = await client.messages.create(model="m", messages=[], max_tokens=9, stream=True)
        async for event in stream:
            if event.type == "content_block_delta":
                text += event.delta.text
            if event.type == "message_delta":
                finish = event.delta.stop_reason or finish
    return text, finish


WORDLESS = [
    ({"detail": "model is still loading"}, "model is still loading"),
    ({"error_code": 17, "error_msg": "Open api daily request limit reached"}, "daily request limit reached"),
    ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}, "choices": None}, "login fail"),
    ({"choices": [], "message": "queue is full"}, "queue is full"),
    ({"output": "something else"}, "something else"),
]


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("said", "words"), WORDLESS, ids=lambda x: x if isinstance(x, str) else "")
def test_a_200_without_an_answer_keeps_the_endpoints_own_words(
    tmp_path: Path, said: dict[str, object], words: str, api: str, stream: bool
) -> None:
    raw = Raw(lines([said]), EVENTS) if stream else Raw(json.dumps(said).encode())
    with FakeServer(lambda call: raw) as server:
        config = board_on(server, tmp_path, api, n_questions=2, stream=stream)
        found = played(config, "judge", arena("run", "-c", config), server.calls)
    assert found.done.returncode == 3 and words in found.done.stderr
    assert found.lines and all(words in line["error"] for line in found.lines)


@pytest.mark.parametrize("stream", [False, True])
def test_a_code_in_a_200_counts_as_a_status(tmp_path: Path, stream: bool) -> None:
    said = {"code": 401, "message": "who are you?", "data": None}
    raw = Raw(lines([said]), EVENTS) if stream else Raw(json.dumps(said).encode())
    with FakeServer(lambda call: raw) as server:
        config = board_on(server, tmp_path, n_questions=2, stream=stream)
        found = played(config, "judge", arena("run", "-c", config), server.calls)
    assert found.lines == [] and "who are you? (check the API key)" in found.done.stderr


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_stream_that_is_cut_is_still_no_answer(api: str) -> None:
    with FakeServer(lambda call: Say("half", cut_stream=True) if call.number == 0 else Say("whole")) as server:
        found = complete(server, api, ask(), stream=True)
    assert (found.text, found.maybe_billed) == ("whole", True)
