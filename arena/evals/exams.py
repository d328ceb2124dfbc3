"""A benchmark as configured: its files read, its sample drawn, and the way each kind of model is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from arena.config.benchmarks import AskingMode, BenchmarksConfig, TaskConfig
from arena.config.kinds import BackendConfig
from arena.config.strict import nearest
from arena.errors import ConfigError, DataError
from arena.evals.documents import Document, Part, documents_of
from arena.evals.layouts.choice_csv import read_csv
from arena.evals.layouts.mmlu import choice as csv_choice
from arena.evals.letters import LetterWay
from arena.evals.lm import LmWay, lm_task, need_lm_eval, shipped_task
from arena.evals.mathematics import read_answer
from arena.evals.order_check import ORDERS, orders_of
from arena.evals.own import is_mirror, open_own, read_hub
from arena.evals.programs import ProgramsWay
from arena.evals.references import ReferencesWay
from arena.evals.sampling import sampled
from arena.evals.tasks import TASKS, Task, task_name
from arena.evals.ways import Asked, Way
from arena.sandbox import SandboxKind


@dataclass(frozen=True)
class Exam:
    """One task of a board."""

    name: str
    settings: TaskConfig
    task: Task
    parts: tuple[Part, ...]
    seed: int
    shots: int
    limit: int | None = None
    sandbox: SandboxKind = "bwrap"
    own: Mapping[str, object] | None = None
    """lm-eval's configuration of a task of one's own."""
    _ways: dict[object, Way] = field(default_factory=dict, repr=False)
    _asked: dict[tuple[int, str], Asked] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """Where it stands in the config."""
        return f"benchmarks.tasks.{self.name}"

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """All documents, in the order of their files."""
        return tuple(document for part in self.parts for document in documents_of(part))

    @cached_property
    def chosen(self) -> tuple[Document, ...]:
        """Those that the config's `limit` leaves."""
        return tuple(sampled(self.documents, self.limit, self.seed))

    def drawn(self, limit: int | None) -> list[Document]:
        """The sample of an invocation, inside the config's."""
        return sampled(self.chosen, limit, self.seed)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Documents of every subject that are asked: the weights of their scores."""
        return dict(Counter(document.subject for document in self.chosen))

    @property
    def lacks_examples(self) -> str | None:
        """What to say where documents get fewer examples than is usual, and nobody asked for fewer; None elsewhere."""
        if self.settings.shots is not None or self.shots >= self.task.shots:
            return None
        fewest = min(self.parts, key=lambda part: len(part.examples or ()))
        where = self.task.layout.examples
        found = "there is no such file" if fewest.examples is None else f"{len(fewest.examples)} there"
        why = "" if where is None else f": they come from {where} ({fewest.subject}: {found})"
        return (
            f"{self.name}: asked with {self.shots} examples where {self.task.shots} are usual{why};"
            f" {self.place}.shots: {self.shots} says that this is meant"
        )

    def mode_for(self, entry: BackendConfig) -> AskingMode | None:
        """How a model is asked; None where the task cannot be scored without what its endpoint does not tell.

        Raises ConfigError where the config wants what cannot be.
        """
        wanted, task = self.settings.mode, self.task
        if wanted == "loglikelihood" and not entry.loglikelihoods:
            raise ConfigError(
                f"{self.place}.mode: backend {entry.backend} tells no log-likelihoods of a text it is given;"
                f" use mode: letter, or a local engine (vllm, transformers, llamacpp)"
            )
        if wanted is not None:
            if wanted not in task.modes:
                raise ConfigError(f"{self.place}.mode: {wanted!r} is none of {', '.join(task.modes)} for {self.name}")
            return wanted
        if not task.multiple_choice:
            return "generate"
        if entry.loglikelihoods and "loglikelihood" in task.modes:
            return "loglikelihood"
        return "letter" if "letter" in task.modes else None

    def way_for(self, entry: BackendConfig, *, templated: bool | None = None) -> Way | None:
        """The way a model is asked; None as `mode_for` has it. `templated`: whether an engine uses a chat template.

        Raises ConfigError or MissingDependency.
        """
        mode = self.mode_for(entry)
        if mode is None:
            return None
        known = (mode, templated)
        if known not in self._ways:
            self._ways[known] = self._way(mode, templated)
        return self._ways[known]

    def asked(self, way: Way, document: Document) -> Asked:
        """What a document is asked in a way: made once for all models."""
        known = (id(way), document.doc_id)
        if known not in self._asked:
            self._asked[known] = way.ask(document)
        return self._asked[known]

    def _way(self, mode: AskingMode, templated: bool | None) -> Way:
        examples = {part.subject: part.examples for part in self.parts}
        limit = self.settings.max_tokens or self.task.max_tokens
        if mode == "letter":
            assert self.task.layout.choice is not None
            return LetterWay(self.task.layout.choice, self.seed, self.shots, examples, self.task.language, limit)
        if self.task.lm is None:
            return ProgramsWay(self.sandbox, limit) if self.task.code else ReferencesWay(self.settings.language, limit)
        need_lm_eval(f"{self.place} (mode {mode})")
        chat = True if templated is None else templated
        by_subject = {part.subject: part for part in self.parts}
        return LmWay(
            mode, self.task.metric[mode], self.shots, chat, templated,
            lambda subject: lm_task(self._settings(subject), by_subject[subject], self.shots), self.seed, limit,
            self.task.instruction, self.task.reads, read_answer if self.name == "competition_math" else None,
        )  # fmt: skip

    @cached_property
    def order_ways(self) -> tuple[LetterWay, ...]:
        """The way of asking by letters in every order of the check, the published one first."""
        choice = self.task.layout.choice
        assert choice is not None
        every = orders_of(self.chosen, choice, self.seed)
        way = self._way("letter", None)
        assert isinstance(way, LetterWay)
        return tuple(
            replace(way, orders={document.doc_id: every[document.doc_id, number] for document in self.chosen})
            for number in range(ORDERS + 1)
        )

    def _settings(self, subject: str) -> Mapping[str, object]:
        """lm-eval's configuration for a subject."""
        if self.own is not None:
            return self.own
        assert self.task.lm is not None and self.task.lm_folder is not None
        name = self.task.lm.format(subject=self.task.subjects.get(subject, subject))
        return shipped_task(self.task.lm_folder, name)


def open_exams(section: BenchmarksConfig, seed: int, only: Sequence[str] | None = None) -> list[Exam]:
    """Every task of the section, or those of `only`, with its files read.

    Raises ConfigError or DataError: what is expected, where, in which layout, and what was found.
    """
    names = _named(section)
    if only is not None:
        for word in only:
            if word not in names and task_of(word, names) is None:
                raise ConfigError(f"--tasks: no task {word!r}{nearest(word, sorted(names))}")
    wanted = None if only is None else {word if word in names else task_of(word, names) for word in only}
    return [_open(name, settings, section, seed) for name, settings in names.items() if not wanted or name in wanted]


def task_of(word: str, names: Mapping[str, TaskConfig]) -> str | None:
    """The configured task that an alias means."""
    from arena.evals.tasks import BY_NAME

    found = BY_NAME.get(word)
    return found if found in names else None


def _named(section: BenchmarksConfig) -> dict[str, TaskConfig]:
    """The tasks under the table's names. Raises ConfigError for one that is none, or stands there twice."""
    found: dict[str, TaskConfig] = {}
    for word, settings in section.tasks.items():
        own = settings.path is not None or settings.file is not None
        name = word if own else task_name(word, "benchmarks.tasks")
        if name in found:
            raise ConfigError(f"benchmarks.tasks: {name} stands there twice (as {word}, too)")
        found[name] = settings
    return found


def _open(name: str, settings: TaskConfig, section: BenchmarksConfig, seed: int) -> Exam:
    place = f"benchmarks.tasks.{name}"
    own: Mapping[str, object] | None = None
    if settings.path is not None:
        task, parts, own = open_own(settings.path, settings, place, hub=section.hub)
    elif settings.file is not None:
        task, parts, own = CSV_TASK, read_csv(settings.file), CSV_SETTINGS
    else:
        task = TASKS[name]
        parts = _downloaded(name, task, section, settings)
    _check_settings(task, settings, place)
    parts = _of_subjects(parts, settings, place)
    shots = _shots(task, parts, settings, place)
    limit = settings.limit or section.limit
    return Exam(name, settings, task, tuple(parts), seed, shots, limit, section.sandbox, own)


CSV_TASK = Task(
    TASKS["mmlu"].layout.__class__((), "question, A, B, …, answer", None, lambda path, task: read_csv(path),
                                   csv_choice),
    "1", {"loglikelihood": "acc", "letter": "acc"},
)  # fmt: skip
"""Multiple choice of one's own in a CSV."""
CSV_SETTINGS: Mapping[str, object] = {
    "task": "csv",
    "output_type": "multiple_choice",
    "doc_to_text": "{{question.strip()}}\n{% for x in choices %}{{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[loop.index0]}}. {{x}}\n"
    "{% endfor %}Answer:",
    "doc_to_choice": "{{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[:choices|length]|list}}",
    "doc_to_target": "answer",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
}
"""The same for lm-eval, asked as MMLU is."""


def _downloaded(name: str, task: Task, section: BenchmarksConfig, settings: TaskConfig) -> list[Part]:
    """From the files as people download them, from a mirror of the hub's data set, or from the hub where wanted."""
    try:
        folder = _folder(name, task, section)
    except (ConfigError, DataError):
        if section.hub and task.lm is not None:
            return read_hub(task, None, name, hub=True)
        raise
    try:
        return task.layout.read(folder, settings)
    except DataError:
        if task.lm is not None and is_mirror(folder):
            return read_hub(task, folder, name, hub=section.hub)
        raise


def _folder(name: str, task: Task, section: BenchmarksConfig) -> Path:
    expected = f"expected {task.layout.expected}"
    if section.data_dir is None:
        raise ConfigError(f"benchmarks.data_dir: missing; {name} is read from {task.layout.folders[0]}/ in it")
    if not section.data_dir.is_dir():
        raise DataError(f"benchmarks.data_dir: there is no folder {section.data_dir}")
    for folder in task.layout.folders:
        if (section.data_dir / folder).is_dir():
            return section.data_dir / folder
    there = ", ".join(sorted(path.name for path in section.data_dir.iterdir() if path.is_dir())) or "none"
    named = " or ".join(f"{folder}/" for folder in task.layout.folders)
    raise DataError(f"{section.data_dir}: no folder {named} for {name} ({expected}; folders there: {there})")


def _check_settings(task: Task, settings: TaskConfig, place: str) -> None:
    """Raise ConfigError for a setting that would change nothing of this task."""
    if settings.samples > 1 and not task.code:
        code = ", ".join(name for name, row in TASKS.items() if row.code)
        raise ConfigError(f"{place}.samples: {settings.samples} asked for, but only programs are sampled ({code})")
    if settings.questions == "all" and task is not TASKS["race"]:
        raise ConfigError(f"{place}.questions: all asked for, but only race has several questions to an article")


def _of_subjects(parts: list[Part], settings: TaskConfig, place: str) -> list[Part]:
    if settings.subjects is None:
        return parts
    have = [part.subject for part in parts]
    for subject in settings.subjects:
        if subject not in have:
            raise ConfigError(f"{place}.subjects: no subject {subject!r}{nearest(subject, have)}")
    return [part for part in parts if part.subject in settings.subjects]


def _shots(task: Task, parts: Sequence[Part], settings: TaskConfig, place: str) -> int:
    """How many examples every document gets. Raises ConfigError where more are asked for than there are."""
    have = min((len(part.examples or ()) for part in parts), default=0)
    if settings.shots is None:
        return min(task.shots, have)
    if settings.shots > have:
        where = task.layout.examples
        fewest = min(parts, key=lambda part: len(part.examples or ()))
        if where is None:
            raise ConfigError(f"{place}.shots: {settings.shots} asked for, but this task has no examples; use shots: 0")
        found = "there is no such file" if fewest.examples is None else f"{len(fewest.examples)} there"
        raise ConfigError(
            f"{place}.shots: {settings.shots} asked for, examples come from {where}"
            f" ({fewest.subject}: {found}), never from the documents that are evaluated"
        )
    return settings.shots
