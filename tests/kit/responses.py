"""OpenAI's Responses as a planted server says them: whole, as a stream, or in the background."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.servers import Action, Call, Say


def response(number: int, model: object, say: Say) -> dict[str, object]:
    """The response of a proper completion."""
    parts: list[dict[str, object]] = []
    if say.text is not None:
        parts.append({"type": "output_text", "text": say.text, "annotations": [], "logprobs": say.logprobs or []})
    if say.refusal is not None:
        parts.append({"type": "refusal", "refusal": say.refusal})
    output: list[dict[str, object]] = []
    if say.reasoning:
        summary = [{"type": "summary_text", "text": say.reasoning}]
        output.append({"id": f"rs_{number}", "type": "reasoning", "summary": summary})
    output.append({"id": f"msg_{number}", "type": "message", "role": "assistant", "content": parts})
    return {
        "id": f"resp_{number}", "object": "response", "created_at": 0, "model": model, "output": output, "error": None,
        "status": "incomplete" if say.finish else "completed",
        "incomplete_details": {"reason": say.finish} if say.finish else None,
        "usage": say.usage or {
            "input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }  # fmt: skip


def events(number: int, model: object, say: Say) -> list[dict[str, object]]:
    """The same as a stream's events: texts in two pieces, the whole at the end."""
    whole = response(number, model, say)
    head = {**whole, "output": [], "status": "in_progress", "usage": None}
    found: list[dict[str, object]] = [{"type": "response.created", "response": head}]
    pieces = {"reasoning_summary_text": say.reasoning, "output_text": say.text, "refusal": say.refusal}
    for name, text in pieces.items():
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]) if text else ():
            found.append({"type": f"response.{name}.delta", "delta": piece})
    return [*found, {"type": "response.incomplete" if say.finish else "response.completed", "response": whole}]


def in_background(looks: int, say: Callable[[Call], Say], odd: Mapping[int, Action] | None = None) -> object:
    """A server that takes responses up in the background and has each ready at the given look; `odd` looks come out
    otherwise."""
    from kit.servers import Raw

    waiting: dict[str, tuple[Call, int]] = {}

    def script(call: Call) -> Action:
        if call.path.endswith("/responses"):
            assert call.body["background"] is True and call.body["store"] is True
            found = {**response(call.number, call.body["model"], say(call)), "status": "queued", "output": []}
            waiting[str(found["id"])] = call, 0
            return Raw(json.dumps(found).encode())
        name = call.path.rsplit("/", 1)[1]
        first, looked = waiting[name]
        waiting[name] = first, looked + 1
        if odd and looked in odd:
            return odd[looked]
        whole = {**response(first.number, first.body["model"], say(first)), "id": name}
        ready = whole if looked + 1 >= looks else {**whole, "status": "in_progress", "output": []}
        return Raw(json.dumps(ready).encode())

    return script
