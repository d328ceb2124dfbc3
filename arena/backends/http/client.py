"""The SDKs' clients as calls need them: no retries of their own, connections for every call, the wall around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from arena.backends.http.errors import Sdk
from arena.config.kinds import ApiConfig
from arena.errors import InputError
from arena.files import to_json
from arena.redact import redact
from arena.types import JSON

if TYPE_CHECKING:
    import httpx2

C = TypeVar("C", bound="SdkClient")
R = TypeVar("R")

CONNECT_SHARE = 0.9
"""Of a call's time, the most that connecting may take: what ends within it has sent nothing."""


class SdkClient(Protocol):
    """What the SDKs' clients have in common."""

    @property
    def base_url(self) -> object:
        """Where it calls."""


class Posts(Protocol):
    """What the SDKs' clients have in common for any path of their API."""

    async def post(self, path: str, *, cast_to: type[R], content: bytes) -> R:
        """Send a body that is written already. Raises the SDK's own exceptions."""


async def post(client: Posts, path: str, body: Mapping[str, JSON]) -> httpx2.Response:
    """Send a body to a path of the API as it is: given as arguments, the SDKs walk through its types and the reply's,
    for a third of a call's CPU. Raises the SDK's own exceptions."""
    import httpx2

    return await client.post(path, cast_to=httpx2.Response, content=to_json(body))


def open_client(sdk: Callable[..., C], module: Sdk, config: ApiConfig, entry: str, key: str | None) -> C:
    """An SDK's client, its own retries off; its direct connections are ours.

    Raises InputError where the environment's proxies or certificates cannot be used.
    """
    import httpx2

    from arena.backends.http.connections import Connections
    from arena.backends.http.wall import ENCODINGS, Wall

    timeout = httpx2.Timeout(config.timeout_s, connect=min(CONNECT_SHARE * config.timeout_s, 30.0))
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=config.concurrency)
    try:
        certificates = httpx2.create_ssl_context()
        inner = module.DefaultAsyncHttpxClient(
            timeout=timeout, limits=limits, headers={"accept-encoding": ENCODINGS}, verify=certificates
        )
        inner._transport = Connections(certificates)
        client = sdk(
            api_key=key or "no-key-needed",
            base_url=config.base_url,
            default_headers=config.headers,
            default_query=config.extra_query,
            timeout=timeout,
            max_retries=0,
            http_client=inner,
        )
        inner.event_hooks = Wall(str(client.base_url), config.max_reply_bytes).hooks
        return client
    except (ValueError, ImportError, OSError, httpx2.InvalidURL) as error:
        where = "the proxies (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) or SSL_CERT_FILE"
        raise InputError(
            redact(f"{entry}: no connection can be opened with {where} of the environment: {error}")
        ) from None
