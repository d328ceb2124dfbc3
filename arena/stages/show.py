"""One battle laid open: question, answers, and for every reply the exact prompt, the raw text and what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

from arena.errors import InputError
from arena.judging.combine import combine, value_of, verdict_of
from arena.judging.examine import score_of
from arena.stages.answer import current_answers
from arena.stages.board import OpenBoard, nearest
from arena.stages.matches import Exam, Match, exams, matches
from arena.stages.review import open_ledgers, stored
from arena.store import Ledger
from arena.types import Answer, Battle, Question, Reply, Score, Usage


class Shown(NamedTuple):
    """A piece of text under a heading."""

    head: str
    body: str


def find_battle(board: OpenBoard, question_id: str, model_a: str, model_b: str | None) -> Iterator[Shown]:
    """Everything stored about one battle (or, with one model, one score). Raises InputError for unknown names."""
    question = next((q for q in board.questions if q.question_id == question_id), None)
    if question is None:
        raise InputError(f"no question {question_id!r}{nearest(question_id, [q.question_id for q in board.questions])}")
    wanted = {model_a, model_b} - {None}
    for name in wanted:
        if name not in board.candidates:
            raise InputError(f"no candidate {name!r}{nearest(str(name), board.names)}")
    if board.config.reviews_gen.mode != "single" and len(wanted) != 2:
        raise InputError("a battle has two different models: arena show -c CFG QUESTION A B")
    answers, _ = current_answers(board)
    yield from _texts(question, {str(n): answers[str(n)].get((question_id, 0)) for n in sorted(map(str, wanted))})
    board.questions = [question]
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        subjects: list[Match | Exam]
        if board.config.reviews_gen.mode == "single":
            subjects = [e for e in exams(board, answers, ledgers) if e.examination.model in wanted]
        else:
            subjects = [m for m in matches(board, answers, ledgers) if {m.contest.model_a, m.contest.model_b} == wanted]
        if not subjects:
            raise InputError(f"{' and '.join(sorted(map(str, wanted)))} do not meet on this board")
        for subject in subjects:
            judge = subject.contest.judge if isinstance(subject, Match) else subject.examination.judge
            yield from _subject(subject, ledgers[judge])


def _texts(question: Question, answers: dict[str, Answer | None]) -> Iterator[Shown]:
    yield Shown(f"question {question.question_id} · {question.category}", "\n\n".join(question.turns))
    if any(question.reference):
        yield Shown("reference", "\n\n".join(question.reference))
    for name, answer in answers.items():
        status = "" if answer is None or answer.status == "ok" else f" · {answer.status}"
        status += "" if answer is None else _price(answer.usage, answer.cost_usd)
        text = "(no answer stored)" if answer is None else "\n\n".join(answer.turns) or answer.error or "(empty)"
        yield Shown(f"answer of {name}{status}", text)


def _subject(subject: Match | Exam, ledger: Ledger) -> Iterator[Shown]:
    verdicts = []
    for reply in _imported(subject, ledger):
        yield from _reply(reply)
    for case in subject.cases:
        resolved = stored(case, ledger)
        for reply in _replies(subject, ledger, case.order, case.sample):
            yield from _reply(reply)
        if isinstance(subject, Match):
            verdict = verdict_of(resolved, case.order or "a_first", subject.contest.sample, case.sample, case.key)
            verdicts.append(verdict)
            value = value_of(verdict)
            said = f" ({verdict.label}: P({subject.contest.model_a} wins) = {value:g})" if value is not None else ""
            yield Shown(f"parsed · {case.order}", f"{verdict.status}{said}")
    if isinstance(subject, Match):
        yield _battle(subject.decided or combine(subject.contest, verdicts))
    else:
        yield _score(subject.decided or score_of(subject.examination, [stored(c, ledger) for c in subject.cases]))


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


def _replies(subject: Match | Exam, ledger: Ledger, order: str | None, sample: int) -> Iterator[Reply]:
    """The replies that the walk of one case has read, oldest first."""
    from arena.judging.judge import Ask, resolve

    case = next(c for c in subject.cases if c.order == order and c.sample == sample)
    seen: list[str] = []

    def lookup(key: str) -> Reply | None:
        reply = ledger.get(key)
        if reply is not None and key not in seen:
            seen.append(key)
        return reply

    step = resolve(case, lookup)
    assert isinstance(step, Ask) or seen
    for key in seen:
        reply = ledger.get(key)
        assert reply is not None
        yield reply


def _reply(reply: Reply) -> Iterator[Shown]:
    messages = reply.request.get("messages")
    prompt = "\n\n".join(
        f"[{message.get('role')}]\n{message.get('content')}"
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict)
    )
    about = f"{reply.judge} · {reply.order or 'single'} · prompt {reply.prompt} · {reply.status} · key {reply.key}"
    yield Shown(f"sent to {about}", prompt or "(the prompt was not kept)")
    yield Shown(f"raw reply{_price(reply.usage, reply.cost_usd)}", reply.text or reply.error or "(empty)")


def _price(usage: Usage, cost_usd: float | None) -> str:
    if usage == Usage() and cost_usd is None:
        return ""
    tokens = ["?" if count is None else str(count) for count in (usage.input_tokens, usage.output_tokens)]
    cost = "unknown cost" if cost_usd is None else f"${cost_usd:.6f}"
    return f" · {tokens[0]} tokens in, {tokens[1]} out · {cost}"


def _battle(battle: Battle) -> Shown:
    why = f" ({battle.reason})" if battle.reason else ""
    outcome = "" if battle.outcome is None else f": P({battle.model_a} wins) = {battle.outcome:g}, {battle.winner}"
    return Shown(f"battle · {battle.judge}", f"{battle.state}{why}{outcome}")


def _score(score: Score) -> Shown:
    why = f" ({score.reason})" if score.reason else ""
    return Shown(f"score · {score.judge}", f"{score.state}{why}: {score.score}")
