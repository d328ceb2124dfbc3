"""The page as one string: head, policy, sections in the order a reader needs them."""

from __future__ import annotations

from pathlib import Path

from arena.files import to_json
from arena.reports.page import (
    baselines,
    benchmarks,
    first_screen,
    heat,
    load,
    metrics,
    probes,
    reasons,
    schedule,
    sections,
    stability,
    trend,
)
from arena.reports.page.data import PageData
from arena.reports.page.layout import document
from arena.reports.page.markup import Html, join, tag
from arena.reports.page.words import Words, words
from arena.reports.verdict import Language
from arena.types import JSON

_HERE = Path(__file__).resolve().parent
_SCRIPT_WORDS = (
    "any_model", "any_category", "any_result", "disagree", "tie", "undecided", "decided", "found", "more", "question",
    "turn", "reference", "verdicts", "shown_first", "winner", "no_text", "empty", "score", "answer_missing",
    "answer_empty", "answer_error", "call_failed", "unparsed", "no_reference", "self_judged", "no_quorum",
)  # fmt: skip


def render_page(data: PageData, language: Language = "en") -> str:
    """The whole page. It loads nothing, runs one small script of its own, and shows model text as text."""
    w = words(language)
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    shown: dict[str, JSON] = {**data.sample, "words": {key: w[key] for key in _SCRIPT_WORDS}}
    main = tag("main", *[part for part in _sections(data, w, language) if part is not None])
    body = join(
        _header(data, w, main),
        main,
        *_sample(shown, script) if data.sample else (),
    )
    return document(f"{data.title} · {w['report']}", body, language, script)


def _sample(shown: dict[str, JSON], script: str) -> tuple[Html, Html]:
    """What the page can search in, and the script that does."""
    data = Html(f'<script type="application/json" id="sample">{_inert(to_json(shown))}</script>')
    return data, Html(f"<script>{script}</script>")


def _header(data: PageData, w: Words, main: Html) -> Html:
    """The title and links to the sections that are there."""
    sections = (
        ("leaderboard", "leaderboard"), ("schedule", "nav_schedule"), ("stability", "nav_stability"),
        ("trend", "nav_trend"), ("matrix", "nav_matrix"),
        ("categories", "nav_categories"), ("benchmarks", "benchmarks"), ("scores", "by_rule"), ("probes", "probes"),
        ("value", "nav_value"), ("speed", "speed"),
        ("load", "load_tests"), ("reasons", "nav_reasons"),
        ("judges", "nav_judges"),
        ("battles", "answers" if data.report.single else "nav_battles"), ("method", "nav_method"),
    )  # fmt: skip
    links = [tag("a", w[word], href=f"#{name}") for name, word in sections if f'id="{name}"' in main]
    banner = tag("p", w["simulated"], class_="banner") if data.report.simulated else None
    return tag("header", tag("div", tag("strong", data.title), tag("nav", *links), class_="bar-top"), banner)


def _sections(data: PageData, w: Words, language: Language) -> list[Html | None]:
    return [
        first_screen.summary(data, w, language),
        first_screen.cards(data, w),
        sections.leaderboard(data, w, language),
        sections.notes(data, w, language),
        baselines.against_each(data, w, language),
        schedule.drawn(data, w, language),
        stability.firm(data, language),
        None if data.trend is None else trend.over_time(data.trend, language),
        heat.matrices(data, w),
        heat.categories(data, w),
        benchmarks.benchmarks(data, w),
        metrics.metrics(data, w),
        probes.probes(data, w),
        sections.value(data, w, language),
        sections.speed(data, w),
        load.load(data, w, language),
        reasons.reasons(data, w),
        sections.judges(data, w),
        sections.battles(data, w),
        sections.method(data, w),
    ]


def _inert(data: bytes) -> str:
    """JSON that can end no script element and open none: every `<`, `>` and `&` is written as an escape."""
    shown = data.decode("utf-8", "replace")
    for mark in "<>&\u2028\u2029":
        shown = shown.replace(mark, f"\\u{ord(mark):04x}")
    return shown
