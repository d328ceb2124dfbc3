"""What a board's ledgers say: every case, and the battles and scores that the stored replies come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from arena.board.answers import Answers
from arena.board.matches import Exam, Ledgers, Match, exams, matches
from arena.board.null_candidate import sentinel_exams, sentinel_matches
from arena.board.open import OpenBoard
from arena.judging.combine import combine, verdict_of
from arena.judging.examine import score_of
from arena.judging.judge import Ask, Case, Resolved, resolve
from arena.keys import filed_under
from arena.prompts import Prompt, Unparsed
from arena.store.cache import LedgerCache
from arena.store.folder import Ledger
from arena.store.index import Said, Way
from arena.types import JSON, Battle, Label, Parsed, ParsedScore, Score


def open_ledgers(board: OpenBoard, stack: ExitStack, *, writable: bool = False) -> dict[str, Ledger]:
    """Every judge's ledger, closed with the stack. What was read of one before is not read again."""
    names = list(board.judges)
    cache = None if board.loaded.cache is None else LedgerCache(board.loaded.cache / "ledgers")
    for name in names:
        path, known = board.review_folder.ledger_file(name, names), board.ledgers.get(name)
        if known is None or known.path != path:
            board.ledgers[name] = Ledger(path, name, writable=writable, cache=cache)
        else:
            known.open(writable=writable)
        stack.enter_context(closing(board.ledgers[name]))
    return dict(board.ledgers)


def all_cases(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Case]:
    """Every case of the board, question by question, and the sentinel's after them."""
    subjects: Iterable[Match] | Iterable[Exam]
    if board.config.reviews_gen.mode == "single":
        subjects = chain(exams(board, answers, ledgers), sentinel_exams(board, ledgers))
    else:
        subjects = chain(matches(board, answers, ledgers), sentinel_matches(board, answers, ledgers))
    for subject in subjects:
        yield from subject.cases


def battles_of(matched: Iterable[Match], ledgers: Ledgers, strong_weight: float) -> Iterator[Battle]:
    """Every judge's row of every battle, from what is stored."""
    for match in matched:
        if match.decided is not None:
            yield match.decided
            continue
        ledger = ledgers[match.contest.judge]
        verdicts = [
            verdict_of(stored(case, ledger), case.order or "a_first", match.contest.sample, case.sample, case.key)
            for case in match.cases
        ]
        yield combine(match.contest, verdicts, strong_weight)


def scores_of(examined: Iterable[Exam], ledgers: Ledgers) -> Iterator[Score]:
    """Every judge's score of every answer, from what is stored."""
    for exam in examined:
        if exam.decided is not None:
            yield exam.decided
            continue
        ledger = ledgers[exam.examination.judge]
        yield score_of(exam.examination, [stored(case, ledger) for case in exam.cases])


def stored(case: Case, ledger: Ledger) -> Resolved | None:
    """What a case has come to so far; None while a request of it is still to be sent."""
    if (found := settled(case, ledger)) is not None:
        return found.resolved(case, ledger)
    step = resolve(case, ledger.get)
    return None if isinstance(step, Ask) else step


class Heard(NamedTuple):
    """What a reply says."""

    parsed: Parsed | ParsedScore | None
    """None where the reply alone does not decide: the walk through all replies says what comes of it."""
    ends: int = -1
    """Where in the text the explanation ends; -1 where it does not simply begin the text."""


class Settled(NamedTuple):
    """A case whose first reply is whole and has a verdict."""

    place: str
    heard: Heard

    def resolved(self, case: Case, ledger: Ledger) -> Resolved:
        """The same with its explanation, which is read from the ledger."""
        said = ledger.said(self.place)
        assert said is not None
        simple = self.heard.ends >= 0
        explanation = said.text[: self.heard.ends] if simple else case.prompt.explanation(said.text, said.nonce)
        return Resolved("ok", self.heard.parsed, explanation or None, None, said.key)


def settled(case: Case, ledger: Ledger) -> Settled | None:
    """The verdict of a case whose first reply has one, as `resolve` would find it; each reply is parsed once."""
    for key in case.keys:
        if key is not None and (place := filed_under(key, case.judge.kind)) in ledger:
            if case.trial is not None and case.trial.place in ledger:
                return None
            heard = ledger.once(place, case.prompt, _WAY)
            return None if heard is None or heard.parsed is None else Settled(place, heard)
    return None


def _heard(prompt: Prompt, said: Said) -> Heard:
    parsed = prompt.parse(said.text, said.nonce) if said.status == "ok" and not said.logprobs else None
    if parsed is None or isinstance(parsed, Unparsed):
        return UNDECIDED
    explanation = prompt.explanation(said.text, said.nonce) or ""
    ends = len(explanation) if said.text.startswith(explanation) else -1
    if isinstance(parsed, ParsedScore):
        return Heard(parsed, ends)
    return _alike(parsed.label, parsed.score_first, parsed.score_second, parsed.probability, ends)


@lru_cache(maxsize=1 << 14, typed=True)
def _alike(label: Label, first: float | None, second: float | None, probability: float | None, ends: int) -> Heard:
    """One object for all replies that say the same at the same length: there are far fewer."""
    return Heard(Parsed(label, first, second, probability), ends)


def _to_json(heard: Heard) -> JSON:
    match heard.parsed:
        case None:
            return []
        case ParsedScore(score, criteria):
            return [score, dict(criteria), heard.ends]
        case Parsed(label, first, second, probability):
            return [label, first, second, probability, heard.ends]


def _from_json(kept: JSON) -> Heard:
    match kept:
        case [score, dict(criteria), int(ends)]:
            return Heard(ParsedScore(score, criteria), ends)  # type: ignore[arg-type]
        case [label, first, second, probability, int(ends)]:
            return _alike(label, first, second, probability, ends)  # type: ignore[arg-type]
        case _:
            return UNDECIDED


UNDECIDED = Heard(None)
_WAY = Way(_heard, lambda prompt: prompt.sha256, _to_json, _from_json)
