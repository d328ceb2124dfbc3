"""No page opens on an empty figure or table, whatever the board says."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.ipc
import pytest
from kit.commands import arena
from kit.five_boards import BOARDS, board

from viz.pages import PAGES


def rows_drawn(chart) -> int:
    """Rows of a chart's data that hold a number to draw."""
    tables = [pyarrow.ipc.open_stream(io.BytesIO(one.data.data)).read_pandas() for one in chart.proto.datasets]
    numbers = [table.select_dtypes("number").dropna(how="all") for table in tables]
    return sum(len(table) for table in numbers if len(table.columns))


@pytest.mark.slow
@pytest.mark.parametrize("case", BOARDS)
def test_no_page_opens_on_an_empty_figure(case: str, tmp_path: Path, app) -> None:
    config = board(tmp_path, BOARDS[case][0])
    assert arena("run", "-c", config).returncode == 0
    figures = 0
    for page in [page for page in PAGES if not page.hidden]:
        at = app("--board", tmp_path / "out", page=f"views/{page.name}.py" if page.path else None)
        assert not at.exception, page.name
        for chart in at.get("vega_lite_chart"):
            assert rows_drawn(chart), page.name
            figures += 1
        for table in at.dataframe:
            assert len(table.value) and not table.value.isna().all(axis=None), page.name
    assert figures >= 6
