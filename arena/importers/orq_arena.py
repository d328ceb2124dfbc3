"""orq-arena: battles.jsonl with the votes of a jury, and the run's manifest beside it."""

from __future__ import annotations

from pathlib import Path

from arena.errors import DataError
from arena.importers.found_board import FoundBoard, Judged, Said
from arena.importers.sources import (
    Row,
    count,
    find_files,
    identity,
    moment,
    number,
    one_of,
    optional_text,
    read_document,
    read_rows,
    remember,
    rows_in,
    seconds,
    text,
)
from arena.types import Label, Question, Usage

_VOTES: dict[str, Label] = {"A": "first", "B": "second", "tie": "tie"}
_FLIPPED = "abstained: its two orders disagree"
_QUORUM = 2
"""orq-arena's default for min_successful_judges."""


def read_orq_arena(source: Path) -> FoundBoard:
    """The board in a battles.jsonl (or the folder it lies in).

    A vote is what a judge said in both orders when both agreed; a judge that contradicted itself abstained, and which
    way it flipped is not stored. So a vote is one reply of unknown order, and an abstention a reply without a verdict.
    Models answer anew in every match: several answers to one question become samples.
    """
    files = [path for path in find_files(source) if not path.name.endswith(".run.json")]
    questions: dict[str, Question] = {}
    answers: list[Said] = []
    replies: list[Judged] = []
    void = unjudged = 0
    for path in files:
        for where, row in read_rows(path):
            if row.get("error"):
                void += 1
                continue
            question = _question(row, where)
            remember(questions, question, where)
            first, second = _said(row, where, "a"), _said(row, where, "b")
            answers += [first, second]
            votes = [_vote(vote, row, where, first, second) for vote in rows_in(row.get("judge_votes"))]
            unjudged += not votes
            replies += votes
    if not replies:
        raise DataError(f"{source}: no battles with judge_votes in it")
    left_out = ((void, "void rounds (a model's stream broke)"), (unjudged, "rounds without a judge's vote"))
    notes = tuple(f"{number} {what} left out" for number, what in left_out if number)
    quorum = min(_quorum(files), len({reply.judge for reply in replies}))
    return FoundBoard("orq_arena", questions, tuple(answers), tuple(replies), quorum=quorum, notes=notes)


def _question(row: Row, where: str) -> Question:
    metadata = row.get("prompt_metadata")
    return Question(
        identity(row, where, "prompt_hash"),
        (text(row, where, "prompt_text"),),
        optional_text(row, "prompt_category") or "general",
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def _said(row: Row, where: str, side: str) -> Said:
    return Said(
        identity(row, where, "prompt_hash"),
        text(row, where, f"model_{side}"),
        (text(row, where, f"response_{side}"),),
        finish_reason=optional_text(row, f"finish_reason_{side}"),
        usage=Usage(
            input_tokens=count(row.get(f"tokens_{side}_in")),
            output_tokens=count(row.get(f"tokens_{side}_out")),
            reasoning_tokens=count(row.get(f"tokens_{side}_reasoning")),
        ),
        ttft_s=seconds(row.get(f"ttft_{side}_ms")),
        latency_s=seconds(row.get(f"duration_{side}_ms")),
        measured=True,
    )


def _vote(vote: Row, row: Row, where: str, first: Said, second: Said) -> Judged:
    stated = vote.get("vote")
    completed = vote.get("completed", True) is not False
    return Judged(
        text(vote, where, "model"), first, second,
        raw=dict(vote),
        label=one_of(stated, _VOTES, where, "vote") if stated is not None else None,
        order_known=False,
        status="ok" if completed else "error",
        error=None if completed else "the judge's call failed",
        text=optional_text(vote, "explanation") or (_FLIPPED if vote.get("flipped") else ""),
        created_at=moment(row.get("timestamp")),
    )  # fmt: skip


def _quorum(files: list[Path]) -> int:
    manifests = [read_document(path.with_suffix(".run.json")) for path in files]
    stated = [number(manifest.get("min_successful_judges")) for manifest in manifests if manifest is not None]
    return int(max((value for value in stated if value is not None), default=_QUORUM))
