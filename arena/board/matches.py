"""Everything a board's judges have to look at: contests and examinations, with the cases each is decided by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from arena.board.answers import Answers
from arena.board.bench import Bench
from arena.board.candidates import judge_of
from arena.board.drawn import Orders, orders_of, schedule_of
from arena.board.open import OpenBoard
from arena.config.kinds import JudgeConfig
from arena.judging.combine import (
    Contest,
    answer_failure,
    combine,
    failed_contest,
    identical_verdict,
    imported_verdict,
)
from arena.judging.examine import Examination, failed_examination
from arena.judging.frames import Judge
from arena.judging.judge import DEFAULT_SCALE, Case
from arena.judging.schedule import BOTH, orders, pairs
from arena.keys import filed_under
from arena.prompts import REWARD
from arena.store.ledger import Ledger
from arena.store.schedule_log import Drawn
from arena.types import Answer, Battle, Order, Question, Score

Ledgers = Mapping[str, Ledger]
SENTINEL = "null-sentinel"
"""The contestant whose one constant answer tests the judges. It is on no leaderboard."""


@dataclass(frozen=True, slots=True)
class Match:
    """One contest before one judge: decided without a call, or by its cases."""

    contest: Contest
    decided: Battle | None = None
    bench: Bench | None = None
    """Where it is decided otherwise."""
    orders: tuple[Order, ...] = ()
    temperature: float | None = None
    """What turns the difference of a reward model's scores into a probability."""

    @property
    def by_scores(self) -> bool:
        """Whether the cases are the two answers, each scored by itself: model_a's, then model_b's."""
        return self.bench is not None and self.bench.prompt.format.conversation

    @property
    def judge(self) -> str:
        """Who judges."""
        return self.contest.judge

    @property
    def models(self) -> tuple[str, ...]:
        """Who is judged."""
        return self.contest.model_a, self.contest.model_b

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What is judged; both where there are cases."""
        return cast("tuple[Answer, ...]", (self.contest.answer_a, self.contest.answer_b))

    @property
    def settled_rows(self) -> list[int] | None:
        """The lines of the ledger that decide it, where each case has one that does; None otherwise."""
        return None if self.bench is None else self.bench.settled_rows(self.answers, self.orders)

    @property
    def cases(self) -> tuple[Case, ...]:
        """What a judge has to look at."""
        if self.bench is None:
            return ()
        if self.by_scores:
            alone = zip(self.models, self.answers, strict=True)
            return tuple(c for m, a in alone for c in self.bench.cases((m,), (a,), (None,)))
        return tuple(self.bench.cases(self.models, self.answers, self.orders))


@dataclass(frozen=True, slots=True)
class Exam:
    """Single mode: one answer before one judge."""

    examination: Examination
    decided: Score | None = None
    bench: Bench | None = None
    """Where it is decided otherwise."""

    orders: ClassVar[tuple[None, ...]] = (None,)

    @property
    def judge(self) -> str:
        """Who judges."""
        return self.examination.judge

    @property
    def models(self) -> tuple[str, ...]:
        """Who is judged."""
        return (self.examination.model,)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What is judged."""
        return () if self.examination.answer is None else (self.examination.answer,)

    @property
    def settled_rows(self) -> list[int] | None:
        """The lines of the ledger that decide it, where each case has one that does; None otherwise."""
        return None if self.bench is None else self.bench.settled_rows(self.answers, self.orders)

    @property
    def cases(self) -> tuple[Case, ...]:
        """What a judge has to look at."""
        return () if self.bench is None else tuple(self.bench.cases(self.models, self.answers, self.orders))


def models_on_board(board: OpenBoard, answers: Answers) -> list[str]:
    """The candidates that are enabled, or have anything stored."""
    return [name for name, candidate in board.candidates.items() if candidate.entry.enable or answers[name]]


def judges_on_board(board: OpenBoard, ledgers: Ledgers) -> dict[str, Judge]:
    """The judges that are enabled, or have anything stored."""
    return {name: judge_of(name, e) for name, e in board.judges.items() if e.enable or len(ledgers[name])}


def bench_of(board: OpenBoard, judge: Judge, question: Question, ledger: Ledger) -> Bench:
    """A judge at a question."""
    reviews, entry = board.config.reviews_gen, board.judges[judge.name]
    prompt = REWARD if entry.rewards else board.prompt_for(question)
    baselines = reviews.baselines if reviews.mode == "pairwise_baseline" else ()
    lacking = lacks_reference(board, entry, question)
    return Bench(judge, prompt, question, ledger, board.frames, board.seen, baselines, lacks_reference=lacking)


def lacks_reference(board: OpenBoard, entry: JudgeConfig, question: Question) -> bool:
    """Whether the judge or its prompt needs a reference that the question does not have."""
    needed = entry.needs_reference or board.prompt_for(question).needs_reference
    return needed and not any(text.strip() for text in question.reference)


def matches(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Match]:
    """Every contest of the board, question by question."""
    reviews = board.config.reviews_gen
    if reviews.adaptive:
        yield from matches_of(board, answers, ledgers, drawn_orders(board, answers, ledgers))
        return
    pairing = pairs(models_on_board(board, answers), reviews.mode, reviews.baselines)
    judges = judges_on_board(board, ledgers)
    samples = {name: candidate.samples for name, candidate in board.candidates.items()}
    for question in board.questions:
        benches = [bench_of(board, judge, question, ledgers[name]) for name, judge in judges.items()]
        for a, b in pairing:
            yield from _meet(board, answers, benches, question, (a, b), min(samples[a], samples[b]))


def matches_of(board: OpenBoard, answers: Answers, ledgers: Ledgers, drawn: Orders) -> Iterator[Match]:
    """The contests that were drawn, question by question."""
    there, judges = {*models_on_board(board, answers)}, judges_on_board(board, ledgers)
    for question in board.questions:
        if (asked := drawn.get(question.question_id)) is not None:
            benches = [bench_of(board, judge, question, ledgers[name]) for name, judge in judges.items()]
            for pair, found in asked.items():
                if there.issuperset(pair):
                    least = min(board.candidates[name].samples for name in pair)
                    yield from _meet(board, answers, benches, question, pair, least, found)


def _meet(
    board: OpenBoard, answers: Answers, benches: Sequence[Bench], question: Question, pair: tuple[str, str],
    samples: int, drawn: tuple[Order, ...] | None = None,
) -> Iterator[Match]:  # fmt: skip
    """Two models on one question, so many answers of each before every judge."""
    a, b = pair
    for sample in range(samples):
        key = (question.question_id, sample)
        answer_a, answer_b = answers[a].get(key), answers[b].get(key)
        for bench in benches:
            contest = Contest(question, a, b, answer_a, answer_b, bench.judge.name, sample)
            match = match_of(board, contest, bench, drawn)
            if match is not None:
                yield match


def drawn_orders(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Orders:
    """The orders that were drawn, by question and pair; before anything was, those that replies are there for."""
    schedule = schedule_of(board)
    return schedule.orders if schedule.log else orders_of(paid_cells(board, answers, ledgers))


def paid_cells(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> list[Drawn]:
    """Cells that a judge has replied about, whoever asked: [question, first, second], question by question.

    Scores of two answers are a cell where nobody compares: beside a judge that does they would make it read what it
    was never to be asked.
    """
    compared = any(judge.enable and not (judge.replays or judge.rewards) for judge in board.judges.values())
    judges = {n: j for n, j in judges_on_board(board, ledgers).items() if len(ledgers[n])}
    pairing = pairs(models_on_board(board, answers), "pairwise", ()) if judges else []
    found: dict[Drawn, None] = {}
    for question in board.questions if pairing else ():
        benches = [bench_of(board, judge, question, ledgers[name]) for name, judge in judges.items()]
        for pair in pairing:
            least = min(board.candidates[name].samples for name in pair)
            for match in _meet(board, answers, benches, question, pair, least, BOTH):
                if match.by_scores:
                    if not compared and all(replied(case, ledgers[case.judge.name]) for case in match.cases):
                        found[question.question_id, *pair] = None
                    continue
                for case in match.cases:
                    if replied(case, ledgers[case.judge.name]):
                        found[question.question_id, *(pair if case.order == "a_first" else pair[::-1])] = None
    return list(found)


def replied(case: Case, ledger: Ledger) -> bool:
    """Whether anything is stored for a case's first request."""
    places = [filed_under(key, case.judge.kind) for key in case.keys if key is not None]
    return any(place in ledger for place in places) or (case.trial is not None and case.trial.place in ledger)


def exams(board: OpenBoard, answers: Answers, ledgers: Ledgers) -> Iterator[Exam]:
    """Every answer of the board before every judge, question by question."""
    judges = judges_on_board(board, ledgers)
    for question in board.questions:
        benches = [bench_of(board, judge, question, ledgers[name]) for name, judge in judges.items()]
        for model in models_on_board(board, answers):
            for sample in range(board.candidates[model].samples):
                answer = answers[model].get((question.question_id, sample))
                for bench in benches:
                    exam = exam_of(board, Examination(question, model, answer, bench.judge.name, sample), bench)
                    if exam is not None:
                        yield exam


def match_of(board: OpenBoard, contest: Contest, bench: Bench, drawn: tuple[Order, ...] | None = None) -> Match | None:
    """How one judge comes to decide a contest; None when it never did and cannot be asked. `drawn` are the orders that
    a schedule drew, where there is one."""
    reviews = board.config.reviews_gen
    entry = board.judges[contest.judge]
    if reviews.judges == "peers" and contest.judge in (contest.model_a, contest.model_b):
        return Match(contest, contest.battle("excluded", reason="self_judged"))
    if reviews.order == "recorded":
        imported = _imported(contest, bench.ledger, reviews.strong_weight)
        if imported is not None:
            return Match(contest, imported)
        if entry.replays:
            return None  # never recorded, and nobody to ask
    if (contest.answer_a is None or contest.answer_b is None) and (waiting := _waiting(board, contest)):
        return Match(contest, waiting)
    a = None if contest.answer_a is None else board.seen.of(contest.answer_a)
    b = None if contest.answer_b is None else board.seen.of(contest.answer_b)
    if a is None or b is None or a.failure is not None or b.failure is not None:
        return Match(contest, failed_contest(contest, reviews.answer_failures))
    asked: tuple[Order, ...] = ("a_first",)
    if not entry.rewards:
        ids = contest.question.question_id, contest.model_a, contest.model_b
        asked = orders(reviews.asked_order, board.config.seed, *ids) if drawn is None else drawn
    if a.stripped == b.stripped:
        shown = drawn is None and not entry.rewards  # which sees no order
        verdicts = [identical_verdict(order, contest.sample, 0, shown=shown) for order in asked]
        return Match(contest, combine(contest, verdicts))
    if bench.lacks_reference:
        return Match(contest, contest.battle("excluded", reason="no_reference"))
    return Match(contest, None, bench, asked, entry.score_temperature)


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


def exam_of(board: OpenBoard, examination: Examination, bench: Bench) -> Exam | None:
    """How one judge comes to score an answer; None when it never did and cannot be asked."""
    entry = board.judges[examination.judge]
    question, answer = examination.question, examination.answer
    if board.config.reviews_gen.judges == "peers" and examination.judge == examination.model:
        return Exam(examination, examination.score("excluded", reason="self_judged"))
    if board.config.reviews_gen.order == "recorded":
        replies = [
            reply
            for reply in bench.ledger.imported(question.question_id, examination.model, None)
            if answer is None or _answer_key(reply.request.get("imported")) in (None, answer.key)
        ]
        if replies:
            return Exam(examination, examination.imported_score(replies))
        if entry.replays:
            return None
    if answer is None and can_be_answered(board, examination.model, question, examination.sample):
        return Exam(examination, examination.score("pending"))
    if answer_failure(answer) is not None:
        failures = "exclude" if entry.rewards else board.config.reviews_gen.answer_failures  # its scores have no least
        return Exam(examination, failed_examination(examination, failures, bench.prompt.format.bounds or DEFAULT_SCALE))
    if bench.lacks_reference:
        return Exam(examination, examination.score("excluded", reason="no_reference"))
    return Exam(examination, None, bench)


def _answer_key(stored: object) -> object:
    return stored.get("answer_key_a") if isinstance(stored, dict) else None
