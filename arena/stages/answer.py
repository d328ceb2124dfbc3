"""The first stage: candidates answer the questions that have no stored answer yet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from arena.asking.ask import Asking, Job, ask_all, opened
from arena.asking.control import Control, now
from arena.asking.progress import Progress
from arena.backends import Opening, open_backend
from arena.board.candidates import Candidate
from arena.board.open import OpenBoard, nearest
from arena.errors import ConfigError
from arena.stages.options import Redo, RunOptions
from arena.store.folder import AnswerStore
from arena.types import Answer, Completion, Question, Request


@dataclass(frozen=True, slots=True)
class AnswerTask:
    """One answer to ask for."""

    question: Question
    request: Request


def asked_models(board: OpenBoard, options: RunOptions) -> list[str]:
    """The enabled candidates that this invocation may ask, the baseline added where its answers are needed.

    Raises ConfigError for a name that is no candidate, and for a `--redo` of something that is not on the board.
    """
    for name in options.models or ():
        if name not in board.candidates:
            raise ConfigError(f"--models: no candidate {name!r}{nearest(name, board.names)}")
    for name in options.pair or ():
        if name not in board.candidates:
            raise ConfigError(f"--pair: no candidate {name!r}{nearest(name, board.names)}")
    if options.redo is not None:
        _check_redo(board, options.redo)
    chosen = set(options.models or board.names)
    if options.battle is not None:
        return [name for name in options.battle.models if board.candidates[name].entry.enable]
    if board.config.reviews_gen.enable:
        chosen |= set(board.config.reviews_gen.baselines)
    return [name for name, candidate in board.candidates.items() if name in chosen and candidate.entry.enable]


def _check_redo(board: OpenBoard, redo: Redo) -> None:
    match redo.kind:
        case "judge":
            known = list(board.judges)
        case "model":
            known = board.names
        case "question":
            known = [question.question_id for question in board.questions]
    if redo.name not in known:
        raise ConfigError(f"--redo: no {redo.kind} {redo.name!r}{nearest(redo.name, known)}")


def plan_answers(
    board: OpenBoard, candidate: Candidate, store: AnswerStore, options: RunOptions
) -> tuple[list[AnswerTask], int]:
    """The answers one candidate still owes, and how many it has."""
    tasks, done = [], 0
    for question in options.asked_questions(board.questions):
        for sample in range(candidate.samples):
            request = candidate.request(question, sample)
            if request is None:
                continue
            stored = store.find(request)
            if stored is not None and not options.reopens_answer(stored):
                done += 1
            else:
                tasks.append(AnswerTask(question, request))
    return tasks, done


async def answer_stage(board: OpenBoard, options: RunOptions, progress: Progress, control: Control) -> None:
    """Ask every chosen candidate for what is missing; each answer is stored the moment it arrives.

    Endpoints work side by side, local engines one after another. A candidate whose endpoint or engine gives up does
    not stop the others; the first such error is raised at the end.
    """
    chosen = [board.candidates[name] for name in asked_models(board, options)]
    jobs = [
        Job(partial(_answer, board, candidate, options, progress, control), candidate.entry.one_at_a_time)
        for candidate in chosen
    ]
    await ask_all(jobs, progress, control)


async def _answer(
    board: OpenBoard, candidate: Candidate, options: RunOptions, progress: Progress, control: Control
) -> None:
    path = board.answer_folder.answer_file(candidate.name, board.names)
    with closing(AnswerStore(path, candidate.name, writable=True)) as store:
        tasks, done = plan_answers(board, candidate, store, options)
        if not tasks:
            return
        progress.begin("answers", candidate.name, len(tasks) + done, done, recorded=candidate.entry.replays)
        opening = Opening(candidate.name, "answers_gen", board.config.seed, candidate.recording)
        async with opened(open_backend(opening, candidate.entry), control) as backend:
            asking = Asking(backend, "answers", candidate.name, candidate.entry.token_price, progress, control,
                            control.rooms.of(candidate.entry))  # fmt: skip

            async def do(task: AnswerTask) -> None:
                completion = await asking.complete(task.request)
                answer = answer_of(candidate, task, completion, now)

                def add() -> None:
                    store.add(answer)
                    asking.stored(completion, answer.cost_usd)

                await asking.keep(task.request, completion, add)

            await asking.each(tasks, do)


def answer_of(candidate: Candidate, task: AnswerTask, completion: Completion, now: Callable[[], str]) -> Answer:
    """The line to store for what came back."""
    rejected = completion.status == "bad_request"
    return Answer(
        question_id=task.question.question_id,
        model=candidate.name,
        sample=task.request.sample,
        turns=completion.turns,
        status="error" if rejected else completion.status,
        key=task.request.key,
        reasoning=completion.reasoning,
        error=completion.error,
        finish_reason="bad_request" if rejected else completion.finish_reason,
        usage=completion.usage,
        ttft_s=completion.ttft_s,
        latency_s=completion.latency_s,
        load=completion.load,
        cost_usd=completion.cost_usd,
        model_returned=completion.model_returned,
        created_at=now() if candidate.recording is None else _recorded_at(candidate, task),
        simulated=candidate.simulated,
        peak_memory_bytes=completion.peak_memory_bytes,
    )


def _recorded_at(candidate: Candidate, task: AnswerTask) -> str | None:
    """When a recorded answer was made, where its file says so."""
    found = (candidate.recording or {}).get((task.question.question_id, task.request.sample))
    return found.created_at if found is not None else None
