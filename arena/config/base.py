"""What every section of the config is built from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from arena.types import Sampling


class Strict(BaseModel):
    """Base of every section: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


def switched(value: object) -> object:
    """A section that may be a switch: true or false in its place are its `enable`."""
    return {"enable": value} if isinstance(value, bool) else value


class GenerationConfig(Strict):
    """How text is sampled. None leaves the default of the endpoint or engine."""

    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, gt=0)
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = Field(None, ge=1)
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """Every request gets a seed of its own, derived from this one and the question. Local engines take 0 for None."""
    n: int = Field(1, ge=1, le=10_000)
    """Answers per question; answer i of one model meets answer i of the other."""
    reasoning_effort: str | None = None

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop_string_may_stand_alone(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def sampling(self, seed: int | None = None) -> Sampling:
        """These parameters as they go into a request, with the request's own seed."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            max_tokens=self.max_tokens,
            stop=self.stop,
            seed=seed,
            reasoning_effort=self.reasoning_effort,
        )


class Price(Strict):
    """USD per million tokens. An absent price is unknown, never 0."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    cache_write: float | None = Field(None, ge=0)
