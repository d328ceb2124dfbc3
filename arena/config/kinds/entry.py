"""What every candidate and judge has, whatever its kind, and which of it enters keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple, Self, TypeVar

from pydantic import Field
from pydantic.fields import FieldInfo

from arena.config.base import GenerationConfig, Price, Strict
from arena.types import JSON

T = TypeVar("T")


class Keying(NamedTuple):
    """How a field enters the keys of answers and replies: as part of the entry's identity, through each request
    (its messages, sampling or number), or not at all."""

    way: Literal["identity", "request", "none"]


Identifies = Annotated[T, Keying("identity")]
"""A field that changes what is generated: part of `identity`."""
InRequests = Annotated[T, Keying("request")]
"""A field that enters keys with each request."""
NotInKeys = Annotated[T, Keying("none")]
"""A field that changes no answer: how it is reached, what it costs, how fast it goes."""


class Room(NamedTuple):
    """A server, and how many calls at once one entry gives it."""

    server: str
    limit: int


class PromptCache(NamedTuple):
    """How a provider caches the starts of prompts."""

    min_chars: int
    """Shorter starts are not cached."""
    charges_writes: bool
    """Whether the first of them costs more than a plain one."""


def keying_of(model: str, name: str, field: FieldInfo) -> str:
    """How a field enters keys. Raises TypeError when that is not declared, or declared twice."""
    found = [mark.way for mark in field.metadata if isinstance(mark, Keying)]
    if len(found) != 1:
        raise TypeError(
            f"{model}.{name}: declare it as Identifies[...], InRequests[...] or NotInKeys[...] (config/kinds/entry.py)"
        )
    return found[0]


class BackendConfig(Strict):
    """What every candidate and judge has. Every field is declared as one of the three above; the class will not be
    made otherwise, so that no setting is forgotten in keys."""

    backend: Identifies[str]
    enable: NotInKeys[bool] = True
    """false asks nothing; what is stored stays on the board."""
    generation_config: InRequests[GenerationConfig] = GenerationConfig()
    system: InRequests[str | None] = None
    """System prompt of a candidate for questions that bring none of their own."""

    asks_anybody: ClassVar[bool] = True
    """Whether named weights generate, here or elsewhere; not where a rule, a file or a draw says what comes."""
    replays: ClassVar[bool] = False
    """Whether everything it says is known already, in a file or in its ledger, and is never asked for."""
    simulated: ClassVar[bool] = False
    """Whether what it says is invented, and marked so."""
    needs_reference: ClassVar[bool] = False
    """Whether it judges by the questions' reference answers alone."""
    paid: ClassVar[bool] = False
    """Whether an endpoint on the network is called, which may cost money."""
    one_at_a_time: ClassVar[bool] = False
    """Whether it fills this machine: such candidates and judges work one after another."""
    always_seeded: ClassVar[bool] = False
    """Whether its requests have a seed even where the config names none."""
    loglikelihoods: ClassVar[bool] = False
    """Whether it can tell the log-likelihood of a text it is given."""
    prompt_cache: ClassVar[PromptCache | None] = None
    """How the provider caches the starts of prompts; None: not at all, or for nothing."""
    batch_price: ClassVar[float] = 1.0
    """What a call in a batch costs, relative to a live one."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Refuse a field of which nobody said whether it enters keys. Raises TypeError."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            keying_of(cls.__name__, name, field)

    @property
    def keyless_local(self) -> bool:
        """Whether it is a server on this machine that asks for no key and names no price: calling it costs nothing."""
        return False

    @property
    def rewards(self) -> bool:
        """Whether it is a reward model: it scores answers and writes nothing."""
        return False

    @property
    def score_temperature(self) -> float | None:
        """What a difference of a reward model's scores is divided by to be a probability's logit; None: who wins."""
        return None

    @property
    def shared_room(self) -> Room | None:
        """The server whose room is shared with other entries that name it; None where an entry keeps its own limit."""
        return None

    @property
    def in_flight(self) -> int:
        """How many calls it wants at once."""
        return int(getattr(self, "concurrency", 1))

    def address(self, environ: Mapping[str, str]) -> str | None:
        """The URL that is called; None where none is, or the provider's own."""
        return None

    @property
    def templated(self) -> bool | None:
        """Whether its model has a chat template; None where an endpoint sees to that."""
        return None

    @property
    def weights(self) -> Path | None:
        """Where its model's files lie on this machine, if they do; None for an endpoint."""
        return None

    @property
    def context(self) -> int | None:
        """Tokens of a prompt and its answer together, as far as the config or the model's files say."""
        return None

    @property
    def token_price(self) -> Price | None:
        """The price list of an endpoint; None for what is not paid by the token."""
        return None

    @property
    def recording(self) -> Path | None:
        """The file that holds what it says; None where there is none."""
        return None

    @property
    def judge_kind(self) -> str | None:
        """The kind, where it is part of a judge's key: for judges that no weights stand behind. The same weights
        behind another kind of backend are the same judge."""
        return None if self.asks_anybody or self.replays else self.backend

    def at_once(self) -> Self:
        """The same entry for somebody who looks on: nobody who is not there is waited for."""
        return self

    def source(self, name: str) -> str:
        """What the model is called where it comes from; its name on the board when nothing else is known."""
        return name

    @property
    def reading(self) -> Mapping[str, Path] | None:
        """What else decides how it is read, besides its fields: the context for the validation of another like it."""
        return None

    def origin(self, name: str) -> str:
        """The same for all entries that generate with the same weights."""
        return self.source(name)

    def older_identity(self, name: str) -> dict[str, JSON] | None:
        """What 0.1 keyed a candidate by; None where that is `identity`."""
        return None

    def identity(self, name: str) -> dict[str, JSON]:
        """What makes two entries the same generator: every field declared so, and the model's name at its source."""
        found = {
            field: getattr(self, field)
            for field, info in type(self).model_fields.items()
            if keying_of(type(self).__name__, field, info) == "identity"
        }
        return found | {"model": self.source(name)}


class JudgeEntry(BackendConfig):
    """What a judge has beyond its backend."""

    samples: InRequests[int] = Field(1, ge=1, le=10_000)
    """Replies per request; more than one averages the judge's own noise."""
