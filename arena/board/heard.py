"""What stored replies say: each is parsed once, and what came of it stands in its ledger's columns."""

from __future__ import annotations

from typing import NamedTuple

from arena.board.matches import Exam, Match
from arena.files import from_json, to_json, utf8_json
from arena.judging.judge import Case, Resolved
from arena.keys import filed_under
from arena.prompts import Prompt, Unparsed
from arena.store.ledger import Ledger
from arena.store.memory import NOTHING, Said, Way
from arena.types import JSON, Parsed, ParsedScore


class Settled(NamedTuple):
    """A case whose first reply is whole and has a verdict."""

    row: int
    parsed: Parsed | ParsedScore
    shown: int
    """How many bytes of the text, as it stands in the file, are the explanation; NOTHING where it is another part."""

    def resolved(self, case: Case, ledger: Ledger) -> Resolved:
        """The same with its explanation, which is read from the ledger."""
        quoted = None if self.shown == NOTHING else ledger.quoted(self.row, self.shown)
        if quoted is None:
            said = ledger.said(self.row)
            explanation = case.prompt.explanation(said.text, said.nonce)
        else:
            explanation = str(from_json(b'"%b"' % quoted))
        return Resolved("ok", self.parsed, explanation or None, None, ledger.own_key(self.row))


def settled(case: Case, ledger: Ledger) -> Settled | None:
    """The verdict of a case whose first reply has one, as `resolve` would find it; each reply is parsed once."""
    for key in case.keys:
        if key is not None and (row := ledger.row(filed_under(key, case.judge.kind))) is not None:
            if case.trial is not None and case.trial.place in ledger:
                return None
            parsed, shown = ledger.once(row, case.prompt, READING)
            return None if parsed is None else Settled(row, parsed, shown)
    return None


def settled_rows(subject: Match | Exam) -> list[int] | None:
    """The rows of the first replies to all cases of a subject where each is settled by its own; None where one is
    not, or where that is not all there is to look at."""
    bench = subject.bench
    if bench is None or not bench.is_plain:
        return None
    rows = bench.rows(subject.answers, subject.orders)
    if NOTHING in rows:
        return None
    ledger, prompt = bench.ledger, bench.prompt
    column = ledger.column(prompt, READING)
    for row in rows:
        code = column.codes[row]
        if (ledger.once(row, prompt, READING)[0] if code == NOTHING else column.values[code]) is None:
            return None
    return rows


def _heard(prompt: Prompt, said: Said) -> tuple[Parsed | ParsedScore | None, int]:
    """What a reply says (None where it alone does not decide: the walk through all replies says what comes of it), and
    how much of its text is the explanation."""
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
