"""Multiple choice with its options in another order. The same option counts as the same answer, whatever its letter."""

from __future__ import annotations

from collections.abc import Sequence

from arena.errors import ConfigError
from arena.probes.probe import Material, Variant, disturbed
from arena.types import Question


def in_first_order(material: Material) -> Sequence[Question]:
    """The documents as they are asked undisturbed."""
    return [first for first, _ in material.documents]


def option_order(material: Material) -> list[Variant]:
    """Every document in its second order. Raises ConfigError where the config has none of multiple choice."""
    if not material.documents:
        raise ConfigError(
            "benchmarks.tasks: no task of multiple choice; option_order disturbs those, as in tasks: [mmlu, arc_easy]"
        )
    return [disturbed(first, second.turns) for first, second in material.documents]
