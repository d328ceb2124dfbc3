"""The third stage: from everything stored to battles and a leaderboard. No call is made, nothing stored changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple, cast

from arena.asking.progress import Progress
from arena.battles.columns import battle_table, score_table
from arena.battles.counted import counted_rows, single_judges_rows
from arena.board.answers import Answers, current_answers
from arena.board.matches import models_on_board
from arena.board.null_candidate import Finding, findings
from arena.board.open import OpenBoard
from arena.board.tables import Row, board_rows, rating_options, sentinel_rows
from arena.board.verdicts import open_ledgers
from arena.config.schema import Config
from arena.errors import InputError
from arena.formats.text import hide_nonce
from arena.judging.flags import flag_answers
from arena.money import known_sum
from arena.ratings import Leaderboard, rate, rate_scores
from arena.ratings.findings.panel import panel_diagnostics
from arena.reports.board import Report
from arena.reports.leaderboard import write_leaderboard
from arena.reports.performance import performance
from arena.reports.rows import write_rows
from arena.store.folder import Ledger
from arena.types import JSON, Battle


@dataclass(frozen=True, slots=True)
class Rated:
    """The board as it was written."""

    leaderboard: Report
    folder: Path
    problems: tuple[str, ...]
    """Shares of failures above their thresholds: exit code 3."""


def rate_stage(board: OpenBoard, progress: Progress, folder: Path | None = None) -> Rated:
    """Derive battles (or scores) and the leaderboard, and write every report into the board's own folder or `folder`.

    Raises InputError when there is nothing on the board to compare.
    """
    answers, warnings = current_answers(board)
    if not any(answers.values()):
        raise InputError(f"{board.answer_folder.root}: no answers are stored yet; run --stage answers first")
    folder = folder or board.review_folder.reports
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        name = "scores.jsonl" if board.config.reviews_gen.mode == "single" else "battles.jsonl"
        rows = write_rows(folder / name, board_rows(board, answers, ledgers), board.simulated)
        null = list(sentinel_rows(board, answers, ledgers))
        stored = {name: _ledger_facts(ledger) for name, ledger in ledgers.items() if len(ledger)}
        inputs = _answer_inputs(board, answers) | {f"reviews/{ledgers[n].path.name}": stored[n].sha256 for n in stored}
    if null:
        write_rows(folder / "sentinel.jsonl", null, board.simulated)
    counted = counted_rows(rows)
    rated, panel = _rate(board, rows, counted, models_on_board(board, answers))
    document = _document(board, rated, counted, answers)
    document["diagnostics"] = cast("dict[str, JSON]", document["diagnostics"]) | panel
    document["inputs"] = inputs
    gamed = findings(board, null)
    document["judges_detail"] = _judges_detail(
        rated, rows, {name: facts.cost_usd for name, facts in stored.items()}, gamed
    )
    threshold = board.config.reviews_gen.null_sentinel.threshold
    found = [text for finding in gamed if (text := finding.warning(threshold)) and not board.simulated]
    document["warnings"] = [*board.warnings, *warnings, *found, *cast("list[JSON]", document["warnings"])]
    written = write_leaderboard(folder, document)
    return Rated(written, folder, tuple(_problems(board.config, rows, answers)))


def _rate(
    board: OpenBoard, rows: Sequence[Row], counted: Sequence[Row], models: list[str]
) -> tuple[Leaderboard, dict[str, JSON]]:
    """The leaderboard of the rows that count, and what a panel's judges say about each other.

    With a panel, what is said about judges rests on their own rows.
    """
    options = rating_options(board.config)
    if board.config.reviews_gen.mode == "single":
        return rate_scores(score_table(counted, board.group_of, models=models), options), {}
    battles = battle_table(counted, board.group_of, models=models)
    if len(counted) == len(rows):
        return rate(battles, options), {}
    each = battle_table(single_judges_rows(rows), board.group_of, models=models)
    return rate(battles, options, every_judge=each), panel_diagnostics(each, options.level, options.seed)


def _options(config: Config) -> dict[str, JSON]:
    """What the ratings rest on that stands nowhere else on the board: whoever rates a part of it needs the same."""
    rating = config.rating_gen
    return {
        "style_control": list[JSON](rating.style_control),
        "simultaneous": rating.interval.simultaneous,
        "elo_k": rating.elo.k,
        "elo_orders": rating.elo.orders,
    }


def _document(board: OpenBoard, rated: Leaderboard, rows: Sequence[Row], answers: Answers) -> dict[str, JSON]:
    """The leaderboard as rated, with what only the board's files know."""
    document = rated.to_json()
    excluded = Counter(row.reason for row in rows if row.state == "excluded")
    document |= {
        "simulated": board.simulated,
        "mode": board.config.reviews_gen.mode,
        "judges": list[JSON](sorted(board.judges)),
        "seed": board.config.seed,
        "options": _options(board.config),
        "excluded": {str(reason): count for reason, count in sorted(excluded.items(), key=lambda item: str(item[0]))},
        "pending": sum(row.state == "pending" for row in rows),
    }
    for row in cast("list[dict[str, JSON]]", document["models"]):
        own = [answer for _, answer in sorted(answers[str(row["model"])].items())]
        lengths = [sum(len(turn) for turn in answer.turns) for answer in own if answer.status != "error"]
        row["mean_length"] = fmean(lengths) if lengths else None
        row["cost_usd"] = known_sum([answer.cost_usd for answer in own])
        row["performance"] = performance(own)
        flagged = flag_answers(str(row["model"]), own)
        if board.config.reviews_gen.mode == "single":
            row |= {"wins": None, "losses": None, "ties": None}
        row["flags"] = [*cast("list[JSON]", row.get("flags") or []), *flagged.flags]
        cast("list[JSON]", document["warnings"]).extend(flagged.warnings)
    order = ("simulated", "mode", "ranked_by")
    return {name: document[name] for name in order} | document


def _answer_inputs(board: OpenBoard, answers: Answers) -> dict[str, JSON]:
    """sha256 per file of answers, over the sorted keys and texts in use: which data a board was made from."""
    return {
        f"answers/{board.answer_folder.answer_file(name, board.names).name}": _sha256(
            sorted((a.key, a.question_id, *a.turns) for a in own.values())
        )
        for name, own in answers.items()
    }


class LedgerFacts(NamedTuple):
    """What the board says about a judge's stored replies."""

    sha256: str
    """Over their sorted keys and texts."""
    cost_usd: float | None
    """Of all of them; None as soon as one is unknown."""


def _ledger_facts(ledger: Ledger) -> LedgerFacts:
    """One pass over a ledger that is not empty."""
    costs: list[float | None] = []

    def texts() -> Iterator[tuple[str, str]]:
        for key in sorted(ledger.keys()):
            reply = ledger.get(key)
            assert reply is not None
            costs.append(reply.cost_usd)
            yield reply.key, hide_nonce(reply.text, reply.nonce)

    return LedgerFacts(_sha256(texts()), known_sum(costs))


def _sha256(texts: Iterable[Sequence[str]]) -> str:
    digest = hashlib.sha256()
    for parts in texts:
        for part in parts:
            digest.update(part.encode("utf-8", "surrogatepass") + b"\x1f")
        digest.update(b"\x1e")
    return digest.hexdigest()


def _judges_detail(
    rated: Leaderboard, rows: Sequence[Row], costs: dict[str, float | None], gamed: Sequence[Finding]
) -> list[JSON]:
    """One entry per judge: what it was asked, what it could not say, and whatever the ratings found out about it."""
    known = {str(detail.get("judge")): dict(detail) for detail in rated.judges_detail}
    nulls = {finding.judge: finding.to_json() for finding in gamed}
    details: list[JSON] = []
    for judge in sorted({row.judge for row in rows}):
        own = [row for row in rows if row.judge == judge]
        decisive = [row for row in own if isinstance(row, Battle) and row.consistent is not None]
        details.append(
            known.get(judge, {})
            | {
                "judge": judge,
                "rated": sum(row.state == "rated" for row in own),
                "pending": sum(row.state == "pending" for row in own),
                "unparsed": sum(row.reason == "unparsed" for row in own),
                "call_failed": sum(row.reason == "call_failed" for row in own),
                "order_consistency": fmean(bool(row.consistent) for row in decisive) if decisive else None,
                "cost_usd": costs.get(judge),
            }
            | nulls.get(judge, {})
        )
    return details


def _endings(row: Row) -> Iterable[str]:
    """How the judge's replies behind a row ended: ok, unparsed or failed."""
    if isinstance(row, Battle):
        return (verdict.status for verdict in row.verdicts if verdict.status in {"ok", "unparsed", "failed"})
    if row.key is None:
        return ()
    return ({"unparsed": "unparsed", "call_failed": "failed"}.get(str(row.reason), "ok"),)


def _problems(config: Config, rows: Sequence[Row], answers: Answers) -> Iterable[str]:
    """Shares of failures above what the config allows."""
    reviews = config.reviews_gen
    for judge in sorted({row.judge for row in single_judges_rows(rows)}):
        ends = Counter(end for row in rows if row.judge == judge for end in _endings(row))
        total = sum(ends.values())
        for end, limit, field in (("unparsed", reviews.max_unparsed, "max_unparsed"),
                                  ("failed", reviews.max_failed, "max_failed")):  # fmt: skip
            if total and ends[end] / total > limit:
                yield (f"judge {judge}: {ends[end]} of {total} replies {end}"
                       f" ({ends[end] / total:.1%}, reviews_gen.{field} is {limit:.1%})")  # fmt: skip
    for model, given in answers.items():
        failed = sum(answer.status == "error" for answer in given.values())
        if given and failed / len(given) > reviews.max_failed:
            yield (f"{model}: {failed} of {len(given)} answers failed"
                   f" ({failed / len(given):.1%}, reviews_gen.max_failed is {reviews.max_failed:.1%})")  # fmt: skip
