"""What stored replies say: each is parsed once, and what came of it stands in its ledger's columns."""

from __future__ import annotations

from arena.files import to_json, utf8_json
from arena.prompts import Prompt, Unparsed
from arena.store.memory import NOTHING, Column, Said, Way
from arena.types import JSON, Parsed, ParsedScore

Heard = Column[Parsed | ParsedScore | None]
"""By row: what the reply says, None where it alone does not decide; and how many bytes of its text, as it stands in the
file, are the explanation, NOTHING where that is another part."""


def _heard(prompt: Prompt, said: Said) -> tuple[Parsed | ParsedScore | None, int]:
    """What a reply says, where the walk through all replies need not tell, and where its explanation ends."""
    parsed = prompt.parse(said.text, said.nonce) if said.status == "ok" and not said.logprobs else None
    if parsed is None or isinstance(parsed, Unparsed):
        return None, NOTHING
    explanation = utf8_json(prompt.explanation(said.text, said.nonce) or "")
    begins = explanation is not None and to_json(said.text).startswith(explanation[:-1])
    return parsed, len(explanation) - len('""') if begins and explanation is not None else NOTHING


def _to_json(parsed: Parsed | ParsedScore | None) -> JSON:
    match parsed:
        case None:
            return []
        case ParsedScore(score, criteria):
            return [score, dict(criteria)]
        case Parsed(label, first, second, probability):
            return [label, first, second, probability]


def _from_json(kept: JSON) -> Parsed | ParsedScore | None:
    match kept:
        case [score, dict(criteria)]:
            return ParsedScore(score, criteria)  # type: ignore[arg-type]
        case [label, first, second, probability]:
            return Parsed(label, first, second, probability)  # type: ignore[arg-type]
        case _:
            return None


READING = Way(_heard, lambda prompt: prompt.sha256, _to_json, _from_json)
