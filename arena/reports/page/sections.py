"""The sections below the first screen: tables, matrices, the value map, judges, the sample, the method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, cast

import yaml

from arena.reports.board import NOT_MEASURED, Performance, Report, Standing
from arena.reports.columns import BoardColumn, Kind, columns_of, line_of
from arena.reports.flags import flag_text, flags_text
from arena.reports.leaderboard import rank_text, set_text
from arena.reports.options import rate_command
from arena.reports.page.charts import Point, axis, bar, scale_over, value_map, whisker
from arena.reports.page.data import PageData
from arena.reports.page.first_screen import games_text, main_number, per_question
from arena.reports.page.health import JudgeHealth, Share
from arena.reports.page.layout import section, table
from arena.reports.page.load import under_load
from arena.reports.page.markup import (
    Html,
    fill,
    join,
    money,
    number,
    percent,
    percent_ends,
    plain_number,
    rate,
    seconds,
    tag,
)  # fmt: skip
from arena.reports.page.words import Words
from arena.reports.verdict import Language
from arena.reports.weights import aside_told, weights_told

WHISKER_WIDTH = 210.0
MAP_MODELS = 40


def leaderboard(data: PageData, w: Words, language: Language) -> Html:
    """Every model, with its interval on one scale shared by all."""
    report, listed = data.report, data.report.models[: data.top]
    drawn = [row.interval(report.drawn) for row in listed]
    scale = scale_over([x for e in drawn for x in (e.low, e.value, e.high) if x is not None], WHISKER_WIDTH)
    mark = report.anchor.rating if report.anchor is not None and not report.single else None
    columns = [column for column in columns_of(report, "page") if column.name not in ("rank", "model")]
    head = [tag("th", w["rank"]), tag("th", w["model"], class_="left"), tag("th", axis(scale))]
    head += [tag("th", w[report.drawn]), *(tag("th", _word(column, w)) for column in columns)]
    body = []
    for row, ends in zip(listed, drawn, strict=True):
        shown, bounds = main_number(row, report, w)
        cells = [
            tag("td", rank_text(row), class_="rank"),
            tag("td", *_model(row, report, w, language), class_="left name"),
            tag("td", whisker(scale, ends.value, ends.low, ends.high, mark)),
            tag("td", tag("b", shown), tag("span", f" {bounds}", class_="ends") if bounds else None),
        ]
        kind = "aside" if row.set_aside else None
        body.append(tag("tr", *cells, *(tag("td", CELLS[column.kind](column, row)) for column in columns), class_=kind))
    rest = len(report.models) - len(listed)
    note = fill(w["first_models"], n=number(len(listed)), total=number(len(report.models))) if rest else None
    return section("leaderboard", w["leaderboard"], note, table(head, body))


def _model(row: Standing, report: Report, w: Words, language: Language) -> list[Html]:
    flags = [tag("span", flag_text(flag, language), class_="pill warn") for flag in row.flags]
    own = [tag("span", w["baseline"], class_="pill")] if row.model in report.baselines else []
    own += [tag("span", w["set_aside"], class_="pill warn")] if row.set_aside else []
    return [tag("span", row.model, class_="isolate"), *own, *flags]


def _word(column: BoardColumn, w: Words) -> str:
    """What the page calls a column; one that it has no word for stands under its own title."""
    title = column.heading("page")
    return w.get(title, title) if "page" in column.titles else title


def _number(column: BoardColumn, row: Standing, show: Callable[[float | None], str] = number) -> Html:
    return join(show(column.ends(row).value))


def _with_ends(column: BoardColumn, row: Standing, digits: int) -> Html:
    ends = column.shown_ends(row)
    known = ends.low is not None and ends.high is not None
    bounds = f" [{plain_number(ends.low, digits)}, {plain_number(ends.high, digits)}]" if known else None
    return join(plain_number(ends.value, digits), tag("span", bounds, class_="ends") if bounds else None)


def _percent(column: BoardColumn, row: Standing) -> Html:
    ends = column.shown_ends(row)
    return join(percent(ends.value, 1), tag("span", percent_ends(ends.low, ends.high), class_="ends"))


CELLS: Mapping[Kind, Callable[[BoardColumn, Standing], Html]] = {
    "set": lambda _, row: join(set_text(row)),
    "rank": lambda column, row: join(rank_text(line_of(column, row))),
    "model": lambda _, row: join(row.model),
    "points": partial(_with_ends, digits=0),
    "percent": _percent,
    "score": partial(_with_ends, digits=2),
    "count": _number,
    "speed": partial(_number, show=rate),
    "money": partial(_number, show=money),
    "seconds": partial(_number, show=seconds),
    "games": lambda _, row: join(games_text(row)),
    "text": lambda column, row: join(column.text(row)),
    "flags": lambda _, row: join(flags_text(row.flags)),
}
"""How the page writes each kind of column."""


def notes(data: PageData, w: Words, language: Language) -> Html | None:
    """What was left out and why, what is pending, and the board's warnings."""
    report = data.report
    lines = [join(text) for text in (weights_told(report, language), aside_told(report, language)) if text is not None]
    if report.excluded:
        named = [f"{w.get(reason, reason)} ({number(count)})" for reason, count in sorted(report.excluded.items())]
        lines.append(fill(w["left_out"], reasons=", ".join(named)))
    if report.pending:
        lines.append(fill(w["pending"], n=number(report.pending)))
    names = tuple(row.model for row in report.models)
    lines += [
        join(warning if warning.startswith(names) else warning[:1].upper() + warning[1:]) for warning in report.warnings
    ]
    if not lines:
        return None
    return tag(
        "section", tag("h2", w["notes"]), tag("ul", *(tag("li", line) for line in lines)), class_="notice", id="notes"
    )


def value(data: PageData, w: Words, language: Language) -> Html | None:
    """Quality against cost, or against time where no costs are known, and against latency under load; None where none
    of them is known of two models."""
    report = data.report
    rated = [(row, row.interval(report.drawn)) for row in report.models]
    rows = [(row, ends, ends.value) for row, ends in rated if ends.value is not None][:MAP_MODELS]
    costs, times = (
        [Point(row.model, x, y, ends.low, ends.high) for row, ends, y in rows if (x := price(row)) is not None]
        for price in (per_question, lambda row: row.performance.latency_p50_s)
    )
    at, taken = under_load(data, language) or ("", {})
    loaded = [Point(r.model, taken[r.model], y, ends.low, ends.high) for r, ends, y in rows if r.model in taken]
    maps = []
    if len(costs) > 1 and any(point.x > 0 for point in costs):
        maps.append((w["value"], w["cheaper"], w["cost_axis"], costs))
    elif len(times) > 1:
        maps.append((w["value_time"], w["quicker"], w["time_axis"], times))
    if len(loaded) > 1:
        maps.append((w["value_load"], w["quicker"], fill(w["load_time_axis"], level=at), loaded))
    if not maps:
        return None
    (title, cheap, label, points), *more = maps
    drawn = [value_map(points, label, w[report.drawn])]
    for heading, less, label, points in more:
        note = tag("p", fill(w["value_note"], cheap=less), class_="note")
        drawn += [tag("h3", heading, class_="more"), note, value_map(points, label, w[report.drawn])]
    return section("value", title, fill(w["value_note"], cheap=cheap), join(*drawn))


class _Measure(NamedTuple):
    word: str
    of: Callable[[Performance], float | None]
    show: Callable[[float | None], str]


_MEASURES = (
    _Measure("ttft", lambda found: found.ttft_p50_s, seconds),
    _Measure("ttft_p95", lambda found: found.ttft_p95_s, seconds),
    _Measure("latency", lambda found: found.latency_p50_s, seconds),
    _Measure("latency_p95", lambda found: found.latency_p95_s, seconds),
    _Measure("tokens", lambda found: found.output_tokens_per_s, rate),
)


def speed(data: PageData, w: Words) -> Html | None:
    """Time to first token, answer time and tokens per second, as measured."""
    measured = [row for row in data.report.models if row.performance is not NOT_MEASURED]
    if not measured:
        return None
    known = {m: [x for row in measured if (x := m.of(row.performance)) is not None] for m in _MEASURES}
    there = {measure: max(values) or 1.0 for measure, values in known.items() if values}
    body = []
    for row in sorted(measured, key=lambda row: row.performance.latency_p50_s or 0.0):
        cells = [tag("td", row.model, class_="left name")]
        for measure, top in there.items():
            found = measure.of(row.performance)
            drawn = None if found is None else bar(found / top)
            cells.append(tag("td", tag("span", drawn, tag("span", measure.show(found)), class_="measured")))
        body.append(tag("tr", *cells, tag("td", str(row.performance.load))))
    head = [tag("th", w["model"], class_="left"), *(tag("th", w[m.word]) for m in there), tag("th", w["load"])]
    return section("speed", w["speed"], w["speed_note"], table(head, body))


def judges(data: PageData, w: Words) -> Html | None:
    """Order consistency, slot preference and ties of each judge's battles, and what became of its replies."""
    if not data.judges:
        return None
    costs = {detail.judge: detail.cost_usd for detail in data.report.judges_detail}
    pairwise = not data.report.single
    names = [
        "judge",
        "battles" if pairwise else "scores",
        *(("consistent", "first_slot", "ties") if pairwise else ()),
        "replies",
        "no_verdict",
        "failed",
        "cost",
    ]
    head = [tag("th", w[name], class_="left" if name == "judge" else None) for name in names]
    body = [_judge_row(health, costs.get(health.judge), pairwise, w) for health in data.judges]
    parts = join(table(head, body), _agreements(data, w))
    return section("judges", w["judges"], w["judges_note" if pairwise else "scores_note"], parts)


def _agreements(data: PageData, w: Words) -> Html | None:
    """Each pair of judges on the battles both decided."""
    pairs = data.report.diagnostics.judges_agreement
    if not pairs:
        return None
    head = [tag("th", w["two_judges"], class_="left")]
    head += [tag("th", w[key]) for key in ("battles", "same_winner", "kappa")]
    body = []
    for pair in pairs:
        names = join(_isolated(pair.a), " · ", _isolated(pair.b))
        raw, kappa = pair.raw, pair.kappa
        span = f" [{number(kappa.low, 2)}, {number(kappa.high, 2)}]"
        body.append(
            tag(
                "tr",
                tag("td", names, class_="left"),
                tag("td", number(pair.n_battles)),
                tag("td", percent(raw.value, 1), tag("span", percent_ends(raw.low, raw.high), class_="ends")),
                tag("td", number(kappa.value, 2), tag("span", span, class_="ends")),
            )
        )
    return table(head, body)


def _isolated(name: str) -> Html:
    return tag("span", name, class_="isolate")


def _judge_row(health: JudgeHealth, cost: float | None, pairwise: bool, w: Words) -> Html:
    shares = [_share(health.consistent, w), _share(health.first_slot, w), _share(health.ties, w)] if pairwise else []
    return tag(
        "tr",
        tag("td", health.judge, class_="left name"),
        tag("td", number(health.rows)),
        *(tag("td", cell) for cell in shares),
        tag("td", number(health.replies)),
        tag("td", _share(health.unparsed, w)),
        tag("td", _share(health.failed, w)),
        tag("td", money(cost)),
    )


def _share(share: Share | None, w: Words) -> Html:
    if share is None:
        return tag("span", w["one_order"], class_="ends")
    ends = percent_ends(share.low, share.high)
    return join(percent(share.value, 1), tag("span", ends, class_="ends"))


def battles(data: PageData, w: Words) -> Html | None:
    """The searchable sample; the page's script fills it in. None where nothing is known of the battles' texts."""
    if not data.sample:
        return None
    found = data.sample.get("battles")
    shown = len(found) if isinstance(found, list) else 0
    note = fill(w["sample_note" if shown < data.n_rows else "sample_all"],
                n=number(shown), total=number(data.n_rows))  # fmt: skip
    tools = tag(
        "div",
        tag("input", type="search", id="find", placeholder=w["search"], aria_label=w["search"]),
        *(tag("select", id=name, aria_label=w[word]) for name, word in (
            ("by-model", "any_model"), ("by-category", "any_category"), ("by-result", "any_result"))),
        tag("span", "", id="count"),
        class_="tools",
    )  # fmt: skip
    parts = [tools, tag("div", "", id="list"), tag("button", w["more"], id="more", type="button", hidden=True)]
    without = tag("noscript", tag("p", w["needs_script"]))
    return section("battles", w["sample_scores" if data.report.single else "sample"], note, join(*parts, without))


def method(data: PageData, w: Words) -> Html:
    """How the numbers were made, and from what."""
    report, run = data.report, data.run
    by = {"bradley_terry": "bt", "elo": "elo_method", "win_rate": "win_rate_method", "score": "score_method"}
    mode, anchor = str(report.mode), report.anchor
    scale = w["anchor_mean"]
    if anchor is not None:
        scale = fill(w["anchor_at"], model=anchor.model, rating=plain_number(anchor.rating))
    prompts = cast("Mapping[str, str]", run.get("prompts") or {})
    facts: list[tuple[str, str]] = [
        (w["mode"], w["mode_file"] if report.mode is None else w.get(f"mode_{mode}", mode)),
        (w["ranked_by"], w[by[report.ranked_by]] if report.ranked_by in by else report.ranked_by),
        *([] if report.single else [(w["anchor"], scale)]),
        (w["nav_judges"], ", ".join(report.judges)),
        (w["prompts"], ", ".join(f"{name} ({digest[:12]})" for name, digest in sorted(prompts.items()))),
        (w["seed"], str(report.seed)),
        (w["again"], rate_command(report) or ""),
        (w["version"], f"arena {run.get('arena_version', '')}".strip()),
    ]
    listed = [join(tag("dt", name), tag("dd", tag("code", shown) if name == w["again"] else shown))
              for name, shown in facts if shown]  # fmt: skip
    rows = [
        tag("tr", tag("td", name, class_="left name"), tag("td", tag("code", digest)))
        for name, digest in report.inputs.items()
    ]
    config = yaml.safe_dump(run.get("config"), allow_unicode=True, sort_keys=False) if run.get("config") else ""
    history = [tag("tr", tag("td", name, class_="left name"), tag("td", day))
               for name, day in data.moments.joined.items()]  # fmt: skip
    folded = [
        tag("details", tag("summary", w["history"]), table([], history)) if history else None,
        tag("details", tag("summary", w["inputs"]), table([], rows)) if rows else None,
        tag("details", tag("summary", w["config"]), tag("pre", config)) if config else None,
    ]
    return section("method", w["method"], None, join(tag("dl", *listed, class_="facts-list"), *folded))
