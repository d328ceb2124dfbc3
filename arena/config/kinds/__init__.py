"""Kinds of backends, the pure half: what a user writes for a candidate or a judge, and what is true of it.

KINDS is the one list. A new kind is three things:

1. its class, in a file here: a `BackendConfig` (or an `ApiConfig` or `LocalConfig`) with
   `backend: Identifies[Literal["word"]]`, each field declared as `Identifies[...]`, `InRequests[...]` or
   `NotInKeys[...]` (see `entry.py`), and each trait that differs from the default (`paid`, `asks_anybody`, ...) set on
   the class as a `ClassVar`. `identity`, which enters keys, follows from the fields; a class whose fields need more
   than their value extends it, as `LocalConfig` does;
2. its row in KINDS: the class, and whether it can stand as a candidate and as a judge;
3. its row in `arena.backends.BACKENDS`, under the same word: how it opens, what is checked before, its batch endpoint.
   What a row's functions need is imported when they are called.

Nothing else asks which kinds there are: the config's unions, peers, plans, rehearsals and keys read this table and the
classes' traits. `samples` is a judge's field whatever the kind: the judge's class is made here from the candidate's.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field, create_model

from arena.config.kinds.api import AnthropicConfig, ApiConfig, OpenAIConfig
from arena.config.kinds.entry import BackendConfig, JudgeEntry
from arena.config.kinds.local import LlamaCppConfig, LocalConfig, TransformersConfig, VllmConfig
from arena.config.kinds.offline import RecordedConfig, ReferenceConfig, SimulatedConfig

__all__ = [
    "CANDIDATES", "JUDGES", "KINDS", "AnthropicConfig", "ApiConfig", "BackendConfig", "CandidateConfig", "JudgeConfig",
    "Kind", "LlamaCppConfig", "LocalConfig", "OpenAIConfig", "RecordedConfig", "ReferenceConfig", "SimulatedConfig",
    "TransformersConfig", "VllmConfig",
]  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of backend."""

    config: type[BackendConfig]
    candidate: bool = True
    """Whether it can answer questions."""
    judge: bool = True
    """Whether it can judge."""

    @cached_property
    def judge_model(self) -> type[JudgeEntry]:
        """The class of a judge of this kind: the candidate's, with a judge's own fields."""
        name = self.config.__name__.removesuffix("Config") + "Judge"
        doc = f"As a judge: {self.config.__doc__}"
        bases = cast("tuple[type[JudgeEntry], ...]", (self.config, JudgeEntry))
        return create_model(name, __base__=bases, __module__=__name__, __doc__=doc)


KINDS: dict[str, Kind] = {
    "openai": Kind(OpenAIConfig),
    "anthropic": Kind(AnthropicConfig),
    "vllm": Kind(VllmConfig),
    "transformers": Kind(TransformersConfig),
    "llamacpp": Kind(LlamaCppConfig),
    "recorded": Kind(RecordedConfig),
    "reference": Kind(ReferenceConfig, candidate=False),
    "simulated": Kind(SimulatedConfig),
}
CANDIDATES = tuple(kind.config for kind in KINDS.values() if kind.candidate)
JUDGES = tuple(kind.judge_model for kind in KINDS.values() if kind.judge)

if TYPE_CHECKING:
    CandidateConfig = BackendConfig
    JudgeConfig = JudgeEntry
else:
    CandidateConfig = Annotated[reduce(operator.or_, CANDIDATES), Field(discriminator="backend")]
    JudgeConfig = Annotated[reduce(operator.or_, JUDGES), Field(discriminator="backend")]
