"""What an invocation would ask, and what that would cost, before anything is sent. Reads the board, calls nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean
from typing import Literal, NamedTuple

from arena.backends import Opening, check_backend
from arena.config import ApiConfig, BackendConfig
from arena.money import cost_usd
from arena.stages.answer import Answers, AnswerTask, asked_models, current_answers, plan_answers
from arena.stages.board import Candidate, OpenBoard
from arena.stages.budget import OUTPUT_CAP, call_bound_usd
from arena.stages.dispatch import price_of
from arena.stages.options import RunOptions
from arena.stages.review import Todo, next_requests, open_ledgers, plan_reviews
from arena.store import AnswerStore, Ledger
from arena.types import JSON, Answer, Request, Usage

BYTES_PER_TOKEN = 4.0
"""Where nothing is measured yet. English text has about 4, Chinese about 3."""
JUDGE_TOKENS = 300
ANSWER_TOKENS = 500
"""Output tokens per call, where nothing is measured yet."""
MEASURED = 2000
"""Stored replies looked at, at most."""


class Rates(NamedTuple):
    """Measured on what is stored; None where nothing is."""

    chars_per_token: float | None
    output_tokens: float | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What one candidate or judge would be asked."""

    stage: Literal["answers", "reviews"]
    name: str
    backend: str
    calls: int
    stored: int
    input_chars: int
    """Exact for answers that exist."""
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    """None when the price is unknown."""
    most_usd: float | None
    """With every output at its limit."""
    paid: bool
    """Whether an endpoint on the network is called at all."""
    measured: bool
    """Whether the tokens are estimated from stored calls of this very candidate or judge."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an invocation would ask."""

    rows: tuple[PlanRow, ...]
    expected_answers: int
    """Answers that do not exist yet, whose length was assumed in the judges' rows."""

    @property
    def paid_calls(self) -> int:
        """Calls to endpoints on the network."""
        return sum(row.calls for row in self.rows if row.paid)

    @property
    def cost_usd(self) -> float | None:
        """The expected cost; None as soon as one price is unknown."""
        return _total([row.cost_usd for row in self.rows if row.paid and row.calls])

    @property
    def most_usd(self) -> float | None:
        """The cost with every output at its limit."""
        return _total([row.most_usd for row in self.rows if row.paid and row.calls])


def make_plan(board: OpenBoard, options: RunOptions) -> Plan:
    """The plan of one invocation on a board."""
    answers, _ = current_answers(board)
    rows: list[PlanRow] = []
    expected = 0
    if "answers" in options.stages:
        for name in asked_models(board, options):
            candidate = board.candidates[name]
            path = board.answer_folder.answer_file(name, board.names)
            with closing(AnswerStore(path)) as store:
                tasks, done = plan_answers(board, candidate, store, options)
            if candidate.recording is None:
                rows.append(_answer_row(candidate, tasks, done, list(answers[name].values())))
                expected += len(tasks)
            _expect(answers, candidate, tasks)
    if "reviews" in options.stages and board.config.reviews_gen.enable:
        with ExitStack() as stack:
            ledgers = open_ledgers(board, stack)
            for name, todo in plan_reviews(board, answers, ledgers, options).items():
                rows.append(_review_row(board, name, todo, ledgers[name], options))
    return Plan(tuple(rows), expected)


def check_plan(board: OpenBoard, plan: Plan, budget_usd: float | None) -> None:
    """Find what would stop the paid part of a plan before it is begun: keys, and prices where there is a budget.

    Raises InputError naming the entry and the field.
    """
    for row in plan.rows:
        if not row.calls:
            continue
        place = "answers_gen" if row.stage == "answers" else "reviews_gen.judges"
        entry = _entry(board, row)
        check_backend(Opening(row.name, place), entry, priced=budget_usd is not None)


def _entry(board: OpenBoard, row: PlanRow) -> BackendConfig:
    return board.candidates[row.name].entry if row.stage == "answers" else board.judges[row.name]


def _answer_row(candidate: Candidate, tasks: Sequence[AnswerTask], done: int, stored: Sequence[Answer]) -> PlanRow:
    counted = [answer for answer in stored if answer.turns and answer.usage.output_tokens]
    outputs = [(answer.usage.output_tokens or 0) / len(answer.turns) for answer in counted]
    rates = Rates(None, fmean(outputs) if outputs else None)
    requests = [task.request for task in tasks]
    turns = [1 + len(request.follow_ups) for request in requests]
    per_turn = _output(rates, candidate.entry, ANSWER_TOKENS)
    history = sum(turn * per_turn * BYTES_PER_TOKEN for count in turns for turn in range(count))
    row = _row("answers", candidate.name, candidate.entry, requests, done, rates, per_turn * sum(turns), history)
    return replace(row, calls=sum(turns))


def _review_row(board: OpenBoard, name: str, todo: Todo, ledger: Ledger, options: RunOptions) -> PlanRow:
    newest = islice(reversed(ledger.keys()), MEASURED)
    replies = [reply for key in newest if (reply := ledger.get(key)) is not None and reply.via != "import"]
    rates = _rates((_sent_chars(reply.request.get("messages")), reply.usage) for reply in replies)
    requests = list(next_requests(todo, ledger, options))
    entry = board.judges[name]
    output = _output(rates, entry, JUDGE_TOKENS) * len(requests)
    return _row("reviews", name, entry, requests, todo.done, rates, output)


def _row(
    stage: Literal["answers", "reviews"],
    name: str,
    entry: BackendConfig,
    requests: Sequence[Request],
    stored: int,
    rates: Rates,
    output_tokens: float,
    history_bytes: float = 0.0,
) -> PlanRow:
    chars = sum(_chars(request) for request in requests)
    size = sum(_bytes(request) for request in requests) + history_bytes
    ratio = BYTES_PER_TOKEN * chars / size if size and rates.chars_per_token is None else rates.chars_per_token
    input_tokens = round((chars + history_bytes) / ratio) if ratio else 0
    price, paid = price_of(entry), isinstance(entry, ApiConfig)
    known = cost_usd(Usage(input_tokens, round(output_tokens)), price)
    most = None if price is None else sum(call_bound_usd(request, price) for request in requests)
    return PlanRow(
        stage=stage,
        name=name,
        backend=str(getattr(entry, "backend", "")),
        calls=len(requests),
        stored=stored,
        input_chars=chars,
        input_tokens=input_tokens,
        output_tokens=round(output_tokens),
        cost_usd=known if paid else 0.0,
        most_usd=most if paid else 0.0,
        paid=paid,
        measured=rates.output_tokens is not None,
    )


def _expect(answers: Answers, candidate: Candidate, tasks: Sequence[AnswerTask]) -> None:
    """Stand in for answers that do not exist yet, so that judges can be planned.

    A recorded answer stands for itself; any other is taken to be as long as this candidate's stored ones.
    """
    lengths = [len(turn) for answer in answers[candidate.name].values() for turn in answer.turns]
    cap = candidate.entry.generation_config.max_tokens or ANSWER_TOKENS
    length = round(fmean(lengths)) if lengths else round(min(cap, ANSWER_TOKENS) * BYTES_PER_TOKEN)
    for task in tasks:
        request, question = task.request, task.question
        text = f"{candidate.name} {request.sample} ".ljust(length, "x")
        recorded = (candidate.recording or {}).get((question.question_id, request.sample))
        turns = recorded.turns if recorded else tuple(text for _ in question.turns)
        answer = Answer(question.question_id, candidate.name, request.sample, turns, "ok", request.key)
        answers[candidate.name][question.question_id, request.sample] = answer


def _rates(calls: Iterable[tuple[int, Usage]]) -> Rates:
    known = [(chars, usage) for chars, usage in calls if usage.input_tokens and usage.output_tokens is not None]
    if not known:
        return Rates(None, None)
    tokens = sum(usage.input_tokens or 0 for _, usage in known)
    return Rates(sum(chars for chars, _ in known) / tokens or None, fmean(u.output_tokens or 0 for _, u in known))


def _output(rates: Rates, entry: BackendConfig, default: float) -> float:
    """Expected output tokens per call."""
    expected = default if rates.output_tokens is None else rates.output_tokens
    return min(expected, entry.generation_config.max_tokens or OUTPUT_CAP)


def _chars(request: Request) -> int:
    return sum(len(message.content) for message in request.messages) + sum(map(len, request.follow_ups))


def _bytes(request: Request) -> int:
    texts = [*(message.content for message in request.messages), *request.follow_ups]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


def _sent_chars(messages: JSON) -> int:
    found = [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return sum(len(text) for text in found if isinstance(text, str))


def _total(costs: Sequence[float | None]) -> float | None:
    return None if None in costs else sum(cost for cost in costs if cost is not None)
