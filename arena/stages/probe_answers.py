"""What probes ask of candidates: every answer that is missing, stored under probes/, beside the board's and never among
them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import fmean

from arena.asking.ask import Asking, Job, ask_all, opened
from arena.asking.control import Control, now
from arena.asking.progress import Progress
from arena.backends import Opening, open_backend
from arena.board.answers import current_answers
from arena.board.candidates import Candidate
from arena.board.open import OpenBoard, nearest
from arena.errors import ConfigError, InputError
from arena.keys import digest
from arena.probes import PROBES
from arena.probes.probe import Material, Probe, Variant
from arena.probes.sameness import expects
from arena.stages.answer import AnswerTask, answer_of
from arena.stages.contexts import check_contexts, tokens_by
from arena.stages.options import RunOptions
from arena.stages.plan import ANSWER_TOKENS, BYTES_PER_TOKEN
from arena.stages.probe_tasks import documents_in_two_orders
from arena.store.folder import AnswerStore
from arena.types import Answer, Question, Request

UNDISTURBED = "undisturbed"
"""The folder of the board's own questions, asked again: a model differs from itself, too."""


@dataclass(frozen=True)
class OpenProbe:
    """One probe of this invocation, and what it asks."""

    name: str
    probe: Probe
    variants: tuple[Variant, ...]
    questions: tuple[Question, ...]
    """Those of the board that it was to disturb; none where it brings its own."""
    own: Mapping[str, tuple[Variant, ...]] = field(default_factory=dict)
    """What single models are asked in place of the variants: texts that their own tokenizer cut."""

    def asked(self, model: str) -> tuple[Variant, ...]:
        """What a model is asked."""
        return self.own.get(model, self.variants)

    @property
    def unchanged(self) -> list[Question]:
        """The questions that it leaves as they are."""
        changed = {variant.of for variant in self.variants}
        return [question for question in self.questions if question.question_id not in changed]

    def within(self, limit: int | None) -> OpenProbe:
        """The same of the first so many questions, or of the texts that it brings."""
        of = (q.question_id for q in self.questions) if self.probe.disturbs else (v.of for v in self.variants)
        chosen = set(list(dict.fromkeys(of))[:limit])

        def kept(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
            return tuple(variant for variant in variants if variant.of in chosen)

        own = {model: kept(variants) for model, variants in self.own.items()}
        return replace(self, variants=kept(self.variants), questions=self.questions[:limit], own=own)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One answer that a probe needs."""

    folder: str
    """Below probes/."""
    task: AnswerTask


def open_probes(board: OpenBoard, names: Sequence[str], limit: int | None) -> list[OpenProbe]:
    """What these probes ask. Raises ConfigError or DataError for names and settings that make none, and InputError
    where not one of them changes anything."""
    settings = board.config.probes
    seed = board.config.seed if settings.seed is None else settings.seed
    for name in names:
        if name not in PROBES:
            raise ConfigError(f"--probes: no probe {name!r}{nearest(name, list(PROBES))}")
    drawn = _drawn(board.questions, settings.limit, seed)
    documents = documents_in_two_orders(board, seed) if any(PROBES[name].reorders for name in names) else []
    material = Material(drawn, settings, seed, documents)
    counting = {name: count for name, candidate in board.candidates.items() if (count := tokens_by(candidate.entry))}
    found = [_open(name, material, counting) for name in dict.fromkeys(names)]
    if not any(one.variants for one in found):
        asked = max(len(one.questions) for one in found)
        raise InputError(f"--probes: {', '.join(names)} changes nothing in any of the {asked:,} questions")
    return [one.within(limit) for one in found]


def check_probes(board: OpenBoard) -> list[str]:
    """Read every file that the section `probes` names; the probes that have one. Raises ConfigError or DataError."""
    settings = board.config.probes
    files = {
        "paraphrase_file": settings.paraphrase_file, "counterfactual": settings.pairs_file,
        "jailbreak": settings.requests_file, "needle": settings.needle.text_file,
    }  # fmt: skip
    named = [name for name, file in files.items() if file is not None]
    if named:
        open_probes(board, named, None)
    return named


def how_counted(probes: Sequence[OpenProbe], models: Sequence[str]) -> list[str]:
    """What to say of lengths that were not counted by the model's own tokenizer."""
    return [
        f"{one.name}: tokens are estimated for {', '.join(guessed)} (no tokenizer.json in a local folder)"
        for one in probes
        if one.probe.counts_tokens and (guessed := [name for name in models if name not in one.own])
    ]


def check_fits(board: OpenBoard, probes: Sequence[OpenProbe], models: Sequence[str]) -> None:
    """Refuse texts that are too long for a model, as far as its files tell. Raises ConfigError."""
    for name in models:
        for one in probes:
            if one.probe.counts_tokens:
                texts = (variant.question.turns[-1] for variant in one.asked(name))
                check_contexts(name, board.candidates[name].entry, texts, "probes.needle.lengths")


def _open(name: str, material: Material, counting: Mapping[str, Callable[[str], int]]) -> OpenProbe:
    probe = PROBES[name]
    questions = tuple(probe.questions(material)) if probe.disturbs else ()
    own = {
        model: tuple(probe.variants(replace(material, tokens=count)))
        for model, count in (counting.items() if probe.counts_tokens else ())
    }
    return OpenProbe(name, probe, tuple(probe.variants(material)), questions, own)


def _drawn(questions: Sequence[Question], limit: int | None, seed: int) -> list[Question]:
    if limit is None or limit >= len(questions):
        return list(questions)
    ordered = sorted(questions, key=lambda question: digest([seed, "probes", question.question_id]))
    chosen = {question.question_id for question in ordered[:limit]}
    return [question for question in questions if question.question_id in chosen]


def probed_models(board: OpenBoard, options: RunOptions) -> list[str]:
    """The candidates that can be asked something new. Raises ConfigError for a name that is no candidate, InputError
    where there are none."""
    for name in options.models or ():
        if name not in board.candidates:
            raise ConfigError(f"--models: no candidate {name!r}{nearest(name, board.names)}")
    found = [
        name
        for name, candidate in board.candidates.items()
        if candidate.entry.enable and not candidate.entry.replays and name in (options.models or board.names)
    ]
    if not found:
        raise InputError(
            f"{board.loaded.path}: answers_gen: no candidate is enabled that can be asked; recorded answers cannot be"
            " probed"
        )
    return found


@dataclass
class Answered:
    """What one candidate has answered: on the board, and in the folders of probes."""

    board: OpenBoard
    candidate: Candidate
    writable: bool = False
    _own: AnswerStore | None = None
    _stores: dict[str, AnswerStore] = field(default_factory=dict)

    def find(self, folder: str, request: Request) -> Answer | None:
        """A stored answer; undisturbed ones are the board's, too. One that failed only where there is no other."""
        found = [self.store(folder).find(request)]
        if folder == UNDISTURBED:
            if self._own is None:
                path = self.board.answer_folder.answer_file(self.candidate.name, self.board.names)
                self._own = AnswerStore(path, self.candidate.name)
            found.append(self._own.find(request))
        there = [answer for answer in found if answer is not None]
        return next((answer for answer in there if answer.status != "error"), there[0] if there else None)

    def get(self, folder: str, question: Question, sample: int = 0) -> Answer | None:
        """The same by question."""
        request = self.candidate.request(question, sample)
        return None if request is None else self.find(folder, request)

    def store(self, folder: str) -> AnswerStore:
        """The answers of one folder."""
        if folder not in self._stores:
            path = self.board.answer_folder.probe(folder).answer_file(self.candidate.name, self.board.names)
            self._stores[folder] = AnswerStore(path, self.candidate.name, writable=self.writable)
        return self._stores[folder]

    def close(self) -> None:
        """Sync and close."""
        for store in self._stores.values():
            store.close()


@dataclass(frozen=True, slots=True)
class Expected:
    """The answers of a candidate where there are any, and as long ones elsewhere: so that judges can be planned."""

    answered: Answered
    length: int

    @classmethod
    def of(cls, answered: Answered, stored: Sequence[Answer]) -> Expected:
        """Of a candidate with these answers on the board."""
        lengths = [len(turn) for answer in stored for turn in answer.turns]
        limit = answered.candidate.entry.generation_config.max_tokens or ANSWER_TOKENS
        usual = min(limit, ANSWER_TOKENS) * BYTES_PER_TOKEN
        return cls(answered, round(fmean(lengths) if lengths else usual))

    def get(self, folder: str, question: Question, sample: int = 0) -> Answer | None:
        """A stored answer, or one that stands for it: like no other, with the names that the question has where judges
        compare, and a letter and a number at its end for rules that read those."""
        if (found := self.answered.get(folder, question, sample)) is not None:
            return found
        name = self.answered.candidate.name
        said = question.turns[-1] if expects(question) is None else ""
        text = f"{name} {folder} {sample} {question.question_id} {said} ".ljust(self.length, "x") + " A 1"
        key = digest([name, folder, question.question_id, sample])
        return Answer(question.question_id, name, sample, (text,) * len(question.turns), "ok", key)


def answers_of(board: OpenBoard, options: RunOptions, stack: ExitStack) -> Mapping[str, Answered]:
    """Everything stored, by candidate, for reading."""
    return {
        name: stack.enter_context(closing(Answered(board, board.candidates[name])))
        for name in probed_models(board, options)
    }


def board_answers(board: OpenBoard, name: str) -> list[Answer]:
    """What a candidate has answered on the board."""
    return list(current_answers(board)[0][name].values())


def wanted(candidate: Candidate, probes: Sequence[OpenProbe]) -> Iterator[Wanted]:
    """Every answer that some probes need of a candidate, each once."""
    seen: set[tuple[str, str, str, int]] = set()
    for one in probes:
        for folder, question, sample in _asked(one, candidate.name):
            request = candidate.request(question, sample)
            if request is None:
                continue
            place = folder, request.key, question.question_id, sample
            if place not in seen:
                seen.add(place)
                yield Wanted(folder, AnswerTask(question, request))


def _asked(opened: OpenProbe, model: str) -> Iterator[tuple[str, Question, int]]:
    plain = {question.question_id: question for question in opened.questions}
    for variant in opened.asked(model):
        if opened.probe.disturbs:
            yield UNDISTURBED, plain[variant.of], 0
            yield UNDISTURBED, plain[variant.of], 1
        yield opened.name, variant.question, 0


def due(answered: Answered, probes: Sequence[OpenProbe], options: RunOptions) -> tuple[list[Wanted], int]:
    """What a candidate still owes, and how many answers it has."""
    todo, done = [], 0
    for one in wanted(answered.candidate, probes):
        stored = answered.find(one.folder, one.task.request)
        if stored is None or options.reopens_answer(stored):
            todo.append(one)
        else:
            done += 1
    return todo, done


async def answer_probes(
    board: OpenBoard, probes: Sequence[OpenProbe], options: RunOptions, progress: Progress, control: Control
) -> None:
    """Ask every candidate for what is missing. One engine or endpoint serves all probes of a model."""
    jobs = [
        Job(partial(_answer, board, board.candidates[name], probes, options, progress, control),
            board.candidates[name].entry.one_at_a_time)
        for name in probed_models(board, options)
    ]  # fmt: skip
    await ask_all(jobs, progress, control)


async def _answer(
    board: OpenBoard, candidate: Candidate, probes: Sequence[OpenProbe], options: RunOptions, progress: Progress,
    control: Control,
) -> None:  # fmt: skip
    with closing(Answered(board, candidate, writable=True)) as answered:
        todo, done = due(answered, probes, options)
        if not todo:
            return
        progress.begin("probes", candidate.name, len(todo) + done, done)
        opening = Opening(candidate.name, "answers_gen", board.config.seed)
        async with opened(open_backend(opening, candidate.entry), control) as backend:
            asking = Asking(backend, "probes", candidate.name, candidate.entry.token_price, progress, control,
                            control.rooms.of(candidate.entry))  # fmt: skip

            async def do(one: Wanted) -> None:
                completion = await asking.complete(one.task.request)
                answer = answer_of(candidate, one.task, completion, now)

                def add() -> None:
                    answered.store(one.folder).add(answer)
                    asking.stored(completion, answer.cost_usd)

                await asking.keep(one.task.request, completion, add)

            await asking.each(todo, do)
