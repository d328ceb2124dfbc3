"""How fast the models serve, from the last load test of each: latency against throughput, percentiles, and time."""

from __future__ import annotations

from arena.reports.load_runs import Figure, Tested, shared_load
from arena.reports.load_words import DASH, level_title, remarks, told_ends, told_limit, told_rate, told_time
from arena.reports.page.curves import SERIES, Curve, Spot, curves, keys
from arena.reports.page.data import PageData
from arena.reports.page.layout import section, table
from arena.reports.page.markup import Html, fill, join, tag
from arena.reports.page.words import Words
from arena.reports.verdict import Language


def load(data: PageData, w: Words, language: Language) -> Html | None:
    """The section; None where nobody was tested."""
    if not data.load:
        return None
    parts = [_charts(data.load[:SERIES], w, language), _levels(data.load, w, language)]
    told = [
        tag("li", tag("span", one.model, class_="isolate"), f", {level_title(level.arrival, level.value, language)}: ",
            "; ".join(said))
        for one in data.load for level in one.levels if (said := list(remarks(level, language, good_too=False)))
    ]  # fmt: skip
    told += [
        tag("li", tag("span", one.model, class_="isolate"), ": ", told_limit(one.limit, language))
        for one in data.load if one.limit
    ]  # fmt: skip
    if told:
        parts.append(tag("ul", *told, class_="note"))
    if len({one.run.settings for one in data.load}) > 1:
        parts.append(tag("p", w["tested_apart"], class_="note"))
    return section("load", w["load_tests"], w["load_note"], join(*parts))


def under_load(data: PageData, language: Language) -> tuple[str, dict[str, float]] | None:
    """The load at which models are compared, in words, and everybody's median latency there; None without two."""
    at = shared_load(data.load)
    if at is None:
        return None
    levels = {one.model: level for one in data.load if (level := one.at(at)) is not None}
    found = {name: value for name, level in levels.items() if (value := level.latency_s.p50.value) is not None}
    first = next(iter(levels.values()))
    return (level_title(first.arrival, first.value, language), found) if len(found) > 1 else None


def _charts(tested: tuple[Tested, ...], w: Words, language: Language) -> Html:
    """Time to first token and latency against throughput, and latency along the time of the shared load."""
    levels = [level for one in tested for level in one.levels]
    tokens = all(level.output_tokens_per_s is not None for level in levels)
    drawn = []
    for name, label in (("ttft_s", "ttft_axis"), ("latency_s", "latency_axis")):
        lines = []
        for one in tested:
            found = [(level.output_tokens_per_s if tokens else level.requests_per_s, getattr(level, name).p50, level)
                     for level in one.levels]  # fmt: skip
            spots = [Spot(x, y.value, y.low, y.high, f"{level.value:g}")
                     for x, y, level in found if x is not None and y.value is not None]  # fmt: skip
            lines.append(Curve(one.model, spots))
        if any(line.spots for line in lines):
            drawn.append(curves(lines, w["tokens_axis" if tokens else "requests_axis"], w[label]))
    at = shared_load(tested)
    over = [] if at is None else [Curve(one.model, _steps(one, at)) for one in tested]
    if at is not None and any(len(line.spots) > 1 for line in over):
        shown = next(level for level in levels if level.load == at)
        where = fill(w["along"], level=level_title(shown.arrival, shown.value, language))
        drawn.append(curves(over, where, w["latency_axis"], dots=False))
    return join(keys([one.model for one in tested]), tag("div", *drawn, class_="charts")) if drawn else join()


def _steps(one: Tested, at: tuple[bool, float]) -> list[Spot]:
    level = one.at(at)
    steps = () if level is None else level.timeline
    return [Spot(step.at_s, step.latency_p50_s) for step in steps if step.latency_p50_s is not None]


def _levels(tested: tuple[Tested, ...], w: Words, language: Language) -> Html:
    heads = ("load", "tested_ok", "tested_failed", "requests_s", "tokens", "ttft_p50", "ttft_p99", "tpot_p50",
             "latency_p50", "latency_p95", "latency_p99", "good")  # fmt: skip
    goods = any(level.goodput is not None for one in tested for level in one.levels)
    head = [tag("th", w["model"], class_="left", scope="col")]
    head += [tag("th", w[name], scope="col") for name in heads if name != "good" or goods]
    body = []
    for one in tested:
        for level in one.levels:
            name = tag("th", tag("span", one.model, class_="isolate"), class_="left name", scope="row")
            good = level.goodput
            cells = [
                level_title(level.arrival, level.value, language), f"{level.succeeded:,}/{level.expected:,}",
                f"{sum(level.failed.values()):,}", told_rate(level.requests_per_s),
                told_rate(level.output_tokens_per_s),
            ]  # fmt: skip
            times = (level.ttft_s.p50, level.ttft_s.p99, level.tpot_s.p50, level.latency_s.p50, level.latency_s.p95,
                     level.latency_s.p99)  # fmt: skip
            share = [tag("td", DASH if good is None else f"{100 * (good.share or 0.0):.1f}%")] if goods else []
            body.append(tag("tr", name, *[tag("td", cell) for cell in cells], *map(_time, times), *share))
    return table(head, body)


def _time(found: Figure) -> Html:
    around = told_ends(found)
    return tag("td", told_time(found, ends=False), tag("span", f" {around}", class_="ends") if around else None)
