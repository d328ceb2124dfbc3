"""The batch endpoints of OpenAI and Anthropic, on the fake server: files, batches, results, and a knife at every step.

with BatchServer(judge) as server:            # `judge` decides each request as it would a live call
    server.at["create"] = kill                # called once, after the batch exists, before the id is told
server.batched                                # how often each custom_id was part of a batch
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from kit.boards import arithmetic_board, read_jsonl, write_jsonl
from kit.servers import Action, Call, Drop, Fail, FakeServer, Raw, Say, completion


@dataclass
class Batch:
    """One batch as the provider keeps it."""

    batch_id: str
    requests: list[tuple[str, Mapping[str, object]]]
    created: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    polls: int = 0
    refused: str | None = None


class BatchServer(FakeServer):
    """Both wire formats. Live calls work as on FakeServer."""

    def __init__(
        self, judge: Callable[[Call], Action], *, polls_until_done: int = 0, minutes_ahead: float | None = None
    ) -> None:
        super().__init__(self._route)
        self.minutes_ahead = minutes_ahead
        """How far its clock is ahead of ours; None: its answers carry no date."""
        self.judge = judge
        self.polls_until_done = polls_until_done
        self.at: dict[str, Callable[[], object]] = {}
        """What to do, once, at a step: upload, create, created, poll, results."""
        self.lose: set[str] = set()
        """custom_ids that expire in the first batch they are in."""
        self.refuse: Callable[[Mapping[str, object]], str | None] = lambda body: None
        """Why the request with this body is turned down with 400; None when it is not."""
        self.refuse_batch: str | None = None
        self.batches: dict[str, Batch] = {}
        self.batched: Counter[str] = Counter()
        self._files: dict[str, bytes] = {}

    @property
    def live(self) -> list[Call]:
        """The calls that were no batch business."""
        return [call for call in self.calls if call.path.endswith(("/chat/completions", "/messages", "/responses"))]

    async def _read(self, reader: asyncio.StreamReader) -> Call | None:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        is_json = "json" in headers.get("content-type", "") and raw
        body = json.loads(raw) if is_json else {"raw": raw.decode("utf-8", "replace")} if raw else {}
        key = self.key_of(body)
        repeat = self.counts[key]
        self.counts[key] += 1
        self.numbered += 1
        call = Call(self.numbered - 1, request_line.split(" ")[1], headers, body, key, repeat)
        self.calls.append(call)
        return call

    def _route(self, call: Call) -> Action:
        path = call.path.split("?")[0].removeprefix("/v1")
        match path.strip("/").split("/"):
            case ["chat", "completions"] | ["messages"]:
                return self.judge(call)
            case ["files"]:
                return self._upload(str(call.body["raw"]))
            case ["files", file_id, "content"]:
                self._step("results")
                return Raw(self._files[file_id], "application/binary")
            case ["batches"]:
                return self._create_openai(call) if call.body else self._list(self._openai)
            case ["batches", batch_id]:
                return self._poll(batch_id, self._openai)
            case ["messages", "batches"]:
                return self._create_anthropic(call) if call.body else self._list(self._anthropic)
            case ["messages", "batches", batch_id]:
                return self._poll(batch_id, self._anthropic)
            case ["messages", "batches", batch_id, "results"]:
                self._step("results")
                lines = [self._anthropic_line(i, *item) for i, item in enumerate(self.batches[batch_id].requests)]
                return Raw("\n".join(map(json.dumps, reversed(lines))).encode(), "application/x-jsonl")
            case _:
                return Fail(404, f"no such path: {call.path}")

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=self.minutes_ahead or 0.0)

    def date(self) -> str | None:
        """By its own clock."""
        return None if self.minutes_ahead is None else format_datetime(self._now(), usegmt=True)

    def _step(self, name: str) -> bool:
        what = self.at.pop(name, None)
        return what is not None and what() is Drop

    def _upload(self, form: str) -> Action:
        self._step("upload")
        file_id = f"file-{len(self._files)}"
        lines = [line for line in form.splitlines() if line.startswith("{")]
        self._files[file_id] = "\n".join(lines).encode()
        return _json({"id": file_id, "object": "file", "bytes": 1, "created_at": 0, "filename": "x", "purpose": "batch",
                      "status": "processed"})  # fmt: skip

    def _create_openai(self, call: Call) -> Action:
        lines = [json.loads(line) for line in self._files[str(call.body["input_file_id"])].splitlines()]
        assert {line["url"] for line in lines} == {call.body["endpoint"]} <= {"/v1/chat/completions", "/v1/responses"}
        return self._create([(line["custom_id"], line["body"]) for line in lines], call, self._openai)

    def _create_anthropic(self, call: Call) -> Action:
        requests = [(str(r["custom_id"]), r["params"]) for r in call.body["requests"]]
        return self._create(requests, call, self._anthropic)

    def _create(
        self,
        requests: list[tuple[str, Mapping[str, object]]],
        call: Call,
        show: Callable[[Batch], dict[str, object]],
    ) -> Action:
        assert len({custom_id for custom_id, _ in requests}) == len(requests)
        self._step("create")
        batch_id = f"batch_{len(self.batches)}"
        metadata = call.body.get("metadata") or {}
        batch = Batch(batch_id, requests, self._now(), metadata, refused=self.refuse_batch)
        self.refuse_batch = None
        self.batches[batch_id] = batch
        self.batched.update(custom_id for custom_id, _ in requests if batch.refused is None)
        return Drop() if self._step("created") else _json(show(batch))

    def _list(self, show: Callable[[Batch], dict[str, object]]) -> Action:
        data = [show(batch) for batch in reversed(self.batches.values())]
        return _json({"object": "list", "data": data, "has_more": False, "first_id": None, "last_id": None})

    def _poll(self, batch_id: str, show: Callable[[Batch], dict[str, object]]) -> Action:
        self._step("poll")
        batch = self.batches[batch_id]
        batch.polls += 1
        return _json(show(batch))

    def _ended(self, batch: Batch) -> bool:
        return batch.polls > self.polls_until_done

    def _openai(self, batch: Batch) -> dict[str, object]:
        status = "failed" if batch.refused else "completed" if self._ended(batch) else "in_progress"
        shown: dict[str, object] = {
            "id": batch.batch_id, "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "x",
            "completion_window": "24h", "status": status, "created_at": int(batch.created.timestamp()),
            "metadata": batch.metadata,
            "request_counts": {"total": len(batch.requests), "completed": len(batch.requests), "failed": 0},
        }  # fmt: skip
        if batch.refused:
            shown["errors"] = {"object": "list", "data": [{"code": "invalid", "message": batch.refused}]}
        elif status == "completed":
            good, bad = self._openai_files(batch)
            shown |= {"output_file_id": good, "error_file_id": bad}
        return shown

    def _openai_files(self, batch: Batch) -> tuple[str, str]:
        names = f"{batch.batch_id}-good", f"{batch.batch_id}-bad"
        if names[0] not in self._files:
            lines = [self._openai_line(i, *item) for i, item in enumerate(batch.requests)]
            good = [line for line in lines if line["error"] is None and line["response"]["status_code"] == 200]
            bad = [line for line in lines if line not in good]
            for name, found in zip(names, (good, bad), strict=True):
                self._files[name] = "\n".join(map(json.dumps, reversed(found))).encode()
        return names

    def _openai_line(self, number: int, custom_id: str, body: Mapping[str, object]) -> dict[str, object]:
        line = {"id": f"r{number}", "custom_id": custom_id, "response": None, "error": None}
        if custom_id in self.lose:
            self.lose.discard(custom_id)
            return line | {"error": {"code": "batch_expired", "message": "not done in time"}}
        path = "/v1/responses" if "input" in body else "/v1/chat/completions"
        call, action = self._decide(number, path, custom_id, body)
        match action:
            case Say():
                response = {"status_code": 200, "request_id": "x", "body": completion(call, action)}
            case Fail():
                error = {"error": {"message": action.message, "type": "error"}}
                response = {"status_code": action.status, "request_id": "x", "body": error}
        return line | {"response": response}

    def _anthropic(self, batch: Batch) -> dict[str, object]:
        ended, total = self._ended(batch), len(batch.requests)
        created = batch.created.isoformat()
        return {
            "id": batch.batch_id, "type": "message_batch", "processing_status": "ended" if ended else "in_progress",
            "request_counts": {"processing": 0 if ended else total, "succeeded": total if ended else 0, "errored": 0,
                               "canceled": 0, "expired": 0},
            "created_at": created, "expires_at": created, "ended_at": created if ended else None,
            "archived_at": None, "cancel_initiated_at": None,
            "results_url": f"{self.anthropic_url}/v1/messages/batches/{batch.batch_id}/results" if ended else None,
        }  # fmt: skip

    def _anthropic_line(self, number: int, custom_id: str, body: Mapping[str, object]) -> dict[str, object]:
        if custom_id in self.lose:
            self.lose.discard(custom_id)
            return {"custom_id": custom_id, "result": {"type": "expired"}}
        call, action = self._decide(number, "/v1/messages", custom_id, body)
        if isinstance(action, Say):
            return {"custom_id": custom_id, "result": {"type": "succeeded", "message": completion(call, action)}}
        kind = "invalid_request_error" if action.status == 400 else "api_error"
        error = {"type": "error", "error": {"type": kind, "message": action.message}}
        return {"custom_id": custom_id, "result": {"type": "errored", "error": error}}

    def _decide(self, number: int, path: str, custom_id: str, body: Mapping[str, object]) -> tuple[Call, Say | Fail]:
        call = Call(number, path, {}, body, custom_id, 0)
        why = self.refuse(body)
        action = Fail(400, why) if why else self.judge(call)
        assert isinstance(action, Say | Fail)
        return call, action


def _json(body: Mapping[str, object]) -> Raw:
    return Raw(json.dumps(body).encode())


PRICE = {"input": 2.0, "output": 8.0}
"""USD per million tokens, of a judge on `batch_board`."""


def batch_board(
    folder: Path, server: BatchServer, api: str, *, entry: Mapping[str, object] | None = None, **reviews: object
) -> Path:
    """A board whose judge is asked at such a server."""
    url = server.openai_url if api == "openai" else server.anthropic_url
    judge = {"backend": api, "base_url": url, "api_key_env": None, "price": PRICE, **(entry or {})}
    return arithmetic_board(folder, n_questions=4, judges={"j": judge}, **reviews)


def age_intents(folder: Path, seconds: float) -> None:
    """As if the batches had been handed over that long ago."""
    path = folder / "out/batches.jsonl"
    write_jsonl(path, [line | ({"created": line["created"] - seconds} if "created" in line else {})
                       for line in read_jsonl(path)])  # fmt: skip
