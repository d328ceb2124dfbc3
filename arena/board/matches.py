"""Everything a board's judges have to look at: contests and examinations, with the cases each is decided by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from arena.board.answers import Answers
from arena.board.candidates import judge_of
from arena.board.open import OpenBoard
from arena.config.kinds import JudgeConfig
from arena.judging.combine import (
    Contest,
    answer_failure,
    combine,
    failed_contest,
    identical,
    identical_verdict,
    imported_verdict,
)
from arena.judging.examine import Examination, failed_examination
from arena.judging.frames import Judge
from arena.judging.judge import DEFAULT_SCALE, Case
from arena.judging.schedule import orders, pairs
from arena.store.folder import Ledger
from arena.types import Answer, Battle, Order, Question, Score

Ledgers = Mapping[str, Ledger]
SENTINEL = "null-sentinel"
"""The contestant whose one constant answer tests the judges. It is on no leaderboard."""


@dataclass(frozen=True, slots=True)
class Match:
    """One contest before one judge: decided without a call, or by its cases."""

    contest: Contest
    decided: Battle | None = None
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Exam:
    """Single mode: one answer before one judge."""

    examination: Examination
    decided: Score | None = None
    cases: tuple[Case, ...] = ()


def models_on_board(board: OpenBoard, answers: Answers) -> list[str]:
    """The candidates that are enabled, or have anything stored."""
    return [name for name, candidate in board.candidates.items() if candidate.entry.enable or answers[name]]


def judges_on_board(board: OpenBoard, ledgers: Ledgers) -> dict[str, Judge]:
    """The judges that are enabled, or have anything stored."""
    return {name: judge_of(name, e) for name, e in board.judges.items() if e.enable or len(ledgers[name])}


def matches(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Match]:
    """Every contest of the board, question by question."""
    reviews = board.config.reviews_gen
    pairing = pairs(models_on_board(board, answers), reviews.mode, reviews.baseline)
    judges = judges_on_board(board, ledgers)
    for question in board.questions:
        for a, b in pairing:
            for sample in range(min(board.candidates[a].samples, board.candidates[b].samples)):
                key = (question.question_id, sample)
                for name, judge in judges.items():
                    contest = Contest(question, a, b, answers[a].get(key), answers[b].get(key), name, sample)
                    match = match_of(board, contest, judge, ledgers[name])
                    if match is not None:
                        yield match


def exams(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Exam]:
    """Every answer of the board before every judge, question by question."""
    judges = judges_on_board(board, ledgers)
    for question in board.questions:
        for model in models_on_board(board, answers):
            for sample in range(board.candidates[model].samples):
                answer = answers[model].get((question.question_id, sample))
                for name, judge in judges.items():
                    examination = Examination(question, model, answer, name, sample)
                    exam = exam_of(board, examination, judge, ledgers[name])
                    if exam is not None:
                        yield exam


def match_of(board: OpenBoard, contest: Contest, judge: Judge, ledger: Ledger) -> Match | None:
    """How one judge comes to decide a contest; None when it never did and cannot be asked."""
    reviews = board.config.reviews_gen
    entry = board.judges[judge.name]
    if reviews.judges == "peers" and judge.name in (contest.model_a, contest.model_b):
        return Match(contest, contest.battle("excluded", reason="self_judged"))
    if reviews.order == "recorded":
        imported = _imported(contest, ledger, reviews.strong_weight)
        if imported is not None:
            return Match(contest, imported)
        if entry.replays:
            return None  # never recorded, and nobody to ask
    if waiting := _waiting(board, contest):
        return Match(contest, waiting)
    failed = failed_contest(contest, reviews.answer_failures)
    if failed is not None:
        return Match(contest, failed)
    a, b = contest.answer_a, contest.answer_b
    assert a is not None and b is not None
    asked = orders(reviews.order, board.config.seed, contest.question.question_id, contest.model_a, contest.model_b)
    if identical(a, b):
        verdicts = [identical_verdict(order, contest.sample, 0) for order in asked]
        return Match(contest, combine(contest, verdicts))
    if needs_reference(board, entry, contest.question):
        return Match(contest, contest.battle("excluded", reason="no_reference"))
    return Match(contest, None, tuple(_cases(board, contest, judge, asked, a, b)))


def _cases(
    board: OpenBoard, contest: Contest, judge: Judge, asked: Sequence[Order], a: Answer, b: Answer
) -> Iterator[Case]:
    prompt, reviews = board.prompt_for(contest.question), board.config.reviews_gen
    baseline = reviews.baseline if reviews.mode == "pairwise_baseline" else None
    models = contest.model_a, contest.model_b
    for order in asked:
        for sample in range(judge.samples):
            yield Case(judge, prompt, contest.question, models, (a, b), order, sample, baseline, board.frames)


def _imported(contest: Contest, ledger: Ledger, strong_weight: float) -> Battle | None:
    """The battle as another tool recorded it; None when it did not, or an answer has changed since."""
    verdicts = []
    for reply in ledger.imported(contest.question.question_id, contest.model_a, contest.model_b):
        stored = reply.request.get("imported")
        keys = [stored.get("answer_key_a"), stored.get("answer_key_b")] if isinstance(stored, dict) else []
        current = [
            contest.answer_a.key if contest.answer_a else None,
            contest.answer_b.key if contest.answer_b else None,
        ]
        if all(old in (None, new) for old, new in zip(keys, current, strict=False)):
            verdict = imported_verdict(reply, contest.sample)
            if verdict is not None:
                verdicts.append(verdict)
    return combine(contest, verdicts, strong_weight) if verdicts else None


def _waiting(board: OpenBoard, contest: Contest) -> Battle | None:
    """A pending battle when an answer is missing that can still be asked for."""
    for model, answer in ((contest.model_a, contest.answer_a), (contest.model_b, contest.answer_b)):
        if answer is None and can_be_answered(board, model, contest.question, contest.sample):
            return contest.battle("pending")
    return None


def can_be_answered(board: OpenBoard, model: str, question: Question, sample: int) -> bool:
    """Whether a missing answer can still come: the candidate is enabled, and no recording that lacks it."""
    candidate = board.candidates[model]
    return candidate.entry.enable and candidate.request(question, sample) is not None


def needs_reference(board: OpenBoard, entry: JudgeConfig, question: Question) -> bool:
    """Whether the judge or its prompt needs a reference that the question does not have."""
    needed = entry.needs_reference or board.prompt_for(question).needs_reference
    return needed and not any(text.strip() for text in question.reference)


def exam_of(board: OpenBoard, examination: Examination, judge: Judge, ledger: Ledger) -> Exam | None:
    """How one judge comes to score an answer; None when it never did and cannot be asked."""
    entry = board.judges[judge.name]
    question, answer = examination.question, examination.answer
    if board.config.reviews_gen.judges == "peers" and judge.name == examination.model:
        return Exam(examination, examination.score("excluded", reason="self_judged"))
    if board.config.reviews_gen.order == "recorded":
        replies = [
            reply
            for reply in ledger.imported(question.question_id, examination.model, None)
            if answer is None or _answer_key(reply.request.get("imported")) in (None, answer.key)
        ]
        if replies:
            return Exam(examination, examination.imported_score(replies))
        if entry.replays:
            return None
    if answer is None and can_be_answered(board, examination.model, question, examination.sample):
        return Exam(examination, examination.score("pending"))
    prompt = board.prompt_for(question)
    if answer_failure(answer) is not None:
        failures = board.config.reviews_gen.answer_failures
        return Exam(examination, failed_examination(examination, failures, prompt.format.bounds or DEFAULT_SCALE))
    if needs_reference(board, entry, question):
        return Exam(examination, examination.score("excluded", reason="no_reference"))
    assert answer is not None
    cases = tuple(
        Case(judge, prompt, question, (examination.model,), (answer,), None, sample, None, board.frames)
        for sample in range(judge.samples)
    )
    return Exam(examination, None, cases)


def _answer_key(stored: object) -> object:
    return stored.get("answer_key_a") if isinstance(stored, dict) else None
