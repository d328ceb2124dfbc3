"""What the wire formats have in common: texts that can be sent, fields laid over a body, values read with care."""

from __future__ import annotations

import math
from collections.abc import Mapping

from arena.types import JSON, TokenLogprobs


def sendable(text: str) -> str:
    """The text with U+FFFD for lone surrogates: halves of characters, which no UTF-8 body can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def merge(body: dict[str, JSON], extra: Mapping[str, JSON]) -> dict[str, JSON]:
    """The body with extra fields; an object on both sides is merged one level deep."""
    merged = dict(body)
    for name, value in extra.items():
        ours = merged.get(name)
        merged[name] = {**ours, **value} if isinstance(ours, dict) and isinstance(value, dict) else value
    return merged


def count(mapping: object, name: str) -> int | None:
    """A whole number of a JSON object that is 0 or more; None for anything else."""
    value = mapping.get(name) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def text_of(value: object) -> str | None:
    """A text that is not empty; None for anything else."""
    return value if isinstance(value, str) and value else None


def logprobs_of(tokens: object) -> tuple[TokenLogprobs, ...]:
    """Log-probabilities as OpenAI's APIs list them: a token, its own and those of its alternatives."""
    found = tokens if isinstance(tokens, list) else []
    return tuple(_token(token) for token in found if isinstance(token, Mapping))


def _token(token: Mapping[str, object]) -> TokenLogprobs:
    top = token.get("top_logprobs")
    alternatives = [t for t in top if isinstance(t, Mapping)] if isinstance(top, list) else []
    return TokenLogprobs(
        token=text_of(token.get("token")) or "",
        logprob=_number(token.get("logprob")),
        top=tuple((text_of(t.get("token")) or "", _number(t.get("logprob"))) for t in alternatives),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else -math.inf
