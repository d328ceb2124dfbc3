"""Everything the page shows, read from a board's folder: leaderboard, who beat whom, judges, a sample of battles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from arena.battles.counted import counted_judges
from arena.config.kinds import ApiConfig
from arena.config.schema import Config
from arena.errors import InputError
from arena.files import read_objects
from arena.questions import load_questions
from arena.redact import without_hosts
from arena.reports.board import Report, read_report
from arena.reports.load_runs import Tested, newest, read_load_runs
from arena.reports.page.health import HealthTally, JudgeHealth
from arena.reports.page.moments import NEVER, Moments, moments_of
from arena.reports.page.sample import Register, Sample, answer_keys, read_drawn
from arena.reports.probes import SUMMARY, ProbeScore, read_probe_scores
from arena.reports.reasons import REASONS, Reasons, read_reasons
from arena.reports.strengths import NOTHING_SAID, STRENGTHS, Strengths, read_strengths
from arena.reports.trend import Trend
from arena.store.folder import BoardFolder, read_answers
from arena.terms import PANEL
from arena.types import JSON

Row = Mapping[str, JSON]
Met = Mapping[tuple[str, str], tuple[float, int]]


@dataclass(frozen=True, slots=True)
class PageData:
    """What `render_page` turns into a page."""

    title: str
    report: Report
    met: Met
    """(a, b): the mean outcome of a against b, and the number of rated battles; both directions."""
    judges: tuple[JudgeHealth, ...]
    sample: Mapping[str, JSON]
    """{questions, answers, battles}: what the page can search in."""
    n_rows: int
    """Battles (or scored answers) the sample was drawn from."""
    run: Row = field(default_factory=dict)
    """run.json without its list of runs: those hold times, and a report must not depend on the clock."""
    top: int | None = None
    """So many models are listed; None: all of them."""
    probes: Mapping[str, Mapping[str, ProbeScore]] = field(default_factory=dict)
    """What probes found, by model and probe."""
    strengths: Strengths = NOTHING_SAID
    """Where models are stronger or weaker than elsewhere."""
    moments: Moments = NEVER
    """When what the page shows was made."""
    reasons: Reasons | None = None
    """Why models lose, where somebody looked."""
    load: tuple[Tested, ...] = ()
    """The last load test of each model."""
    trend: Trend | None = None
    """This board and earlier ones, where they were asked for."""


@dataclass
class _Tally:
    """One pass over the rows: nothing but sums and places stays in memory."""

    judges: dict[str, HealthTally] = field(default_factory=dict)
    met: dict[bool, dict[tuple[str, str], list[float]]] = field(default_factory=lambda: {True: {}, False: {}})
    """By whether the row is the panel's."""
    rows: Counter[str] = field(default_factory=Counter)
    """By judge."""
    register: Register = field(default_factory=Register)

    def add(self, row: Row) -> None:
        judge = str(row.get("judge"))
        panel = judge == PANEL
        self.rows[judge] += 1
        if not panel:
            self.judges.setdefault(judge, HealthTally(judge)).add(row)
        outcome = row.get("outcome")
        if row.get("state") == "rated" and isinstance(outcome, int | float):
            a, b = str(row["model_a"]), str(row["model_b"])
            for pair, value in (((a, b), outcome), ((b, a), 1 - outcome)):
                entry = self.met[panel].setdefault(pair, [0.0, 0.0])
                entry[0] += value
                entry[1] += 1

    def counted(self) -> tuple[Met, int]:
        """The pairs that met and the number of rows, of those that count."""
        counted = counted_judges(self.rows)
        met = self.met[PANEL in counted]
        return {pair: (total / n, int(n)) for pair, (total, n) in met.items()}, sum(self.rows[j] for j in counted)


def read_page_data(config: Config, title: str, answers: BoardFolder, reviews: BoardFolder) -> PageData:
    """Read a rated board. Raises InputError when it was not rated yet."""
    path = reviews.reports / "leaderboard.json"
    report = read_report(path)
    if report is None:
        raise InputError(f"{path}: no such file; rate the board first with `arena run`")
    rows = reviews.reports / ("scores.jsonl" if report.single else "battles.jsonl")
    tally = _Tally()
    for where, row in read_objects(rows):
        tally.add(row)
        tally.register.add(where, row)
    met, n_rows = tally.counted()
    run = reviews.run_document()
    return PageData(
        title,
        report,
        met,
        tuple(tally.judges[judge].health() for judge in sorted(tally.judges)),
        _sample(config, rows, tally.register, answers),
        n_rows,
        {key: value for key, value in run.items() if key not in {"runs", "versions", "git_commit", "files"}},
        probes=read_probe_scores(reviews.reports / SUMMARY),
        strengths=read_strengths(reviews.reports / STRENGTHS),
        moments=_moments(config, report, answers, reviews),
        reasons=read_reasons(reviews.reports / REASONS),
        load=newest(read_load_runs(answers.load_file)),
    )


def without_endpoints(data: PageData, config: Config, environ: Mapping[str, str]) -> PageData:
    """The same page for people who need not know where its models are served: without names of hosts."""
    judges = config.reviews_gen.judges
    entries = [*config.answers_gen.values(), *(judges.values() if not isinstance(judges, str) else ())]
    urls = [entry.address(environ) or "" for entry in entries if isinstance(entry, ApiConfig)]
    hosts = {urlsplit(url).hostname or "" for url in urls}
    warnings = tuple(str(without_hosts(warning, hosts)) for warning in data.report.warnings)
    run = {name: without_hosts(told, hosts) for name, told in data.run.items()}
    return replace(data, report=replace(data.report, warnings=warnings), run=run)


def _moments(config: Config, report: Report, answers: BoardFolder, reviews: BoardFolder) -> Moments:
    """Of the stored lines of every model and judge on the board."""
    names, judges = list(config.answers_gen), list(report.judges)
    files = {row.model: answers.answer_file(row.model, names) for row in report.models}
    return moments_of(files | {f"{judge} (judge)": reviews.ledger_file(judge, judges) for judge in judges})


def _sample(config: Config, rows: Path, register: Register, folder: BoardFolder) -> dict[str, JSON]:
    """As many battles as fit."""
    drawn = read_drawn(rows, register.draw())
    wanted: dict[str, set[str]] = defaultdict(set)
    for row, _ in drawn:
        for model, key in answer_keys(row):
            wanted[model].add(key)
    texts = _answers(wanted, folder, list(config.answers_gen))
    questions = {question.question_id: question for question in load_questions(config.question_file)}
    sample = Sample()
    for row, judged in drawn:
        if not sample.add(row, judged, questions, texts):
            break
    return sample.to_json()


def _answers(wanted: Mapping[str, set[str]], folder: BoardFolder, names: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for model, keys in wanted.items():
        path = folder.answer_file(model, names)
        if path.is_file():
            found |= {answer.key: answer.turns for answer in read_answers(path) if answer.key in keys}
    return found
