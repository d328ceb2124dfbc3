"""evalscope's arena: `general_arena_<dataset>&<subset>@<model>&<baseline>.jsonl`, two games per line."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from arena.errors import DataError
from arena.importers.found_board import Judged, Said
from arena.importers.sources import Row, count, number, object_in, optional_text, remember, rows_in, text
from arena.keys import digest
from arena.types import JSON, Label, Question, Usage

ARENA = "general_arena_"
"""How the names of its files begin."""
_LABELS: Mapping[str, Label] = {
    "A>>B": "first_strong", "A>B": "first", "A=B": "tie", "B=A": "tie", "B>A": "second", "B>>A": "second_strong",
}  # fmt: skip


def read_battle(row: Row, where: str, questions: MutableMapping[str, Question], replies: list[Judged]) -> None:
    """The games of one line: who stood first is stated, and the label is about slots."""
    scored = object_in(row, "sample_score")
    score, about = object_in(scored, "score"), object_in(scored, "sample_metadata")
    asked = [m for m in rows_in(row.get("messages")) if m.get("role") == "user"]
    target = row.get("target")
    baseline_answer = target[0] if isinstance(target, list) and target else target
    if not asked or not isinstance(baseline_answer, str):
        raise DataError(f"{where}: a battle of evalscope's arena without its question or the baseline's answer")
    turns = (text(asked[-1], where, "content"),)
    question_id = digest(list(turns))[:12]
    remember(questions, Question(question_id, turns), where)
    said = {
        text(about, where, "model_1"): text(about, where, "answer_1"),
        text(about, where, "model_2"): baseline_answer,
    }
    details = object_in(score, "metadata")
    judge = optional_text(details, "model") or "evalscope-judge"
    attempts = rows_in(details.get("judge_attempts"))
    for place, game in enumerate(rows_in(object_in(details, "battle_result").get("games"))):
        attempt: Row = attempts[place] if place < len(attempts) else {}
        first, second = (Said(question_id, name, (said[name],)) for name in _players(game, where, said))
        label = game.get("judgment")
        replies.append(_judged(judge, first, second, label, attempt))


def _judged(judge: str, first: Said, second: Said, label: JSON, attempt: Row) -> Judged:
    failed = optional_text(attempt, "status") not in {None, "success"}
    usage = object_in(object_in(attempt, "model_output"), "usage")
    return Judged(
        optional_text(attempt, "judge_id") or judge, first, second,
        raw={"judgment": label, "reply": attempt.get("raw_response")},
        label=_LABELS.get(str(label).strip()),
        status="error" if failed else "ok",
        error=str(attempt.get("error") or attempt.get("status")) if failed else None,
        text=optional_text(attempt, "raw_response") or str(label or ""),
        messages=tuple({"role": m.get("role"), "content": m.get("content")} for m in rows_in(attempt.get("messages"))),
        usage=Usage(count(usage.get("input_tokens")), count(usage.get("output_tokens"))),
        latency_s=number(attempt.get("latency")),
    )  # fmt: skip


def _players(game: Row, where: str, said: Mapping[str, str]) -> tuple[str, str]:
    first, second = text(game, where, "model_a"), text(game, where, "model_b")
    for name in (first, second):
        if name not in said:
            raise DataError(f"{where}: a game of {name}, which is neither of {', '.join(said)}")
    return first, second
