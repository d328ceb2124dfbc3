"""The leaderboard on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from arena.cli.console import console_on
from arena.cli.table import conclusion, print_board
from arena.reports.board import report_of
from arena.reports.numbers import amount
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


def long_board() -> list[JSON]:
    """Long names, several numbers with intervals, speeds and criteria."""
    ends: dict[str, JSON] = {
        "rating_low": 1076.4, "rating_high": 1133.2, "win_rate_low": 0.71, "win_rate_high": 0.86, "elo": 1104.0,
        "elo_low": 1080.0, "elo_high": 1120.0, "wins": 1234, "losses": 1, "ties": 12, "mean_length": 4860,
        "cost_usd": 0.0001, "criteria": {"accuracy": 7.25},
    }  # fmt: skip
    names = ["organisation/a-model-with-a-very-long-name-and-a-date-2026-11-29", "another/one:x:latest", "中文模型" * 9]
    return [row(name, load="api", output_tokens_per_s=0.0421, latency_p50_s=0.0005) | ends for name in names]


@pytest.mark.parametrize("width", [26, 30, 40, 50, 60, 80, 100, 120, 160])
def test_digits_are_never_cut_whatever_the_width(width: int) -> None:
    lines = printed(long_board(), width).splitlines()
    table = [line for line in lines if line[:1] in "┃│"]
    assert all(cell_len(line) <= width for line in table)
    names = [line.replace("┃", "│").split("│")[1:-1] for line in table]
    place = next(n for n, head in enumerate(names[0]) if head.strip()[:1] == "m" or "…" in head)
    for cells in names:
        assert not any("…" in cell for n, cell in enumerate(cells) if n != place), cells
    assert "[1076, 1133]" in "".join(lines)


def test_a_wide_terminal_shows_every_digit_there_is() -> None:
    wide = printed(long_board(), 260)
    for part in ("0.042", "0.00050 s", "$0.00010", "4,860", "79", "[71, 86]", "1,234/1/12"):
        assert part in wide or part == "79", part


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (76.0, 133.0, "1105 [76, 133]"),
        (1103.0, 1107.5, "1105 [1103, 1108]"),
        (1104.0, 1106.0, "1105.0 [1104.0, 1106.0]"),
        (1104.92, 1105.08, "1105.00 [1104.92, 1105.08]"),
        (1105.0, 1105.0, "1105 [1105, 1105]"),
        (None, 1107.0, "1105 [−∞, 1107]"),
    ],
)
def test_an_interval_gains_decimals_where_whole_numbers_would_hide_it(low: float, high: float, shown: str) -> None:
    assert f"│ {shown} │" in printed([row("x") | {"rating": 1105.0, "rating_low": low, "rating_high": high}], 120)


def test_a_sentence_of_a_rehearsal_says_that_it_is_one() -> None:
    rows = [row("a"), row("b") | {"rank": 2}]
    pairs: list[JSON] = [{"a": "a", "b": "b", "diff": 10.0, "low": 5.0, "high": 15.0}]
    invented = report_of({"models": rows, "n_battles": 80, "n_questions": 40, "pairs": pairs, "simulated": True})
    assert len(conclusion(invented)) == 2
    assert all(line.startswith("SIMULATED: ") for line in conclusion(invented))
    out = io.StringIO()
    print_board(invented, console=console_on(out, 120))
    assert out.getvalue().splitlines()[-1].startswith("SIMULATED: a − b")


def test_flags_are_in_words() -> None:
    flags: list[JSON] = ["suspicious: fence (3)", "truncated (1)"]
    assert "imitates the judge's prompt (3), cut off (1)" in printed([row("a") | {"flags": flags}], 160)


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (1234.5, 0, "1,234"), (12.3, 0, "12"), (5.3, 0, "5.3"), (0.42, 0, "0.42"), (0.00421, 0, "0.0042"), (0, 0, "0"),
        (1.0, 1, "1.0"), (0.05, 1, "0.050"), (0.5, 1, "0.50"), (17.68, 1, "17.7"),
        (0.00001, 4, "0.000010"), (0.0123, 4, "0.0123"), (2e-9, 4, "2.0e-09"), (-0.05, 1, "-0.050"),
    ],
)  # fmt: skip
def test_an_amount_has_two_significant_digits(value: float, decimals: int, written: str) -> None:
    assert amount(value, decimals) == written
