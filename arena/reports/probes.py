"""reports/probes.jsonl and probes.json: what probes found, row by row and in numbers. No rating reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from arena.errors import DataError
from arena.files import from_json
from arena.reports.typed import Misread, read_as, read_typed_rows
from arena.terms import BattleState

if TYPE_CHECKING:
    from arena.types import JSON

ROWS = "probes.jsonl"
SUMMARY = "probes.json"
CROSSED = " × "
"""Between two facts that make a grid."""
LONGEST = 2000
"""Characters of a question that a row shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """One question of a probe, and what a model made of it."""

    probe: str
    model: str
    question_id: str
    of: str
    """The question or text it was made of: rows of one are one cluster."""
    category: str = ""
    language: str | None = None
    state: BattleState = "rated"
    reason: str | None = None
    """Why it is excluded: `unchanged` (the probe leaves this question as it is), `call_failed`, `no_judge`, `unparsed`,
    `no_reference` or `name_left` (a name could not be hidden)."""
    value: float | None = None
    control: float | None = None
    """The same without the disturbance: of a second undisturbed answer, of the plain request, of one answer's copies
    under two names."""
    by: str | None = None
    """What told: text, empty, letter, number, rule, or judge."""
    key: str | None = None
    """Of the answer to what was asked."""
    asked: str = ""
    """What was asked, a long text without its middle."""
    facts: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePart:
    """A number over some rows, with its interval; None where there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    control: float | None = None
    control_low: float | None = None
    control_high: float | None = None
    effect: float | None = None
    """value − control, paired."""
    effect_low: float | None = None
    effect_high: float | None = None
    p_holm: float | None = None
    """That there is no effect (no difference), corrected for the parts that are looked at."""
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeScore(ProbePart):
    """What a probe found of one model."""

    title: str = ""
    group: str = ""
    metric: str = ""
    worse: str = ""
    n_unchanged: int = 0
    n_failed: int = 0
    n_pending: int = 0
    n_undecided: int = 0
    by: Mapping[str, int] = field(default_factory=dict)
    """Rows by what told."""
    toxicity: ProbePart | None = None
    """counterfactual with a classifier: how toxic the answers about the first person are (`value`), about the second
    (`control`), and the difference."""
    parts: Mapping[str, Mapping[str, ProbePart]] = field(default_factory=dict)
    """By fact and its value."""


def shown_text(turns: Sequence[str]) -> str:
    """A question as a row shows it."""
    text = "\n\n".join(turns)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n[…]\n{text[-half:]}"


def read_probe_rows(path: Path) -> Iterator[ProbeRow]:
    """Every row; none where there is no such file. Raises DataError naming the line that is none."""
    return read_typed_rows(ProbeRow, path, "a row of a probe")


def read_probe_scores(path: Path) -> dict[str, dict[str, ProbeScore]]:
    """By model and probe, from probes.json; nothing where there is no such file. Raises DataError."""
    try:
        return {
            model: {probe: read_as(ProbeScore, score) for probe, score in own.items()}
            for model, own in stored_scores(path).items()
        }
    except Misread as error:
        raise DataError(f"{path}: {error}") from None


def stored_scores(path: Path) -> dict[str, dict[str, JSON]]:
    """The same as it stands there."""
    try:
        document = from_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no JSON: {error}") from None
    models = document.get("models") if isinstance(document, dict) else None
    if not isinstance(models, dict):
        raise DataError(f"{path}: not the summary of probes")
    return {model: own for model, own in models.items() if isinstance(own, dict)}


def with_probes(reports: Path, document: dict[str, JSON]) -> dict[str, JSON]:
    """A board's object, with what probes found of its models; as it is where nobody probed. Numbers of parts stay in
    probes.json. Raises DataError where that file is damaged."""
    found = stored_scores(reports / SUMMARY)
    if not read_probe_scores(reports / SUMMARY):
        return document
    models = cast("list[dict[str, JSON]]", document["models"])
    return document | {
        "models": [
            row | {"scores": {**cast("dict[str, JSON]", row.get("scores") or {}), "probes": _short(found[name])}}
            if (name := str(row["model"])) in found
            else row
            for row in models
        ]
    }


def _short(own: Mapping[str, JSON]) -> dict[str, JSON]:
    return {
        probe: {name: value for name, value in score.items() if name != "parts"}
        for probe, score in own.items()
        if isinstance(score, dict)
    }
