"""The stage of benchmarks: candidates are asked documents with right answers; each is stored as it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from arena.asking.ask import Asking, Job, ask_all, opened
from arena.asking.control import Control, now
from arena.asking.progress import Progress
from arena.backends import Opening, open_backend
from arena.board.candidates import Candidate
from arena.board.open import OpenBoard, nearest
from arena.config.kinds import BackendConfig
from arena.errors import ConfigError, InputError
from arena.evals.documents import Document
from arena.evals.exams import Exam, open_exams
from arena.evals.order_check import PUBLISHED, OrderCheck, holm, order_check
from arena.evals.rehearsal import rehearsed
from arena.evals.ways import Asked, Remembers, Said, Way
from arena.keys import derived_seed, digest, plain_messages, sampling_params
from arena.reports.benchmarks import BenchmarkRow
from arena.stages.options import RunOptions
from arena.store.items import Item, ItemState, ItemStore
from arena.types import JSON, Completion, Request, Sampling

IN_ORDERS = "~orders"
"""Behind a task's name: its documents in several orders."""


@dataclass(frozen=True, slots=True)
class Question:
    """One document as one model is asked it, once."""

    document: Document
    asked: Asked
    request: Request


@dataclass(frozen=True)
class Sitting:
    """One model at one task."""

    exam: Exam
    candidate: Candidate
    way: Way | None
    """None: this task cannot be scored with this endpoint."""
    identity: dict[str, JSON]

    orders: bool = False
    """Whether documents are asked in several orders of their options, for `order_check`."""

    @property
    def task(self) -> str:
        """What its files and lines are called."""
        return f"{self.exam.name}{IN_ORDERS}" if self.orders else self.exam.name

    @property
    def title(self) -> str:
        """What progress calls it."""
        return f"{self.task} · {self.candidate.name}"

    def questions(self, documents: Sequence[Document]) -> Iterator[Question]:
        """What the model is asked about these documents."""
        if self.way is None:
            return
        if self.orders:
            for document in documents:
                for number, way in enumerate(self.exam.order_ways):
                    asked = self.exam.asked(way, document)
                    yield Question(document, asked, self._request(document, asked, number))
            return
        for document in documents:
            asked = self.exam.asked(self.way, document)
            for sample in range(self.exam.settings.samples if self.exam.task.code else 1):
                yield Question(document, asked, self._request(document, asked, sample))

    def _request(self, document: Document, asked: Asked, sample: int) -> Request:
        sampling = self._sampling(document, asked, sample)
        parts: dict[str, object] = {
            "benchmark": self.way.mode if self.way else None,
            "messages": plain_messages(asked.messages),
            "raw": asked.raw,
            "continuations": [list(pair) for pair in asked.continuations],
            "sampling": sampling_params(sampling),
            "sample": sample,
        }
        return Request(
            digest(parts | self.identity)[:32], document.doc_id, asked.messages, sampling=sampling, sample=sample,
            raw=asked.raw, continuations=asked.continuations,
        )  # fmt: skip

    def _sampling(self, document: Document, asked: Asked, sample: int) -> Sampling:
        """Greedy, unless the entry leaves the temperature to its endpoint, or several programs are wanted."""
        entry = self.candidate.entry
        settings = entry.generation_config
        base = 0 if settings.seed is None and entry.always_seeded else settings.seed
        seed = None if base is None else derived_seed(base, document.doc_id, sample)
        limit = max(asked.max_tokens or 0, settings.max_tokens or 0) or None
        if self.exam.settings.max_tokens is not None:
            limit = self.exam.settings.max_tokens
        if self.exam.task.code and self.exam.settings.samples > 1:
            return replace(settings.sampling(seed), max_tokens=limit, stop=asked.stop)
        left = "temperature" in settings.model_fields_set and settings.temperature is None
        return Sampling(temperature=None if left else 0.0, max_tokens=limit, stop=asked.stop, seed=seed,
                        reasoning_effort=settings.reasoning_effort)  # fmt: skip

    def item(self, question: Question, completion: Completion) -> Item:
        """The line to store for what came back."""
        assert self.way is not None
        document, request = question.document, question.request
        failed = completion.status in {"error", "bad_request"}
        said = Said(completion.text, completion.loglikelihoods)
        reading = None if failed else self.way.read(document, question.asked, said)
        state: ItemState = "failed" if reading is None else "unreadable" if reading.parsed is None else "rated"
        order = question.asked.order
        return Item(
            task=self.task, model=self.candidate.name, doc_id=document.doc_id, item=document.item,
            key=request.key, mode=self.way.mode, status=completion.status, state=state, subject=document.subject,
            sample=request.sample, shots=self.way.shots, chat_template=self.way.chat_template,
            version=self.exam.task.version, prompt_sha256=digest(plain_messages(request.messages)),
            order=None if order is None else ",".join(map(str, order)),
            reply=completion.text if completion.turns else None,
            reasoning=next((text for text in reversed(completion.reasoning) if text), None),
            loglikelihoods=completion.loglikelihoods, parsed=reading.parsed if reading else None,
            gold=question.asked.gold, score=reading.score if reading else None,
            metrics=reading.metrics if reading else {}, error=completion.error,
            finish_reason=completion.finish_reason, usage=completion.usage, latency_s=completion.latency_s,
            cost_usd=completion.cost_usd, model_returned=completion.model_returned, created_at=now(),
            simulated=self.candidate.simulated,
        )  # fmt: skip


def open_board_exams(board: OpenBoard, options: RunOptions) -> list[Exam]:
    """The tasks of a board that an invocation is about. Raises InputError for what is wrong with config or files."""
    section = board.config.benchmarks
    if section is None:
        return []
    return open_exams(section, board.config.seed, options.tasks)


def sittings(board: OpenBoard, exams: Sequence[Exam], models: Sequence[str]) -> list[Sitting]:
    """Every model at every task, in the order of the config. Raises ConfigError where a way cannot be."""
    found = []
    in_orders = board.config.benchmarks is not None and board.config.benchmarks.order_check
    for exam in exams:
        for name in models:
            candidate = board.candidates[name]
            written = board.config.answers_gen[name]
            way = exam.way_for(written, templated=_templated(exam, written))
            identity = candidate.entry.identity(name)
            found.append(Sitting(exam, candidate, way, identity))
            if in_orders and way is not None and way.mode == "letter":
                found.append(Sitting(exam, candidate, way, identity, orders=True))
    return found


def _templated(exam: Exam, entry: BackendConfig) -> bool | None:
    """Whether a local engine's prompts go through its model's chat template; None where that is not ours to say."""
    asked = exam.settings.chat_template
    if entry.templated is None:
        if asked is False:
            raise ConfigError(f"{exam.place}.chat_template: backend {entry.backend} always asks a chat; use auto")
        return None
    return entry.templated if asked == "auto" else bool(asked)


def benchmark_models(board: OpenBoard, options: RunOptions, *, stored: bool = False) -> list[str]:
    """The candidates that this invocation may ask; with `stored` the disabled, too, whose documents stay on the board.

    Raises ConfigError for a name that is no candidate.
    """
    for name in options.models or ():
        if name not in board.candidates:
            raise ConfigError(f"--models: no candidate {name!r}{nearest(name, board.names)}")
    return [
        name
        for name, candidate in board.candidates.items()
        if (candidate.entry.enable or stored)
        and not candidate.entry.replays
        and (stored or options.models is None or name in options.models)
    ]


def due(board: OpenBoard, sitting: Sitting, store: ItemStore, options: RunOptions) -> tuple[list[Question], int]:
    """What a model still owes of a task, and how many documents it has."""
    todo, done = [], 0
    for question in sitting.questions(sitting.exam.drawn(options.task_limit)):
        item = store.get(question.request.key, question.document.doc_id, question.request.sample)
        if item is None or options.reopens_item(item):
            todo.append(question)
        else:
            done += 1
    return todo, done


def item_store(board: OpenBoard, sitting: Sitting, *, writable: bool = False) -> ItemStore:
    """Where a model's documents of a task lie."""
    path = board.answer_folder.items_file(sitting.task, sitting.candidate.name, board.names)
    return ItemStore(path, sitting.candidate.name, writable=writable)


def stored_rows(board: OpenBoard, exams: Sequence[Exam]) -> Iterator[BenchmarkRow]:
    """What is stored of every model at every task, read anew as today's config reads it, in the order of the files."""
    models = benchmark_models(board, RunOptions(), stored=True)
    for sitting in sittings(board, exams, models):
        if sitting.orders:
            continue
        if sitting.way is None:
            if sitting.candidate.entry.enable:
                yield from (_unscored(sitting, document) for document in sitting.exam.chosen)
            continue
        rows = list(_rows_of(board, sitting))
        if sitting.candidate.entry.enable or any(row.state != "pending" for row in rows):
            yield from rows


def _rows_of(board: OpenBoard, sitting: Sitting) -> Iterator[BenchmarkRow]:
    with closing(item_store(board, sitting)) as store:
        for question in sitting.questions(sitting.exam.chosen):
            item = store.get(question.request.key, question.document.doc_id, question.request.sample)
            yield _row(sitting, question, item)


def order_checks(board: OpenBoard, exams: Sequence[Exam], level: float) -> dict[str, JSON]:
    """By model and task: whether the score depends on the published order, as far as it was asked. Null where a task is
    not asked by letters."""
    found: dict[str, JSON] = {}
    for name in benchmark_models(board, RunOptions(), stored=True):
        own = sittings(board, exams, [name])
        checks: dict[str, OrderCheck | None] = {sitting.exam.name: None for sitting in own}
        for sitting in own:
            if sitting.orders:
                rows = list(_rows_of(board, sitting))
                published = [row for row in rows if row.sample == PUBLISHED]
                seeded = [row for row in rows if row.sample != PUBLISHED]
                checks[sitting.exam.name] = order_check(published, seeded, level)
        adjusted = holm([check.p if check else None for check in checks.values()])
        found[name] = {
            task: check.to_json(p, level) if check else None
            for (task, check), p in zip(checks.items(), adjusted, strict=True)
        }
    return found


def _unscored(sitting: Sitting, document: Document) -> BenchmarkRow:
    """A document that cannot be asked: its score is null, not 0."""
    exam = sitting.exam
    return BenchmarkRow(
        question_id=document.doc_id, category=document.subject, model=sitting.candidate.name, state="excluded",
        reason="no_loglikelihoods", task=exam.name, metric=next(iter(exam.task.metric.values())), item=document.item,
        cluster=document.cluster, mode="letter", shots=exam.shots, version=exam.task.version,
    )  # fmt: skip


def _row(sitting: Sitting, question: Question, item: Item | None) -> BenchmarkRow:
    way, exam, document = sitting.way, sitting.exam, question.document
    assert way is not None
    row = BenchmarkRow(
        question_id=document.doc_id, category=document.subject, model=sitting.candidate.name,
        sample=question.request.sample, state="pending", key=question.request.key, task=exam.name, metric=way.metric,
        item=document.item, cluster=document.cluster, mode=way.mode, shots=way.shots, chat_template=way.chat_template,
        version=exam.task.version, gold=question.asked.gold, language=exam.settings.language,
    )  # fmt: skip
    if item is None:
        return replace(row, key=None)
    if item.state == "failed":
        return replace(row, state="excluded", reason="call_failed", explanation=item.error)
    reading = way.known(item) if isinstance(way, Remembers) else None
    if reading is None:
        reading = way.read(document, question.asked, Said(item.reply or "", item.loglikelihoods))
    return replace(
        row, state="rated", score=reading.score, criteria=dict(reading.metrics), parsed=reading.parsed,
        reason="unparsed" if reading.parsed is None else None,
    )  # fmt: skip


async def benchmark_stage(
    board: OpenBoard, exams: Sequence[Exam], options: RunOptions, progress: Progress, control: Control
) -> None:
    """Ask every chosen candidate for the documents that are missing. One engine or endpoint serves all tasks of a
    model."""
    models = benchmark_models(board, options)
    every = sittings(board, exams, models)
    jobs = []
    for name in models:
        own = [sitting for sitting in every if sitting.candidate.name == name and sitting.way is not None]
        one_at_a_time = board.candidates[name].entry.one_at_a_time
        jobs.append(Job(partial(_sit, board, own, options, progress, control), one_at_a_time))
    await ask_all(jobs, progress, control)


async def _sit(
    board: OpenBoard, own: Sequence[Sitting], options: RunOptions, progress: Progress, control: Control
) -> None:
    owed = []
    for sitting in own:
        with closing(item_store(board, sitting)) as store:
            todo, done = due(board, sitting, store, options)
        if todo:
            owed.append((sitting, todo, done))
    if not owed:
        return
    candidate = own[0].candidate
    opening = Opening(candidate.name, "answers_gen", board.config.seed)
    async with opened(open_backend(opening, candidate.entry), control) as backend:
        for sitting, todo, done in owed:
            if control.interruption.asked:
                break
            progress.begin("benchmarks", sitting.title, len(todo) + done, done)
            asking = Asking(backend, "benchmarks", sitting.title, candidate.entry.token_price, progress, control,
                            control.rooms.of(candidate.entry))  # fmt: skip
            with closing(item_store(board, sitting, writable=True)) as store:
                await asking.each(todo, partial(_ask, board, sitting, store, asking))


async def _ask(board: OpenBoard, sitting: Sitting, store: ItemStore, asking: Asking, question: Question) -> None:
    if sitting.candidate.simulated:
        completion = rehearsed(question.asked, question.document, sitting.candidate.name, board.config.seed)
    else:
        completion = await asking.complete(question.request)
    make = partial(sitting.item, question, completion)
    item = await asyncio.to_thread(make) if sitting.exam.task.code else make()

    def add() -> None:
        store.add(item)
        asking.stored(completion, item.cost_usd)

    await asking.keep(question.request, completion, add)


def check_benchmarks(board: OpenBoard, options: RunOptions) -> tuple[list[Exam], list[str]]:
    """All that can be wrong with benchmarks before anybody is asked, and notes. Raises InputError."""
    exams = open_board_exams(board, options)
    models = benchmark_models(board, options)
    notes = [line for exam in exams if models and (line := exam.lacks_examples) is not None]
    for sitting in sittings(board, exams, models):
        if sitting.way is None:
            notes.append(
                f"{sitting.exam.name}: no score of {sitting.candidate.name}, whose endpoint tells no log-likelihoods"
            )
            continue
        if (line := _one_program(sitting)) is not None:
            notes.append(line)
        for document in sitting.exam.drawn(options.task_limit)[:1]:
            sitting.exam.asked(sitting.way, document)
    for name, candidate in board.candidates.items() if exams else ():
        if candidate.entry.replays and candidate.entry.enable and (options.models is None or name in options.models):
            notes.append(f"{name}: recorded answers cannot be asked benchmarks")
    if exams and not models and options.stages == ("benchmarks",):
        raise InputError(f"{board.loaded.path}: no candidate is enabled that can be asked benchmarks")
    return exams, notes


def _one_program(sitting: Sitting) -> str | None:
    """What to say where several programs are wanted of a model that samples nothing."""
    samples = sitting.exam.settings.samples if sitting.exam.task.code else 1
    if samples == 1 or sitting.candidate.entry.generation_config.temperature != 0:
        return None
    name = sitting.candidate.name
    return (f"{sitting.exam.name}: {samples} programs of {name} are likely one, since it samples nothing"
            f" (answers_gen.{name}.generation_config.temperature: 0)")  # fmt: skip
