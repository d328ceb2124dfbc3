"""reports/leaderboard.json as the viewer needs it. A rating made for a filter has the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from arena.errors import DataError
from arena.files import from_json
from arena.ratings.methods.style import style_names


@dataclass(frozen=True, slots=True)
class Standing:
    """One model's row of the leaderboard; None where a number does not apply."""

    model: str
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    rating: float | None = None
    rating_low: float | None = None
    rating_high: float | None = None
    unbounded: str | None = None
    elo: float | None = None
    elo_low: float | None = None
    elo_high: float | None = None
    win_rate: float | None = None
    win_rate_low: float | None = None
    win_rate_high: float | None = None
    lc_win_rate: float | None = None
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None
    n_battles: int | None = None
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    mean_length: float | None = None
    cost_usd: float | None = None
    performance: Mapping[str, Any] = field(default_factory=dict)
    categories: Mapping[str, Any] = field(default_factory=dict)
    languages: Mapping[str, Any] = field(default_factory=dict)
    criteria: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A leaderboard and what it says about itself."""

    models: tuple[Standing, ...] = ()
    mode: str = "pairwise"
    ranked_by: str = "bradley_terry"
    simulated: bool = False
    judges: tuple[str, ...] = ()
    baseline: str | None = None
    anchor: Mapping[str, float] | None = None
    level: float = 0.95
    interval: str = "sandwich"
    n_questions: int | None = None
    n_battles: int | None = None
    excluded: Mapping[str, int] = field(default_factory=dict)
    pending: int = 0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else the rating rests on: style_control, simultaneous, elo_k, elo_orders; empty on older boards."""
    warnings: tuple[str, ...] = ()
    judges_detail: tuple[Mapping[str, Any], ...] = ()
    pairs: tuple[Mapping[str, Any], ...] = ()
    style: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The object as it stands in the file, for the download."""

    @property
    def controlled(self) -> tuple[str, ...]:
        """The style features whose effect was taken out of the ratings."""
        return style_names(tuple(self.options.get("style_control") or self.style))


def read_report(path: Path) -> Report | None:
    """The report of a board; None when it has not been rated yet. Raises DataError when it is damaged."""
    try:
        value = from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a leaderboard ({error})") from None
    if not isinstance(value, dict) or not isinstance(value.get("models"), list):
        raise DataError(f"{path}: not a leaderboard: no list `models` in it")
    return report_from(cast("dict[str, Any]", value))


def report_from(value: dict[str, Any]) -> Report:
    """A report from leaderboard.json's object. Unknown keys are kept in `raw` alone."""
    known = {f.name for f in fields(Report)} - {"models", "raw"}
    given: dict[str, Any] = {k: v for k, v in value.items() if k in known and v is not None}
    interval = given.pop("interval", None)
    if isinstance(interval, str):
        given["interval"] = interval
    elif isinstance(interval, dict):
        given["interval"] = str(interval.get("method", ""))
    for name in ("judges", "warnings", "judges_detail", "pairs"):
        listed = given.pop(name, ())
        given[name] = tuple(listed) if isinstance(listed, list | tuple) else ()
    return Report(models=tuple(_standing(m) for m in value["models"]), raw=value, **given)


def _standing(value: dict[str, Any]) -> Standing:
    known = {f.name for f in fields(Standing)}
    given = {k: v for k, v in value.items() if k in known and v is not None}
    given["flags"] = tuple(str(flag) for flag in given.get("flags", ()))
    return Standing(**given)
