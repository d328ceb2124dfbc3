"""Which data a board was made from: a hash of every file of answers and replies, over what is used of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, cast

from arena.board.answers import Answers
from arena.board.matches import Ledgers
from arena.board.open import OpenBoard
from arena.formats.text import hide_nonce
from arena.money import known_sum
from arena.store.ledger import Ledger
from arena.types import JSON


class Inputs(NamedTuple):
    """What a board says about the files it was made from."""

    sha256: dict[str, JSON]
    """By file: over the sorted keys and texts of the answers in use, and of the stored replies."""
    judge_cost_usd: dict[str, float | None]
    """Of all stored replies of a judge; None as soon as one is unknown."""


def inputs_of(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Inputs:
    """One pass over the answers in use and every ledger that is not empty."""
    stored = {name: _ledger_facts(ledger) for name, ledger in ledgers.items() if len(ledger)}
    hashes: dict[str, JSON] = {
        f"answers/{board.answer_folder.answer_file(name, board.names).name}": _sha256(
            sorted((a.key, a.question_id, *a.turns) for a in own.values())
        )
        for name, own in answers.items()
    }
    hashes |= {f"reviews/{ledgers[name].path.name}": sha256 for name, (sha256, _) in stored.items()}
    return Inputs(hashes, {name: cost for name, (_, cost) in stored.items()})


def _ledger_facts(ledger: Ledger) -> tuple[str, float | None]:
    """The hash and the cost of a ledger."""
    sha256, cost = cast("list[JSON]", ledger.fact("inputs", lambda: _facts(ledger)))
    return str(sha256), cast("float | None", cost)


def _facts(ledger: Ledger) -> JSON:
    costs: list[float | None] = []

    def texts() -> Iterator[tuple[str, str]]:
        for key in sorted(ledger.keys()):
            row = ledger.row(key)
            assert row is not None
            said = ledger.said(row)
            costs.append(said.cost_usd)
            yield said.key, hide_nonce(said.text, said.nonce)

    return [_sha256(texts()), known_sum(costs)]


def _sha256(texts: Iterable[Sequence[str]]) -> str:
    digest = hashlib.sha256()
    for parts in texts:
        for part in parts:
            digest.update(part.encode("utf-8", "surrogatepass") + b"\x1f")
        digest.update(b"\x1e")
    return digest.hexdigest()
