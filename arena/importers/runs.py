"""Finished benchmark runs of other tools: the same model asked the same task twice, and names that runs are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from arena.errors import DataError, InputError
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import remember
from arena.reports.benchmarks import BenchmarkRow
from arena.store.items import Item
from arena.types import Question


def named_source(source: str) -> tuple[str | None, Path]:
    """`NAME=PATH` as (name, path); anything that is a path as it stands has no name."""
    name, equals, path = source.partition("=")
    if equals and name.strip() and not Path(source).exists():
        return name.strip(), Path(path)
    return None, Path(source)


def renamed(found: FoundBoard, name: str) -> FoundBoard:
    """The run of one model under another name. Raises InputError where it is of several models."""
    models = {said.model for said in found.answers} | {item.model for item in found.items}
    if len(models) > 1 or found.replies:
        raise InputError(f"{name}=: the run is of {', '.join(sorted(models))}; only the run of one model can be named")
    return replace(
        found,
        answers=tuple(replace(said, model=name) for said in found.answers),
        items=tuple(replace(item, model=name) for item in found.items),
        metrics={(task, name): metric for (task, _), metric in found.metrics.items()},
    )


def together(boards: Mapping[str, FoundBoard]) -> FoundBoard:
    """Several runs as one board. Raises DataError where two are of one model on one task."""
    first, *_ = boards.values()
    if len(boards) == 1:
        return first
    questions: dict[str, Question] = {}
    owners: dict[tuple[str, str], str] = {}
    answers: list[Said] = []
    items: list[Item] = []
    replies: list[Judged] = []
    metrics: dict[tuple[str, str], str] = {}
    for source, found in boards.items():
        metrics |= found.metrics
        for task, model in sorted({(item.task, item.model) for item in found.items}):
            if (other := owners.setdefault((task, model), source)) != source:
                names = f"A={_path(other)} B={_path(source)}"
                raise DataError(f"{source}: {model} on {task} stands in {other} too; name them: {names}")
        for question in found.questions.values():
            remember(questions, question, source)
        answers += found.answers
        items += found.items
        replies += found.replies
    notes = dict.fromkeys(note for found in boards.values() for note in found.notes)
    return replace(
        first, questions=questions, answers=tuple(answers), replies=tuple(replies), items=tuple(items),
        metrics=metrics,
        notes=tuple(notes),
    )  # fmt: skip


def _path(source: str) -> Path:
    return named_source(source)[1]


def one_question_each(found: FoundBoard) -> FoundBoard:
    """The same text without a reference, as an arena's battles have it, is the question of that text."""
    by_text = {(q.turns, q.system): name for name, q in found.questions.items() if any(q.reference)}
    same = {
        name: by_text[question.turns, question.system]
        for name, question in found.questions.items()
        if not any(question.reference) and (question.turns, question.system) in by_text
    }
    if not same:
        return found

    def moved(said: Said) -> Said:
        return replace(said, question_id=same.get(said.question_id, said.question_id))

    return replace(
        found,
        questions={name: question for name, question in found.questions.items() if name not in same},
        answers=tuple(map(moved, found.answers)),
        replies=tuple(replace(r, first=moved(r.first), second=r.second and moved(r.second)) for r in found.replies),
    )


def rows_of(items: Sequence[Item], metrics: Mapping[tuple[str, str], str]) -> list[BenchmarkRow]:
    """Rows of reports/benchmarks.jsonl; `metrics` names the headline metric by (task, model)."""
    return [
        BenchmarkRow(
            question_id=item.doc_id, category=item.subject, model=item.model, sample=item.sample, score=item.score,
            criteria=item.metrics, explanation=item.error, state="excluded" if item.state == "failed" else "rated",
            reason={"failed": "call_failed", "unreadable": "unparsed"}.get(item.state), key=item.key, task=item.task,
            metric=metrics.get((item.task, item.model), "score"), item=item.item, mode=item.mode, shots=item.shots,
            chat_template=item.chat_template, version=item.version, parsed=item.parsed, gold=item.gold,
        )
        for item in items
    ]  # fmt: skip
