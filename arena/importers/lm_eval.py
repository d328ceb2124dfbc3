"""lm-eval's `--log_samples`: `OUT/<model>/samples_<task>_<moment>.jsonl` beside `results_<moment>.json`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import DataError
from arena.files import from_json
from arena.importers.found_board import FoundBoard, Said
from arena.importers.sources import (
    Row,
    count,
    find_files,
    number,
    object_in,
    optional_text,
    read_document,
    read_rows,
    remember,
    rows_in,
)
from arena.keys import digest
from arena.store.items import Item
from arena.types import JSON, Question

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<moment>\d{4}-\d{2}-\d{2}T[\d.-]+)")
_FILTERS = ("strict-match", "none")
"""Filters whose reading comes first: a reply that does not keep to the form is wrong."""
_METRICS = ("acc", "exact_match", "pass@1", "pass_at_1")
_NORMED = re.compile(r"arc_|hellaswag|piqa|openbookqa")
"""Tasks whose headline is acc_norm, as on the leaderboards."""


@dataclass(frozen=True)
class _Run:
    """What a results file says of one task."""

    model: str
    mode: str | None = None
    shots: int | None = None
    version: str = "lm_eval"
    chat_template: bool | None = None


def read_lm_eval(source: Path) -> FoundBoard:
    """The samples below a folder, or one such file. The last run of a model on a task counts."""
    files: dict[tuple[Path, str], tuple[str, Path]] = {}
    notes = []
    for path in find_files(source, (".jsonl",)):
        if (named := _NAME.fullmatch(path.stem)) is None:
            continue
        key, moment = (path.parent, named["task"]), named["moment"]
        if key in files:
            notes.append(
                f"two runs of {path.parent.name} on {named['task']}: that of {max(moment, files[key][0])} counts"
            )
        files[key] = max(files.get(key, ("", path)), (moment, path))
    questions: dict[str, Question] = {}
    answers: list[Said] = []
    items: list[Item] = []
    metrics: dict[tuple[str, str], str] = {}
    for (folder, task), (moment, path) in sorted(files.items()):
        run = _run(folder, task, moment)
        for where, rows in _documents(path):
            item, metric = _item(task, run, rows, where)
            metrics.setdefault((task, run.model), metric)
            question_id = f"{task}/{item.doc_id}"
            remember(questions, _question(question_id, task, rows[0], where), where)
            for sample, reply in enumerate(_replies(rows[0])):
                answers.append(Said(question_id, run.model, (reply,), sample=sample))
            items.append(item)
    if not items:
        raise DataError(
            f"{source}: no samples of lm-eval in it (OUT/<model>/samples_<task>_<moment>.jsonl, by --log_samples)"
        )
    return FoundBoard(
        "lm_eval", questions, tuple(answers), (), items=tuple(items), metrics=metrics, notes=tuple(notes)
    )  # fmt: skip


def _run(folder: Path, task: str, moment: str) -> _Run:
    results = read_document(folder / f"results_{moment}.json")
    if results is None:
        return _Run(folder.name)
    settings = object_in(object_in(results, "configs"), task)
    version = object_in(results, "versions").get(task)
    chat = str(results.get("model_source") or "").endswith("chat-completions")
    template = results.get("chat_template")
    return _Run(
        optional_text(results, "model_name") or folder.name,
        {"generate_until": "generate"}.get(kind, "loglikelihood")
        if (kind := optional_text(settings, "output_type"))
        else None,
        count(object_in(results, "n-shot").get(task)),
        f"lm_eval:{version}" if version is not None else "lm_eval",
        None if chat else bool(template),
    )


def _documents(path: Path) -> list[tuple[str, list[Row]]]:
    """The rows of each document, one per filter, the filter that counts first."""
    found: dict[str, tuple[str, list[Row]]] = {}
    for where, row in read_rows(path):
        doc_id = count(row.get("doc_id"))
        if doc_id is None or not isinstance(row.get("resps"), list):
            raise DataError(f"{where}: no doc_id and resps: not a sample of lm-eval's --log_samples")
        found.setdefault(str(doc_id), (where, []))[1].append(row)
    for _, rows in found.values():
        rows.sort(key=lambda row: _FILTERS.index(f) if (f := str(row.get("filter"))) in _FILTERS else len(_FILTERS))
    return list(found.values())


def _item(task: str, run: _Run, rows: Sequence[Row], where: str) -> tuple[Item, str]:
    """One document, and the name of the metric that counts."""
    row = rows[0]
    values = {
        f"{name},{one.get('filter')}": value
        for one in rows
        for name in (one.get("metrics") or ())  # type: ignore[union-attr]
        if isinstance(name, str) and (value := number(one.get(name))) is not None
    }
    metric = _headline(task, [name for name in row.get("metrics") or () if isinstance(name, str)])  # type: ignore[union-attr]
    score = values.get(f"{metric},{row.get('filter')}")
    likelihoods, replies = _likelihoods(row), _replies(row)
    parsed: JSON = _first(row.get("filtered_resps"))
    if likelihoods:
        parsed = max(range(len(likelihoods)), key=lambda option: likelihoods[option][0])
    unreadable = parsed == "[invalid]"
    failed = (
        None if score is not None and 0 <= score <= 1 else f"{metric} is {row.get(metric)!r:.80}, which is no share"
    )
    identity = digest(row.get("doc"))[:16]
    said: JSON = list(replies) or [list(pair) for pair in likelihoods]
    key = digest({"tool": "lm_eval", "task": task, "model": run.model, "item": identity, "said": said})[:32]
    item = Item(
        task=task, model=run.model, doc_id=str(count(row.get("doc_id"))), item=identity, key=key,
        mode=run.mode or ("loglikelihood" if likelihoods else "generate"),
        status="error" if failed else "ok", state="failed" if failed else "unreadable" if unreadable else "rated",
        shots=run.shots, chat_template=run.chat_template, version=run.version,
        prompt_sha256=optional_text(row, "prompt_hash"), reply=replies[0] if replies else None,
        loglikelihoods=likelihoods, parsed=None if unreadable else parsed, gold=row.get("target"),
        score=None if failed else score, metrics=values, error=failed, via="import",
    )  # fmt: skip
    return item, metric


def _headline(task: str, names: Sequence[str]) -> str:
    if _NORMED.search(task) and "acc_norm" in names:
        return "acc_norm"
    return next((name for name in _METRICS if name in names), names[0] if names else "score")


def _question(question_id: str, task: str, row: Row, where: str) -> Question:
    prompt = object_in(object_in(row, "arguments"), "gen_args_0").get("arg_0")
    prompt = _first(prompt) if isinstance(prompt, list) else prompt
    system, asked = None, prompt if isinstance(prompt, str) else ""
    if asked.startswith("[{"):  # a chat, as JSON
        try:
            messages = rows_in(from_json(asked.encode()))
        except ValueError:
            messages = []
        users = [str(m.get("content")) for m in messages if m.get("role") == "user"]
        if users:
            asked = users[-1]
            system = "\n\n".join(str(m.get("content")) for m in messages if m.get("role") == "system") or None
    if not asked.strip():
        raise DataError(f"{where}: no prompt in arguments")
    target = row.get("target")
    reference = (target,) if isinstance(target, str) and target.strip() and _replies(row) else ()
    return Question(question_id, (asked,), task, reference, system)


def _replies(row: Row) -> tuple[str, ...]:
    """The texts that were generated, one per repeat; none where log-probabilities were asked for."""
    first = _first(row.get("resps"))
    listed = first if isinstance(first, list) else [first]
    return tuple(text for text in listed if isinstance(text, str)) if not _likelihoods(row) else ()


def _likelihoods(row: Row) -> tuple[tuple[float, bool], ...]:
    """(log-probability, greedy) of every option; lm-eval writes both as text."""
    found = []
    for resp in row["resps"] if isinstance(row["resps"], list) else ():
        pair = resp[0] if isinstance(resp, list) and len(resp) == 1 else resp
        if not isinstance(pair, list) or len(pair) != 2 or str(pair[1]) not in {"True", "False", "true", "false"}:
            return ()
        value = number(pair[0])
        found.append((float("-inf") if value is None else value, str(pair[1]).lower() == "true"))
    return tuple(found)


def _first(value: JSON) -> JSON:
    return value[0] if isinstance(value, list) and value else value
