"""lm-eval as library of tasks and as scorer: its prompts, filters and metrics over our documents and our models.

    rows of a part ──lm_task──▶ ConfigurableTask ──LmWay.ask──▶ what is asked
                                                 ◀──LmWay.read── what came back

Only lm-eval's tasks are used. Its clients and its cache are not: the cache knows no model, and answers for another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from arena.config.benchmarks import AskingMode
from arena.errors import DataError, MissingDependency
from arena.evals.documents import Document, Part, Row
from arena.evals.ways import Asked, Reading, Said
from arena.files import from_json, to_json
from arena.keys import digest
from arena.types import JSON, Message

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask

INVALID = ("[invalid]", "")
"""What lm-eval's filters leave where they find nothing."""
DOCUMENTS, EXAMPLES = "documents", "examples"


def need_lm_eval(place: str) -> None:
    """Raise MissingDependency where lm-eval is not installed."""
    import importlib.util

    if importlib.util.find_spec("lm_eval") is None:
        raise MissingDependency(f"{place} needs lm-eval, which is not installed: pip install 'llm-arena[bench-tasks]'")


def lm_task(settings: Mapping[str, object], part: Part, shots: int) -> ConfigurableTask:
    """A task of lm-eval over the rows of a part. `settings` are its configuration; what it would fetch is left out."""
    from lm_eval.api.task import ConfigurableTask

    quiet()
    config = dict(settings)
    for name in ("tag", "group", "task_list", "dataset_path", "dataset_name", "dataset_kwargs"):
        config.pop(name, None)
    fewshot = {k: v for k, v in cast("dict[str, object]", config.get("fewshot_config") or {}).items() if k == "sampler"}
    config |= {
        "custom_dataset": _source(part),
        "test_split": DOCUMENTS,
        "validation_split": None,
        "training_split": None,
        "fewshot_split": EXAMPLES if shots else None,
        "fewshot_config": fewshot | {"split": EXAMPLES} if shots else None,
        "num_fewshot": shots,
    }
    return ConfigurableTask(config=config)


def _source(part: Part) -> Callable[..., dict[str, object]]:
    def load(**ignored: object) -> dict[str, object]:
        from datasets import Dataset

        found = {DOCUMENTS: Dataset.from_list([dict(row) for row in part.rows])}
        if part.examples:
            found[EXAMPLES] = Dataset.from_list([dict(row) for row in part.examples])
        return found

    return load


def quiet() -> None:
    """lm-eval, datasets and the hub's client say nothing on their own, and leave no thread behind for their bars."""
    import datasets
    from tqdm import tqdm

    for name in ("lm_eval", "huggingface_hub"):
        logging.getLogger(name).setLevel(logging.ERROR)
    tqdm.monitor_interval = 0
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()


@cache
def compile_templates_once() -> None:
    """lm-eval compiles its templates anew for every document, which takes most of the time of a prompt."""
    from lm_eval.utils import env

    env.from_string = lru_cache(maxsize=1024)(env.from_string)


@cache
def shipped_settings(folder: str) -> dict[str, dict[str, object]]:
    """The configurations of lm-eval's own tasks in a folder of its, by name."""
    import lm_eval.tasks
    from lm_eval.tasks import TaskManager
    from lm_eval.tasks._yaml_loader import load_yaml

    quiet()
    manager = TaskManager(include_defaults=False, include_path=str(Path(lm_eval.tasks.__file__).parent / folder))
    return {
        name: dict(load_yaml(entry.yaml_path, resolve_func=True))
        for name, entry in manager.task_index.items()
        if entry.yaml_path is not None and str(entry.kind.name) == "TASK"
    }


def shipped_task(folder: str, name: str) -> dict[str, object]:
    """The configuration of one of them. Raises DataError where lm-eval has none of that name."""
    from arena.config.strict import nearest

    found = shipped_settings(folder)
    if name not in found:
        raise DataError(f"lm-eval has no task {name!r}{nearest(name, sorted(found))}")
    return found[name]


def as_json(messages: Sequence[Mapping[str, str]], add_generation_prompt: bool = True) -> str:
    """In the place of a chat template: the messages themselves, for backends that take a chat."""
    return to_json([dict(message) for message in messages]).decode()


@dataclass(frozen=True)
class LmWay:
    """Asking by a task of lm-eval: log-likelihoods of its options, or free text."""

    mode: AskingMode
    metric: str
    shots: int
    chat: bool
    """Whether a chat is asked, and not a text to be gone on with."""
    chat_template: bool | None
    build: Callable[[str], ConfigurableTask]
    """The task of a subject."""
    seed: int = 0
    max_tokens: int = 2048
    instruction: str = ""
    filter: str | None = None
    answer: Callable[[str, Mapping[str, Any]], tuple[JSON, float]] | None = None
    """In the place of lm-eval's filter and metric: (what was read or None, score) of a reply and its document."""
    _tasks: dict[str, ConfigurableTask] = field(default_factory=dict, repr=False)
    _docs: dict[str, Sequence[Any]] = field(default_factory=dict, repr=False)
    _readings: dict[tuple[str, int, Said], Reading] = field(default_factory=dict, repr=False)

    def ask(self, document: Document) -> Asked:
        """The prompt as lm-eval makes it, with examples drawn per document, so that they do not depend on what else is
        asked."""
        task, doc = self._of(document)
        task.set_fewshot_seed(int(digest([self.seed, document.item])[:8], 16))
        template = as_json if self.chat else None
        context = task.fewshot_context(
            doc, num_fewshot=self.shots, apply_chat_template=self.chat, fewshot_as_multiturn=self.chat,
            chat_template=template, gen_prefix=task.doc_to_prefix(doc),
        )  # fmt: skip
        made = task.construct_requests(
            doc=doc, ctx=context, metadata=(document.subject, document.index, 1), apply_chat_template=self.chat,
            chat_template=template,
        )  # fmt: skip
        if self.mode == "loglikelihood":
            return self._judged(made if isinstance(made, list) else [made], _gold(task, doc))
        return self._generated(task, doc, *made.args)

    def _judged(self, made: Sequence[Any], gold: JSON) -> Asked:
        first = made[0].args[0]
        pairs = tuple((text, None if context == first else context) for context, text in (one.args for one in made))
        return Asked(self._messages(first), gold, raw=not self.chat, continuations=pairs)

    def _generated(self, task: ConfigurableTask, doc: Mapping[str, Any], context: str, options: JSON) -> Asked:
        """A chat ends its own turn; a text that is gone on with is cut where lm-eval cuts it."""
        until = cast("dict[str, Any]", options).get("until") or []
        stop = () if self.chat else tuple([until] if isinstance(until, str) else until)
        gold = task.doc_to_target(doc)
        right = self._rehearsal(gold)
        return Asked(self._messages(context), cast("JSON", gold), self.max_tokens, stop, not self.chat,
                     rehearsal=(right, "no idea"))  # fmt: skip

    def _rehearsal(self, gold: object) -> str:
        text = str(gold[0] if isinstance(gold, list) and gold else gold)
        if self.answer is not None:
            return f"\\boxed{{{text}}}"
        return f"So the answer is {text}." if self.filter is None and "exact" in self.metric and self.shots else text

    def _messages(self, context: str) -> tuple[Message, ...]:
        if not self.chat:
            return (Message("user", context),)
        messages = [Message(one["role"], one["content"]) for one in cast("list[dict[str, Any]]", from_json(context))]
        if self.instruction and messages[-1].role == "user":
            messages[-1] = Message("user", f"{messages[-1].content.rstrip()}\n\n{self.instruction}")
        return tuple(messages)

    def read(self, document: Document, asked: Asked, said: Said) -> Reading:
        """As lm-eval's filter and metric have it: once, though it is stored and reported."""
        known = (document.subject, document.index, said)
        if known not in self._readings:
            self._readings[known] = self._read(document, asked, said)
        return self._readings[known]

    def _read(self, document: Document, asked: Asked, said: Said) -> Reading:
        task, doc = self._of(document)
        if self.mode == "loglikelihood":
            found = _numbers(task.process_results(doc, list(said.loglikelihoods)))
            return Reading(_chosen(task, doc, said.loglikelihoods, self.metric), found.get(self.metric, 0.0), found)
        text = said.text
        for mark in asked.stop:
            text = text.partition(mark)[0]
        if self.answer is not None:
            parsed, score = self.answer(text, doc)
            return Reading(parsed, score, {self.metric: score})
        filtered = self._filtered(task, doc, text)
        if str(filtered).strip() in INVALID:
            return Reading(None, 0.0, {self.metric: 0.0})
        found = _numbers(task.process_results(doc, [filtered]))
        return Reading(cast("JSON", filtered), found.get(self.metric, 0.0), found)

    def _filtered(self, task: ConfigurableTask, doc: Mapping[str, Any], text: str) -> object:
        from lm_eval.api.instance import Instance

        chosen = next((f for f in task._filters if f.name == self.filter), task._filters[0])
        instance = Instance("generate_until", dict(doc), ("", {}), 0, ("", 0, 1))
        instance.resps = [text]
        chosen.apply([instance])
        return instance.filtered_resps[chosen.name]

    def _of(self, document: Document) -> tuple[ConfigurableTask, Mapping[str, Any]]:
        subject = document.subject
        if subject not in self._tasks:
            compile_templates_once()
            self._tasks[subject] = self.build(subject)
            self._docs[subject] = list(self._tasks[subject].eval_docs)
        return self._tasks[subject], self._docs[subject][document.index]


def rows_of(docs: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Documents of a data set as rows of JSON."""
    return [cast("Row", from_json(to_json(_plain(doc)))) for doc in docs]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _gold(task: ConfigurableTask, doc: Mapping[str, Any]) -> JSON:
    gold = task.doc_to_text(doc) if task.multiple_input else task.doc_to_target(doc)
    if isinstance(gold, str) and task.config.doc_to_choice is not None and gold in (options := task.doc_to_choice(doc)):
        return int(options.index(gold))
    return cast("JSON", gold)


def _chosen(
    task: ConfigurableTask, doc: Mapping[str, Any], values: Sequence[tuple[float, bool]], metric: str
) -> JSON:  # fmt: skip
    """The option that was likeliest, as the metric has it; whether it was the greedy text, where there are none."""
    if task.config.doc_to_choice is None:
        return bool(values[0][1]) if values else None
    options = task.doc_to_choice(doc)
    by = {"acc_norm": [len(x) or 1 for x in options], "acc_bytes": [len(x.encode()) or 1 for x in options]}
    lengths = by.get(metric, [1] * len(options))
    scaled = [x / length for (x, _), length in zip(values, lengths, strict=False)]
    return scaled.index(max(scaled)) if scaled else None


def _numbers(metrics: Mapping[str, object]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in metrics.items():
        try:
            found[name] = float(cast("float", value))
        except (TypeError, ValueError):  # what is only a number over all documents
            continue
    return found
