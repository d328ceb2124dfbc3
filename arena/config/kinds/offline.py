"""Kinds that no model stands behind: what is recorded, what a rule says, what a rehearsal draws."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from arena.config.kinds.entry import BackendConfig, Identifies, InRequests, NotInKeys


class RecordedConfig(BackendConfig):
    """Answers that exist already, in a file. As a judge: only what is in the ledger, nothing is asked."""

    backend: Identifies[Literal["recorded"]]
    file: InRequests[Path | None] = None
    """Its answers are keyed by their texts, wherever the file lies."""

    asks_anybody: ClassVar[bool] = False
    replays: ClassVar[bool] = True

    @property
    def recording(self) -> Path | None:
        """The file."""
        return self.file


class ReferenceConfig(BackendConfig):
    """The rule-based judge that compares with reference answers: no key, no network."""

    backend: Identifies[Literal["reference"]]
    concurrency: NotInKeys[int] = Field(8, ge=1)

    asks_anybody: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = True


class SimulatedConfig(BackendConfig):
    """Invented answers and verdicts, for rehearsals. Everything it touches is marked `simulated`."""

    backend: Identifies[Literal["simulated"]]
    latency_s: NotInKeys[float] = Field(0.0, ge=0)
    concurrency: NotInKeys[int] = Field(16, ge=1)

    asks_anybody: ClassVar[bool] = False
    simulated: ClassVar[bool] = True
    always_seeded: ClassVar[bool] = True
