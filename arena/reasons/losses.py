"""Decided battles, and what their judges said: read from the rows of battles.jsonl."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from arena.judging.slots import value_of
from arena.redact import masked
from arena.terms import PANEL
from arena.types import JSON, Verdict

Battle = tuple[str, str, str, int]
"""question_id, model_a, model_b, sample."""


class Said(NamedTuple):
    """What one verdict gave as its reason."""

    text: str
    loser_first: bool | None
    """Whether the loser stood in the first slot; None where the order is not known."""


@dataclass(slots=True)
class Loss:
    """One decided battle, whatever the number of judges."""

    battle: Battle
    category: str
    loser: str
    winner: str
    said: list[Said]
    traits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By feature of style: the loser's and the winner's."""

    @property
    def question_id(self) -> str:
        """The cluster."""
        return self.battle[0]

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(said.text for said in self.said)


class Sides(NamedTuple):
    """What was said of a loss in sentences that name one side alone."""

    of_loser: str
    of_winner: str


def losses_of(rows: Iterable[Mapping[str, JSON]]) -> list[Loss]:
    """Every battle that the board decided, in the order of the rows, with the explanations that speak for its loser."""
    found: dict[Battle, Loss] = {}
    outcomes: dict[Battle, tuple[bool, float]] = {}
    verdicts: dict[Battle, list[Verdict]] = {}
    for row in rows:
        outcome = row.get("outcome")
        if row.get("state") != "rated" or not isinstance(outcome, int | float):
            continue
        a, b, sample = str(row["model_a"]), str(row["model_b"]), row.get("sample")
        battle = (str(row["question_id"]), a, b, sample if isinstance(sample, int) else 0)
        panel = row.get("judge") == PANEL
        if panel or not outcomes.get(battle, (False,))[0]:
            outcomes[battle] = panel, float(outcome)
        if battle not in found:
            found[battle] = Loss(battle, str(row.get("category") or ""), a, b, [], _traits(row.get("style")))
        if not panel:
            verdicts.setdefault(battle, []).extend(_verdicts(row.get("verdicts")))
    return [_decided(loss, outcomes[battle][1], verdicts.get(battle, [])) for battle, loss in found.items()
            if outcomes[battle][1] != 0.5]  # fmt: skip


def _decided(loss: Loss, outcome: float, verdicts: Iterable[Verdict]) -> Loss:
    """The same with its loser, and what was said by verdicts that name the same loser."""
    a_lost = outcome < 0.5
    if not a_lost:
        loss.loser, loss.winner = loss.winner, loss.loser
        loss.traits = {name: (other, own) for name, (own, other) in loss.traits.items()}
    for verdict in verdicts:
        value = value_of(verdict)
        if value is not None and verdict.explanation and value != 0.5 and (value < 0.5) == a_lost:
            first = (verdict.order == "a_first") == a_lost if verdict.order_known else None
            loss.said.append(Said(masked(verdict.explanation), first))
    return loss


def _verdicts(stored: JSON) -> list[Verdict]:
    """As far as their side and explanation are concerned."""
    found = []
    for one in stored if isinstance(stored, list) else ():
        if isinstance(one, dict) and one.get("status") == "ok" and one.get("order") in ("a_first", "b_first"):
            text, p = one.get("explanation"), one.get("probability")
            found.append(Verdict(
                one["order"], "ok", 0, 0, one.get("label"),  # type: ignore[arg-type]
                probability=p if isinstance(p, float) else None, explanation=text if isinstance(text, str) else None,
                order_known=one.get("order_known") is not False,
            ))  # fmt: skip
    return found


def _traits(style: JSON) -> dict[str, tuple[float, float]]:
    """model_a's and model_b's features of style."""
    told: dict[str, tuple[float, float]] = {}
    for name, own in style.items() if isinstance(style, dict) else ():
        other = style.get(f"{name.removesuffix('_a')}_b") if name.endswith("_a") else None  # type: ignore[union-attr]
        if isinstance(own, int | float) and isinstance(other, int | float):
            told[name.removesuffix("_a")] = float(own), float(other)
    return told


_NOUNS = "answer|response|reply|assistant|model|output|candidate|option"
_SLOTS = re.compile(
    rf"(first|1st)\s(?:one\b|{_NOUNS})|(second|2nd)\s(?:one\b|{_NOUNS})"
    rf"|(?:{_NOUNS})\s?[#(\"']?(?:(a|1|one)|(b|2|two))\b|a(?<!\wa)('s)\b|b(?<!\wb)('s)\b"
    r"|(?:助手|回答|答案|回复|模型)\s?(?:([a1一甲])|([b2二乙]))|第(?:(一)|(二))个"
)
"""How judges name what they were shown, in small letters: an odd group is the first slot. Every way begins with letters
that the search can jump to."""
_SENTENCE = re.compile(r"[.!?;]\s+|[。！？；]\s*|\s(?:while|whereas|but)\s|而|但")


def sides_of(loss: Loss) -> Sides:
    """The sentences (and clauses) that name the loser alone, and those that name the winner alone."""
    own: list[str] = []
    other: list[str] = []
    for text, loser_first in loss.said:
        if loser_first is None:
            continue
        for sentence in _SENTENCE.split(text.lower()):
            found = {(mark.lastindex or 0) % 2 == 1 for mark in _SLOTS.finditer(sentence)}
            if len(found) == 1:
                (own if found == {loser_first} else other).append(sentence)
    return Sides("\n".join(own), "\n".join(other))
