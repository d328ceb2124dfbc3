"""Quality against price: the number that ranks the models against cost, latency, length, or latency under load."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from arena.errors import ArenaError
from arena.reports.board import Standing
from arena.reports.load_runs import newest, shared_load
from arena.reports.load_words import level_title
from viz.charts.leaderboard import Estimate, pareto
from viz.ui.choices import choose
from viz.ui.pieces import chart, nothing
from viz.ui.session import language, load_runs, t


def value_map(standings: Sequence[Standing], estimates: Sequence[Estimate], metric: str) -> None:
    """A chart of what ranks the models against what the reader picks; `estimates` are the models' in their order."""
    measures = {
        "cost": (t("Cost of all answers, USD"), [s.cost_usd for s in standings]),
        "latency": (t("Median latency, seconds"), [s.performance.latency_p50_s for s in standings]),
        "ttft": (t("Median TTFT, seconds"), [s.performance.ttft_p50_s for s in standings]),
        "length": (t("Mean characters per answer"), [s.mean_length for s in standings]),
    } | _under_load(standings)
    known = [name for name, (_, values) in measures.items() if sum(v is not None for v in values) > 1]
    if not known:
        return
    st.header(t("What does quality cost?"), anchor=False)
    labels = {
        "cost": t("Cost"),
        "latency": t("Latency"),
        "ttft": "TTFT",
        "length": t("Length"),
        "load": t("Under load"),
    }
    chosen = choose(t("Against"), {name: labels[name] for name in known}, "against")
    title, values = measures[chosen]
    frame = pd.DataFrame(
        [
            {"model": e.model, "x": v, "y": e.value, "low": e.low, "high": e.high}
            for e, v in zip(estimates, values, strict=True)
            if v is not None and e.value is not None
        ]
    )
    if frame.empty:
        nothing(t("No model has both numbers."))
        return
    log = bool((frame["x"] > 0).all() and frame["x"].max() > 10 * frame["x"].min())
    chart("value-map", pareto, frame, title, metric, log=log)
    if missing := len(standings) - len(frame):
        st.caption(t("{n} models without this number are not drawn.", n=missing))


def _under_load(standings: Sequence[Standing]) -> dict[str, tuple[str, list[float | None]]]:
    """Median latency at the load that most models were tested at; nothing without a load test."""
    try:
        tested = newest(load_runs())
    except ArenaError:  # its own page says so
        return {}
    if (at := shared_load(tested)) is None:
        return {}
    levels = {one.model: level for one in tested if (level := one.at(at)) is not None}
    first = next(iter(levels.values()))
    title = t("Median latency under load, {level}, seconds", level=level_title(first.arrival, first.value, language()))
    return {"load": (title, [levels[s.model].latency_s.p50.value if s.model in levels else None for s in standings])}
