"""The reader's own weights and the models set aside: what a config asks for, held against the board's questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from arena.config.schema import Config
from arena.errors import ConfigError, DataError
from arena.judging.flags import Flagged, flag_answers
from arena.ratings import Weights
from arena.ratings.data.mix import check_names
from arena.types import Answer, Question

MOSTLY = 0.5
"""Above this share of answers that look made to sway the judge a model is set aside, and passes no gate."""


def weights_asked(config: Config) -> Weights | None:
    """What the config weighs by."""
    asked = config.rating_gen.weights
    if asked is None or isinstance(asked, str):
        return None if asked is None else Weights(balanced=True)
    return Weights(asked.category, asked.language)


def check_weights(config: Config, questions: Sequence[Question], categories: Collection[str], where: str) -> None:
    """Refuse weights of categories (as they are shown) and languages that no question has, and such that leave nothing.

    Raises ConfigError.
    """
    weights = weights_asked(config)
    if weights is None:
        return
    languages = sorted({question.language for question in questions if question.language})
    try:
        check_names(weights, sorted(categories), languages, f"{where}: rating_gen.weights")
    except DataError as error:
        raise ConfigError(str(error)) from None
    some = any(weights.category.get(name, 1.0) for name in categories)
    spoken = [question.language for question in questions]
    if not some or not any(weights.language.get(name or "", 1.0) for name in spoken):
        raise ConfigError(f"{where}: rating_gen.weights: every question has weight 0, so that nothing is left to rate")


def mostly_flagged(config: Config, flagged: Mapping[str, Flagged]) -> dict[str, Flagged]:
    """The models most of whose answers look made to sway the judge, where the config sets such models aside."""
    if config.rating_gen.set_aside is None:
        return {}
    return {m: found for m, found in flagged.items() if found.counts["suspicious"] > MOSTLY * found.counts["n"]}


def set_aside(config: Config, answers: Mapping[str, Mapping[tuple[str, int], Answer]]) -> frozenset[str]:
    """The models whose battles count for nobody else."""
    if config.rating_gen.set_aside is None:
        return frozenset()
    flagged = {model: flag_answers(model, list(own.values())) for model, own in answers.items()}
    return frozenset(mostly_flagged(config, flagged)) - {*baselines_of(config)}


def baselines_of(config: Config) -> tuple[str, ...]:
    """The models that all win rates are against."""
    return config.reviews_gen.baselines if config.reviews_gen.mode == "pairwise_baseline" else ()
