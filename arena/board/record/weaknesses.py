"""What weakens an evaluation, as far as its own files tell: one sentence each, by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from arena.redact import without_secrets
from arena.reports.record import Fact
from arena.reports.verdict import FEW_QUESTIONS
from arena.terms import PANEL
from arena.types import JSON

if TYPE_CHECKING:
    from arena.board.record.facts import Found


class Weakness(NamedTuple):
    """One thing that a reader of the results should know."""

    code: str
    what: str
    sources: tuple[str, ...]
    model: str | None = None
    """Whom alone it is about."""

    def to_json(self) -> JSON:
        """Its fact's value."""
        told: dict[str, JSON] = {"what": self.what}
        return told if self.model is None else told | {"model": self.model}


def weaknesses(found: Found) -> list[Fact]:
    """All that apply, in a fixed order."""
    rules = (_of_the_record, _of_size, _of_the_judges, _of_people, _of_models, _warned)
    return [Fact(one.code, one.to_json(), one.sources) for rule in rules for one in rule(found)]


def _of_the_record(found: Found) -> Iterator[Weakness]:
    board, source = found.board, found.leaderboard
    if found.report.simulated:
        yield Weakness("simulated", "A rehearsal: answers or verdicts are invented.", source)
    if found.stale:
        yield Weakness(
            "reports_are_older",
            "The leaderboard was made from other answers or replies than are stored now: `arena run --stage ratings`.",
            source + found.sources.role("answers", "reviews"),
        )
    ran, where = found.sources.run("config")
    if where and ran != without_secrets(board.loaded.unexpanded):
        yield Weakness(
            "config_changed", "The config is not the one of the last run; the record shows today's.",
            found.sources.role("config") + where,
        )  # fmt: skip
    if not where:
        yield Weakness("no_run", "Nothing says with which versions the board was made: it has no run.json.", source)


def _of_size(found: Found) -> Iterator[Weakness]:
    report, source = found.report, found.leaderboard
    if report.n_questions is not None and report.n_questions < FEW_QUESTIONS:
        yield Weakness("few_questions", f"Only {report.n_questions} questions: intervals are wide or absent.", source)
    thin = sorted({name for row in report.models for name, part in row.categories.items() if part.thin})
    if thin:
        what = f"{len(thin)} of the categories have fewer than {FEW_QUESTIONS} questions each."
        yield Weakness("thin_categories", what, source)
    tied = sum(row.rank_low == 1 for row in report.models)
    if tied > 1:
        yield Weakness("leaders_not_told_apart", f"{tied} models may be the first: the data does not decide.", source)
    what = "scores" if report.single else "battles"
    left = sum(report.excluded.values())
    if left:
        yield Weakness("left_out", f"Left out of the rating: {left:,} {what}.", source)
    if report.pending:
        yield Weakness("unfinished", f"Not judged yet: {report.pending:,} {what}.", source)
    if report.adaptive:
        yield Weakness(
            "adaptive", "Opponents were chosen by what was known: win rates are those the fit implies.", source
        )


def _of_the_judges(found: Found) -> Iterator[Weakness]:
    board, source = found.board, found.leaderboard
    names = [name for name, judge in board.judges.items() if not judge.needs_reference]
    if len(names) == 1 and len(board.judges) == 1:
        yield Weakness("one_judge", f"One judge, {names[0]}: its preferences are the board's.", found.config)
    for detail in found.report.judges_detail:
        if detail.judge == PANEL:
            continue
        for code, number, neutral, what in (
            ("follows_a_place", "first_slot", 0.5, "prefers a place: {value:.1%} of points for the answer shown first"),
            ("follows_length", "length_preference", 0.0, "tends to {more} answers, whatever else is in them"),
        ):
            low, high = _interval(detail.stored.get(number))
            if low is not None and high is not None and not low <= neutral <= high:
                value = (low + high) / 2
                told = what.format(value=value, more="longer" if value > 0 else "shorter")
                yield Weakness(code, f"Judge {detail.judge} {told}.", source)
        failed = sum(n for key in ("unparsed", "call_failed") if isinstance(n := detail.stored.get(key), int))
        if failed:
            yield Weakness(
                "replies_lost", f"Judge {detail.judge}: {failed:,} replies failed or were unreadable.", source
            )


def _interval(value: JSON) -> tuple[float | None, float | None]:
    if not isinstance(value, dict):
        return None, None
    low, high = value.get("low"), value.get("high")
    return (float(low), float(high)) if isinstance(low, int | float) and isinstance(high, int | float) else (None, None)


def _of_people(found: Found) -> Iterator[Weakness]:
    path = found.board.review_folder.votes_file
    if not path.is_file() or not path.stat().st_size:
        yield Weakness("nobody_voted", "No person voted: nothing compares the judges with people here.", found.config)


def _of_models(found: Found) -> Iterator[Weakness]:
    for name, candidate in found.board.candidates.items():
        entry = candidate.entry
        if entry.replays:
            what = f"{name}: its answers are recorded; how they were made is not part of this board."
            yield Weakness("recorded_answers", what, found.config, name)
        elif entry.paid:
            what = f"{name} is served by an endpoint: what weights stood behind its name cannot be checked."
            yield Weakness("endpoint", what, found.config, name)
        cut = sum(answer.status == "truncated" for answer in found.answers.get(name, {}).values())
        if cut:
            yield Weakness("cut_off", f"{name}: answers cut off at a limit: {cut:,}.", found.answer_file(name), name)
    for row in found.report.models:
        if row.flags:
            yield Weakness("flagged", f"{row.model}: {', '.join(row.flags)}.", found.leaderboard, row.model)


def _warned(found: Found) -> Iterator[Weakness]:
    for text in dict.fromkeys(found.report.warnings):
        yield Weakness("warning", text, found.leaderboard)
