"""One battle laid open: question, answers, and for every reply the exact prompt, the raw text and what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import NamedTuple

from arena.board.answers import current_answers
from arena.board.matches import Exam, Match, exams, matches
from arena.board.open import OpenBoard, nearest
from arena.board.verdicts import open_ledgers
from arena.errors import InputError
from arena.judging.combine import Contest, combine, verdict_of
from arena.judging.examine import Examination, score_of
from arena.judging.judge import Ask, Case, Resolved, resolve
from arena.judging.rewards import verdict_by_scores
from arena.judging.slots import value_of
from arena.store.ledger import Ledger
from arena.types import Answer, Battle, Order, Reply, Score, Usage, Verdict

JUDGES = "the judge's "
EQUAL = "The two answers are equal but for white space at both ends: a tie, for which no judge is asked."
_FAILED = ("answer_error", "call_failed", "unparsed")


class Shown(NamedTuple):
    """A piece of text under a heading."""

    head: str
    body: str
    failed: bool = False
    """Whether it says that nothing came of it: an answer or a judge's call that failed, or a reply without verdict."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How somebody asked to see a battle."""

    models: tuple[str, ...]
    """In the order they were named: answers stand, and probabilities are told, in it."""
    short: bool = False
    """Without the prompts and the raw replies."""

    def wins(self, model_a: str, p: float) -> str:
        """P(the first named wins), from that of model_a."""
        first = self.models[0]
        return f"P({first} wins) = {p if model_a == first else 1 - p:g}"


def find_battle(
    board: OpenBoard, question_id: str, model_a: str, model_b: str | None, *, short: bool = False
) -> Iterator[Shown]:
    """Everything stored about one battle (or, with one model, one score), sample by sample, the models in the order
    they are given; `short` leaves prompts and raw replies out.

    Raises InputError for unknown names and for models that do not meet, before anything is shown.
    """
    question = next((q for q in board.questions if q.question_id == question_id), None)
    if question is None:
        raise InputError(f"no question {question_id!r}{nearest(question_id, [q.question_id for q in board.questions])}")
    wanted = tuple(dict.fromkeys(name for name in (model_a, model_b) if name is not None))
    for name in wanted:
        if name not in board.candidates:
            raise InputError(f"no candidate {name!r}{nearest(name, board.names)}")
    single = board.config.reviews_gen.mode == "single"
    if not single and len(wanted) != 2:
        raise InputError("a battle has two different models: arena show -c CFG QUESTION A B")
    answers, _ = current_answers(board)
    board = replace(board, questions=[question])
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        subjects: list[Match | Exam]
        if single:
            subjects = [e for e in exams(board, answers, ledgers) if e.examination.model in wanted]
        else:
            pair = set(wanted)
            subjects = [m for m in matches(board, answers, ledgers) if {m.contest.model_a, m.contest.model_b} == pair]
        if not subjects:
            raise InputError(f"{' and '.join(wanted)} do not meet on this board")
        yield Shown(f"question {question.question_id} · {question.category}", "\n\n".join(question.turns))
        if any(question.reference):
            yield Shown("reference", "\n\n".join(question.reference))
        for sample in sorted({_asked(subject).sample for subject in subjects}):
            for name in wanted:
                yield _answer(name, sample, answers[name].get((question_id, sample)))
            for subject in subjects:
                if _asked(subject).sample == sample:
                    yield from _subject(subject, ledgers[_asked(subject).judge], Reader(wanted, short))


def _asked(subject: Match | Exam) -> Contest | Examination:
    return subject.contest if isinstance(subject, Match) else subject.examination


def _answer(name: str, sample: int, answer: Answer | None) -> Shown:
    if answer is None:
        return Shown(f"answer of {name}{_nth(sample)}", "(no answer stored)")
    status = "" if answer.status == "ok" else f" · {answer.status}"
    text = "\n\n".join(answer.turns) or answer.error or "(empty)"
    return Shown(f"answer of {name}{_nth(sample)}{status}{_price(answer.usage, answer.cost_usd)}", text)


def _nth(sample: int, whose: str = "") -> str:
    """Names every sample but the first, which is mostly the only one."""
    return f" · {whose}sample {sample}" if sample else ""


def _subject(subject: Match | Exam, ledger: Ledger, reader: Reader) -> Iterator[Shown]:
    verdicts, found = [], []
    yield from _replies(_imported(subject, ledger), reader)
    for case in subject.cases:
        replies, resolved = _walk(case, ledger)
        found.append(resolved)
        yield from _replies(replies, reader)
        if isinstance(subject, Match) and not subject.by_scores:
            verdict = verdict_of(resolved, case.order or "a_first", subject.contest.sample, case.sample, case.key)
            verdicts.append(verdict)
            yield _parsed(subject.contest, verdict, reader)
    if isinstance(subject, Match):
        if subject.by_scores:
            by_scores = verdict_by_scores(subject.cases, found, subject.contest.sample, subject.temperature)
            verdicts.append(by_scores)
            yield _compared(subject.contest, by_scores, reader)
        battle = subject.decided or combine(subject.contest, verdicts)
        if battle.verdicts and all(verdict.status == "identical" for verdict in battle.verdicts):
            yield Shown(f"not sent to {battle.judge}", EQUAL)
        yield _battle(battle, reader)
    else:
        yield _score(subject.decided or score_of(subject.examination, found))


def _parsed(contest: Contest, verdict: Verdict, reader: Reader) -> Shown:
    order = _order(contest.model_a, contest.model_b, verdict.order)
    value, said = value_of(verdict), ""
    if value is not None and verdict.label is not None:
        clearly = " clearly" if verdict.label.endswith("_strong") else ""
        slot = verdict.label.removesuffix("_strong")
        first_is_a = (slot == "first") == (verdict.order == "a_first")
        better = "a tie" if slot == "tie" else f"{contest.model_a if first_is_a else contest.model_b} wins{clearly}"
        said = f": {better} ({reader.wins(contest.model_a, value)})"
    failed = verdict.status == "failed"
    if failed and verdict.explanation:
        said = f": {verdict.explanation}"
    return Shown(f"parsed · {order}{_nth(verdict.sample, JUDGES)}", f"{verdict.status}{said}", failed)


def _compared(contest: Contest, verdict: Verdict, reader: Reader) -> Shown:
    """What two scores came to."""
    said: str = verdict.status
    if verdict.score_a is not None and verdict.score_b is not None and (value := value_of(verdict)) is not None:
        scores = f"{contest.model_a} {verdict.score_a:.4g}, {contest.model_b} {verdict.score_b:.4g}"
        said = f"{said}: {scores} ({reader.wins(contest.model_a, value)})"
    return Shown("parsed · each answer by itself", said, verdict.status == "failed")


def _order(model_a: str, model_b: str | None, order: Order | None) -> str:
    """Who stood first before the judge."""
    if model_b is None or order is None:
        return "single"
    return f"{model_a if order == 'a_first' else model_b} first"


def _replies(replies: Sequence[Reply], reader: Reader) -> Iterator[Shown]:
    for reply in () if reader.short else replies:
        yield from _reply(reply)


def _imported(subject: Match | Exam, ledger: Ledger) -> list[Reply]:
    """The replies of another tool that decided it."""
    if isinstance(subject, Match):
        contest = subject.contest
        used = {verdict.key for verdict in subject.decided.verdicts} if subject.decided else set()
        found = ledger.imported(contest.question.question_id, contest.model_a, contest.model_b)
        return [reply for reply in found if reply.key in used]
    if subject.decided is None or subject.decided.key is None:
        return []
    return ledger.imported(subject.examination.question.question_id, subject.examination.model, None)


def _walk(case: Case, ledger: Ledger) -> tuple[list[Reply], Resolved | None]:
    """The replies that decide one case, oldest first, and what they come to."""
    seen: dict[str, Reply] = {}

    def lookup(key: str) -> Reply | None:
        reply = ledger.get(key)
        if reply is not None:
            seen.setdefault(key, reply)
        return reply

    step = resolve(case, lookup)
    return list(seen.values()), None if isinstance(step, Ask) else step


def _reply(reply: Reply) -> Iterator[Shown]:
    messages = reply.request.get("messages")
    prompt = "\n\n".join(
        f"[{message.get('role')}]\n{message.get('content')}"
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict)
    )
    stored = reply.request.get("imported")
    known = not isinstance(stored, dict) or stored.get("order_known") is not False
    first = _order(reply.model_a, reply.model_b, reply.order) if known else "order not known"
    order = f"{first}{_nth(reply.sample, JUDGES)}"
    about = f"{reply.judge} · {order} · prompt {reply.prompt} · {reply.status} · key {reply.key}"
    yield Shown(f"sent to {about}", prompt or "(the prompt was not kept)")
    yield Shown(f"raw reply{_price(reply.usage, reply.cost_usd)}", reply.text or reply.error or "(empty)")


def _price(usage: Usage, cost_usd: float | None) -> str:
    if usage == Usage() and cost_usd is None:
        return ""
    tokens = ["?" if count is None else str(count) for count in (usage.input_tokens, usage.output_tokens)]
    cost = "unknown cost" if cost_usd is None else f"${cost_usd:.6f}"
    return f" · {tokens[0]} tokens in, {tokens[1]} out · {cost}"


def _battle(battle: Battle, reader: Reader) -> Shown:
    why = f" ({battle.reason})" if battle.reason else ""
    outcome = ""
    if battle.outcome is not None:
        names = {"model_a": f"{battle.model_a} wins", "model_b": f"{battle.model_b} wins", "tie": "a tie", None: "–"}
        outcome = f": {reader.wins(battle.model_a, battle.outcome)}, {names[battle.winner]}"
    head = f"battle · {battle.judge}{_nth(battle.sample)}"
    return Shown(head, f"{battle.state}{why}{outcome}", battle.reason in _FAILED)


def _score(score: Score) -> Shown:
    why = f" ({score.reason})" if score.reason else ""
    head = f"score · {score.judge}{_nth(score.sample)}"
    return Shown(head, f"{score.state}{why}: {score.score}", score.reason in _FAILED)
