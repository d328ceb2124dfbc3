"""The seam inside the child process: something that takes requests and hands completions back as they finish."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from arena.backends.local.spec import EngineSpec
from arena.types import Completion, Request


class Finished(NamedTuple):
    """A request that is done, by the number it was added under."""

    number: int
    completion: Completion


class Engine(Protocol):
    """An engine that runs in this very process."""

    notes: list[str]
    """What the user should know: no chat template, say."""

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do."""

    def add(self, number: int, request: Request) -> None:
        """Take a request. What is wrong with it comes back from `step` as its completion."""

    def step(self) -> list[Finished]:
        """Generate a little further and return what finished. Raises when the engine itself broke."""


@runtime_checkable
class Listening(Protocol):
    """An engine that is asked by HTTP."""

    address: str
    key: str


class CannotStart(Exception):
    """The engine cannot start; the message is a sentence for the user."""


def start_engine(spec: EngineSpec) -> Engine:
    """Load what the spec asks for. Raises CannotStart with what is wrong and what to do."""
    if spec.on_ray:
        from arena.backends.local.ray_engine import RayEngine

        return RayEngine(spec)
    return start_replica(spec)


def start_replica(spec: EngineSpec) -> Engine:
    """One engine in this process, whatever the spec says about replicas."""
    if spec.reward:
        from arena.backends.local.reward_engine import RewardEngine

        return RewardEngine(spec)
    if spec.kind == "vllm":
        from arena.backends.local.vllm_engine import VllmEngine

        engine: Engine = VllmEngine(spec)
        return engine
    if spec.kind == "llamacpp":
        from arena.backends.local.llamacpp_engine import LlamaCppEngine

        return LlamaCppEngine(spec)
    from arena.backends.local.transformers_engine import TransformersEngine

    return TransformersEngine(spec)
