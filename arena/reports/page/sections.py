"""The sections below the first screen: tables, matrices, the value map, judges, the sample, the method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import yaml

from arena.reports.page.charts import Point, axis, bar, scale_over, value_map, whisker
from arena.reports.page.data import PageData, Row
from arena.reports.page.health import JudgeHealth, Share
from arena.reports.page.layout import as_float, section, table
from arena.reports.page.markup import Html, fill, join, money, number, percent, percent_ends, seconds, tag
from arena.reports.page.verdict import median_latency, per_question, rank_text
from arena.reports.page.words import Words

WHISKER_WIDTH = 210.0
MAP_MODELS = 40


def leaderboard(data: PageData, w: Words) -> Html:
    """Every model, with its interval on one scale shared by all."""
    main = "score" if data.single else "rating"
    ends = [row[name] for row in data.models for name in (f"{main}_low", main, f"{main}_high")
            if isinstance(row.get(name), int | float)]  # fmt: skip
    scale = scale_over([float(cast("float", end)) for end in ends], WHISKER_WIDTH)
    anchor = data.board.get("anchor")
    mark = cast("float", anchor["rating"]) if isinstance(anchor, dict) and not data.single else None
    columns = _columns(data, w)
    head = [tag("th", w["rank"]), tag("th", w["model"], class_="left"), tag("th", axis(scale)), tag("th", w[main])]
    head += [tag("th", name) for name, _ in columns]
    body = []
    for row in data.models:
        cells = [
            tag("td", rank_text(row), class_="rank"),
            tag("td", *_model(row, data, w), class_="left name"),
            tag("td", whisker(scale, *_interval(row, main), mark)),
            tag("td", *_value(row, main, data, w)),
        ]
        body.append(tag("tr", *cells, *(tag("td", _cell(row, key)) for _, key in columns)))
    return section("leaderboard", w["leaderboard"], None, table(head, body))


def _model(row: Row, data: PageData, w: Words) -> list[Html]:
    flags = [tag("span", str(flag), class_="pill warn") for flag in cast("Sequence[str]", row.get("flags") or ())]
    own = [tag("span", w["baseline"], class_="pill")] if row["model"] == data.board.get("baseline") else []
    return [tag("span", str(row["model"]), class_="isolate"), *own, *flags]


def _interval(row: Row, main: str) -> tuple[float | None, float | None, float | None]:
    value, low, high = (row.get(name) for name in (main, f"{main}_low", f"{main}_high"))
    return as_float(value), as_float(low), as_float(high)


def _value(row: Row, main: str, data: PageData, w: Words) -> list[Html]:
    digits = 2 if data.single else 0
    value, low, high = _interval(row, main)
    shown = number(value, digits)
    if value is None and row.get("unbounded"):
        shown = w["won_all" if row["unbounded"] == "high" else "lost_all"]
    if low is None and high is None:
        return [tag("b", shown)]
    ends = f" [{number(low, digits, '−∞')}, {number(high, digits, '+∞')}]"
    return [tag("b", shown), tag("span", ends, class_="ends")]


def _columns(data: PageData, w: Words) -> list[tuple[str, str]]:
    """Head and field of the columns that hold anything."""
    known = [
        (w["elo"], "elo"),
        (w["win_rate"], "win_rate"),
        ("LC", "lc_win_rate"),
        (w["games"], "games"),
        (w["answers" if data.single else "battles"], "n_battles"),
        (w["length"], "mean_length"),
        (w["cost"], "cost_usd"),
    ]
    skipped = {"games"} if data.single else set()
    return [
        (head, key)
        for head, key in known
        if key not in skipped and (key == "games" or any(row.get(key) is not None for row in data.models))
    ]


def _cell(row: Row, key: str) -> Html:
    match key:
        case "win_rate" | "lc_win_rate":
            ends = percent_ends(as_float(row.get(f"{key}_low")), as_float(row.get(f"{key}_high")))
            return join(percent(row.get(key), 1), tag("span", ends, class_="ends"))
        case "games":
            return join(f"{row.get('wins')} / {row.get('losses')} / {row.get('ties')}")
        case "cost_usd":
            return join(money(row.get(key)))
        case _:
            return join(number(row.get(key)))


def notes(data: PageData, w: Words) -> Html | None:
    """What was left out and why, what is pending, and the board's warnings."""
    excluded = cast("Mapping[str, int]", data.board.get("excluded") or {})
    lines = []
    if excluded:
        named = [f"{w.get(reason, reason)} ({number(count)})" for reason, count in sorted(excluded.items())]
        lines.append(fill(w["left_out"], reasons=", ".join(named)))
    if data.board.get("pending"):
        lines.append(fill(w["pending"], n=number(data.board["pending"])))
    names = tuple(str(row["model"]) for row in data.models)
    lines += [
        join(warning if warning.startswith(names) else warning[:1].upper() + warning[1:])
        for warning in map(str, cast("Sequence[object]", data.board.get("warnings") or ()))
    ]
    if not lines:
        return None
    return tag(
        "section", tag("h2", w["notes"]), tag("ul", *(tag("li", line) for line in lines)), class_="notice", id="notes"
    )


def value(data: PageData, w: Words) -> Html | None:
    """Quality against cost, or against time where no costs are known; None where neither is known of two models."""
    main = "score" if data.single else "rating"
    rows = [row for row in data.models if as_float(row.get(main)) is not None][:MAP_MODELS]
    costs = [(row, cost) for row in rows if (cost := per_question(row)) is not None]
    times = [(row, time) for row in rows if (time := median_latency(row)) is not None]
    if len(costs) > 1 and any(cost > 0 for _, cost in costs):
        title, cheap, label, chosen = w["value"], w["cheaper"], w["cost_axis"], costs
    elif len(times) > 1:
        title, cheap, label, chosen = w["value_time"], w["quicker"], w["time_axis"], times
    else:
        return None
    points = [
        Point(
            str(row["model"]),
            x,
            cast("float", row[main]),
            as_float(row.get(f"{main}_low")),
            as_float(row.get(f"{main}_high")),
        )
        for row, x in chosen
    ]
    return section("value", title, fill(w["value_note"], cheap=cheap), value_map(points, label, w[main]))


def speed(data: PageData, w: Words) -> Html | None:
    """Time to first token, answer time and tokens per second, as measured."""
    measured = [
        (row, cast("Row", row["performance"])) for row in data.models if isinstance(row.get("performance"), dict)
    ]
    if not measured:
        return None
    fields = (
        ("ttft", "ttft_s", seconds),
        ("latency", "latency_p50_s", seconds),
        ("tokens", "output_tokens_per_s", number),
    )
    there = [item for item in fields if any(as_float(found.get(item[1])) is not None for _, found in measured)]
    top = {field: max(as_float(found.get(field)) or 0.0 for _, found in measured) or 1.0 for _, field, _ in there}
    body = []
    for row, found in sorted(measured, key=lambda item: as_float(item[1].get("latency_p50_s")) or 0.0):
        cells = [tag("td", str(row["model"]), class_="left name")]
        for _, field, show in there:
            value = as_float(found.get(field))
            drawn = bar(value / top[field]) if value is not None else None
            cells.append(tag("td", tag("span", drawn, tag("span", show(found.get(field))), class_="measured")))
        body.append(tag("tr", *cells, tag("td", str(found.get("load")))))
    head = [tag("th", w["model"], class_="left"), *(tag("th", w[word]) for word, _, _ in there), tag("th", w["load"])]
    return section("speed", w["speed"], w["speed_note"], table(head, body))


def judges(data: PageData, w: Words) -> Html | None:
    """Order consistency, seat preference, ties and failures of each judge."""
    if not data.judges:
        return None
    detail = {str(d.get("judge")): d for d in cast("Sequence[Row]", data.board.get("judges_detail") or ())}
    pairwise = not data.single
    names = [
        "judge",
        "replies",
        *(("consistent", "first_slot", "ties") if pairwise else ()),
        "no_verdict",
        "failed",
        "cost",
    ]
    head = [tag("th", w[name], class_="left" if name == "judge" else None) for name in names]
    body = [_judge_row(health, detail.get(health.judge, {}), pairwise, w) for health in data.judges]
    parts = join(table(head, body), _agreements(data, w))
    return section("judges", w["judges"], w["judges_note"] if pairwise else None, parts)


def _agreements(data: PageData, w: Words) -> Html | None:
    """Each pair of judges on the battles both decided."""
    pairs = cast("Sequence[Row]", cast("Row", data.board.get("diagnostics") or {}).get("judges_agreement") or ())
    if not pairs:
        return None
    head = [tag("th", w["two_judges"], class_="left")]
    head += [tag("th", w[key]) for key in ("battles", "same_winner", "kappa")]
    body = []
    for pair in pairs:
        names = join(_isolated(str(pair.get("a"))), " · ", _isolated(str(pair.get("b"))))
        raw, kappa = (cast("Row", pair.get(key) or {}) for key in ("raw", "kappa"))
        ends = percent_ends(as_float(raw.get("low")), as_float(raw.get("high")))
        span = [number(kappa.get(end), 2) for end in ("low", "high")]
        body.append(
            tag(
                "tr",
                tag("td", names, class_="left"),
                tag("td", number(pair.get("n_battles"))),
                tag("td", percent(raw.get("value"), 1), tag("span", ends, class_="ends")),
                tag("td", number(kappa.get("value"), 2), tag("span", f" [{span[0]}, {span[1]}]", class_="ends")),
            )
        )
    return table(head, body)


def _isolated(name: str) -> Html:
    return tag("span", name, class_="isolate")


def _judge_row(health: JudgeHealth, detail: Row, pairwise: bool, w: Words) -> Html:
    shares = [_share(health.consistent, w), _share(health.first_slot, w), _share(health.ties, w)] if pairwise else []
    return tag(
        "tr",
        tag("td", health.judge, class_="left name"),
        tag("td", number(health.rows)),
        *(tag("td", cell) for cell in shares),
        tag("td", _share(health.unparsed, w)),
        tag("td", number(health.failed)),
        tag("td", money(detail.get("cost_usd"))),
    )


def _share(share: Share | None, w: Words) -> Html:
    if share is None:
        return tag("span", w["one_order"], class_="ends")
    ends = percent_ends(share.low, share.high)
    return join(percent(share.value, 1), tag("span", ends, class_="ends"))


def battles(data: PageData, w: Words) -> Html:
    """The searchable sample; the page's script fills it in."""
    shown = cast("Sequence[object]", data.sample.get("battles") or ())
    note = fill(w["sample_note" if len(shown) < data.n_rows else "sample_all"],
                n=number(len(shown)), total=number(data.n_rows))  # fmt: skip
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
    return section("battles", w["sample_scores" if data.single else "sample"], note, join(*parts, without))


def method(data: PageData, w: Words) -> Html:
    """How the numbers were made, and from what."""
    board, run = data.board, data.run
    by = {"bradley_terry": "bt", "elo": "elo_method", "win_rate": "win_rate_method", "score": "score_method"}
    ranked_by, mode, anchor = str(board.get("ranked_by")), str(board.get("mode")), board.get("anchor")
    scale = w["anchor_mean"]
    if isinstance(anchor, dict):
        scale = fill(w["anchor_at"], model=str(anchor.get("model")), rating=number(anchor.get("rating")))
    prompts = cast("Mapping[str, str]", run.get("prompts") or {})
    facts: list[tuple[str, str]] = [
        (w["mode"], w.get(f"mode_{mode}", mode)),
        (w["ranked_by"], w[by[ranked_by]] if ranked_by in by else ranked_by),
        *([] if data.single else [(w["anchor"], scale)]),
        (w["nav_judges"], ", ".join(cast("Sequence[str]", board.get("judges") or ()))),
        (w["prompts"], ", ".join(f"{name} ({digest[:12]})" for name, digest in sorted(prompts.items()))),
        (w["seed"], str(board.get("seed"))),
        (w["version"], f"arena {run.get('arena_version', '')}".strip()),
    ]
    listed = [join(tag("dt", name), tag("dd", shown)) for name, shown in facts if shown]
    inputs = cast("Mapping[str, str]", board.get("inputs") or {})
    rows = [
        tag("tr", tag("td", name, class_="left name"), tag("td", tag("code", digest)))
        for name, digest in inputs.items()
    ]
    config = yaml.safe_dump(run.get("config"), allow_unicode=True, sort_keys=False) if run.get("config") else ""
    folded = [
        tag("details", tag("summary", w["inputs"]), table([], rows)) if rows else None,
        tag("details", tag("summary", w["config"]), tag("pre", config)) if config else None,
    ]
    return section("method", w["method"], None, join(tag("dl", *listed, class_="facts-list"), *folded))
