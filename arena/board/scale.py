"""What holds a board's scale, as its reports say it."""

from __future__ import annotations

from collections.abc import Mapping

from arena.board.answers import Answers
from arena.board.candidates import judge_of
from arena.board.open import OpenBoard
from arena.board.weights import baselines_of
from arena.judging.frames import Judge
from arena.keys import digest, sampling_params
from arena.ratings import Anchored
from arena.reports.scale import AskedQuestion, Scale
from arena.types import JSON, Answer, Question

_DIGITS = 16


def scale_of(board: OpenBoard, answers: Answers, anchor: Anchored | None) -> Scale:
    """Of a board with today's answers, whose ratings `anchor` holds."""
    reviews = board.config.reviews_gen
    baselines = baselines_of(board.config)
    held = dict.fromkeys([*([anchor.model] if anchor is not None else []), *baselines])
    return Scale(
        mode=reviews.mode,
        simulated=board.simulated,
        judges={name: _hashed(about) for name, about in sorted(judge_identities(board).items())},
        prompts={prompt.name: prompt.sha256 for prompt in sorted(board.prompts.values(), key=lambda p: p.name)},
        questions={
            q.question_id: AskedQuestion(text=_text(board, q), prompt=board.prompt_for(q).name)
            for q in sorted(board.questions, key=lambda q: q.question_id)
        },
        anchor=None if anchor is None else anchor.model,
        anchored_at=None if anchor is None else anchor.rating,
        baselines=baselines,
        keys={name: _keys(answers.get(name, {})) for name in held},
    )  # fmt: skip


def judge_identities(board: OpenBoard) -> dict[str, dict[str, JSON]]:
    """By the names of the judges that are asked (of all, where none is): all that changes what one replies to a
    request, which is what its replies are keyed by, and how many there are."""
    asked = {name: entry for name, entry in board.judges.items() if entry.enable} or board.judges
    return {name: _identity(judge_of(name, entry)) for name, entry in asked.items()}


def _identity(judge: Judge) -> dict[str, JSON]:
    about: dict[str, JSON] = {"model": judge.model, "kind": judge.kind, "revision": judge.revision}
    return about | sampling_params(judge.sampling) | {"samples": judge.samples} | dict(judge.key_extra or {})


def _hashed(about: Mapping[str, JSON]) -> dict[str, str]:
    """Settings may be secret; a model's name is not."""
    return {name: str(value) if name == "model" else digest(value)[:_DIGITS] for name, value in sorted(about.items())}


def _text(board: OpenBoard, question: Question) -> str:
    """All of a question that a judge is shown: its reference only where somebody reads it."""
    judged = any(entry.needs_reference for entry in board.judges.values()) or board.prompt_for(question).needs_reference
    shown = [list(question.turns), question.system, *([list(question.reference)] if judged else [])]
    return digest(shown)[:_DIGITS]


def _keys(own: Mapping[tuple[str, int], Answer]) -> dict[str, str]:
    of_question: dict[str, list[tuple[int, str]]] = {}
    for (question, sample), answer in sorted(own.items()):
        of_question.setdefault(question, []).append((sample, answer.key))
    return {question: digest([list(part) for part in parts])[:_DIGITS] for question, parts in of_question.items()}
