"""The seam between tasks and models: what one document is asked, and what is read of what came back.

A way of asking is one class with `ask` and `read`; it knows no backend, no file and no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from arena.config.benchmarks import AskingMode
from arena.evals.documents import Document
from arena.store.items import Item
from arena.types import JSON, Message


@dataclass(frozen=True, slots=True)
class Asked:
    """What one document is asked, once."""

    messages: tuple[Message, ...]
    """A chat; or, with `raw`, one message that is the text itself, for engines that go on with it."""
    gold: JSON
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    raw: bool = False
    continuations: tuple[tuple[str, str | None], ...] = ()
    """Log-likelihoods: (text to be judged, its own context or None for the messages), in published order."""
    order: tuple[int, ...] | None = None
    """Letter mode: the published places of the options as they are shown."""
    rehearsal: tuple[str, str] = ("", "")
    """A right reply and a wrong one, for rehearsals."""


class Said(NamedTuple):
    """What came back."""

    text: str
    loglikelihoods: tuple[tuple[float, bool], ...] = ()


class Reading(NamedTuple):
    """What was read of it."""

    parsed: JSON
    """None: no answer could be read."""
    score: float
    """Headline metric in [0, 1]."""
    metrics: Mapping[str, float]


class Way(Protocol):
    """One way of asking one task."""

    @property
    def mode(self) -> AskingMode:
        """How documents are asked."""

    @property
    def metric(self) -> str:
        """Name of the headline metric."""

    @property
    def shots(self) -> int:
        """Examples before the question."""

    @property
    def chat_template(self) -> bool | None:
        """Whether a local engine's template is used; None where an endpoint does as it does."""

    def ask(self, document: Document) -> Asked:
        """What is asked. Raises InputError for a document that cannot be asked."""

    def read(self, document: Document, asked: Asked, said: Said) -> Reading:
        """What is read. A pure function of what is stored."""


@runtime_checkable
class Remembers(Protocol):
    """A way whose reading takes long (programs are run): what was read of a line is taken from it."""

    def known(self, item: Item) -> Reading | None:
        """What was read; None where it would be read otherwise today."""
