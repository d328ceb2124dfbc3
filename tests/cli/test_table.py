"""The leaderboard on a terminal."""

from __future__ import annotations

import io

from arena.cli.console import console_on
from arena.cli.table import print_board
from arena.reports.board import report_of
from arena.types import JSON


def printed(rows: list[JSON], width: int) -> str:
    out = io.StringIO()
    print_board(report_of({"models": rows, "n_battles": 1, "n_questions": 1}), console=console_on(out, width))
    return out.getvalue()


def row(model: str, **performance: JSON) -> JSON:
    known: dict[str, JSON] = {"model": model, "rank": 1, "rating": 1000.0, "win_rate": 0.5, "n_battles": 1}
    return known | {"performance": dict(performance) or None}


def test_speeds_are_shown_where_they_were_measured_and_there_is_room() -> None:
    rows = [row("fast", load="api", output_tokens_per_s=1234.5, latency_p50_s=0.52, ttft_p50_s=0.1), row("recorded")]
    wide = printed(rows, 120)
    assert "tokens/s" in wide and "latency" in wide and "TTFT" in wide
    assert "1,234" in wide and "0.52 s" in wide and "0.10 s" in wide
    narrow = printed(rows, 60)
    assert "TTFT" not in narrow and "rating" in narrow
    unmeasured = printed([row("recorded")], 120)
    assert "tokens/s" not in unmeasured and "TTFT" not in unmeasured


def test_speeds_of_different_loads_are_said_not_to_compare() -> None:
    api, batch = row("a", load="api", latency_p50_s=1.0), row("b", load="offline-batch", latency_p50_s=9.0)
    assert "speeds under different loads (api, offline-batch) do not compare" in printed([api, batch], 120)
    assert "do not compare" not in printed([api, api], 120)
    assert "do not compare" not in printed([api, batch], 40)
