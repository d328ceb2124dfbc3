"""What a local model's files say about how long its texts may be: who counts tokens, and how many fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from arena.config.kinds import BackendConfig
from arena.config.kinds.local import LlamaCppConfig, LocalConfig
from arena.errors import ConfigError, InputError
from arena.gguf import read_gguf
from arena.probes.needle import estimated_tokens

ANSWER_ROOM = 64
"""Tokens that a short answer needs."""


def tokens_by(entry: BackendConfig) -> Callable[[str], int] | None:
    """What counts tokens as the model does: its tokenizer.json, where it lies in a local folder and the package
    tokenizers is here. None where nobody can."""
    if not isinstance(entry, LocalConfig):
        return None
    file = Path(entry.place).expanduser() / "tokenizer.json"
    if not file.is_file():
        return None
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        return None
    tokenizer = Tokenizer.from_file(str(file))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def context_of(entry: BackendConfig) -> int | None:
    """Tokens that prompt and answer have together, as far as the config or the model's files say."""
    if not isinstance(entry, LocalConfig):
        return None
    said = entry.engine.get("max_model_len", entry.engine.get("n_ctx"))
    if isinstance(said, int) and not isinstance(said, bool):
        slots = entry.engine.get("n_parallel", 1)
        return said // (slots if isinstance(slots, int) and slots > 0 and "n_ctx" in entry.engine else 1)
    place = Path(entry.place).expanduser()
    if place.is_file():
        from arena.backends.local.llamacpp_engine import CONTEXT

        try:
            trained = read_gguf(place).context_length
        except InputError:  # said when the model is opened
            return None
        return min(trained or CONTEXT, CONTEXT) if isinstance(entry, LlamaCppConfig) else trained
    try:
        stated = json.loads((place / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = stated.get("max_position_embeddings") if isinstance(stated, dict) else None
    return found if isinstance(found, int) else None


def check_contexts(name: str, entry: BackendConfig, texts: Iterable[str], place: str) -> None:
    """Refuse texts that do not fit a model together with an answer. Raises ConfigError naming the longest."""
    fits = context_of(entry)
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
