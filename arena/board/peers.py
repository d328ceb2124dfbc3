"""`judges: peers`: every candidate that can read a prompt judges the battles of the others."""

from __future__ import annotations

from arena.config.base import GenerationConfig
from arena.config.kinds import (
    AnthropicConfig,
    AnthropicJudge,
    CandidateConfig,
    JudgeConfig,
    OpenAIConfig,
    OpenAIJudge,
    SimulatedConfig,
    SimulatedJudge,
    TransformersConfig,
    TransformersJudge,
    VllmConfig,
    VllmJudge,
)
from arena.config.schema import Config
from arena.errors import ConfigError


def peer_judges(config: Config) -> dict[str, JudgeConfig]:
    """The candidates as judges, under their own names. A recording cannot judge; nor can the baseline where everyone
    meets the baseline, since nobody judges its own battles.

    Raises ConfigError when nobody is left.
    """
    reviews = config.reviews_gen
    busy = reviews.baseline if reviews.mode == "pairwise_baseline" else None
    judges = {name: _as_judge(entry) for name, entry in config.answers_gen.items() if name != busy}
    found = {name: judge for name, judge in judges.items() if judge is not None}
    if not found:
        raise ConfigError(
            "reviews_gen.judges: `peers` needs candidates that can judge; recordings and the baseline cannot"
        )
    return found


def _as_judge(entry: CandidateConfig) -> JudgeConfig | None:
    """A candidate's access, with a judge's sampling: temperature 0, one reply. Its reasoning effort stays."""
    settings = GenerationConfig(reasoning_effort=entry.generation_config.reasoning_effort)
    same = entry.model_dump(exclude_unset=True) | {"generation_config": settings, "system": None}
    match entry:
        case OpenAIConfig():
            return OpenAIJudge.model_validate(same)
        case AnthropicConfig():
            return AnthropicJudge.model_validate(same)
        case VllmConfig():
            return VllmJudge.model_validate(same)
        case TransformersConfig():
            return TransformersJudge.model_validate(same)
        case SimulatedConfig():
            return SimulatedJudge.model_validate(same)
        case _:
            return None
