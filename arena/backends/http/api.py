"""What every endpoint on the network has in common: keys and headers, the backend seam, reading a body."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from arena.backends.http.conversation import converse
from arena.backends.http.departure import DEPARTURE, Departure
from arena.backends.http.dialect import Dialect
from arena.backends.http.endpoint import Endpoint, Patience
from arena.backends.http.errors import Sdk, call_error, http_errors
from arena.backends.http.reading import Watch
from arena.config.base import GenerationConfig
from arena.config.kinds import ApiConfig
from arena.config.kinds.api import REFERENCE
from arena.errors import CallError, EndpointDead, InputError, Rejected, Throttled, Unauthorized, Unstable
from arena.money import priced
from arena.redact import redact, remember_headers, remember_secrets, remember_url, shown_url
from arena.types import JSON, Completion, Load, Request

log = logging.getLogger(__name__)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_FORMS = 8
"""In so many forms one request is tried, at most; what is refused costs nothing."""


A = TypeVar("A", bound=ApiConfig)


class ApiTransport(Protocol):
    """One provider's wire format on its own SDK."""

    sdk: Sdk
    base_url: str
    dialect: Dialect

    def body(self, request: Request, dialect: Dialect) -> dict[str, JSON]:
        """What the call sends."""

    async def send(self, request: Request, dialect: Dialect) -> Completion:
        """One HTTP call for one turn. Raises CallErrors and the SDK's own exceptions."""

    async def stream(self, request: Request, dialect: Dialect, watch: Watch) -> Completion:
        """One streamed call, its events seen by a watch; for entries that stream. Raises as `send` does."""

    async def close(self) -> None:
        """Let go of the connections."""


class ApiBackend:
    """A backend on the network: a transport behind its endpoint's retry loop."""

    load: Load = "api"

    def __init__(self, transport: ApiTransport, endpoint: Endpoint, config: ApiConfig) -> None:
        self.concurrency = config.concurrency
        self.transport = transport
        self.endpoint = endpoint
        self._dialect = transport.dialect
        self._timeout_s = config.timeout_s
        self._price = config.price
        self._http_errors = http_errors(transport.sdk)

    @property
    def waiting_s(self) -> float:
        """Seconds until the endpoint may be called again."""
        return self.endpoint.waiting_s

    @property
    def may_have_billed(self) -> bool:
        """Whether any call so far was answered by a model, or may have been."""
        return self.endpoint.may_have_billed

    @property
    def waiting_for(self) -> str:
        """Why nothing is sent at the moment; empty when calls go out."""
        return self.endpoint.waiting_for

    async def complete(self, request: Request) -> Completion:
        """Generate for one request, turn by turn, retries included. Raises EndpointDead."""
        completion = await converse(request, lambda turn: self.endpoint.call(self._call, turn))
        return priced(completion, self._price)

    async def learn(self, request: Request) -> Completion:
        """One call without a retry, in other forms where the endpoint complains about one: those after it go out in the
        form that got through. Raises CallErrors."""
        return priced(await self._call(request), self._price)

    async def stream_once(self, request: Request, watch: Watch) -> Completion:
        """One streamed call in the form learnt so far, past the endpoint's window: no retry, no other form, no waiting.

        Raises CallErrors.
        """
        completion = await self._within(self.transport.stream(request, self._dialect, watch))
        return priced(without_secrets_beside(completion), self._price)

    def stop(self, why: str) -> EndpointDead:
        """Take no further call; the error that says so."""
        return self.endpoint.stop(why)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.transport.close()

    async def _call(self, request: Request) -> Completion:
        """One call; where the endpoint complains about something that has another form, the call in that form.

        A form counts as learnt, for all calls to come, once a request got through in it.
        """
        start = self._dialect
        seen, ahead = {start}, [start]
        first: CallError | None = None
        broken = 0
        while ahead:
            dialect = ahead.pop()
            try:
                completion = await self._send(request, dialect)
            except (Rejected, Unauthorized, Unstable) as error:
                if not _may_be_mended(error):
                    raise
                broken += isinstance(error, Unstable)
                others = dialect.corrections(str(error), request.top_logprobs)
                if first is None or not others:  # not about what was changed: this is what is left
                    first = error
                ahead += reversed(self._untried(request, dialect, others, seen))
                continue
            self._learn(start, dialect, first)
            completion = replace(completion, broken=broken) if broken else completion
            return _as_asked(without_secrets_beside(completion), request, dialect)
        assert first is not None
        first.billable = first.billable or broken > 0
        raise first

    def _untried(self, request: Request, dialect: Dialect, others: list[Dialect], seen: set[Dialect]) -> list[Dialect]:
        """The dialects in which the request would be another one than before; they count as seen from now on."""
        body = self.transport.body(request, dialect)
        new = [other for other in others if other not in seen and self.transport.body(request, other) != body]
        new = new[: max(0, _MOST_FORMS - len(seen))]
        seen.update(new)
        return new

    def _learn(self, before: Dialect, found: Dialect, why: CallError | None) -> None:
        known = self._dialect
        self._dialect = known.learning(before, found)
        if self._dialect != known:
            how = self._dialect.described(known)
            log.warning("%s: asking differently from now on (%s), because of: %s", self.endpoint.where, how, why)

    async def _send(self, request: Request, dialect: Dialect) -> Completion:
        return await self._within(self.transport.send(request, dialect))

    async def _within(self, call: Coroutine[object, object, Completion]) -> Completion:
        departure = Departure()
        token = DEPARTURE.set(departure)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await call
        except CallError:
            raise
        except TimeoutError:
            if departure.waits:  # on a busy machine this clock may run out before the connection's own
                raise Throttled(f"cannot connect: no connection within {self._timeout_s:g} s", refused=True) from None
            raise Unstable(f"no answer within {self._timeout_s:g} s") from None
        except self._http_errors as error:
            raise call_error(error, self.transport.sdk) from None
        finally:
            DEPARTURE.reset(token)


def _may_be_mended(error: CallError) -> bool:
    """Whether an error may be about the form of the request: any but those about keys, credit and connections."""
    if isinstance(error, Unauthorized):
        return error.status_code in (403, 404, 405)
    return isinstance(error, Rejected) or (isinstance(error, Unstable) and error.status_code is not None)


def _as_asked(completion: Completion, request: Request, dialect: Dialect) -> Completion:
    """The completion with what was asked for on the way: a form that is enforced, log-probabilities."""
    if request.schema is None and not request.top_logprobs:
        return completion
    return replace(
        completion,
        enforced=None if request.schema is None else dialect.enforces,
        asked_logprobs=dialect.asked_logprobs(request.top_logprobs) if request.top_logprobs else None,
    )


def without_secrets_beside(completion: Completion) -> Completion:
    """The completion with keys redacted that the endpoint echoed beside the texts, which stay as received."""
    told = completion.finish_reason, completion.model_returned, completion.request_id
    finish_reason, model, request_id = (text and redact(text) for text in told)
    if not completion.logprobs and (finish_reason, model, request_id) == told:
        return completion
    return replace(
        completion,
        finish_reason=finish_reason,
        model_returned=model,
        request_id=request_id,
        logprobs=tuple(
            replace(one, token=redact(one.token), top=tuple((redact(token), value) for token, value in one.top))
            for one in completion.logprobs
        ),
    )


def with_query(config: A, entry: str, environ: Mapping[str, str]) -> A:
    """The entry with the variables in its extra_query filled in; what they hold is secret from here on.

    Raises InputError where one is not set.
    """

    def read(name: str) -> str:
        if name not in environ:
            raise InputError(f"{entry}.extra_query: the environment variable {name} is not set")
        remember_secrets([environ[name]])
        return environ[name]

    filled = {
        name: REFERENCE.sub(lambda found: read(found.group(1)), value) if isinstance(value, str) else value
        for name, value in config.extra_query.items()
    }
    return config.model_copy(update={"extra_query": filled})


def ours(config: ApiConfig) -> frozenset[str]:
    """The sampling parameters that no user of this entry wrote: what stands in a request all the same is ours."""
    return frozenset() if config.generation_config.temperature is not None else frozenset({"temperature"})


def read_key(config: ApiConfig, entry: str, environ: Mapping[str, str]) -> str | None:
    """The API key of an entry of the configuration; None where none is needed. Secrets are known from here on.

    Everything about the entry that would keep it from being called is found here, before anything is sent.
    Raises InputError naming the entry and the variable, never showing a value.
    """
    for name, value in config.headers.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise InputError(f"{entry}.headers.{name}: headers are printable ASCII on one line")
    _check_url(config, entry, environ)
    for field in config.own_fields:
        if field in config.extra_body:
            raise InputError(f"{entry}.extra_body.{field}: not here; `{field}` is set by arena or by its own key")
    for parameter in config.takes_not:
        if _is_set(config.generation_config, parameter):
            raise InputError(f"{entry}.generation_config.{parameter}: {config.titled} has no such parameter")
        if parameter in config.extra_body and parameter in ("seed", "stop", "n"):
            raise InputError(f"{entry}.extra_body.{parameter}: {config.titled} has no such parameter")
    variable = config.api_key_env
    if variable is None:
        return None
    if not _VARIABLE.fullmatch(variable):
        raise InputError(f"{entry}.api_key_env: takes the name of an environment variable, not the key itself")
    key = environ.get(variable, "").strip()
    if not key:
        shown = variable if variable.isupper() else "it names"
        raise InputError(f"{entry}: the environment variable {shown} is not set (api_key_env; null for no key)")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(f"{entry}: the value of {variable} is no API key: it holds spaces or unprintable characters")
    remember_secrets([key])
    return key


def _is_set(settings: GenerationConfig, parameter: str) -> bool:
    """Whether a parameter says something else than nothing."""
    return bool(getattr(settings, parameter) != type(settings).model_fields[parameter].default)


def _check_url(config: ApiConfig, entry: str, environ: Mapping[str, str]) -> None:
    """Know what is secret in the endpoint's and the proxies' URLs and in headers. Raises InputError for a URL that
    cannot be called, or that holds a query."""
    url = environ.get(config.url_variable) if config.base_url is None else config.base_url
    names = [f"{scheme}_proxy" for scheme in ("http", "https", "all")]
    for known in (url, *(environ.get(name) for name in (*names, *map(str.upper, names)))):
        remember_url(known or "")
    remember_headers(config.headers)
    if url is None:
        return
    place = f"{entry}: {config.url_variable}" if config.base_url is None else f"{entry}.base_url"
    if not _usable(url):
        raise InputError(f"{place}: expected http://HOST... or https://HOST..., found {shown_url(url)!r}")
    if re.search(r"[?#]", url):
        raise InputError(
            f"{place}: {shown_url(url)!r} holds a query, which ends in logs; give keys in `headers`, the rest in"
            " `extra_query: {NAME: VALUE}`"
        )


def _usable(url: str) -> bool:
    """Whether a URL is one of HTTP, with a host and, if any, a proper port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def endpoint_of(config: ApiConfig, entry: str, base_url: str) -> Endpoint:
    """The endpoint of an entry of the configuration, with the entry's patience."""
    patience = Patience(config.max_retry_after_s, config.connect_patience_s, config.silence_patience_s)
    return Endpoint(f"{entry} ({shown_url(base_url).rstrip('/')})", patience, concurrency=config.concurrency)


def timed(completion: Completion, sent_at: float, first_at: float | None) -> Completion:
    """The completion with its times, from moments of the event loop's clock."""
    now = asyncio.get_running_loop().time()
    return replace(completion, latency_s=now - sent_at, ttft_s=None if first_at is None else first_at - sent_at)
