"""What is asked: parts of a benchmark (its subjects), their documents, and options of those that have some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.config.benchmarks import TaskConfig
from arena.keys import digest
from arena.types import JSON

Row = Mapping[str, JSON]
"""A document in the columns that the hub's data set of the task has."""
CLUSTER = "_cluster"
"""Column that says which documents depend on each other; no part of the document."""


@dataclass(frozen=True, slots=True)
class Part:
    """One subject: its documents, and examples from another file."""

    subject: str
    rows: Sequence[Row]
    examples: Sequence[Row] | None = None
    """None: the layout names a file for them, and it is not there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A document of multiple choice."""

    question: str
    options: tuple[str, ...]
    gold: int
    """Place of the right option, from 0."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a task."""

    doc_id: str
    """subject/index: the index within the subject, as in its file."""
    subject: str
    index: int
    item: str
    """16 hex digits over the document."""
    row: Row
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a benchmark lies on disk."""

    folders: tuple[str, ...]
    """Names its folder may have."""
    expected: str
    """What has to be in there, for messages."""
    examples: str | None
    """Where examples come from; None: there are none in this layout."""
    read: Callable[[Path, TaskConfig], list[Part]]
    """All parts of a folder. Raises DataError naming the file that is missing or wrong."""
    choice: Callable[[Row], Choice] | None = None
    """A row as multiple choice; None where answers are free."""


def documents_of(part: Part) -> list[Document]:
    """The documents of one subject, with their ids."""
    found = []
    for index, row in enumerate(part.rows):
        content = {name: value for name, value in row.items() if name != CLUSTER}
        cluster = row.get(CLUSTER)
        article = None if cluster is None else str(cluster)
        doc_id = f"{part.subject}/{index}"
        found.append(Document(doc_id, part.subject, index, digest(content)[:16], content, article))
    return found
