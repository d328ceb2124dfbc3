"""Which model a server says it was, against the one that was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from arena.board.answers import Answers
from arena.board.open import OpenBoard


class Judged(Protocol):
    """A ledger, as far as it is needed here."""

    def models_returned(self, asked: str) -> frozenset[str]:
        """What the server said it was when this model was asked for."""


class _Entry(NamedTuple):
    """A candidate or a judge at an API, and what the server said it was."""

    name: str
    asked: str
    server: str
    returned: frozenset[str]


def other_models(board: OpenBoard, answers: Answers, ledgers: Mapping[str, Judged]) -> Iterable[str]:
    """A warning where one model answered under several names, or another one than was asked for.

    A dated or longer form of a name is the same model: `gpt-4.1` and `gpt-4.1-2025-04-14`, `org/x` and `x`.
    """
    entries = [*_candidates(board, answers), *_judges(board, ledgers)]
    shared: dict[tuple[str, str], list[_Entry]] = defaultdict(list)
    for entry in entries:
        for model in entry.returned:
            shared[entry.server, model].append(entry)
    told: set[str] = set()
    for (_, model), several in shared.items():
        if len({_plain(entry.asked) for entry in several}) > 1:
            told |= {entry.name for entry in several}
            names = ", ".join(f"{entry.name} (asked for {entry.asked})" for entry in several)
            yield f"one model, {model}, answered under several names: {names}"
    for entry in entries:
        others = sorted(model for model in entry.returned if not _same(entry.asked, model))
        if others and entry.name not in told:
            yield f"{entry.name}: asked for {entry.asked}, but the server says it was {', '.join(others)}"


def _candidates(board: OpenBoard, answers: Answers) -> Iterable[_Entry]:
    for name, own in answers.items():
        entry = board.candidates[name].entry
        if entry.paid:
            said = frozenset(answer.model_returned for answer in own.values() if answer.model_returned)
            yield _Entry(name, entry.source(name), entry.address({}) or entry.backend, said)


def _judges(board: OpenBoard, ledgers: Mapping[str, Judged]) -> Iterable[_Entry]:
    for name, ledger in ledgers.items():
        entry = board.judges.get(name)
        if entry is not None and entry.paid:
            asked = entry.source(name)
            yield _Entry(f"judge {name}", asked, entry.address({}) or entry.backend, ledger.models_returned(asked))


def _same(asked: str, returned: str) -> bool:
    one, other = _plain(asked), _plain(returned)
    return one.startswith(other) or other.startswith(one)


def _plain(model: str) -> str:
    """A model's name without its organisation, its file ending and a tag that says nothing."""
    name = model.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    return name.removesuffix(".gguf").removesuffix(":latest")
