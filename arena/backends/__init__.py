"""Everything that generates, behind one seam: `await backend.complete(request)`.

Heavy packages are imported by the loader of the backend that needs them, never here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from arena.config.kinds import AnthropicConfig, BackendConfig, LocalConfig, OpenAIConfig
from arena.errors import ConfigError
from arena.store.recordings import Recording
from arena.types import Backend


@dataclass(frozen=True, slots=True)
class Opening:
    """What a backend is opened with besides its own section of the config."""

    name: str
    """Its name on the board."""
    role: str
    """`answers_gen` or `reviews_gen.judges`, for messages."""
    seed: int = 0
    """The board's seed; only the simulated backend draws from it."""
    recording: Recording | None = None


def _recorded(opening: Opening, entry: BackendConfig) -> Backend:
    from arena.backends.offline.recorded import RecordedBackend

    return RecordedBackend(opening.recording or {})


def _reference(opening: Opening, entry: BackendConfig) -> Backend:
    from arena.backends.offline.reference import ReferenceBackend

    return ReferenceBackend()


def _simulated(opening: Opening, entry: BackendConfig) -> Backend:
    from arena.backends.offline.simulated import SimulatedBackend

    latency_s = getattr(entry, "latency_s", 0.0)
    return SimulatedBackend(opening.name, opening.seed, latency_s, getattr(entry, "concurrency", 16))


def _openai(opening: Opening, entry: BackendConfig) -> Backend:
    from arena.backends.openai.backend import open_openai

    assert isinstance(entry, OpenAIConfig)
    return open_openai(entry, opening.name, f"{opening.role}.{opening.name}", os.environ)


def _anthropic(opening: Opening, entry: BackendConfig) -> Backend:
    from arena.backends.anthropic.backend import open_anthropic

    assert isinstance(entry, AnthropicConfig)
    return open_anthropic(entry, opening.name, f"{opening.role}.{opening.name}", os.environ)


def _local(opening: Opening, entry: BackendConfig) -> Backend:
    from arena.backends.local.backend import LocalBackend
    from arena.backends.local.spec import spec_of

    assert isinstance(entry, LocalConfig)
    check_backend(opening, entry)
    spec = spec_of(f"{opening.role}.{opening.name}", entry)
    return LocalBackend(spec, price=entry.price, gpu_hour_price=entry.gpu_hour_price)


LOADERS: dict[str, Callable[[Opening, BackendConfig], Backend]] = {
    "anthropic": _anthropic,
    "openai": _openai,
    "recorded": _recorded,
    "reference": _reference,
    "simulated": _simulated,
    "transformers": _local,
    "vllm": _local,
}


def check_entry(opening: Opening, entry: BackendConfig) -> None:
    """Find folders and values of a local entry that cannot be right, whatever is installed. Raises InputError."""
    if isinstance(entry, LocalConfig):
        from arena.backends.local.spec import check_spec, spec_of

        check_spec(spec_of(f"{opening.role}.{opening.name}", entry))


def check_backend(opening: Opening, entry: BackendConfig, *, priced: bool = False) -> None:
    """Find what would keep an endpoint from being called or an engine from starting. Opens nothing. Raises InputError.

    With `priced` an endpoint also needs a price: a budget cannot be kept without.
    """
    if isinstance(entry, LocalConfig):
        from arena.backends.local.spec import check_packages, spec_of

        check_entry(opening, entry)
        check_packages(spec_of(f"{opening.role}.{opening.name}", entry))
    if not isinstance(entry, OpenAIConfig | AnthropicConfig):
        return
    from arena.backends.http.api import read_key

    place = f"{opening.role}.{opening.name}"
    read_key(entry, place, os.environ)
    if priced and entry.price is None:
        raise ConfigError(f"{place}.price: missing; --budget-usd needs it (USD per million tokens)")


def open_backend(opening: Opening, entry: BackendConfig) -> Backend:
    """The backend of a config entry. Raises InputError (a missing key, package or folder) before anything is sent."""
    kind = getattr(entry, "backend", None)
    if kind not in LOADERS:
        raise ConfigError(f"{opening.role}.{opening.name}.backend: {kind!r} is not available in this version")
    return LOADERS[kind](opening, entry)
