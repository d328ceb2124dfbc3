"""One battle in full: question, answers and every judge's verdicts, read by byte offset."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.files import from_json
from arena.records import usage_from_json
from arena.redact import masked_json
from arena.reports.typed import Misread, read_as
from arena.store.folder import BoardFolder
from arena.types import Answer, Question, Usage, Verdict
from viz.data.board import Board
from viz.data.rows import NONE, Rows

_BLOCK = 1 << 23


@dataclass(frozen=True, slots=True)
class Identity:
    """What names a battle in a URL. In single mode there is no model_b."""

    question: str
    a: str
    b: str | None
    judge: str
    sample: int = 0

    def parameters(self) -> dict[str, str]:
        """As parameters of a URL."""
        named = {"question": self.question, "a": self.a, "b": self.b, "by": self.judge}
        sample = {"sample": str(self.sample)} if self.sample else {}
        return {name: value for name, value in named.items() if value is not None} | sample


@dataclass(frozen=True, slots=True)
class Side:
    """One contestant of a battle."""

    model: str
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge (or the panel) made of the battle: the part of its line that is shown."""

    judge: str
    state: str
    reason: str | None
    outcome: float | None
    winner: str | None
    consistent: bool | None
    verdicts: tuple[Verdict, ...] = ()
    score: float | None = None
    criteria: Mapping[str, float] = field(default_factory=dict)
    explanation: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What the ledger says about one call: the part of its line that is shown."""

    status: str
    key: str
    text: str
    model_requested: str | None = None
    model_returned: str | None = None
    error: str | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    request: Mapping[str, object] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Who says what in the prompt."""
        given = self.request.get("messages")
        whole = [m for m in given if isinstance(m, dict)] if isinstance(given, list) else []
        return [(str(m.get("role", "")), str(m.get("content", ""))) for m in whole]


@dataclass(frozen=True, slots=True)
class Detail:
    """One battle, every judge."""

    identity: Identity
    question: Question
    known_question: bool
    """False when the board came without its questions."""
    sides: tuple[Side, ...]
    judged: tuple[Judged, ...]
    """The judge of the identity first."""


def identity_of(board: Board, row: int) -> Identity:
    """How a row is named in a URL."""
    rows, names = board.rows, board.names
    b = int(rows.model_b[row])
    return Identity(
        names.questions[rows.question[row]],
        names.models[rows.model_a[row]],
        None if b == NONE else names.models[b],
        names.judges[rows.judge[row]],
        int(rows.sample[row]),
    )


def find_row(board: Board, wanted: Identity) -> int | None:
    """The row of a battle, its models named in either order; None when it is not on the board.

    Without a judge the first one's.
    """
    found = _find_row(board, wanted)
    if found is None and wanted.b is not None:
        return _find_row(board, replace(wanted, a=wanted.b, b=wanted.a))
    return found


def _find_row(board: Board, wanted: Identity) -> int | None:
    names = board.names
    codes = (
        _code(names.questions, wanted.question), _code(names.models, wanted.a),
        NONE if wanted.b is None else _code(names.models, wanted.b),
    )  # fmt: skip
    if None in codes:
        return None
    rows = board.rows
    same = (rows.question == codes[0]) & (rows.model_a == codes[1]) & (rows.model_b == codes[2])
    same &= rows.sample == wanted.sample
    found = np.flatnonzero(same)
    of_judge = found[rows.judge[found] == _code(names.judges, wanted.judge)]
    return int(of_judge[0]) if len(of_judge) else int(found[0]) if len(found) else None


def siblings(board: Board, row: int) -> NDArray[np.intp]:
    """The rows of the same battle by all judges."""
    rows: Rows = board.rows
    same = (rows.question == rows.question[row]) & (rows.model_a == rows.model_a[row])
    same &= (rows.model_b == rows.model_b[row]) & (rows.sample == rows.sample[row])
    return np.flatnonzero(same)


def read_detail(board: Board, row: int) -> Detail:
    """Everything about the battle of a row. Raises DataError when the files changed under the index."""
    if board.kind == "llmuses":
        return _llmuses(board, row)
    identity = identity_of(board, row)
    lines = {int(r): board.line(int(r)) for r in siblings(board, row)}
    line = lines[row]
    if identity.b is None:
        sides: tuple[Side, ...] = (Side(identity.a, board.answer(line.get("answer_key"))),)
    else:
        sides = (
            Side(identity.a, board.answer(line.get("answer_key_a"))),
            Side(identity.b, board.answer(line.get("answer_key_b"))),
        )
    question = board.questions.get(identity.question)
    known = question is not None
    if question is None:
        question = Question(
            identity.question, (), str(line.get("category") or "general"), language=line.get("language")
        )
    judged = [_judged(board, identity, lines[r]) for r in (row, *(r for r in lines if r != row))]
    return Detail(identity, question, known, sides, tuple(judged))


def _judged(board: Board, identity: Identity, line: dict[str, Any]) -> Judged:
    try:
        return read_as(Judged, line | {"judge": str(line["judge"])})
    except Misread as error:
        raise DataError(f"{board.path}: question {identity.question}: {error}") from None


def _llmuses(board: Board, row: int) -> Detail:
    identity, line, swapped = identity_of(board, row), board.line(row), board.swapped_line(row)
    in_order = str(line["model_a"]) == identity.a
    texts = [str(line.get(name) or "") for name in ("output_a", "output_b")]
    sides = tuple(
        Side(model, _recorded(identity, model, text))
        for model, text in zip((identity.a, str(identity.b)), texts if in_order else texts[::-1], strict=True)
    )
    rows = board.rows
    outcome = float(rows.outcome[row])
    judged = Judged(
        identity.judge, "rated" if np.isfinite(outcome) else "excluded", None if np.isfinite(outcome) else "unparsed",
        outcome if np.isfinite(outcome) else None,
        {0: "model_a", 1: "model_b", 2: "tie"}.get(int(rows.winner[row])),
        None if rows.consistent[row] < 0 else bool(rows.consistent[row]),
        tuple(_llmuses_verdict(each, identity) for each in (line, swapped) if each is not None),
    )  # fmt: skip
    question = Question(identity.question, (str(line.get("question") or ""),), str(line.get("category") or "general"))
    return Detail(identity, question, True, sides, (judged,))


def _llmuses_verdict(line: dict[str, Any], identity: Identity) -> Verdict:
    """llmuses names slots model_a and model_b; what stood first is its model_a."""
    a_first = str(line["model_a"]) == identity.a
    label = {"model_a": "first", "model_b": "second", "tie": "tie"}.get(str(line["win"]))
    given = line.get("scores")
    a, b = given if isinstance(given, list) and len(given) == 2 else (None, None)
    if not a_first:
        a, b = b, a
    explanation = line.get("review_text") or line.get("explanation")
    return Verdict(
        "a_first" if a_first else "b_first", "ok" if label else "unparsed", label=cast("Any", label), score_a=a,
        score_b=b, explanation=str(explanation) if explanation else None, reason=None if label else "unparsed",
    )  # fmt: skip


def _recorded(identity: Identity, model: str, text: str) -> Answer:
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Answer(identity.question, model, identity.sample, (text,), "ok" if text.strip() else "empty", key)


def find_reply(board: Board, key: str) -> Called | None:
    """The ledger line of a verdict, looked for by its key in every ledger; the last line of a key counts."""
    if board.source.board is None:
        return None
    needle = f'"key":"{key}"'.encode()
    spaced = f'"key": "{key}"'.encode()
    for path in sorted((BoardFolder(board.source.board).root / "reviews").glob("*.jsonl")):
        line = _last_line_with(path, needle) or _last_line_with(path, spaced)
        if line is not None:
            try:
                value = masked_json(from_json(line))
                found = read_as(Called, {**value, "usage": {}} if isinstance(value, dict) else value)
            except ValueError:  # a damaged line
                continue
            if isinstance(value, dict) and found.key == key:
                return replace(found, usage=usage_from_json(value.get("usage")))
    return None


def _last_line_with(path: Path, needle: bytes) -> bytes | None:
    """The last whole line of a file that contains some bytes, without holding the file in memory."""
    found, kept = None, b""
    try:
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK):
                window = kept + block
                end = window.rfind(b"\n") + 1
                at = window.rfind(needle, 0, end)
                if at >= 0:
                    found = window[window.rfind(b"\n", 0, at) + 1 : window.find(b"\n", at)]
                kept = window[end:]
    except OSError:
        return None
    return found


def _code(names: tuple[str, ...], name: str) -> int | None:
    try:
        return names.index(name)
    except ValueError:
        return None
