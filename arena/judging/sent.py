"""A judge's request as its ledger line keeps it."""

from __future__ import annotations

from arena.keys import plain_messages, sampling_params
from arena.types import JSON, Completion, Request


def sent(request: Request, completion: Completion) -> dict[str, JSON]:
    """The request as the ledger keeps it; `response_format` says whether the endpoint enforced the schema,
    `top_logprobs` how many alternatives it was asked for.

    Both are no part of the key: the form asked for is the same, and a reply counts the same whoever kept to it.
    """
    kept: dict[str, JSON] = {
        "messages": plain_messages(request.messages),
        "params": sampling_params(request.sampling),
    }
    if completion.enforced is not None:
        kept["response_format"] = "json_schema" if completion.enforced else "text"
    if completion.asked_logprobs is not None:
        kept["top_logprobs"] = completion.asked_logprobs
    return kept
