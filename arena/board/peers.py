"""`judges: peers`: every candidate that can read a prompt judges the battles of the others."""

from __future__ import annotations

from arena.config.base import GenerationConfig
from arena.config.kinds import KINDS, CandidateConfig, JudgeConfig
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
    kind = KINDS[entry.backend]
    if entry.replays or not kind.judge:
        return None
    settings = GenerationConfig(reasoning_effort=entry.generation_config.reasoning_effort)
    same = entry.model_dump(exclude_unset=True) | {"generation_config": settings, "system": None}
    return kind.judge_model.model_validate(same, context=entry.reading)
