"""batches.jsonl: what was handed to batch endpoints and what came of it. Synced before the next step is taken.

intent      uuid, judge, nonces {key: nonce}, created (our clock), since (the provider's, where it
            is needed to find the batch again)    before anything is sent
submitted   uuid, batch_id                        the provider has it
mistaken    uuid, batch_id                        that batch turned out to be somebody else's
collected   uuid, batch_id, stored, open          its results are in the ledger
void        uuid, why                             it was never created, or turned down as a whole
learnt      judge, complaint, form                what made us ask the endpoint differently, and how
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from arena.errors import DataError
from arena.files import Appender, read_objects
from arena.redact import redact_json
from arena.types import JSON


@dataclass
class OpenBatch:
    """A submission whose results are not all stored."""

    uuid: str
    judge: str
    nonces: Mapping[str, str]
    """The nonce each request was sent with, by key."""
    created: float
    """Seconds of the epoch, of the intent, by our clock: good for how long ago that was, and for nothing else."""
    since: float | None = None
    """The same by the provider's clock; None where it was not asked or did not say."""
    batch_id: str | None = None
    """None: nobody knows yet whether the provider has it."""
    mistaken: set[str] = field(default_factory=set)
    """Batches that it is not."""
    learnt: int = 0
    """How many lessons of the judge came before it."""


class BatchLog:
    """The file, read once and appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: dict[str, OpenBatch] = {}
        self._claimed: set[str] = set()
        self._lessons: dict[str, list[tuple[str, str | None]]] = {}
        if path.exists():
            for where, line in read_objects(path, growing=True):
                try:
                    self._apply(line)
                except (KeyError, TypeError, ValueError) as error:
                    raise DataError(f"{path}:{where.number}: not a line of batches: {error}") from None
        self._appender: Appender | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._appender is not None:
            self._appender.close()

    def open_of(self, judge: str) -> list[OpenBatch]:
        """A judge's submissions that are not collected, the oldest first."""
        return [batch for batch in self._open.values() if batch.judge == judge]

    def keys_of(self, judge: str) -> set[str]:
        """The keys that are under way in a judge's open batches."""
        return {key for batch in self.open_of(judge) for key in batch.nonces}

    def lessons(self, judge: str) -> list[tuple[str, str | None]]:
        """What made us ask a judge's endpoint differently, and how, in order."""
        return self._lessons.get(judge, [])

    def is_claimed(self, batch_id: str) -> bool:
        """Whether a batch belongs to a submission already, open or done."""
        return batch_id in self._claimed

    def intend(self, judge: str, nonces: Mapping[str, str], since: float | None) -> OpenBatch:
        """Note what is about to be submitted, and the provider's time where that will be needed to find it again."""
        uuid = uuid4().hex
        self._write({
            "event": "intent", "uuid": uuid, "judge": judge, "nonces": dict(nonces), "created": time.time(),
            "since": since,
        })  # fmt: skip
        return self._open[uuid]

    def submitted(self, batch: OpenBatch, batch_id: str) -> None:
        """The provider has it."""
        self._write({"event": "submitted", "uuid": batch.uuid, "batch_id": batch_id})

    def mistaken(self, batch: OpenBatch) -> None:
        """The batch that was taken for this submission is another one."""
        self._write({"event": "mistaken", "uuid": batch.uuid, "batch_id": batch.batch_id})

    def collected(self, batch: OpenBatch, stored: int) -> None:
        """Its results are in the ledger."""
        self._write({
            "event": "collected", "uuid": batch.uuid, "batch_id": batch.batch_id, "stored": stored,
            "open": len(batch.nonces) - stored,
        })  # fmt: skip

    def void(self, batch: OpenBatch, why: str) -> None:
        """It was never created, or turned down as a whole."""
        self._write({"event": "void", "uuid": batch.uuid, "why": why})

    def learnt(self, judge: str, complaint: str, form: str) -> None:
        """Remember what made us ask the endpoint differently, and how."""
        self._write({"event": "learnt", "judge": judge, "complaint": complaint, "form": form})

    def _write(self, line: dict[str, JSON]) -> None:
        if self._appender is None:
            self._appender = Appender(self.path)
        line = {name: redact_json(value) for name, value in line.items()}
        self._appender.append(line)
        self._appender.sync()
        self._apply(line)

    def _apply(self, line: Mapping[str, JSON]) -> None:
        uuid = str(line.get("uuid"))
        match line["event"]:
            case "intent":
                nonces, created, since = line["nonces"], line["created"], line.get("since")
                if not isinstance(nonces, dict) or not isinstance(created, int | float):
                    raise ValueError("an intent has nonces and created")
                texts = {key: str(nonce) for key, nonce in nonces.items()}
                theirs = float(since) if isinstance(since, int | float) else None
                judge = str(line["judge"])
                known = len(self.lessons(judge))
                self._open[uuid] = OpenBatch(uuid, judge, texts, float(created), theirs, learnt=known)
            case "submitted":
                self._open[uuid].batch_id = str(line["batch_id"])
                self._claimed.add(str(line["batch_id"]))
            case "mistaken":
                self._open[uuid].batch_id = None
                self._open[uuid].mistaken.add(str(line["batch_id"]))
                self._claimed.discard(str(line["batch_id"]))
            case "collected" | "void":
                del self._open[uuid]
            case "learnt":
                form = line.get("form")
                lesson = (str(line["complaint"]), form if isinstance(form, str) else None)
                self._lessons.setdefault(str(line["judge"]), []).append(lesson)
            case event:
                raise ValueError(f"unknown event {event!r}")
