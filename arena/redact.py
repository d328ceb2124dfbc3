"""Keeping secrets out of everything we write about a run: logs, errors, run.json.

A secret becomes known here the moment it is read (an API key, the value of a configured header) and is replaced in
every text that passes `redact`. The list is the process's own on purpose: a key can surface in a traceback, a log
line of a library or an error body, far from whoever read it. Stored answers and requests are never redacted.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arena.types import JSON

MINIMUM_LENGTH = 8
"""Shorter values are no secrets, and replacing them would mangle ordinary words."""
REDACTED = "[redacted]"
HIDDEN_HOST = "[host]"

_SCHEMES = ("bearer", "basic", "token", "key", "apikey", "api-key")
_REFERENCE = re.compile(rf"((?:{'|'.join(_SCHEMES)})\s+)?\$\{{\w+\}}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s]*@")
_HOST = re.compile(r"(?<=://)[^\s/?#\"'<>(),]+")
_QUERY = re.compile(r"(?<=[?#]).+", re.DOTALL)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_NO_SECRETS = re.compile(r"accept(-.*)?|content-.*|user-agent", re.IGNORECASE)
"""Headers whose values are words of the protocol."""
_TELLING = re.compile(r"key|token|secret|cookie|auth", re.IGNORECASE)
"""Headers whose values are secrets wherever they are shown, inside texts of models too."""
_known: dict[str, None] = {}
_in_texts: dict[str, None] = {}
_written: dict[str, str] = {}


def remember_secrets(values: Iterable[str]) -> None:
    """From now on these values (of 8 characters or more) are redacted. `Bearer KEY` covers KEY alone too."""
    for value in values:
        scheme, _, rest = value.strip().partition(" ")
        for part in (value.strip(), rest.strip() if scheme.lower() in _SCHEMES else ""):
            if len(part) >= MINIMUM_LENGTH:
                _known.update(dict.fromkeys(_spellings(part)))


def _spellings(secret: str) -> tuple[str, ...]:
    """A secret as it stands in URLs, in JSON and in Python's own messages."""
    import json
    from urllib.parse import quote, quote_plus

    quoted = json.dumps(secret)[1:-1], repr(secret)[1:-1]
    return (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), *quoted)


def remember_headers(headers: Mapping[str, str]) -> None:
    """From now on the values of these headers are redacted, but for those that say what is sent and taken."""
    remember_secrets(value for name, value in headers.items() if not _NO_SECRETS.fullmatch(name))


def remember_url(url: str) -> None:
    """From now on what a URL holds beside scheme, host, port and path is redacted, as written and as sent."""
    import base64
    from urllib.parse import parse_qsl, unquote

    rest = url.partition("://")[2]
    userinfo, at, _ = rest.rpartition("@")
    if at:
        name, _, password = userinfo.partition(":")
        sent = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
        parts = (userinfo, name, password)
        remember_secrets([*parts, *map(unquote, parts), sent])
    for name, value in parse_qsl(re.split(r"[?#]", rest, maxsplit=1)[-1] if re.search(r"[?#]", rest) else ""):
        remember_secrets([value, unquote(value), f"{name}={value}"])


def shown_url(url: str) -> str:
    """A URL as it may be shown: without userinfo and query, and without known secrets."""
    return redact(_QUERY.sub(REDACTED, _USERINFO.sub(f"{REDACTED}@", url)))


def forget_secrets() -> None:
    """Start afresh, as a new process would."""
    _known.clear()
    _in_texts.clear()
    _written.clear()


def mask_in_texts(key: str | None, headers: Mapping[str, str]) -> None:
    """From now on `masked` hides this key, and the values of headers that are named like secrets."""
    told = [value.strip() for name, value in headers.items() if _TELLING.search(name)]
    for value in [*told, *([key.strip()] if key else [])]:
        scheme, _, rest = value.partition(" ")
        for part in (value, rest.strip() if scheme.lower() in _SCHEMES else ""):
            if len(part) >= MINIMUM_LENGTH and part != REDACTED:
                _in_texts.update(dict.fromkeys(_spellings(part)))


def remember_written(value: str, written: str) -> None:
    """From now on `as_written` shows a value of the config as it stands in the file, with its variables."""
    if len(value) >= MINIMUM_LENGTH:
        _written.update(dict.fromkeys(_spellings(value), written))


def as_written(text: str) -> str:
    """A message about the config, which quotes what variables were filled in with by the variables' names."""
    for value in sorted(_written, key=len, reverse=True):
        text = text.replace(value, _written[value])
    return text


def masked(text: str) -> str:
    """A text of a model as it may be shown: stored it stays as received."""
    for secret in sorted(_in_texts, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def masks() -> int:
    """Which keys `masked` hides, as a number that tells nothing about them: another when another key became known."""
    if not _in_texts:
        return 0
    import hashlib

    told = "\0".join(sorted(_in_texts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=7).digest(), "little")


def masked_json(value: JSON) -> JSON:
    """The same for every text inside a JSON value; names of fields stay."""
    match value:
        case str():
            return masked(value)
        case list():
            return [masked_json(inner) for inner in value]
        case dict():
            return {name: masked_json(inner) for name, inner in value.items()}
        case _:
            return value


def redact(text: str) -> str:
    """The text with every known secret replaced, the longest first."""
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, REDACTED)
    return text


def redact_json(value: JSON) -> JSON:
    """The same for every string inside a JSON value, keys included."""
    match value:
        case str():
            return redact(value)
        case list():
            return [redact_json(inner) for inner in value]
        case dict():
            return {redact(key): redact_json(inner) for key, inner in value.items()}
        case _:
            return value


def without_secrets(config: JSON) -> JSON:
    """A configuration as it may be shown: header values, userinfo and queries of URLs written out in it, and every
    known secret, are replaced."""
    match config:
        case dict():
            return {
                name: {header: told if _is_reference(told) else REDACTED for header, told in value.items()}
                if name in ("headers", "extra_query") and isinstance(value, dict)
                else without_secrets(value)
                for name, value in config.items()
            }
        case list():
            return [without_secrets(inner) for inner in config]
        case str():
            return redact(_URL.sub(lambda found: shown_url(found.group()), config))
        case _:
            return config


def without_hosts(value: JSON, hosts: Collection[str] = ()) -> JSON:
    """What is shown to outsiders: in every text of a JSON value the host and port of URLs, and these host names, are
    replaced. Names of models stay."""
    match value:
        case str():
            text = _HOST.sub(HIDDEN_HOST, value)
            for host in sorted(filter(None, hosts), key=len, reverse=True):
                text = re.sub(rf"(?<![\w.-]){re.escape(host)}(:\d+)?(?![\w-])", HIDDEN_HOST, text, flags=re.IGNORECASE)
            return text
        case list():
            return [without_hosts(inner, hosts) for inner in value]
        case dict():
            told = {name: without_hosts(inner, hosts) for name, inner in value.items()}
            told |= {name: inner for name, inner in value.items() if name == "model" and isinstance(inner, str)}
            return told | ({"ray_address": HIDDEN_HOST} if "ray_address" in value else {})
        case _:
            return value


def _is_reference(value: JSON) -> bool:
    """Whether a value only names an environment variable, with or without the scheme before it."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def install(shown: Callable[[str], str] = str) -> None:
    """Redact what this process logs (warnings and worse, to stderr) and the traceback of a bug that ends it. `shown`:
    what such a text goes through besides."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(Sourced(), shown))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(shown(redact("".join(traceback.format_exception(kind, error, trace)))))

    sys.excepthook = show


class Sourced(logging.Formatter):
    """A line of another library begins with that library's name; ours speak for themselves."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line before tracebacks."""
        ours = record.name.partition(".")[0] == __name__.partition(".")[0]
        return record.message if ours else f"{record.name}: {record.message}"


class RedactingFormatter(logging.Formatter):
    """Formats as the formatter it wraps, tracebacks included, then redacts."""

    def __init__(self, inner: logging.Formatter, shown: Callable[[str], str] = str) -> None:
        super().__init__()
        self._inner = inner
        self._shown = shown

    def format(self, record: logging.LogRecord) -> str:
        """The finished line without secrets."""
        return self._shown(redact(self._inner.format(record)))
