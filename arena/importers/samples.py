"""Which answer is which sample: tools that let a model answer anew for every match have several per question."""

from __future__ import annotations

from collections.abc import Iterable

from arena.importers.found_board import Judged, Said

Slots = dict[tuple[str, str, int], Said]
"""The answer of (question_id, model, sample)."""


def assign_samples(answers: Iterable[Said], replies: Iterable[Judged]) -> Slots:
    """Every answer's place.

    On a board, answer i of one model meets answer i of the other. Each compared pair takes the lowest number at which
    both models' places are free or hold these very answers; with one answer per question that is 0 throughout.
    """
    slots: Slots = {}
    for reply in replies:
        sides = [reply.first] if reply.second is None else [reply.first, reply.second]
        sample = 0
        while not all(_fits(slots, side, sample) for side in sides):
            sample += 1
        for side in sides:
            _place(slots, side, sample)
    placed = {(said.question_id, said.model, said.turns) for said in slots.values()}
    for said in answers:
        if said.sample is not None:
            slots[said.question_id, said.model, said.sample] = said
            continue
        if (said.question_id, said.model, said.turns) in placed:
            _complete(slots, said)
            continue
        sample = 0
        while not _fits(slots, said, sample):
            sample += 1
        _place(slots, said, sample)
        placed.add((said.question_id, said.model, said.turns))
    return slots


def _fits(slots: Slots, said: Said, sample: int) -> bool:
    known = slots.get((said.question_id, said.model, sample))
    return known is None or known.turns == said.turns


def _place(slots: Slots, said: Said, sample: int) -> None:
    slots.setdefault((said.question_id, said.model, sample), said)


def _complete(slots: Slots, said: Said) -> None:
    """An answer file knows more about an answer (tokens, times) than the row that judged it."""
    sample = 0
    while (known := slots.get((said.question_id, said.model, sample))) is not None:
        if known.turns == said.turns and known.usage.output_tokens is None and known.latency_s is None:
            slots[said.question_id, said.model, sample] = said
        sample += 1
