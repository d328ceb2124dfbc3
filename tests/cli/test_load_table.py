"""The tables of a load test at widths of terminals."""

from __future__ import annotations

import io

import pytest

from arena.cli import load_table
from arena.load.compare import Change


@pytest.mark.parametrize("size", [1e-9, 1e-7, 1e-4, 1.0, 1e3])
def test_a_change_is_shown_whole_at_80_columns_whatever_its_size(monkeypatch: pytest.MonkeyPatch, size: float) -> None:
    monkeypatch.setattr(load_table, "WIDTH_OF_A_PIPE", 80)
    change = Change("m", "12 at once", "tpot_s.p50", 1.23456 * size, 1.10456 * size, -0.23456 * size, -0.01234 * size)
    seen = io.StringIO()
    load_table.print_changes([change], seen)
    assert "…" not in seen.getvalue()
    assert "per token p50, ms" in seen.getvalue() and "*" in seen.getvalue()
    assert max(map(len, seen.getvalue().splitlines())) <= 80
