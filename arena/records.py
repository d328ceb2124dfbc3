"""Answers, replies and verdicts as JSON: the one place that knows how their fields are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from types import NoneType
from typing import cast

from arena.types import JSON, Answer, Reply, TokenLogprobs, Usage, Verdict

_ANSWER_FIELDS = dict.fromkeys(f.name for f in fields(Answer))
_REPLY_FIELDS = dict.fromkeys(f.name for f in fields(Reply))
"""In the order in which they are written."""
_TEXT, _NUMBER = ("a text", (str, NoneType)), ("a number", (float, int, NoneType))
_KINDS: Mapping[object, tuple[str, tuple[type, ...]]] = {
    "str": _TEXT, "str | None": _TEXT, "Order | None": _TEXT, "int": ("a whole number", (int, NoneType)),
    "float | None": _NUMBER, "bool": ("true or false", (bool, NoneType)),
    "Mapping[str, JSON]": ("an object", (dict, NoneType)),
}  # fmt: skip
_ANSWER_KINDS, _REPLY_KINDS = (
    [(f.name, *_KINDS[f.type]) for f in fields(record) if f.type in _KINDS and f.name != "question_id"]
    for record in (Answer, Reply)
)
"""What may stand in each field of one kind of value."""
_ANSWER_STATUS = {"ok", "empty", "truncated", "refused", "error"}
_UNKNOWN = Usage()
_TOKENS = (
    ("input_tokens", "in"),
    ("output_tokens", "out"),
    ("cached_input_tokens", "in_cached"),
    ("reasoning_tokens", "reasoning"),
    ("cache_write_tokens", "cache_write"),
)
"""Both spellings of the counts, in the order of `Usage`."""
_REPLY_NEEDED = ("key", "status", "judge", "question_id", "model_a", "text")
_REPLY_STATUS = {"ok", "refused", "truncated", "empty", "bad_request", "error"}


def answer_to_json(answer: Answer) -> dict[str, JSON]:
    """One line of answers/<model>.jsonl."""
    line = _plain(answer, _ANSWER_FIELDS)
    line["usage"] = {
        "input_tokens": answer.usage.input_tokens,
        "output_tokens": answer.usage.output_tokens,
        "reasoning_tokens": answer.usage.reasoning_tokens,
        "cached_input_tokens": answer.usage.cached_input_tokens,
    }
    line["reasoning"] = list(answer.reasoning) if any(answer.reasoning) else None
    if not answer.simulated:
        del line["simulated"]
    return line


def answer_from_json(line: Mapping[str, JSON]) -> Answer:
    """Read a line back. Raises ValueError saying which field is wrong."""
    _check(line, ("question_id", "model", "turns", "status", "key"), _ANSWER_KINDS)
    known: dict[str, object] = {k: v for k, v in line.items() if k in _ANSWER_FIELDS}
    if known["status"] not in _ANSWER_STATUS:
        raise ValueError(f"status {known['status']!r:.40} is none of {', '.join(sorted(_ANSWER_STATUS))}")
    known["question_id"] = str(known["question_id"])
    known["turns"] = _texts(known["turns"], "turns")
    known["reasoning"] = tuple(cast("list[str | None]", known.get("reasoning") or ()))
    known["usage"] = usage_from_json(line.get("usage"))
    known["sample"] = known.get("sample") or 0
    return Answer(**known)  # type: ignore[arg-type]


def reply_to_json(reply: Reply) -> dict[str, JSON]:
    """One line of reviews/<judge>.jsonl."""
    line = _plain(reply, _REPLY_FIELDS)
    line["usage"] = {
        "in": reply.usage.input_tokens,
        "in_cached": reply.usage.cached_input_tokens,
        "out": reply.usage.output_tokens,
        "reasoning": reply.usage.reasoning_tokens,
        "cache_write": reply.usage.cache_write_tokens,
    }
    line["logprobs"] = [
        [t.token, _finite(t.logprob), [[token, _finite(logprob)] for token, logprob in t.top]] for t in reply.logprobs
    ] or None
    if not reply.simulated:
        del line["simulated"]
    return line


def check_reply(line: Mapping[str, JSON]) -> None:
    """Raise ValueError saying which field of a line is wrong."""
    _check(line, _REPLY_NEEDED, _REPLY_KINDS)
    if line["status"] not in _REPLY_STATUS:
        raise ValueError(f"status {line['status']!r:.40} is none of {', '.join(sorted(_REPLY_STATUS))}")


def reply_from_json(line: Mapping[str, JSON]) -> Reply:
    """Read a line back. Raises ValueError saying which field is wrong."""
    check_reply(line)
    known: dict[str, object] = {k: v for k, v in line.items() if k in _REPLY_FIELDS}
    known["question_id"] = str(known["question_id"])
    known["usage"] = usage_from_json(line.get("usage"))
    known["logprobs"] = tuple(
        TokenLogprobs(token, _logprob(stored), tuple((t, _logprob(p)) for t, p in top))
        for token, stored, top in cast("list[tuple[str, JSON, list[tuple[str, JSON]]]]", line.get("logprobs") or [])
    )
    defaults: dict[str, object] = {
        "model_requested": "", "prompt": "", "prompt_sha256": "", "format": "", "nonce": None,
        "request": {}, "model_b": None, "order": None, "sample": 0,
    }  # fmt: skip
    return Reply(**(defaults | known))  # type: ignore[arg-type]


def verdict_from_json(value: Mapping[str, JSON]) -> Verdict:
    """A verdict as it stands in a battle's row. Raises KeyError or TypeError where it is none."""
    get = value.get
    return Verdict(
        value["order"], value["status"], get("answer_sample") or 0, get("sample") or 0,  # type: ignore[arg-type]
        get("label"), get("score_a"), get("score_b"), get("probability"),  # type: ignore[arg-type]
        get("explanation"), get("reason"), get("key"), get("order_known") is not False,  # type: ignore[arg-type]
    )  # fmt: skip


def written_by(reply: Reply) -> str | None:
    """The kind of judge that wrote a line, where that was the rule or the rehearsal; None for everybody else.

    The rule's own replies say so and were never timed; an endpoint may serve a model of that name, but times it.
    """
    if reply.simulated:
        return "simulated"
    by_rule = reply.model_returned == "reference" and reply.via == "live" and reply.latency_s is None
    return "reference" if by_rule and reply.request_id is None else None


def usage_from_json(value: JSON) -> Usage:
    """Usage in either spelling: that of answers or that of the ledger."""
    if not isinstance(value, dict):
        return _UNKNOWN
    counts = [value.get(own) if value.get(own) is not None else value.get(other) for own, other in _TOKENS]
    found = Usage(*(int(count) if isinstance(count, int | float) else None for count in counts))
    return _UNKNOWN if found == _UNKNOWN else found


def _finite(logprob: float) -> float | None:
    """JSON has no infinity: what cannot be drawn at all is written as null."""
    return logprob if math.isfinite(logprob) else None


def _logprob(stored: JSON) -> float:
    return float(stored) if isinstance(stored, int | float) else -math.inf


def _plain(record: Answer | Reply, names: Iterable[str]) -> dict[str, JSON]:
    values = {name: getattr(record, name) for name in names}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _check(line: Mapping[str, JSON], needed: Iterable[str], kinds: Iterable[tuple[str, str, tuple[type, ...]]]) -> None:
    for field in needed:
        if line.get(field) is None:
            raise ValueError(f"no {field}")
    for field, kind, types in kinds:
        if type(line.get(field)) not in types:
            raise ValueError(f"{field}: expected {kind}, found {line[field]!r:.40}")


def _texts(value: object, field: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{field} must be a list of texts")
    return tuple(value)
