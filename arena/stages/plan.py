"""What an invocation would ask, and what that would cost, before anything is sent. Reads the board, calls nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace
from itertools import islice
from statistics import fmean
from typing import Literal, NamedTuple

from arena.asking.budget import OUTPUT_CAP, call_bound_usd
from arena.backends import Opening, check_backend, notes_on
from arena.board.answers import Answers, current_answers
from arena.board.candidates import Candidate
from arena.board.open import OpenBoard
from arena.board.verdicts import open_ledgers
from arena.config.kinds import BackendConfig, JudgeConfig
from arena.evals.exams import Exam
from arena.evals.order_check import ORDERS
from arena.money import CACHE_WRITE_FACTOR, PER_TOKEN, cost_usd
from arena.records import written_by
from arena.stages.answer import AnswerTask, asked_models, plan_answers
from arena.stages.benchmark import Sitting, benchmark_models, due, item_store, sittings
from arena.stages.forecast import Coming, Way, beside_all_pairs, coming
from arena.stages.options import RunOptions
from arena.stages.review import Todo, next_requests, plan_reviews
from arena.store.folder import AnswerStore
from arena.store.ledger import Ledger
from arena.types import JSON, Answer, Request, Usage

BYTES_PER_TOKEN = 4.0
"""Where nothing is measured yet. English text has about 4, Chinese about 3."""
JUDGE_TOKENS = 300
ANSWER_TOKENS = 500
"""Output tokens per call, where nothing is measured yet."""
LETTER_TOKENS = 8
"""Output tokens of a reply that is a letter, likewise."""
MEASURED = 2000
"""Stored replies looked at, at most."""


PlannedStage = Literal["answers", "reviews", "benchmarks", "scores", "probes"]


class Rates(NamedTuple):
    """Measured on what is stored; None where nothing is."""

    chars_per_token: float | None
    output_tokens: float | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What one candidate or judge would be asked."""

    stage: PlannedStage
    name: str
    backend: str
    asked: int
    """Answers or replies, as the progress counts them and `stored` does."""
    calls: int
    """The same, but one for every turn of an answer."""
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
    cached_usd: float | None
    """What the provider's prompt cache can take off `cost_usd`; None when its price is unknown."""
    measured: bool
    """Whether the tokens are estimated from stored calls of this very candidate or judge."""
    keyless_local: bool = False
    """Whether the endpoint is a server on this machine that costs nothing."""
    task: str | None = None
    """Of a benchmark: which."""
    free: bool = False
    """Whether nobody is asked: numbers by rule."""

    @property
    def costs(self) -> bool:
        """Whether its calls may cost money."""
        return self.paid and self.calls > 0 and not self.keyless_local


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an invocation would ask."""

    rows: tuple[PlanRow, ...]
    expected_answers: int
    """Answers that do not exist yet, whose length was assumed in the judges' rows."""
    coming: Coming | None = None
    """What an adaptive schedule would draw in this invocation; it stands in the judges' rows."""
    ways: tuple[Way, ...] = ()
    """Schedules side by side, where there is a choice."""
    unrecognised: tuple[str, ...] = ()
    """One line for each candidate whose stored answers an earlier version may have kept under another place's path."""
    notes: tuple[str, ...] = ()
    """One line for each thing about which somebody will be asked otherwise than the config says."""

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(row.calls for row in self.rows)

    @property
    def paid_calls(self) -> int:
        """Calls to endpoints on the network."""
        return sum(row.calls for row in self.rows if row.paid)

    @property
    def cost_usd(self) -> float | None:
        """The expected cost; None as soon as one price is unknown."""
        return _total([row.cost_usd for row in self.rows if row.costs])

    @property
    def cached_usd(self) -> float:
        """What prompt caches can take off, as far as their prices are known."""
        return sum(row.cached_usd or 0.0 for row in self.rows if row.calls)

    @property
    def most_usd(self) -> float | None:
        """The cost with every output at its limit."""
        return _total([row.most_usd for row in self.rows if row.costs])


def make_plan(board: OpenBoard, options: RunOptions, exams: Sequence[Exam] = ()) -> Plan:
    """The plan of one invocation on a board; `exams` are its benchmarks, opened."""
    from arena.stages.plan_scores import score_rows  # which is made of what stands here

    answers, _ = current_answers(board)
    rows: list[PlanRow] = []
    unrecognised: list[str] = []
    expected, more, beside = 0, None, tuple[Way, ...]()
    if "answers" in options.stages:
        for name in asked_models(board, options):
            candidate = board.candidates[name]
            path = board.answer_folder.answer_file(name, board.names)
            with closing(AnswerStore(path, name)) as store:
                tasks, done = plan_answers(board, candidate, store, options)
                unrecognised += _unrecognised(candidate, tasks, store)
            if candidate.recording is None:
                rows.append(answer_row(candidate, tasks, done, list(answers[name].values())))
                expected += len(tasks)
            _expect(answers, candidate, tasks)
    if "reviews" in options.stages and board.config.reviews_gen.enable:
        with ExitStack() as stack:
            ledgers = open_ledgers(board, stack)
            if board.config.reviews_gen.adaptive and options.battle is None:
                more = coming(board, answers, ledgers, options)
            beside = beside_all_pairs(board, answers) if more is None else more.ways
            drawn = {} if more is None else plan_reviews(board, answers, ledgers, options, more.sample)
            for name, todo in plan_reviews(board, answers, ledgers, options).items():
                extra = None if more is None or not more.cells else _extra(board, drawn[name], name, more)
                rows.append(_review_row(board, name, todo, ledgers[name], options, extra))
    if exams:
        for sitting in sittings(board, exams, benchmark_models(board, options)):
            if sitting.way is not None:
                rows.append(_benchmark_row(board, sitting, options))
    rows += score_rows(board, options, answers)
    notes = dict.fromkeys(line for row in rows if row.calls for line in notes_on(_opening(row), _entry(board, row)))
    return Plan(tuple(rows), expected, more, beside, tuple(unrecognised), tuple(notes))


def _benchmark_row(board: OpenBoard, sitting: Sitting, options: RunOptions) -> PlanRow:
    entry = sitting.candidate.entry
    with closing(item_store(board, sitting)) as store:
        todo, done = due(board, sitting, store, options)
        counted = [item.usage.output_tokens for item in store.newest(MEASURED) if item.usage.output_tokens is not None]
    rates = Rates(None, fmean(counted) if counted else None)
    volume = Volume().count((question.request for question in todo), entry)
    assumed = LETTER_TOKENS if sitting.way is not None and sitting.way.mode != "generate" else JUDGE_TOKENS
    row = plan_row("benchmarks", sitting.candidate.name, entry, volume, done, rates,
               expected_output(rates, entry, assumed) * volume.calls)  # fmt: skip
    return replace(row, task=f"{sitting.exam.name}, {ORDERS + 1} orders," if sitting.orders else sitting.exam.name)


def _unrecognised(candidate: Candidate, tasks: Sequence[AnswerTask], store: AnswerStore) -> list[str]:
    """What to say where answers are due again although some are stored, none of them under a key of today."""
    due = [t for t in tasks if t.request.older_key is not None and store.find(t.request) is None]
    stored = (store.latest(t.question.question_id, t.request.sample, simulated=candidate.simulated) for t in due)
    if not (again := sum(answer is not None for answer in stored)):
        return []
    return [
        f"{candidate.name}: {again} stored answers are of other weights or settings, or of another folder; what was "
        "moved under version 0.1, whose keys hold the folder, cannot be recognised and is generated again"
    ]


def check_plan(board: OpenBoard, plan: Plan, budget_usd: float | None) -> None:
    """Find what would stop the paid part of a plan before it is begun: keys, and prices where there is a budget.

    Raises InputError naming the entry and the field.
    """
    for row in plan.rows:
        if not row.calls:
            continue
        check_backend(_opening(row), _entry(board, row), priced=budget_usd is not None)


def _opening(row: PlanRow) -> Opening:
    return Opening(row.name, "reviews_gen.judges" if row.stage == "reviews" else "answers_gen")


def _entry(board: OpenBoard, row: PlanRow) -> BackendConfig:
    return board.judges[row.name] if row.stage == "reviews" else board.candidates[row.name].entry


@dataclass
class Volume:
    """What a stream of requests adds up to; their texts are not kept."""

    calls: int = 0
    chars: int = 0
    bytes: int = 0
    most_usd: float = 0.0
    repeated_chars: int = 0
    """Starts of prompts, long enough for a provider's cache, that an earlier request had already."""
    first_chars: int = 0
    """The same starts, the first time."""

    def add(self, some: Volume, weight: float) -> None:
        """Add requests of which only some are there, each for so many."""
        for field in fields(self):
            now, more = getattr(self, field.name), weight * getattr(some, field.name)
            setattr(self, field.name, now + (more if field.name == "most_usd" else round(more)))

    def count(self, requests: Iterable[Request], entry: BackendConfig) -> Volume:
        """Add all requests up."""
        seen: set[str] = set()
        price, cache = entry.token_price, entry.prompt_cache
        for request in requests:
            texts = [*(message.content for message in request.messages), *request.follow_ups]
            self.calls += 1
            self.chars += sum(map(len, texts))
            self.bytes += sum(len(text.encode("utf-8", "replace")) for text in texts)
            self.most_usd += call_bound_usd(request, price)
            if cache is not None and (shared := request.shared_chars) >= cache.min_chars:
                if request.prefix in seen:
                    self.repeated_chars += shared
                else:
                    self.first_chars += shared
                seen.add(request.prefix)
        return self


def answer_row(candidate: Candidate, tasks: Sequence[AnswerTask], done: int, stored: Sequence[Answer]) -> PlanRow:
    counted = [answer for answer in stored if answer.turns and answer.usage.output_tokens]
    outputs = [(answer.usage.output_tokens or 0) / len(answer.turns) for answer in counted]
    rates = Rates(None, fmean(outputs) if outputs else None)
    volume = Volume().count((task.request for task in tasks), candidate.entry)
    turns = [1 + len(task.request.follow_ups) for task in tasks]
    per_turn = expected_output(rates, candidate.entry, ANSWER_TOKENS)
    history = sum(turn * per_turn for count in turns for turn in range(count))
    row = plan_row("answers", candidate.name, candidate.entry, volume, done, rates, per_turn * sum(turns), history)
    return replace(row, calls=sum(turns))


class Extra(NamedTuple):
    """What a schedule will draw: some of its requests, and how many stand behind each."""

    todo: Todo
    weight: float


def _extra(board: OpenBoard, todo: Todo, judge: str, more: Coming) -> Extra:
    """A reward model reads each answer once, so some cells show more of its requests than others."""
    return Extra(todo, more.scores / max(1, len(todo.cases)) if board.judges[judge].rewards else more.weight)


def _review_row(
    board: OpenBoard, name: str, todo: Todo, ledger: Ledger, options: RunOptions, extra: Extra | None
) -> PlanRow:
    entry = board.judges[name]
    rates = measured_rates(ledger, entry) if todo.cases or extra is not None else Rates(None, None)
    volume = Volume().count(next_requests(todo, ledger, options), entry)
    if extra is not None:
        volume.add(Volume().count(next_requests(extra.todo, ledger, options), entry), extra.weight)
    row = plan_row(
        "reviews", name, entry, volume, todo.done, rates, expected_output(rates, entry, JUDGE_TOKENS) * volume.calls
    )
    if options.batch is None or row.cost_usd is None or row.most_usd is None:
        return row
    return replace(row, cost_usd=row.cost_usd * entry.batch_price, most_usd=row.most_usd * entry.batch_price)


def plan_row(
    stage: PlannedStage,
    name: str,
    entry: BackendConfig,
    volume: Volume,
    stored: int,
    rates: Rates,
    output_tokens: float,
    history_tokens: float = 0.0,
) -> PlanRow:
    prompt_tokens = (
        volume.bytes / BYTES_PER_TOKEN if rates.chars_per_token is None else volume.chars / rates.chars_per_token
    )
    input_tokens = round(prompt_tokens + history_tokens)
    price, paid = entry.token_price, entry.paid
    per_char = prompt_tokens / volume.chars if volume.chars else 0.0
    usage = Usage(input_tokens, round(output_tokens))
    return PlanRow(
        stage=stage,
        name=name,
        backend=entry.backend,
        asked=volume.calls,
        calls=volume.calls,
        stored=stored,
        input_chars=volume.chars,
        input_tokens=input_tokens,
        output_tokens=round(output_tokens),
        cost_usd=cost_usd(usage, price) if paid else 0.0,
        most_usd=(None if price is None else volume.most_usd) if paid else 0.0,
        paid=paid,
        measured=rates.output_tokens is not None,
        keyless_local=entry.keyless_local,
        cached_usd=_saving(entry, volume.repeated_chars * per_char, volume.first_chars * per_char),
    )


def _saving(entry: BackendConfig, read_tokens: float, written_tokens: float) -> float | None:
    """What reading the shared starts of prompts from the provider's cache takes off; None without that price."""
    price, cache = entry.token_price, entry.prompt_cache
    if price is None or price.cached_input is None or cache is None:
        return None
    write_price = price.input * CACHE_WRITE_FACTOR if price.cache_write is None else price.cache_write
    premium = max(0.0, write_price - price.input) if cache.charges_writes else 0.0
    return ((price.input - price.cached_input) * read_tokens - premium * written_tokens) * PER_TOKEN


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


def measured_rates(ledger: Ledger, judge: JudgeConfig) -> Rates:
    """What a judge's newest replies say about the next."""
    newest = islice(reversed(ledger.keys()), MEASURED)
    replies = [reply for key in newest if (reply := ledger.get(key)) is not None and reply.via != "import"]
    own = [reply for reply in replies if written_by(reply) in (None, judge.judge_kind)]
    return _rates((_sent_chars(reply.request.get("messages")), reply.usage) for reply in own)


def _rates(calls: Iterable[tuple[int, Usage]]) -> Rates:
    known = [(chars, usage) for chars, usage in calls if usage.input_tokens and usage.output_tokens is not None]
    if not known:
        return Rates(None, None)
    tokens = sum(usage.input_tokens or 0 for _, usage in known)
    return Rates(sum(chars for chars, _ in known) / tokens or None, fmean(u.output_tokens or 0 for _, u in known))


def expected_output(rates: Rates, entry: BackendConfig, default: float) -> float:
    """Expected output tokens per call."""
    if entry.rewards:
        return 0.0
    expected = default if rates.output_tokens is None else rates.output_tokens
    return min(expected, entry.generation_config.max_tokens or OUTPUT_CAP)


def _sent_chars(messages: JSON) -> int:
    found = [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return sum(len(text) for text in found if isinstance(text, str))


def _total(costs: Sequence[float | None]) -> float | None:
    return None if None in costs else sum(cost for cost in costs if cost is not None)
