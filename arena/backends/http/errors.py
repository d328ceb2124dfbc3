"""What an HTTP endpoint's failure means: status codes, broken connections and error bodies as CallErrors.

The official SDKs share their HTTP library and the shape of their exceptions, so one mapping serves both. Every text
that leaves here has lost its secrets.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Protocol

from arena.errors import CallError, Rejected, Throttled, Unauthorized, Unstable
from arena.files import to_json
from arena.redact import redact

if TYPE_CHECKING:
    import httpx2

_WAIT = (408, 409, 425, 429, 503, 529)
_NOBODY = (401, 402, 403, 404, 405, 407)
_NO_CREDIT = re.compile(
    r"(?:[\w-]+: ){0,2}(?:insufficient_quota|insufficient_user_quota|exceeded_current_quota|billing_hard_limit_reached"
    r"|billing_not_active|Arrearage|Your credit balance is too low|Key limit exceeded)"
)
"""How an error's text begins that says so with status 400, 403 or 429. Further on it may echo the request."""
_NO_MODEL = re.compile(
    r"model\b.{0,60}?\b(not exist|not found|doesn't exist|does not exist)", re.IGNORECASE | re.DOTALL
)
"""Some endpoints answer 400 instead of 404 for a model they do not have."""
_ADVICE = {
    401: "check the API key",
    402: "no credit or quota left",
    403: "the key may not use this",
    404: "check base_url and model",
    405: "check base_url",
    407: "the proxy wants credentials",
}
_NOT_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError")
"""Exceptions of the HTTP library after which the server has seen nothing."""
_LONGEST_MESSAGE = 600
_STATUS_OF = {
    "invalid_request_error": "400", "BadRequestError": "400", "authentication_error": "401", "permission_error": "403",
}  # fmt: skip
"""What kinds of errors come with as a status, where they come as such and not inside a 200."""
_LOOKED_AT = 20_000
"""Characters of a body that are looked at for how it begins."""
_CODES = ("code", "status", "status_code", "error_code")
_DETAILS = ("message", "detail", "msg", "error_msg", "error_message", "status_msg", "title", "reason")
"""Where error bodies keep their words."""


class Sdk(Protocol):
    """What the SDK modules have in common."""

    APIStatusError: type[Exception]
    APIConnectionError: type[Exception]
    APIError: type[Exception]
    DefaultAsyncHttpxClient: type[httpx2.AsyncClient]


def status_error(status: int, message: str, retry_after_s: float | None = None) -> CallError:
    """The class of failure an HTTP status stands for; the message says status, text and, where known, what to do."""
    text = shorten(f"{status}: {message}" if message else str(status))
    if _NO_CREDIT.match(message):
        return Unauthorized(f"{text} ({_ADVICE[402]})", 402)
    if status in _WAIT:
        return Throttled(text, retry_after_s, billable=status >= 500)
    if status in _NOBODY:
        return Unauthorized(f"{text} ({_ADVICE[status]})", status)
    if status >= 500:
        return Unstable(text, status)
    if _NO_MODEL.search(message):
        return Unauthorized(f"{text} ({_ADVICE[404]})", 404)
    return Rejected(text, status)


def http_errors(sdk: Sdk) -> tuple[type[Exception], ...]:
    """Everything an SDK or the HTTP library below it raises for a call that failed."""
    import httpx2

    return (sdk.APIError, httpx2.RequestError)


def call_error(error: Exception, sdk: Sdk) -> CallError:
    """The CallError that one of `http_errors` stands for."""
    if isinstance(error, sdk.APIStatusError):
        response = getattr(error, "response", None)
        message = error_text(getattr(error, "body", None)) or str(error)
        headers = getattr(response, "headers", {})
        return status_error(int(getattr(error, "status_code", 0)), message, retry_after(headers))
    cause = error.__cause__ if isinstance(error, sdk.APIConnectionError) and error.__cause__ else error
    if isinstance(cause, CallError):  # from the wall
        return cause
    text = shorten(f"{type(cause).__name__}: {cause}".rstrip(": "))
    if type(cause).__name__ in _NOT_SENT:
        return Throttled(f"cannot connect: {text}", refused=True)
    return Unstable(text)


def body_error(body: Mapping[str, object]) -> CallError:
    """What an error object means that came with status 200: from some gateways, and inside streams."""
    inner = body.get("error")
    code = inner.get("code") if isinstance(inner, Mapping) else None
    kind = inner.get("type") if isinstance(inner, Mapping) else None
    message = error_text(body) or "an error object without a text"
    if kind in ("overloaded_error", "rate_limit_error"):
        return Throttled(shorten(message), billable=kind == "overloaded_error")
    status = str(code) if re.fullmatch(r"[45]\d\d", str(code)) else _STATUS_OF.get(str(kind))
    if status is not None:
        return status_error(int(status), message)
    if _NO_CREDIT.match(message):
        return status_error(402, message)
    return Unstable(shorten(f"200 with an error inside: {message}"))


def odd_body(body: Mapping[str, object], lacks: str) -> CallError:
    """What a body of status 200 means that lacks an answer: by its own code where it has one, in its own words."""
    if body.get("error"):
        return body_error(body)
    words = error_text(body)
    code = next((str(body[name]) for name in _CODES if re.fullmatch(r"[45]\d\d", str(body.get(name)))), None)
    if code is not None:
        return status_error(int(code), words)
    return Unstable(shorten(f"200 without {lacks}{f': {words}' if words else ''}"))


def web_page_error(text: str) -> Unauthorized:
    """HTML where a completion was expected: the base URL is wrong, or a proxy stands in between."""
    beginning = beginning_of(text)
    return Unauthorized(shorten(f"a web page answers instead of the API (check base_url): {beginning}"), 200)


def beginning_of(text: str) -> str:
    """How a body begins, without secrets: they are taken out before it is cut."""
    return " ".join(redact(text)[:_LOOKED_AT].split())[:80]


def looks_like_a_page(content_type: str, text: str) -> bool:
    """Whether a body is HTML rather than a broken answer."""
    return "html" in content_type or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def error_text(body: object) -> str:
    """The readable part of an error body: type or code, message, and the parameter it is about where that is named
    apart. Gemini puts it into a list of one. A body of another shape is given as it is."""
    if isinstance(body, list) and body:
        return error_text(body[0])
    if not isinstance(body, Mapping):
        return body if isinstance(body, str) else ""
    inner = body.get("error") or body
    if not isinstance(inner, Mapping):
        return str(inner) if inner else ""
    detail = str(next((inner[name] for name in _DETAILS if inner.get(name)), ""))
    kinds = [str(inner[name]) for name in ("type", "code") if isinstance(inner.get(name), str | int)]
    if not detail:
        return to_json(inner).decode() if inner.keys() - {"type", "code", "status"} else ": ".join(kinds)
    about = inner.get("param")
    if isinstance(about, str) and about and about not in detail:
        detail = f"{detail} ({about})"
    return ": ".join([*dict.fromkeys(kinds), detail])


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date.

    None where it asks for nothing that can be waited for: zero would be a loop without a pause.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        return seconds if seconds > 0 else None
    then, now = headers.get("retry-after"), headers.get("date")
    if not then or not now:
        return None
    try:
        until, at = (email.utils.parsedate_to_datetime(date).astimezone(UTC) for date in (then, now))
    except (ValueError, OverflowError):
        return None
    seconds = (until - at).total_seconds()
    return seconds if seconds > 0 else None


def shorten(text: str) -> str:
    """One line of bounded length, without secrets."""
    line = redact(" ".join(redact(text).split()))
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 3]}..."
