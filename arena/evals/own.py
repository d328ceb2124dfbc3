"""A task file of lm-eval of the user's own, and data sets of the hub: from a mirror folder, or fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from arena.config.benchmarks import AskingMode, TaskConfig
from arena.errors import ConfigError, DataError
from arena.evals.documents import Choice, Layout, Part, Row
from arena.evals.lm import need_lm_eval, quiet, rows_of, shipped_settings
from arena.evals.tasks import Task
from arena.keys import digest

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask

_OUTPUTS: Mapping[str, AskingMode] = {
    "multiple_choice": "loglikelihood", "loglikelihood": "loglikelihood", "generate_until": "generate",
}  # fmt: skip
_PREFERRED = ("acc_norm", "acc", "exact_match")
_ENDING = re.compile(r"\s*(?:Answer|A|答案)\s*[:：]\s*$")
"""What a text ends with that is to be gone on with."""
MIRROR_SIGNS = ("README.md", "dataset_infos.json", "*.parquet", "data/*.parquet", "*/*.parquet")


def open_own(path: Path, settings: TaskConfig, place: str, *, hub: bool) -> tuple[Task, list[Part], dict[str, Any]]:
    """The table's row, the documents and lm-eval's configuration of a task file. Raises ConfigError or DataError."""
    need_lm_eval(f"{place}.path")
    if not path.is_file():
        raise ConfigError(f"{place}.path: {path}: no such file (a task file of lm-eval, YAML)")
    config = _load(path, place)
    shots = settings.shots if settings.shots is not None else int(config.get("num_fewshot") or 0)
    if shots and not _has_examples(config):
        raise ConfigError(
            f"{place}.shots: {shots} asked for, but {path} names no fewshot_split or training_split, and examples never"
            " come from the documents that are evaluated"
        )
    with reaching(hub=hub), _reading(f"{place}.path: {path}", hub=hub):
        task = _build(config)
        examples = None if not _has_examples(config) else rows_of(list(task.fewshot_docs()))
        rows = rows_of(list(task.eval_docs))
        choices = _choices(task, [*rows, *(examples or [])]) if config.get("output_type") == "multiple_choice" else None
    mode = _OUTPUTS.get(str(config.get("output_type")))
    if mode is None:
        raise ConfigError(f"{place}.path: {path}: output_type {config.get('output_type')!r} is no benchmark's (one of"
                          f" {', '.join(_OUTPUTS)})")  # fmt: skip
    names = list(task._metric_fn_list)
    metric = next((name for name in _PREFERRED if name in names), names[0])
    version = str((config.get("metadata") or {}).get("version", "1"))
    modes: dict[AskingMode, str] = {mode: metric} | ({"letter": "acc"} if choices else {})
    row = Task(_layout(path, choices), version, modes, shots, lm=str(config["task"]))
    config.pop("process_docs", None)  # done already
    return row, [Part(str(config["task"]), rows, examples)], config


def _layout(path: Path, choices: Mapping[str, Choice] | None) -> Layout:
    choice = None if choices is None else lambda row: choices[digest(row)]
    return Layout((), str(path), "its fewshot_split", lambda folder, task: [], choice)


def _choices(task: ConfigurableTask, rows: Sequence[Row]) -> dict[str, Choice] | None:
    """The documents for letter mode: the task's own text, options and right answer. None where its text letters the
    options itself, where contexts differ by option, and where an answer is none of the options."""
    if task.multiple_input or not isinstance(task.doc_to_text(dict(rows[0])), str):
        return None
    found = {}
    for row in rows:
        doc = dict(row)
        options, gold = task.doc_to_choice(doc), task.doc_to_target(doc)
        place = options.index(gold) if gold in options else gold
        lettered = all(len(str(option).strip()) == 1 for option in options)
        if lettered or not isinstance(place, int) or not 0 <= place < len(options):
            return None
        text = _ENDING.sub("", str(task.doc_to_text(doc)))
        found[digest(row)] = Choice(text, tuple(str(option).strip() for option in options), place)
    return found


def _load(path: Path, place: str) -> dict[str, Any]:
    import yaml
    from lm_eval.tasks._yaml_loader import load_yaml

    try:
        found = load_yaml(str(path), resolve_func=True)
    except (yaml.YAMLError, OSError, ValueError, ImportError, AttributeError) as error:
        raise ConfigError(f"{place}.path: {path}: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict) or not isinstance(found.get("task"), str):
        raise ConfigError(f"{place}.path: {path}: no single task in it (`task: NAME`); groups are not taken")
    config = dict(found)
    files = (config.get("dataset_kwargs") or {}).get("data_files")
    if files is not None:
        config["dataset_kwargs"] = {**config["dataset_kwargs"], "data_files": _beside(files, path.parent)}
    return config


def _beside(files: object, home: Path) -> object:
    """Data files are relative to the task file where they lie there."""
    if isinstance(files, dict):
        return {name: _beside(inner, home) for name, inner in files.items()}
    if isinstance(files, list):
        return [_beside(inner, home) for inner in files]
    return str(home / files) if isinstance(files, str) and (home / files).exists() else files


def _has_examples(config: Mapping[str, Any]) -> bool:
    fewshot = config.get("fewshot_config") or {}
    evaluated = config.get("test_split") or config.get("validation_split")
    split = config.get("fewshot_split") or (fewshot.get("split") if isinstance(fewshot, dict) else None)
    split = split or config.get("training_split")
    return split is not None and split != evaluated


def _build(config: Mapping[str, Any]) -> ConfigurableTask:
    from lm_eval.api.task import ConfigurableTask

    quiet()
    return ConfigurableTask(config={k: v for k, v in config.items() if k not in {"tag", "group", "task_list"}})


def read_hub(task: Task, folder: Path | None, name: str, *, hub: bool) -> list[Part]:
    """A task's documents from a folder that is a mirror of its data set, or from the hub where that is wanted."""
    assert task.lm is not None and task.lm_folder is not None
    need_lm_eval(f"benchmarks.tasks.{name} (a data set of the hub)")
    pattern = task.lm.partition("{subject}")
    parts = []
    for called, config in sorted(shipped_settings(task.lm_folder).items()):
        fits = called == task.lm if not pattern[1] else called.startswith(pattern[0]) and called.endswith(pattern[2])
        if not fits:
            continue
        place = str(folder) if folder is not None else str(config["dataset_path"])
        with reaching(hub=hub), _reading(f"{name}: {place}", hub=hub):
            from datasets import load_dataset

            found = load_dataset(place, cast("str | None", config.get("dataset_name")))
        split = config.get("test_split") or config.get("validation_split")
        shown = config.get("fewshot_split") or config.get("training_split")
        subject = called.removeprefix(pattern[0]).removesuffix(pattern[2]) if pattern[1] else called
        examples = rows_of(list(found[shown])) if shown in found and shown != split else None
        parts.append(Part(subject, rows_of(list(found[split])), examples))
    return parts


def is_mirror(folder: Path) -> bool:
    """Whether a folder looks like a copy of a data set of the hub."""
    return any(next(folder.glob(sign), None) is not None for sign in MIRROR_SIGNS)


@contextmanager
def reaching(*, hub: bool) -> Iterator[None]:
    """While this lasts, data sets come from this machine alone unless the config says `hub: true`."""
    import datasets
    import huggingface_hub

    places = [(datasets.config, "HF_HUB_OFFLINE"), (datasets.config, "HF_DATASETS_OFFLINE"),
              (huggingface_hub.constants, "HF_HUB_OFFLINE")]  # fmt: skip
    before = [(module, name, getattr(module, name)) for module, name in places if hasattr(module, name)]
    try:
        for module, name, _ in before if not hub else ():
            setattr(module, name, True)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


@contextmanager
def _reading(place: str, *, hub: bool) -> Iterator[None]:
    """Whatever a data set cannot be read for, in one line."""
    try:
        yield
    except ConnectionError as error:
        if not hub:
            raise DataError(f"{place}: not on this machine; nothing is fetched without `hub: true`") from None
        said = " ".join(str(error).split())[:200]
        raise DataError(f"{place}: the hub cannot be reached ({said}); files on this machine serve as well"
                        " (benchmarks.data_dir)") from None  # fmt: skip
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError, IndexError) as error:
        said = " ".join(str(error).split())[:200]
        hint = "" if hub else "; nothing is fetched without `hub: true`"
        raise DataError(f"{place}: its data cannot be read ({type(error).__name__}: {said}){hint}") from None
