"""The section `scores`: what is measured of the answers beside the judges."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from arena.config.base import Strict, switched


class EncoderConfig(Strict):
    """A model that makes vectors of texts, in a folder on this disk."""

    path: Path
    layer: int | None = Field(None, ge=0)
    """Whose vectors BERTScore compares; None: the last."""


class ReasonsConfig(Strict):
    """Why models lose, found in what judges wrote and in traits of answers."""

    enable: bool = False
    judge: str | None = None
    """Who gives each group of words a name, one call for each; null: nobody is asked."""


class PerplexityConfig(Strict):
    """How likely local models find given texts."""

    file: Path
    """JSON lines or a table with `text` (and `doc_id`), or a text file, which is one document."""
    window: int = Field(2048, ge=2)
    """Tokens a model sees at a time."""
    stride: int = Field(1024, ge=1)
    """Tokens from the beginning of a window to that of the next."""
    bos: Literal["auto"] | bool = "auto"
    """Whether the model's own first token stands before a document; auto: yes, or its end-of-text token, so that every
    token counts."""

    @model_validator(mode="after")
    def _windows_overlap(self) -> PerplexityConfig:
        if self.stride >= self.window:
            raise ValueError(f"stride {self.stride} must be less than window {self.window}: every window needs a past")
        return self


class OverallConfig(Strict):
    """Weights of one number from many; what has none does not count."""

    quality: float = Field(0.0, ge=0)
    efficiency: float = Field(0.0, ge=0)
    safety: float = Field(0.0, ge=0)
    robustness: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _something_counts(self) -> OverallConfig:
        if not any(self.model_dump().values()):
            raise ValueError("no weight above 0; as in {quality: 2, efficiency: 1}")
        return self


class ScoresConfig(Strict):
    """Numbers of every answer by rule: no judge is asked for them, and no rating reads them."""

    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    """Rows of `arena.metrics.METRICS`, each with what it is compared with where questions do not say it themselves."""
    encoder: EncoderConfig | None = None
    """Of BERTScore and similarity; a path alone, or with its settings."""
    perplexity: PerplexityConfig | None = None
    overall: OverallConfig | None = None
    sandbox: Literal["bwrap", "none"] = "bwrap"
    """In what code that a model wrote is run; none: as yourself, with all you may do."""

    reasons: ReasonsConfig = ReasonsConfig()
    """true, false or its settings."""

    _reasons_may_be_a_switch = field_validator("reasons", mode="before")(switched)

    @field_validator("metrics", mode="before")
    @classmethod
    def _names_or_names_with_a_setting(cls, value: object) -> object:
        if not isinstance(value, list):
            return {value: None} if isinstance(value, str) else value
        found: dict[str, object] = {}
        for one in value:
            if isinstance(one, dict):
                found |= one
            else:
                found[str(one)] = None
        return found

    @field_validator("encoder", mode="before")
    @classmethod
    def _a_path_may_stand_alone(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str | Path) else value
