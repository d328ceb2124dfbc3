"""What a board's record says: sections of facts, each with the files it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import arena
from arena.board.answers import Answers, current_answers
from arena.board.inputs import inputs_of
from arena.board.open import OpenBoard
from arena.board.record.sources import Sources, places
from arena.board.record.weaknesses import weaknesses
from arena.board.verdicts import open_ledgers
from arena.config.kinds import BackendConfig
from arena.errors import InputError
from arena.redact import masked, redact, without_hosts
from arena.reports.board import Report, Standing, read_report
from arena.reports.page.moments import moments_of
from arena.reports.reasons import REASONS, read_reasons
from arena.reports.record import Fact, Record, Section
from arena.store.votes import read_votes
from arena.types import JSON, Answer

NOT_RECORDED = (
    "tasks the model is intended for, and acceptable use (Annex XI 1.1 a, b; Annex XII 1 a, b)",
    "date of release, ways of distribution, licence (Annex XI 1.1 c, f; Annex XII 1 c, h)",
    "architecture and number of parameters (Annex XI 1.1 d; Annex XII 1 f)",
    "design, training process and training data (Annex XI 1.2 b, c; Annex XII 2 c)",
    "computation and energy used for training (Annex XI 1.2 d, e)",
)
_SETTINGS = ("revision", "adapter", "precision", "quantization", "chat_template", "api", "task", "samples")
_ENDS = ("value", "low", "high", "n")


@dataclass(frozen=True, slots=True)
class Found:
    """What a record is written from, read once."""

    board: OpenBoard
    sources: Sources
    report: Report
    answers: Answers
    returned: Mapping[str, list[str]]
    """What each judge's server said it was."""
    stale: bool
    """Whether the leaderboard was made from other answers or replies than lie there."""

    @property
    def leaderboard(self) -> tuple[str, ...]:
        """The source of all results."""
        return self.sources.file(self.board.review_folder.reports / "leaderboard.json")

    @property
    def config(self) -> tuple[str, ...]:
        """The config, or all there is where it is no file."""
        return self.sources.role("config") or self.sources.run("config")[1]

    def answer_file(self, model: str) -> tuple[str, ...]:
        """The source of a model's answers."""
        return self.sources.file(self.board.answer_folder.answer_file(model, self.board.names))

    def ledger(self, judge: str) -> tuple[str, ...]:
        """The source of a judge's replies."""
        return self.sources.file(self.board.review_folder.ledger_file(judge, list(self.board.judges)))


def record_of(board: OpenBoard, title: str) -> Record:
    """The record of a rated board. Raises InputError where it was not rated yet. No call is made."""
    path = board.review_folder.reports / "leaderboard.json"
    report = read_report(path)
    if report is None:
        raise InputError(f"{path}: no such file; rate the board first with `arena run`")
    answers, _ = current_answers(board)
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        inputs = inputs_of(board, answers, ledgers).sha256
        asked = {name: entry.source(name) for name, entry in board.judges.items()}
        returned = {name: sorted(ledger.models_returned(asked[name])) for name, ledger in ledgers.items()}
    found = Found(board, Sources(board), report, answers, returned, report.inputs != inputs)
    sections: tuple[Section, ...] = (
        _general(found, title), _data(found), _strategies(found), _results(found),
        Section(
            "limitations", ("EU AI Act, Annex XI, Section 2 (1)", "ISO/IEC 42001, A.8.2"),
            _left_out(found), {"known_weaknesses": weaknesses(found), "judges": _judges_checked(found),
                               "why_models_lose": _reasons(found)},
        ),
        _adversarial(found), _people(found), _software(found), _logs(found),
    )  # fmt: skip
    hidden = tuple(places(board))
    sections = tuple(_cleaned(section, hidden) for section in sections)
    return Record(title, arena.__version__, board.simulated, sections, found.sources.all, NOT_RECORDED)


def _general(found: Found, title: str) -> Section:
    board = found.board
    lines = found.sources.role("answers", "reviews")
    files = {name: board.answer_folder.answer_file(name, board.names) for name in board.candidates}
    judges = {f"{j} (judge)": board.review_folder.ledger_file(j, list(board.judges)) for j in board.judges}
    moments = moments_of(files | judges)
    facts = [
        Fact("board", title, found.config),
        Fact("mode", found.report.mode, found.leaderboard),
        Fact("simulated", found.report.simulated, found.leaderboard),
        *(Fact(name, day, lines) for name, day in (("first_day", moments.first), ("last_day", moments.last)) if day),
    ]
    rows = [
        Fact(name, _entry(name, candidate.entry) | _answered(list(found.answers.get(name, {}).values())),
             (*found.config, *found.sources.role(f"answers_gen.{name}.file"), *found.answer_file(name)))
        for name, candidate in board.candidates.items()
    ]  # fmt: skip
    see = ("EU AI Act, Annex XI, Section 1 (1)", "EU AI Act, Annex XII (1)", "ISO/IEC 42001, A.6.2.7")
    return Section("general_description", see, tuple(facts), {"models": rows})


def _entry(name: str, entry: BackendConfig) -> dict[str, JSON]:
    """What a candidate or judge is: settings that can hold no secret; files by their names."""
    told: dict[str, JSON] = {"backend": entry.backend, "source": Path(entry.source(name)).name if
                             Path(entry.source(name)).is_absolute() else entry.source(name)}  # fmt: skip
    for setting in _SETTINGS:
        value = getattr(entry, setting, None)
        if isinstance(value, str) and setting == "chat_template" and "{" in value:
            value = "written out in the config"
        told[setting] = Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
    sampling = entry.generation_config.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return told | {"generation_config": sampling, "system_prompt": entry.system is not None}


def _answered(own: Sequence[Answer]) -> dict[str, JSON]:
    served = sorted({answer.model_returned for answer in own if answer.model_returned})
    return {
        "served_as": list[JSON](served),
        "answers": len(own),
        "by_status": dict(sorted(Counter(answer.status for answer in own).items())),
    }


def _data(found: Found) -> Section:
    board, questions = found.board, found.board.questions
    source = found.sources.role("question_file")
    facts = [
        Fact("questions", len(questions), source),
        Fact("with_several_turns", sum(len(q.turns) > 1 for q in questions), source),
        Fact("with_a_reference", sum(bool(q.reference) for q in questions),
             source + found.sources.role("reference_file")),
        Fact("questions_sha256", _sha256(found, "question_file"), source),
    ]  # fmt: skip
    by: dict[str, list[Fact]] = {}
    for name in ("category", "language"):
        counted = Counter(getattr(question, name) or "" for question in questions)
        by[f"by_{name}"] = [
            Fact(part or "not stated", {"questions": n}, source) for part, n in sorted(counted.items()) if any(counted)
        ]
    tasks = {task: score for row in found.report.models for task, score in row.benchmarks.items()}
    rows = found.sources.file(board.review_folder.reports / "benchmarks.jsonl") or found.leaderboard
    by["benchmarks"] = [
        Fact(task, {"documents": score.n, "items_sha256": score.items, "version": score.version}, rows)
        for task, score in sorted(tasks.items())
    ]
    see = ("EU AI Act, Annex XI, Section 1 (2) (c): data used for testing", "ISO/IEC 42001, A.7.4 and A.7.5")
    return Section("testing_data", see, tuple(facts), by)


def _sha256(found: Found, role: str) -> str | None:
    return next((source.sha256 for source in found.sources.all if source.role == role), None)


def _strategies(found: Found) -> Section:
    board, report = found.board, found.report
    reviews = board.config.reviews_gen
    written: dict[str, JSON] = {
        "judges_compare": {"single": "one answer at a time, on a scale", "pairwise": "all pairs of answers"}.get(
            reviews.mode, f"each answer with that of {' and of '.join(reviews.baselines)}"),
        "order": None if reviews.mode == "single" else reviews.asked_order,
        "answers_per_question": {name: c.samples for name, c in board.candidates.items() if c.samples > 1} or 1,
        "failed_answers": reviews.answer_failures,
        "quorum_of_judges": reviews.panel.quorum,
        "weight_of_a_strong_verdict": reviews.strong_weight,
        "seed": board.config.seed,
        "metrics": list[JSON](board.config.metrics),
        "clustered_by": board.config.rating_gen.interval.cluster,
    }  # fmt: skip
    rated: dict[str, JSON] = {
        "ranked_by": report.ranked_by,
        "interval": report.interval,
        "level": report.level,
        "style_control": list[JSON](report.controlled),
        "schedule": report.options.schedule or "all",
    }
    facts = [Fact(name, value, found.config) for name, value in written.items() if value is not None]
    facts += [Fact(name, value, found.leaderboard) for name, value in rated.items()]
    judges = [
        Fact(name, _entry(name, entry) | {"served_as": list[JSON](found.returned.get(name, []))},
             found.config + found.ledger(name))
        for name, entry in board.judges.items()
    ]  # fmt: skip
    prompts = {prompt.name: prompt for prompt in board.prompts.values()}
    used = [
        Fact(name, {"kind": prompt.kind, "verdict_format": prompt.format_spec, "sha256": prompt.sha256,
                    "categories": list[JSON](sorted(c for c, p in board.prompts.items() if p.name == name))},
             found.sources.prompt(name))
        for name, prompt in sorted(prompts.items())
    ]  # fmt: skip
    see = ("EU AI Act, Annex XI, Section 2 (1): strategies, criteria, metrics", "ISO/IEC 42001, A.6.2.4")
    return Section("evaluation_strategies", see, tuple(facts), {"judges": judges, "prompts": used})


def _results(found: Found) -> Section:
    report, source = found.report, found.leaderboard
    verdict = report.stored.get("verdict")
    facts = [
        Fact("finding", verdict.get("text") if isinstance(verdict, dict) else None, source),
        Fact("questions_rated", report.n_questions, source),
        Fact("scores_rated" if report.single else "battles_rated", report.n_battles, source),
    ]
    rows = [Fact(row.model, _standing(row, single=report.single), source) for row in report.models]
    scored = [
        Fact(row.model, {"model": row.model, "task": task, "score": score.score, "low": score.low, "high": score.high,
                         "documents": score.n, "unreadable": score.n_unreadable, "failed": score.n_failed,
                         "metric": score.metric, "mode": score.mode, "shots": score.shots}, source)
        for row in report.models for task, score in sorted(row.benchmarks.items())
    ]  # fmt: skip
    measured = [
        Fact(row.model, {"model": row.model, "metric": name, "score": one.score, "low": one.low, "high": one.high,
                         "answers": one.n, "lower_is_better": one.lower_is_better, "signature": one.signature}, source)
        for row in report.models for name, one in sorted(row.scores.metrics.items())
    ]  # fmt: skip
    see = ("EU AI Act, Annex XI, Section 2 (1): evaluation results", "ISO/IEC 42001, A.6.2.4")
    return Section(
        "evaluation_results", see, tuple(facts), {"leaderboard": rows, "benchmarks": scored, "metrics": measured}
    )


def _standing(row: Standing, *, single: bool) -> dict[str, JSON]:
    met = ("win_rate", "win_rate_low", "win_rate_high", "wins", "losses", "ties")
    ends = ("score", "score_low", "score_high") if single else ("rating", "rating_low", "rating_high", *met)
    names = ("rank", "rank_low", "rank_high", *ends, *(() if single else ("n_battles",)), "n_questions")
    told = {name: row.stored.get(name) for name in names}
    return told if single or row.unbounded is None else told | {"unbounded": row.unbounded}


def _left_out(found: Found) -> tuple[Fact, ...]:
    report, source = found.report, found.leaderboard
    excluded: dict[str, JSON] = dict(sorted(report.excluded.items()))
    reviews = found.board.config.reviews_gen
    return (
        Fact("left_out_of_the_rating", excluded, source),
        Fact("not_judged_yet", report.pending, source),
        Fact("unreadable_replies_tolerated", reviews.max_unparsed, found.config),
        Fact("failed_calls_tolerated", reviews.max_failed, found.config),
    )


def _judges_checked(found: Found) -> list[Fact]:
    """What is known about each judge's own errors."""
    shown = ("n_battles", "unparsed", "call_failed", "consistency", "first_slot", "reliability", "null_share")
    rows = []
    for detail in found.report.judges_detail:
        told = {name: _ends(detail.stored.get(name)) for name in shown}
        rows.append(Fact(detail.judge, told, found.leaderboard))
    return rows


def _reasons(found: Found) -> list[Fact]:
    """Why models lose, where somebody looked."""
    path = found.board.review_folder.reports / REASONS
    reasons = read_reasons(path)
    return [
        Fact(one.name, {"kind": one.kind, "losses": one.n, "share": one.share.value, "share_low": one.share.low,
                        "share_high": one.share.high}, found.sources.file(path))
        for one in (reasons.reasons if reasons is not None else ())
    ]  # fmt: skip


def _ends(value: JSON) -> JSON:
    """A number with its interval, as text; any other value as it is."""
    if not isinstance(value, dict):
        return value
    middle, low, high, _ = (value.get(name) for name in _ENDS)
    if not isinstance(middle, int | float):
        return None
    around = [f"{end:.4g}" for end in (low, high) if isinstance(end, int | float)]
    return f"{middle:.4g} [{', '.join(around)}]" if around else round(middle, 4)


def _adversarial(found: Found) -> Section:
    """What was done against answers that are made to sway a judge, and what probes there are."""
    source = found.leaderboard
    rows = [
        Fact(row.model, {"answers_that_look_made_to_sway": row.answers.suspicious,
                         "questions_with_its_most_frequent_answer": row.answers.repeated}, source)
        for row in found.report.models if row.answers.n is not None
    ]  # fmt: skip
    sentinel = found.board.config.reviews_gen.null_sentinel.enable
    facts = (Fact("constant_answer_tried_on_judges", sentinel, found.config),)
    probed = [
        Fact(row.model, {"model": row.model, "probe": name, "metric": one.metric, "value": one.value, "low": one.low,
                         "high": one.high, "control": one.control, "effect": one.effect, "effect_low": one.effect_low,
                         "effect_high": one.effect_high, "p_holm": one.p_holm, "questions": one.n},
             source + _probe_files(found, name, row.model, disturbs=one.group == "disturbance"))
        for row in found.report.models for name, one in sorted(row.scores.probes.items())
    ]  # fmt: skip
    see = ("EU AI Act, Annex XI, Section 2 (2): adversarial testing",)
    return Section("adversarial_testing", see, facts, {"models": rows, "probes": probed})


def _probe_files(found: Found, probe: str, model: str, *, disturbs: bool) -> tuple[str, ...]:
    """A model's own answers and what judges said; of disturbances the undisturbed ones beside them, too."""
    answers = found.board.answer_folder.answer_file(model, found.board.names).name
    folders = [f"probes/{probe}", *(["probes/undisturbed"] if disturbs else [])]
    read = tuple(f"{folder}/{own}" for folder in folders for own in (f"answers/{answers}", "reviews/"))
    return tuple(s.id for s in found.sources.all if s.name.startswith(read))


def _people(found: Found) -> Section:
    """Who voted, in counts only."""
    path = found.board.review_folder.votes_file
    votes = read_votes(path, lenient=True)
    counted = votes.counted()
    source = found.sources.file(path) or found.config
    facts = (
        Fact("votes_that_count", len(counted), source),
        Fact("voters", len({vote.voter for vote in votes.votes}), source),
        Fact("battles_voted_on", len({vote.pair for vote in counted}), source),
        Fact("skipped_or_replaced", sum(votes.left_out().values()), source),
    )
    return Section("human_evaluation", ("ISO/IEC 42001, A.4.6",), facts if path.is_file() else facts[:1])


def _software(found: Found) -> Section:
    facts = []
    for key in ("arena_version", "rated_with", "versions", "git_commit"):
        value, source = found.sources.run(key)
        if value is not None:
            facts.append(Fact({"versions": "packages"}.get(key, key), value, source))
    see = ("EU AI Act, Annex XII (1) (e): versions of software", "ISO/IEC 42001, A.4.4")
    return Section("software_versions", see, tuple(facts))


def _logs(found: Found) -> Section:
    """How many lines of what happened are kept, and what they cost."""
    costs = {row.model: row.cost_usd for row in found.report.models}
    judged = {detail.judge: detail.cost_usd for detail in found.report.judges_detail}
    lines = {source.id: source.lines for source in found.sources.all}
    rows = [
        Fact(name, {"kind": kind, "lines": lines[ref], "cost_usd": cost}, (ref, *found.leaderboard))
        for kind, names, where, cost_of in (
            ("answers", found.board.candidates, found.answer_file, costs),
            ("replies of a judge", found.board.judges, found.ledger, judged),
        )
        for name in names for ref in where(name) for cost in (cost_of.get(name),)
    ]  # fmt: skip
    return Section("event_logs", ("ISO/IEC 42001, A.6.2.8",), (), {"stored": rows})


def _cleaned(section: Section, hidden: Sequence[str]) -> Section:
    """Without secrets, hosts and folders of this machine."""
    tables = {name: [_clean(row, hidden) for row in rows] for name, rows in (section.tables or {}).items()}
    return replace(section, facts=tuple(_clean(fact, hidden) for fact in section.facts), tables=tables)


def _clean(fact: Fact, hidden: Sequence[str]) -> Fact:
    def clean(value: JSON) -> JSON:
        match value:
            case str():
                for folder in hidden:
                    value = value.replace(f"{folder}/", "").replace(folder, ".")
                return str(without_hosts(masked(redact(value))))
            case list():
                return [clean(inner) for inner in value]
            case dict():
                return {masked(redact(key)): clean(inner) for key, inner in value.items()}
            case _:
                return value

    return replace(fact, name=masked(redact(fact.name)), value=clean(fact.value))
