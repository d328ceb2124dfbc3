"""What stored answers and replies of probes come to: rows, numbers, and who failed too often. No call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from arena.board.open import OpenBoard
from arena.files import round_floats, to_json, write_atomically
from arena.probes import PROBES
from arena.probes.probe import Variant
from arena.probes.sameness import by_rule, same_option
from arena.probes.score import TOXIC_A, TOXIC_B, corrected, probe_score
from arena.reports.leaderboard import write_leaderboard
from arena.reports.probes import (
    ROWS,
    SUMMARY,
    ProbeRow,
    ProbeScore,
    read_probe_rows,
    read_probe_scores,
    shown_text,
    with_probes,
)
from arena.reports.typed import write_typed_rows
from arena.scores.overall import with_overall
from arena.stages.benchmark_report import board_as_rated
from arena.stages.options import RunOptions
from arena.stages.probe_answers import UNDISTURBED, Answered, OpenProbe, answers_of
from arena.stages.probe_reviews import COPIES, Heard, Place, comparisons, heard, held_against, judged_folders
from arena.stages.toxicity import toxicities
from arena.types import JSON, Answer, Question


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The numbers as they were written."""

    scores: Mapping[str, Mapping[str, ProbeScore]]
    """By model and probe."""
    level: float
    problems: tuple[str, ...]
    """Models with too many failed answers: exit code 3."""
    folder: Path
    simulated: bool = False


def write_probes(board: OpenBoard, probes: Sequence[OpenProbe], options: RunOptions) -> ProbeReport:
    """Write reports/probes.jsonl and probes.json. Rows of probes and models that this invocation is not about stay as
    they are."""
    folder, level = board.review_folder.reports, board.config.rating_gen.interval.level
    with ExitStack() as stack:
        answers = answers_of(board, options, stack)
        said = heard(judged_folders(board, comparisons(probes, answers), stack))
        rows = [row for name, own in answers.items() for row in _rows(probes, name, own, said)]
        if (folder_of := board.config.probes.toxicity_model) is not None:
            rows = _with_toxicity(folder_of, rows, probes, answers)
    fresh = {(row.probe, row.model) for row in rows}
    order = {name: place for place, name in enumerate(PROBES)}
    kept = [
        row
        for row in read_probe_rows(folder / ROWS)
        if (row.probe, row.model) not in fresh and row.model in board.candidates and row.probe in order
    ]
    every = sorted([*kept, *rows], key=lambda row: (board.names.index(row.model), order[row.probe]))
    write_typed_rows(folder / ROWS, every, simulated=board.simulated)
    summary: dict[str, JSON] = {"level": level, "models": probe_scores(every, level)}
    summary |= {"simulated": True} if board.simulated else {}
    write_atomically(folder / SUMMARY, to_json(round_floats(summary), indent=True) + b"\n")
    if (before := board_as_rated(folder)) is not None:
        write_leaderboard(folder, with_overall(board, with_probes(folder, dict(before.stored))))
    return ProbeReport(
        read_probe_scores(folder / SUMMARY), level, tuple(_problems(board, rows)), folder, board.simulated
    )


def probe_scores(rows: Sequence[ProbeRow], level: float) -> dict[str, JSON]:
    """By model and probe."""
    found: defaultdict[str, defaultdict[str, list[ProbeRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.model][row.probe].append(row)
    return {
        model: corrected({name: probe_score(PROBES[name], own, level) for name, own in by_probe.items()})
        for model, by_probe in found.items()
    }


def _rows(
    probes: Sequence[OpenProbe], model: str, answers: Answered, said: Mapping[Place, Heard]
) -> Iterator[ProbeRow]:
    for opened in probes:
        for question in opened.unchanged:
            row = _row(opened, model, question, question.question_id)
            yield replace(row, state="excluded", reason="unchanged")
        plain = {question.question_id: question for question in opened.questions}
        held = {variant.beside for variant in opened.asked(model)}
        for variant in opened.asked(model):
            if variant.question.question_id in held:
                continue
            row = replace(_row(opened, model, variant.question, variant.of), facts=variant.facts)
            answer = answers.get(opened.name, variant.question)
            if answer is None:
                yield replace(row, state="pending")
            elif answer.status == "error":
                yield replace(row, state="excluded", reason="call_failed", key=answer.key)
            elif opened.probe.disturbs:
                asked = plain[variant.of], variant.question if opened.probe.reorders else None
                yield _compared(replace(row, key=answer.key), answers, asked, answer, said)
            elif variant.beside is None:
                assert opened.probe.read is not None
                yield replace(row, key=answer.key, value=opened.probe.read(variant, answer), by="rule")
        for variant, answer, other in held_against(opened, model, answers):
            if answer is not None and answer.status != "error":
                row = replace(_row(opened, model, variant.question, variant.of), facts=variant.facts, key=answer.key)
                yield _held(row, opened, variant, answer, other, said)


def _row(opened: OpenProbe, model: str, question: Question, of: str) -> ProbeRow:
    return ProbeRow(
        probe=opened.name, model=model, question_id=question.question_id, of=of, category=question.category,
        language=question.language, asked=shown_text(question.turns),
    )  # fmt: skip


def _compared(
    row: ProbeRow, answers: Answered, asked: tuple[Question, Question | None], disturbed: Answer,
    said: Mapping[Place, Heard],
) -> ProbeRow:  # fmt: skip
    """Whether the disturbed answer says the same as the undisturbed one, and whether its repeat does. `asked` are the
    question and, where its options were moved, the question with them moved."""
    question, moved = asked
    base, repeat = (answers.get(UNDISTURBED, question, sample) for sample in (0, 1))
    if base is None or repeat is None:
        return replace(row, state="pending")
    if "error" in (base.status, repeat.status):
        return replace(row, state="excluded", reason="call_failed")
    values, by = [], "text"
    for folder, other, shown in ((row.probe, disturbed, moved), (UNDISTURBED, repeat, question)):
        if moved is None:
            same = by_rule(question, base, other)
        elif (same := same_option(question, base, shown or moved, other)) is None:
            return replace(row, state="excluded", reason="unparsed")
        if same is not None:
            values.append(same.value)
            by = same.by if by == "text" else by
            continue
        found = said.get((folder, row.model, question.question_id))
        if found is None or (not found.verdicts and not found.pending):
            return replace(row, state="excluded", reason=(found.reason if found else None) or "no_judge")
        if found.pending:
            return replace(row, state="pending")
        values.append(found.tie_share)
        by = "judge"
    return replace(row, value=values[0], control=values[1], by=by)


def _held(
    row: ProbeRow, opened: OpenProbe, variant: Variant, answer: Answer, other: Answer | None,
    said: Mapping[Place, Heard],
) -> ProbeRow:  # fmt: skip
    """An answer held against the other one: both by the rule, or both before judges who do not see whose they are."""
    if other is None:
        return replace(row, state="pending")
    if other.status == "error":
        return replace(row, state="excluded", reason="call_failed")
    if opened.probe.read is not None:
        read = opened.probe.read
        return replace(row, value=read(variant, answer), control=read(variant, other), by="rule")
    assert opened.probe.hide is not None
    blind = opened.probe.hide(variant, answer, other)
    if blind is None:
        return replace(row, state="excluded", reason="name_left")
    values = []
    for name in (blind.question.question_id, f"{blind.question.question_id}{COPIES}"):
        found = said.get((opened.name, row.model, name))
        if found is None or (not found.verdicts and not found.pending):
            return replace(row, state="excluded", reason=(found.reason if found else None) or "no_judge")
        if found.pending:
            return replace(row, state="pending")
        values.append(found.preference)
    return replace(row, value=values[0], control=values[1], by="judge")


def _with_toxicity(
    folder: Path, rows: list[ProbeRow], probes: Sequence[OpenProbe], answers: Mapping[str, Answered]
) -> list[ProbeRow]:
    """The rows about two people with what the classifier says of both answers."""
    texts: dict[tuple[str, str, str], tuple[str, str]] = {}
    for opened in probes:
        for model, own in answers.items() if opened.probe.hide is not None else ():
            for variant, a, b in held_against(opened, model, own):
                if a is not None and b is not None and "error" not in (a.status, b.status):
                    texts[opened.name, model, variant.question.question_id] = "\n".join(a.turns), "\n".join(b.turns)
    found = toxicities(folder, [text for pair in texts.values() for text in pair])
    known = {place: found[2 * n : 2 * n + 2] for n, place in enumerate(texts)}
    return [
        replace(row, facts={**row.facts, TOXIC_A: both[0], TOXIC_B: both[1]})
        if (both := known.get((row.probe, row.model, row.question_id)))
        else row
        for row in rows
    ]


def _problems(board: OpenBoard, rows: Sequence[ProbeRow]) -> Iterator[str]:
    limit = board.config.reviews_gen.max_failed
    for name in dict.fromkeys(row.model for row in rows):
        asked = [row for row in rows if row.model == name and row.state != "pending" and row.reason != "unchanged"]
        failed = sum(row.reason == "call_failed" for row in asked)
        if asked and failed / len(asked) > limit:
            yield (
                f"probes of {name}: {failed:,} of {len(asked):,} failed"
                f" ({failed / len(asked):.1%}, reviews_gen.max_failed is {limit:.1%}); the same command asks again"
            )
