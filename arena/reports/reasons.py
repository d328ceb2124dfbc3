"""reports/reasons.json: why models lose, as far as what judges wrote and traits of answers tell. No rating reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, cast

from arena.errors import DataError
from arena.files import from_json, round_floats, to_json, write_atomically
from arena.reports.board import Ends
from arena.reports.typed import Misread, read_as
from arena.types import JSON

REASONS = "reasons.json"
_NOTHING = Ends()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonOfModel:
    """How often a reason is found among one model's losses."""

    n: int = 0
    """Its losses with the reason,"""
    of: int = 0
    """of all its losses that count."""
    share: Ends = _NOTHING
    against_others: Ends = _NOTHING
    """Its share minus that of all others' losses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A battle to read."""

    question_id: str
    model_a: str
    model_b: str
    loser: str
    sample: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One group of losses."""

    kind: Literal["words", "trait"] = "words"
    """Found in what judges wrote, or in the answers themselves."""
    words: tuple[str, ...] = ()
    """What marks it in explanations, the most telling first; of a trait its name."""
    label: str | None = None
    """A judge's name for it, where one was asked."""
    n: int = 0
    share: Ends = _NOTHING
    """Of the losses that count, clustered by question."""
    of_winners: float | None = None
    """A trait's share among the answers that beat these."""
    evidence: tuple[str, ...] = ()
    """`model`: some models lose by it more than others; `side`: it is said of losers more than of winners."""
    models: Mapping[str, ReasonOfModel] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """What it is called where there is room for a few words."""
        return self.label or ", ".join(self.words[:4])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """All that were found."""

    level: float = 0.95
    n_losses: int = 0
    """Decided battles."""
    n_explained: int = 0
    """Those whose judge wrote anything in favour of its verdict: shares of words are of these."""
    without: float | None = None
    """The share of these to which no group of words applies."""
    permutations: int = 0
    simulated: bool = False
    reasons: tuple[Reason, ...] = ()


def more_than_others(reason: Reason) -> list[tuple[str, ReasonOfModel]]:
    """The models that surely lose by it more than all others together, those with the largest share first."""
    sure = [(model, own) for model, own in reason.models.items() if (own.against_others.low or 0) > 0]
    return sorted(sure, key=lambda found: (-(found[1].share.value or 0), found[0]))


def basis(found: Reasons) -> str:
    """What the shares are of, and what nothing was found in."""
    said = f"{found.n_explained:,} of {found.n_losses:,} decided battles have an explanation"
    if not found.n_explained:
        return f"{said}: the judges wrote nothing that reasons could be found in"
    if not any(reason.kind == "words" for reason in found.reasons):
        return f"{said}; nothing in them goes with losing beyond chance"
    return f"{said}; {100 * (found.without or 0):.0f}% of these follow no reason that was found"


def write_reasons(folder: Path, found: Reasons) -> None:
    """Replace reports/reasons.json."""
    write_atomically(folder / REASONS, to_json(round_floats(cast("JSON", asdict(found))), indent=True) + b"\n")


def read_reasons(path: Path) -> Reasons | None:
    """What was found; None where nobody looked. Raises DataError when the file is damaged."""
    try:
        value = from_json(path.read_bytes())
        return read_as(Reasons, value) if isinstance(value, dict) else _damaged(path, "no object")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, Misread) as error:
        return _damaged(path, error)


def _damaged(path: Path, why: object) -> Reasons:
    raise DataError(f"{path}: not a list of reasons ({why})")
