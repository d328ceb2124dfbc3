"""Everything that generates, behind one seam: `await backend.complete(request)`.

BACKENDS is the second half of `arena.config.kinds.KINDS`: how each kind opens, what is checked before, and its batch
endpoint. A new kind adds its row here under the same word. Heavy packages are imported by the functions of a row, when
they are called, never here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from arena.config.kinds import (
    AnthropicConfig,
    ApiConfig,
    BackendConfig,
    LlamaCppConfig,
    LocalConfig,
    OpenAIConfig,
    RecordedConfig,
    ReferenceConfig,
    SimulatedConfig,
    TransformersConfig,
    VllmConfig,
)
from arena.errors import ConfigError
from arena.store.recordings import Recording
from arena.types import Backend

if TYPE_CHECKING:
    from arena.backends.batch import BatchClient

C = TypeVar("C", bound=BackendConfig)


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

    @property
    def judges(self) -> bool:
        """Whether it judges; else it answers."""
        return self.role != "answers_gen"

    @property
    def place(self) -> str:
        """Where its section stands in the config."""
        return f"{self.role}.{self.name}"


def _unchecked(opening: Opening, entry: BackendConfig) -> None:
    """Nothing can be wrong with it."""


def _nothing_to_say(opening: Opening, entry: BackendConfig) -> list[str]:
    """It is asked as it is written."""
    return []


@dataclass(frozen=True, slots=True)
class Opener(Generic[C]):
    """One kind's half that calls: everything here imports what it needs when it is called."""

    config: type[C]
    """The class of its entries."""
    open: Callable[[Opening, C], Backend]
    """The backend of an entry. Raises InputError (a missing key, package or folder) before anything is sent."""
    check_entry: Callable[[Opening, C], None] = _unchecked
    """Raises InputError for what cannot be right on any machine: folders, values."""
    check_here: Callable[[Opening, C], None] = _unchecked
    """Raises InputError for what this machine lacks: keys, packages."""
    notes: Callable[[Opening, C], list[str]] = _nothing_to_say
    """What a plan says about an entry that will be asked otherwise than it is written, a line for each thing."""
    batches: Callable[[Backend], BatchClient] | None = None
    """The batch endpoint of an open backend; None where the kind has none."""


def _open_recorded(opening: Opening, entry: RecordedConfig) -> Backend:
    from arena.backends.offline.recorded import RecordedBackend

    return RecordedBackend(opening.recording or {})


def _open_reference(opening: Opening, entry: ReferenceConfig) -> Backend:
    from arena.backends.offline.reference import ReferenceBackend

    return ReferenceBackend()


def _open_simulated(opening: Opening, entry: SimulatedConfig) -> Backend:
    from arena.backends.offline.simulated import SimulatedBackend

    return SimulatedBackend(opening.name, opening.seed, entry.latency_s, entry.concurrency)


def _open_openai(opening: Opening, entry: OpenAIConfig) -> Backend:
    from arena.backends.openai.backend import open_openai

    return open_openai(entry, opening.name, opening.place, os.environ)


def _open_anthropic(opening: Opening, entry: AnthropicConfig) -> Backend:
    from arena.backends.anthropic.backend import open_anthropic

    return open_anthropic(entry, opening.name, opening.place, os.environ)


def _check_key(opening: Opening, entry: ApiConfig) -> None:
    from arena.backends.http.api import read_key

    read_key(entry, opening.place, os.environ)


def _check_openai(opening: Opening, entry: OpenAIConfig) -> None:
    from arena.backends.openai.responding import check_entry

    check_entry(entry, opening.place)


def _anthropic_notes(opening: Opening, entry: AnthropicConfig) -> list[str]:
    from arena.backends.anthropic.version import sampling_notes

    return sampling_notes(entry, opening.place, judge=opening.judges)


def _openai_batches(backend: Backend) -> BatchClient:
    from arena.backends.openai.batch import batches

    return batches(backend)


def _anthropic_batches(backend: Backend) -> BatchClient:
    from arena.backends.anthropic.batch import batches

    return batches(backend)


def _open_local(opening: Opening, entry: LocalConfig) -> Backend:
    from arena.backends.local.backend import LocalBackend
    from arena.backends.local.spec import spec_of

    check_backend(opening, entry)
    return LocalBackend(spec_of(opening.place, entry), price=entry.price, gpu_hour_price=entry.gpu_hour_price)


def _check_local(opening: Opening, entry: LocalConfig) -> None:
    from arena.backends.local.spec import check_spec, spec_of

    check_spec(spec_of(opening.place, entry))


def _check_packages(opening: Opening, entry: LocalConfig) -> None:
    from arena.backends.local.spec import check_packages, spec_of

    check_packages(spec_of(opening.place, entry))


BACKENDS: dict[str, Opener[Any]] = {
    "openai": Opener(OpenAIConfig, _open_openai, _check_openai, _check_key, batches=_openai_batches),
    "anthropic": Opener(
        AnthropicConfig, _open_anthropic, check_here=_check_key, notes=_anthropic_notes, batches=_anthropic_batches
    ),
    "vllm": Opener(VllmConfig, _open_local, _check_local, _check_packages),
    "transformers": Opener(TransformersConfig, _open_local, _check_local, _check_packages),
    "llamacpp": Opener(LlamaCppConfig, _open_local, _check_local, _check_packages),
    "recorded": Opener(RecordedConfig, _open_recorded),
    "reference": Opener(ReferenceConfig, _open_reference),
    "simulated": Opener(SimulatedConfig, _open_simulated),
}


def _check_reward(opening: Opening, entry: BackendConfig) -> None:
    """Refuse what a reward model cannot do, and what only one can."""
    if entry.score_temperature is not None and not entry.rewards:
        hint = "that of sampling stands in generation_config"
        raise ConfigError(f"{opening.place}.temperature: needs `task: reward` ({hint})")
    if not entry.rewards:
        return
    if not opening.judges:
        raise ConfigError(f"{opening.place}.task: a reward model scores answers and writes none; name it as a judge")
    if getattr(entry, "samples", 1) > 1:
        raise ConfigError(f"{opening.place}.samples: a reward model says the same of an answer each time")


def check_entry(opening: Opening, entry: BackendConfig) -> None:
    """Find folders and values of an entry that cannot be right, whatever is installed. Raises InputError."""
    _check_reward(opening, entry)
    BACKENDS[entry.backend].check_entry(opening, entry)


def check_backend(opening: Opening, entry: BackendConfig, *, priced: bool = False) -> None:
    """Find what would keep an endpoint from being called or an engine from starting. Opens nothing. Raises InputError.

    With `priced` an endpoint also needs a price: a budget cannot be kept without.
    """
    check_entry(opening, entry)
    BACKENDS[entry.backend].check_here(opening, entry)
    if priced and entry.paid and entry.token_price is None:
        raise ConfigError(f"{opening.place}.price: missing; --budget-usd needs it (USD per million tokens)")


def notes_on(opening: Opening, entry: BackendConfig) -> list[str]:
    """What to say before an entry is asked: where that happens otherwise than it is written. Opens nothing."""
    return BACKENDS[entry.backend].notes(opening, entry)


def open_backend(opening: Opening, entry: BackendConfig) -> Backend:
    """The backend of a config entry. Raises InputError (a missing key, package or folder) before anything is sent."""
    return BACKENDS[entry.backend].open(opening, entry)


def batch_client(entry: BackendConfig, backend: Backend) -> BatchClient | None:
    """The batch endpoint of an entry's open backend; None where there is none (a local engine, a recording)."""
    batches = None if entry.rewards else BACKENDS[entry.backend].batches
    return batches(backend) if batches else None
