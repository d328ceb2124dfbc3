"""MT-bench (FastChat): two-turn questions, model answers, reference answers, single and pairwise judgments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from arena.errors import DataError
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import (
    Row,
    find_files,
    identity,
    moment,
    number,
    one_of,
    optional_text,
    read_rows,
    remember,
    rows_in,
    stated_number,
    text,
    turns_in,
)
from arena.types import JSON, Label, Question

_WINNERS: Mapping[str, str | None] = {"model_1": "1", "model_2": "2", "tie": "tie", "error": None}


def read_mt_bench(source: Path) -> FoundBoard:
    """The board in an MT-bench data folder.

    Judgments of turn 1 and turn 2 of one conversation are two samples of the judge on one battle, so a battle counts
    once, with the mean of both turns.
    """
    questions: dict[str, Question] = {}
    answers: dict[tuple[str, str], Said] = {}
    references: dict[str, tuple[str, ...]] = {}
    judgments: list[tuple[str, Row, Path]] = []
    for path in find_files(source, (".jsonl",)):
        is_reference = any("reference_answer" in part for part in path.relative_to(source.parent).parts)
        for where, row in read_rows(path):
            if "choices" in row and is_reference:
                references.setdefault(identity(row, where, "question_id"), _choice(row, where))
            elif "choices" in row:
                said = Said(identity(row, where, "question_id"), _model(row, path), _choice(row, where))
                answers[said.question_id, said.model] = said
            elif "g1_winner" in row or "judgment" in row:
                judgments.append((where, row, path))
            elif "turns" in row:
                remember(questions, _question(row, where), where)
    if not questions:
        raise DataError(f"{source}: no question.jsonl (question_id, turns) in it")
    for question_id, reference in references.items():
        if (known := questions.get(question_id)) is not None and not known.reference:
            turns = reference[: len(known.turns)]
            questions[question_id] = Question(question_id, known.turns, known.category, turns, known.system)
    replies = _judged_at_last([_replies(row, where, path, answers) for where, row, path in judgments])
    return FoundBoard("mt_bench", questions, tuple(answers.values()), tuple(replies), default_mode="single")


def _question(row: Row, where: str) -> Question:
    reference = turns_in(row["reference"], where) if row.get("reference") is not None else ()
    turns = turns_in(row["turns"], where)
    return Question(
        identity(row, where, "question_id"), turns, optional_text(row, "category") or "general", reference[: len(turns)]
    )


def _model(row: Row, path: Path) -> str:
    return optional_text(row, "model_id") or path.stem


def _choice(row: Row, where: str) -> tuple[str, ...]:
    """The turns of the first choice: the one that MT-bench judges."""
    choices = rows_in(row["choices"])
    turns = turns_in(choices[0].get("turns") or [], where) if choices else ()
    if not turns:
        raise DataError(f"{where}: no turns in choices[0]")
    return turns


def _replies(row: Row, where: str, path: Path, answers: Mapping[tuple[str, str], Said]) -> list[Judged]:
    judge, template = _judge(row, path)
    turn = int(number(row.get("turn")) or 1)
    if "g1_winner" not in row:
        score = stated_number(row, where, "score")
        return [
            Judged(
                judge, _said(row, where, "model", answers), None,
                raw={"judgment": row.get("judgment"), "score": row.get("score")},
                score_first=None if score is None or score == -1 else score,
                text=optional_text(row, "judgment") or "",
                turn=turn, template=template,
                messages=_prompt(row.get("user_prompt")),
                created_at=moment(row.get("tstamp")),
            )
        ]  # fmt: skip
    one, two = _said(row, where, "model_1", answers), _said(row, where, "model_2", answers)
    return [
        _game(row, where, game, first, second, judge=judge, turn=turn, template=template)
        for game, first, second in ((1, one, two), (2, two, one))
    ]


def _judged_at_last(rows: Sequence[list[Judged]]) -> list[Judged]:
    """The replies of all rows, without a row that lacks a verdict where another one about the same has it."""
    whole = {_subject(row) for row in rows if _has_verdict(row)}
    return [reply for row in rows if _has_verdict(row) or _subject(row) not in whole for reply in row]


def _subject(row: Sequence[Judged]) -> tuple[object, ...]:
    first = row[0]
    models = first.first.model, first.second.model if first.second else None
    return first.judge, first.template, first.question_id, models, first.turn


def _has_verdict(row: Sequence[Judged]) -> bool:
    return all(reply.label is not None or reply.score_first is not None for reply in row)


def _game(
    row: Row, where: str, game: int, first: Said, second: Said, *, judge: str, turn: int, template: str
) -> Judged:
    """One game of two. Game 1 showed model_1 first; the stored winners are unswapped in both."""
    stated = row.get(f"g{game}_winner")
    winner = one_of(stated, _WINNERS, where, f"g{game}_winner")
    judgment = row.get(f"g{game}_judgment")
    return Judged(
        judge, first, second,
        raw={"judgment": judgment, "winner": stated, "game": game},
        label=_label(winner, game),
        text=judgment if isinstance(judgment, str) else "",
        turn=turn, template=template,
        messages=_prompt(row.get(f"g{game}_user_prompt")),
        created_at=moment(row.get("tstamp")),
    )  # fmt: skip


def _label(winner: str | None, game: int) -> Label | None:
    match winner:
        case "tie":
            return "tie"
        case "1" | "2":
            return "first" if int(winner) == game else "second"
        case _:
            return None


def _said(row: Row, where: str, field: str, answers: Mapping[tuple[str, str], Said]) -> Said:
    key = identity(row, where, "question_id"), text(row, where, field)
    if key not in answers:
        raise DataError(f"{where}: no answer of {key[1]} to question {key[0]} in SRC (model_answer/{key[1]}.jsonl)")
    return answers[key]


def _judge(row: Row, path: Path) -> tuple[str, str]:
    """The judge's name and its template, written as [name, template] or only in the file's name."""
    stated = row.get("judge")
    if isinstance(stated, list) and stated and all(isinstance(part, str) for part in stated):
        return str(stated[0]), str(stated[1]) if len(stated) > 1 else ""
    name = optional_text(row, "judge")
    return name or path.stem.removesuffix("_single").removesuffix("_pair").removesuffix("_pair_baseline"), ""


def _prompt(user_prompt: JSON) -> tuple[Row, ...]:
    return ({"role": "user", "content": user_prompt},) if isinstance(user_prompt, str) else ()
