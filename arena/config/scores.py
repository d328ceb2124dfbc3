"""The section `scores`: what is measured of the answers beside the judges."""

from __future__ import annotations

from pydantic import Field, JsonValue, field_validator

from arena.config.base import Strict


class ScoresConfig(Strict):
    """Numbers of every answer by rule: no judge is asked for them, and no rating reads them."""

    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    """Rows of `arena.metrics.METRICS`, each with what it is compared with where questions do not say it themselves."""

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
