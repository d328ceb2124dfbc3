"""evalscope 1.x: the reviews and predictions of finished runs, and the battles of its arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from arena.errors import DataError
from arena.importers.evalscope_arena import ARENA, read_battle
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import (
    Row,
    count,
    find_files,
    number,
    object_in,
    optional_text,
    read_rows,
    remember,
    rows_in,
)
from arena.keys import digest
from arena.store.items import Item
from arena.types import JSON, Question, Usage

_VERSION = "evalscope"
"""Of every task: what evalscope asks and how it reads is its own, and not to be compared with ours."""


@dataclass
class _Found:
    questions: dict[str, Question] = field(default_factory=dict)
    answers: list[Said] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    replies: list[Judged] = field(default_factory=list)
    metrics: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_evalscope(source: Path) -> FoundBoard:
    """The runs below a folder (`OUT/<moment>/reviews/<model>/<dataset>_<subset>.jsonl`), or one such file.

    The last run of a model on a data set counts, and the last line of an index. Raises DataError where nothing is
    evalscope's.
    """
    reviews = [path for path in find_files(source, (".jsonl",)) if source.is_file() or "reviews" in path.parts[-3:-2]]
    runs: dict[tuple[str, str], Path] = {}
    found = _Found()
    for path in reviews:
        if (before := runs.get(key := (path.parent.name, path.stem))) is not None:
            found.notes.append(
                f"two runs of {key[0]} on {key[1]}: {path.parents[2]} counts, {before.parents[2]} does not"
            )
        runs[key] = path
    for (model, stem), path in sorted(runs.items()):
        lines = _last_lines(path)
        if stem.startswith(ARENA):
            for where, row in lines:
                read_battle(row, where, found.questions, found.replies)
        else:
            _read_run(model, path, lines, found)
    if not found.items and not found.replies:
        raise DataError(f"{source}: no reviews of evalscope 1.x in it (OUT/<moment>/reviews/<model>/*.jsonl)")
    return FoundBoard(
        "evalscope", found.questions, tuple(found.answers), tuple(found.replies), items=tuple(found.items),
        metrics=found.metrics, notes=tuple(found.notes),
    )  # fmt: skip


def _last_lines(path: Path) -> list[tuple[str, Row]]:
    """The reviews of a file by index; a line that stands twice counts as it was written last."""
    lines: dict[int, tuple[str, Row]] = {}
    for where, row in read_rows(path):
        if "sample_score" in row:
            index = count(row.get("index"))
            if index is None:
                raise DataError(f"{where}: index must be a number, found {row.get('index')!r:.80}")
            lines[index] = where, row
    return [lines[index] for index in sorted(lines)]


def _read_run(model: str, path: Path, lines: list[tuple[str, Row]], found: _Found) -> None:
    task, subset = _task(path, model)
    predictions = _predictions(path)
    for where, row in lines:
        scored, score = object_in(row, "sample_score"), object_in(object_in(row, "sample_score"), "score")
        index = count(row.get("index"))
        group = count(scored.get("group_id"))
        place, sample = (index if group is None else group), count(scored.get("generation_index")) or 0
        messages = rows_in(row.get("messages"))
        asked = [m for m in messages if not _generated(m)]
        turns, system = _question(asked)
        said = tuple(_text(m) for m in messages if _generated(m) and m.get("role") == "assistant")
        if not turns or not said:
            raise DataError(f"{where}: no question and answer in messages")
        question_id = f"{path.stem}/{place}"
        references = _targets(row.get("target"))
        question = Question(question_id, turns[-len(said) :], task, references[:1], system)
        remember(found.questions, question, where)
        output = predictions.get(index or 0, {})
        usage, finish, error = _usage(output, messages), _finish(output), optional_text(output, "error")
        latency = number(object_in(messages[-1], "perf_metrics").get("latency"))
        if not error:
            found.answers.append(Said(question_id, model, said, finish, usage, latency_s=latency, sample=sample))
        item = _item(task, subset, model, place or 0, sample, turns, references, score, said, error)
        found.metrics.setdefault((task, model), _headline(score) or "score")
        found.items.append(replace(item, usage=usage, finish_reason=finish, latency_s=latency))


def _item(
    task: str, subset: str, model: str, place: int, sample: int, turns: tuple[str, ...], references: tuple[str, ...],
    score: Row, said: tuple[str, ...], error: str | None,
) -> Item:  # fmt: skip
    values = {name: value for name, raw in object_in(score, "value").items() if (value := number(raw)) is not None}
    headline = values.get(_headline(score) or "")
    parsed = score.get("extracted_prediction")
    failed = error or (None if headline is not None and 0 <= headline <= 1 else _why(score, headline))
    unreadable = not failed and headline == 0 and not str(parsed or "").strip()
    identity = digest({"question": list(turns), "references": list(references)})[:16]
    key = digest({"tool": "evalscope", "task": task, "model": model, "item": identity, "sample": sample, "said": said})
    return Item(
        task=task, model=model, doc_id=f"{subset}/{place}", item=identity, key=key[:32], mode="generate",
        status="error" if failed else "ok", state="failed" if failed else "unreadable" if unreadable else "rated",
        subject=subset, sample=sample, version=_VERSION, reply=said[-1], parsed=None if unreadable else parsed,
        gold=references[0] if references else None, score=None if failed else headline, metrics=values, error=failed,
        via="import",
    )  # fmt: skip


def _why(score: Row, headline: float | None) -> str:
    """Why a line has no score to count."""
    if headline is not None:
        return f"{_headline(score)} is {headline}, which is no share"
    return f"no score (status {score.get('status')})"


def _headline(score: Row) -> str | None:
    """The metric evalscope puts first."""
    values = object_in(score, "value")
    name = optional_text(score, "main_score_name")
    return name if name in values else next(iter(values), None)


def _task(path: Path, model: str) -> tuple[str, str]:
    """Data set and subset of a file's name; the names of the reports beside it say where the one ends."""
    names = {report.stem for report in (path.parents[2] / "reports" / model).glob("*.json")}
    for name in sorted(names, key=len, reverse=True):
        if path.stem.startswith(f"{name}_"):
            return name, path.stem.removeprefix(f"{name}_")
    return path.stem, "default"


def _predictions(path: Path) -> Mapping[int, Row]:
    """`model_output` by index, where the predictions lie beside the reviews."""
    file = path.parents[2] / "predictions" / path.parent.name / path.name
    if not file.is_file():
        return {}
    outputs = {count(row.get("index")): object_in(row, "model_output") for _, row in read_rows(file)}
    return {index: output for index, output in outputs.items() if index is not None}


def _question(asked: list[Row]) -> tuple[tuple[str, ...], str | None]:
    system = "\n\n".join(_text(m) for m in asked if m.get("role") == "system")
    return tuple(_text(m) for m in asked if m.get("role") == "user"), system or None


def _generated(message: Row) -> bool:
    return message.get("source") == "generate"


def _text(message: Row) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in rows_in(content) if isinstance(part.get("text"), str))


def _targets(target: JSON) -> tuple[str, ...]:
    listed = target if isinstance(target, list) else [target]
    return tuple(str(value) for value in listed if isinstance(value, str | int | float) and str(value).strip())


def _usage(output: Row, messages: list[Row]) -> Usage:
    usage = object_in(output, "usage") or object_in(messages[-1], "perf_metrics")
    return Usage(
        count(usage.get("input_tokens")), count(usage.get("output_tokens")),
        reasoning_tokens=count(usage.get("reasoning_tokens")),
    )  # fmt: skip


def _finish(output: Row) -> str | None:
    choices = rows_in(output.get("choices"))
    reason = optional_text(choices[0], "stop_reason") if choices else None
    return "length" if reason in {"max_tokens", "length"} else reason
