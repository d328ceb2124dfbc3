"""What makes two requests the same: keys over everything that can change an answer or a reply, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from arena.types import JSON, Message, Sampling

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

_MESSAGES = "messages"
_SAMPLING = tuple(f.name for f in fields(Sampling))
NONCE_IN_KEYS = "NONCE"
"""Keys are computed over messages rendered with this instead of the real nonce."""
ONCE_WITHOUT_KIND = ("reference", "simulated")
"""Kinds of judges that no weights stand behind, whose keys in 0.1.0 did not hold the kind."""


def canonical(value: object) -> bytes:
    """Canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def digest(value: object) -> str:
    """sha256 over canonical JSON, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain_messages(messages: Sequence[Message]) -> list[JSON]:
    """Messages as JSON, without the cache marks: those change the price of a call, not its result."""
    return [{"role": m.role, "content": m.content} for m in messages]


def sampling_params(sampling: Sampling) -> dict[str, JSON]:
    """Sampling parameters as JSON; those left to the endpoint are absent."""
    given = {name: getattr(sampling, name) for name in _SAMPLING}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items() if v is not None and v != ()}


class ReplyKeys(NamedTuple):
    """A reply's key, and the one that 0.1.0 gave it; None where that was the same."""

    key: str
    older: str | None = None


def reply_keys(
    judge: str,
    model: str,
    revision: str | None,
    messages: Sequence[Message],
    sampling: Sampling,
    response_format: JSON,
    sample: int,
    *,
    extra: Mapping[str, JSON] | None = None,
    kind: str | None = None,
) -> ReplyKeys:
    """The first 32 hex digits that identify a judge's reply. `messages` are rendered with the literal nonce `NONCE`.

    `kind` is the kind of a judge that no weights stand behind; the same weights behind any backend share their key.
    """
    frame = reply_frame(judge, model, revision, sampling, response_format, sample, extra=extra)
    return frame.keys(hashlib.sha256(frame.before + canonical(plain_messages(messages))), kind)


class ReplyFrame(NamedTuple):
    """The text that a reply's key is the hash of, but for its messages."""

    before: bytes
    after: bytes

    def keys(self, hashed: HASH, kind: str | None) -> ReplyKeys:
        """The keys, from the hash of everything up to the end of the messages."""
        if kind is None:
            hashed.update(self.after + b"}")
            return ReplyKeys(hashed.hexdigest()[:32])
        hashed.update(self.after)
        older = hashed.copy()
        hashed.update(_written_by(kind))  # the last of the sorted names
        older.update(b"}")
        return ReplyKeys(hashed.hexdigest()[:32], older.hexdigest()[:32] if kind in ONCE_WITHOUT_KIND else None)


def reply_frame(
    judge: str,
    model: str,
    revision: str | None,
    sampling: Sampling,
    response_format: JSON,
    sample: int,
    *,
    extra: Mapping[str, JSON] | None = None,
) -> ReplyFrame:
    """What `reply_keys` hashes around the messages."""
    parts: dict[str, object] = {
        "judge": judge,
        "model": model,
        "revision": revision,
        "sampling": sampling_params(sampling),
        "format": response_format,
        "sample": sample,
    }
    if extra:
        parts["extra"] = extra
    before = canonical({name: value for name, value in parts.items() if name < _MESSAGES})
    after = canonical({name: value for name, value in parts.items() if name > _MESSAGES})
    return ReplyFrame(before[:-1] + b',"messages":', b"," + after[1:-1])


def messages_around(frame: ReplyFrame, before: Sequence[Message], last: Sequence[str | int]) -> tuple[bytes | int, ...]:
    """The text from its beginning to the end of the messages: `before`, and the user's last one, whose holes, numbers,
    stay holes."""
    opened = b"".join(canonical(message) + b"," for message in plain_messages(before))
    start = frame.before + b"[" + opened + b'{"content":"'
    texts = [piece if isinstance(piece, int) else escaped(piece) for piece in last]
    return start, *texts, b'","role":"user"}]'


def escaped(text: str) -> bytes:
    """A text as it stands in canonical JSON, without quotes. It is escaped letter by letter, so parts may be joined."""
    return canonical(text)[1:-1]


@cache
def _written_by(kind: str) -> bytes:
    """The end of a key's text that names a kind."""
    return b"," + canonical({"written_by": kind})[1:]


def filed_under(key: str, kind: str | None) -> str:
    """Where a ledger finds the reply of a judge of this kind: under its key, but what the rule or the rehearsal wrote
    apart from what models did, since in 0.1.0 both had the same keys."""
    return f"{kind}:{key}" if kind in ONCE_WITHOUT_KIND else key


def recorded_key(turns: Sequence[str]) -> str:
    """The key of a recorded answer: its content."""
    return hashlib.sha256("\x1e".join(turns).encode("utf-8", "surrogatepass")).hexdigest()


def derived_seed(seed: int, question_id: str, sample: int) -> int:
    """The seed of one request, in [0, 2^31): different for every question and sample."""
    return int(digest([seed, question_id, sample])[:8], 16) & 0x7FFFFFFF


@cache
def fingerprint(folder: str, kind: str) -> str | None:
    """What identifies local model files; None when there is no such folder (a hub id).

    kind `adapter`: their content. kind `model`: names, sizes and modification times (reading gigabytes would take
    minutes).
    """
    path = Path(folder)
    if not path.exists():
        return None
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if kind == "adapter":
        return digest([[p.name, hashlib.sha256(p.read_bytes()).hexdigest()] for p in files])
    return digest([[p.name, p.stat().st_size, p.stat().st_mtime_ns] for p in files])
