"""Cases that a stored reply decides at once."""

from __future__ import annotations

from typing import NamedTuple

from arena.board.reading import READING
from arena.files import from_json
from arena.judging.judge import Case, Resolved
from arena.keys import filed_under
from arena.store.ledger import Ledger
from arena.store.memory import NOTHING
from arena.types import Parsed, ParsedScore


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
