"""What a board's ledgers say: every case, and the battles and scores that the stored replies come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from arena.board.answers import Answers
from arena.board.heard import settled
from arena.board.matches import Exam, Ledgers, Match, exams, matches
from arena.board.null_candidate import sentinel_exams, sentinel_matches
from arena.board.open import OpenBoard
from arena.board.plain import PlainBattles
from arena.judging.combine import combine, verdict_of
from arena.judging.examine import score_of
from arena.judging.judge import Ask, Case, Resolved, resolve
from arena.judging.rewards import verdict_by_scores
from arena.reports.rows import Ready
from arena.store.cache import LedgerCache
from arena.store.counts import Count
from arena.store.ledger import Ledger
from arena.types import Battle, Score


def open_ledgers(board: OpenBoard, stack: ExitStack, *, writable: bool = False) -> dict[str, Ledger]:
    """Every judge's ledger, closed with the stack. What was read of one before is not read again."""
    names, cache = list(board.judges), _cache_of(board)
    for name in names:
        path, known = board.review_folder.ledger_file(name, names), board.ledgers.get(name)
        if known is None or known.path != path:
            board.ledgers[name] = Ledger(path, name, writable=writable, cache=cache)
        else:
            known.open(writable=writable)
        stack.enter_context(closing(board.ledgers[name]))
    return dict(board.ledgers)


def counted(board: OpenBoard) -> dict[Path, Count]:
    """How many lines the ledgers have that were read before and are as they were."""
    names, cache = list(board.judges), _cache_of(board)
    if cache is not None and not board.counted:
        paths = (board.review_folder.ledger_file(name, names) for name in names)
        board.counted |= {path: count for path in paths if (count := cache.counted(path)) is not None}
    return board.counted


def _cache_of(board: OpenBoard) -> LedgerCache | None:
    return None if board.loaded.cache is None else LedgerCache(board.loaded.cache / "ledgers")


def all_subjects(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Match | Exam]:
    """Everything the board's judges look at, question by question, and the sentinel's after them."""
    if board.config.reviews_gen.mode == "single":
        yield from exams(board, answers, ledgers)
        yield from sentinel_exams(board, ledgers)
    else:
        yield from matches(board, answers, ledgers)
        yield from sentinel_matches(board, answers, ledgers)


def all_cases(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Case]:
    """Every case of the board, question by question, and the sentinel's after them."""
    for subject in all_subjects(board, answers, ledgers):
        yield from subject.cases


def battles_of(matched: Iterable[Match], ledgers: Ledgers, strong_weight: float) -> Iterator[Battle | Ready]:
    """Every judge's row of every battle, from what is stored."""
    plain = PlainBattles(strong_weight)
    for match in matched:
        if match.decided is not None:
            yield match.decided
            continue
        rows = match.settled_rows
        if rows is not None and (ready := plain.battle(match, rows)) is not None:
            yield ready
            continue
        ledger = ledgers[match.contest.judge]
        if match.by_scores:
            found = [stored(case, ledger) for case in match.cases]
            verdict = verdict_by_scores(match.cases, found, match.contest.sample, match.temperature)
            yield combine(match.contest, [verdict])
            continue
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
