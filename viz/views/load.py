"""How fast the models serve: what load tests measured, models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from arena.reports.load_runs import SHARES, LoadLevel, LoadRun, Share, Tested, Times, newest, shared_load
from arena.reports.load_words import level_title, remarks, told_ends, told_limit, told_rate, told_reason, told_time
from viz.charts.load import against_throughput, along_time
from viz.ui.choices import choose, choose_name
from viz.ui.figures import DASH, count, money, percent
from viz.ui.phone import Line, phone_list
from viz.ui.pieces import chart, name_width, nothing, warn_all
from viz.ui.rendering import distinct, plain, shortened
from viz.ui.room import table_room
from viz.ui.session import fresh, language, load_runs, t


def show() -> None:
    """The page."""
    runs = load_runs()
    if not newest(runs):
        nothing(t("No load test yet: `arena load` measures how fast the models serve."))
        return
    tested, times, share = _choices(runs)
    st.header(t("Latency against throughput"), anchor=False)
    _against_throughput(tested, times, share)
    _levels(tested)
    _percentiles(tested, times)
    _over_time(tested)


def _titles() -> dict[Times, str]:
    return {"ttft_s": t("Time to first token"), "tpot_s": t("Time per output token"),
            "itl_s": t("Inter-token latency"), "latency_s": t("Latency")}  # fmt: skip


def _choices(runs: Sequence[LoadRun]) -> tuple[tuple[Tested, ...], Times, Share]:
    measured = {run.run: run for run in reversed(runs) if newest([run])}
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        chosen = None
        if len(measured) > 1:
            chosen = choose_name(t("Run"), list(measured), "run", placeholder=t("newest of each model"))
        times = choose(t("Latency"), _titles(), "time")
        shares: dict[Share, str] = {name: t("Mean") if name == "mean" else name for name in SHARES}
        share = choose(t("Of the requests"), shares, "share", default="p50")
    tested = newest([measured[chosen]] if chosen else runs)
    if len({one.run.settings for one in tested}) > 1:
        st.caption(":material/warning: " + t("Not all were tested with the same settings: compare with care."))
    return tested, times, share


def _against_throughput(tested: Sequence[Tested], times: Times, share: Share) -> None:
    names = distinct((one.model for one in tested), 36)
    tokens = all(level.output_tokens_per_s is not None for one in tested for level in one.levels)
    rows = []
    for one in tested:
        for level in one.levels:
            x = level.output_tokens_per_s if tokens else level.requests_per_s
            found = level.spread(times).at(share)
            if x is not None and found.value is not None:
                rows.append({"model": names[one.model], "load": level.value, "x": x, "y": found.value,
                             "low": found.low, "high": found.high, "label": f"{level.value:g}",
                             "told": _title(level)})  # fmt: skip
    if not rows:
        nothing(DASH)
        return
    title = f"{_titles()[times]}, {t('Mean') if share == 'mean' else share} (s)"
    across = t("Output tokens per second") if tokens else t("Requests per second")
    chart("against", against_throughput, pd.DataFrame(rows), (across, title))


def _title(level: LoadLevel) -> str:
    return level_title(level.arrival, level.value, language())


def _levels(tested: Sequence[Tested]) -> None:
    """Every level with its figures, and below what they do not show."""
    st.header(t("Levels"), anchor=False)
    pairs = [(one.model, level) for one in tested for level in one.levels]
    shown = {
        t("Model"): [shortened(model, 60) for model, _ in pairs],
        t("Level"): [_title(level) for _, level in pairs],
        t("Replies"): [f"{level.succeeded:,}/{level.expected:,}" for _, level in pairs],
        t("Requests/s"): [told_rate(level.requests_per_s) for _, level in pairs],
        t("Tokens/s"): [told_rate(level.output_tokens_per_s) for _, level in pairs],
        "TTFT p50": [told_time(level.ttft_s.p50) for _, level in pairs],
        t("Per token p50"): [told_time(level.tpot_s.p50) for _, level in pairs],
        t("Latency p50"): [told_time(level.latency_s.p50) for _, level in pairs],
        t("Latency p99"): [told_time(level.latency_s.p99) for _, level in pairs],
        t("Within SLO"): [DASH if level.goodput is None else percent(level.goodput.share) for _, level in pairs],
        t("USD per million tokens"): [money(level.usd_per_million_output_tokens) for _, level in pairs],
    }
    kept = {title: cells for title, cells in shown.items() if any(cell != DASH for cell in cells)}
    width = name_width(model for model, _ in pairs)
    with table_room("levels", len(pairs), most=700, on="wide-"):
        st.dataframe(pd.DataFrame(kept), hide_index=True, key=fresh("levels"), height=_height(pairs),
                     column_config={t("Model"): st.column_config.TextColumn(pinned=True, width=width)})  # fmt: skip
    lines = [
        Line(shortened(model, 60), f"{_title(level)} · {told_rate(level.output_tokens_per_s)} tok/s",
             told_time(level.latency_s.p50, ends=False), told_ends(level.latency_s.p50), "load", {"time": "latency_s"})
        for model, level in pairs
    ]  # fmt: skip
    phone_list("levels", lines, 62)
    st.caption(t("95 % intervals in [ ]; – where there is too little data for an end."))
    for one in tested:
        if one.limit:
            st.markdown(plain(f"{shortened(one.model, 60)}: {told_limit(one.limit, language())}"))
    warn_all([
        f"{shortened(model, 60)}, {_title(level)}: {'; '.join(said)}"
        for model, level in pairs if (said := list(remarks(level, language(), good_too=False)))
    ])  # fmt: skip


def _height(rows: Sequence[object]) -> int | Literal["content"]:
    return "content" if len(rows) <= 18 else 700


def _percentiles(tested: Sequence[Tested], times: Times) -> None:
    st.header(f"{t('Percentiles')}: {_titles()[times]}", anchor=False)
    pairs = [(one.model, level) for one in tested for level in one.levels]
    shown: dict[str, list[str]] = {
        t("Model"): [shortened(model, 60) for model, _ in pairs], t("Level"): [_title(level) for _, level in pairs],
        "n": [count(level.spread(times).n) for _, level in pairs],
    }  # fmt: skip
    for share in SHARES:
        title = t("Mean") if share == "mean" else share
        shown[title] = [told_time(level.spread(times).at(share)) for _, level in pairs]
    with table_room("percentiles", len(pairs), most=700):
        st.dataframe(pd.DataFrame(shown), hide_index=True, key=fresh("percentiles"), height=_height(pairs))
    reasons = dict.fromkeys(why for _, level in pairs if (why := level.spread(times).without_interval))
    for why in list(reasons)[:5]:
        st.caption(plain(told_reason(why, language())))


def _over_time(tested: Sequence[Tested]) -> None:
    """Latency and what was under way, along one load that the models share."""
    loads: dict[str, tuple[bool, float]] = {}
    for one in tested:
        for level in one.levels:
            if len(level.timeline) > 1:
                loads.setdefault(_title(level), level.load)
    if not loads:
        return
    st.header(t("Over time"), anchor=False)
    usual = shared_load(tested)
    default = next((title for title, load in loads.items() if load == usual), next(iter(loads)))
    chosen = choose_name(t("Level"), list(loads), "level", default=default) or default
    names = distinct((one.model for one in tested), 36)
    chosen_levels = [(names[one.model], one.at(loads[chosen])) for one in tested]
    steps = [(name, step) for name, found in chosen_levels if found for step in found.timeline]
    waited = [{"model": name, "x": s.at_s, "y": s.latency_p50_s} for name, s in steps if s.latency_p50_s is not None]
    held = [{"model": name, "x": s.at_s, "y": s.under_way} for name, s in steps]
    left, right = st.columns(2, gap="large")
    with left:
        if waited:
            titles = (t("Seconds of the test"), f"{t('Latency')}, p50 (s)")
            chart("latency-over-time", along_time, pd.DataFrame(waited), titles)
    with right:
        titles = (t("Seconds of the test"), t("Requests under way"))
        chart("under-way", along_time, pd.DataFrame(held), titles)


if __name__ == "__main__":
    show()
