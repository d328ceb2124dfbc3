"""What a local model's files say about how long its texts may be: who counts tokens, and how many fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from arena.config.kinds import BackendConfig
from arena.errors import ConfigError, InputError
from arena.probes.needle import estimated_tokens

ANSWER_ROOM = 64
"""Tokens that a short answer needs."""


def tokens_by(entry: BackendConfig) -> Callable[[str], int] | None:
    """What counts tokens as the model does: its tokenizer.json, where it lies in a local folder and the package
    tokenizers is here. None where nobody can. Raises InputError where that file is none."""
    file = entry.weights / "tokenizer.json" if entry.weights else None
    if file is None or not file.is_file():
        return None
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        return None
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # noqa: BLE001 - the package raises no other
        raise InputError(f"{file}: not a tokenizer ({error})") from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def check_contexts(name: str, entry: BackendConfig, texts: Iterable[str], place: str) -> None:
    """Refuse texts that do not fit a model together with an answer. Raises ConfigError naming the longest."""
    fits = entry.context
    if fits is None:
        return
    room = min(entry.generation_config.max_tokens or ANSWER_ROOM, ANSWER_ROOM)
    count = tokens_by(entry) or estimated_tokens
    longest = max(map(count, texts), default=0)
    if longest + room > fits:
        raise ConfigError(
            f"{place}: found a text of {longest:,} tokens, but {name} has a context of {fits:,} with {room} of them for"
            " the answer; take shorter lengths"
        )
