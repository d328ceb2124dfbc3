"""What the pages are like to use: on a phone, while they load, and for who cannot see them well."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import axe_playwright_python
import pytest

from arena.store.votes import Votes
from viz.data.board import open_board
from viz.data.detail import identity_of
from viz.data.filters import Filter, select
from viz.data.source import Source
from viz.pages import PAGES

PATHS = [page.path for page in PAGES if not page.hidden]
PHONE = {"width": 390, "height": 844}
AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
OF_STREAMLIT = {"list", "listitem"}
"""What axe-core finds in Streamlit's own frame."""
EMPTY = """
import streamlit as st
st.set_page_config(layout="wide")
st.title("Empty")
"""
WATCH = """
window.shifts = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shifts += entry.value; })
  .observe({type: "layout-shift", buffered: true});
"""


def _battle(pairs: Path) -> str:
    board = open_board(Source(board=pairs))
    row = int(select(board, Filter(model=("atlas-70b",), state=("rated",)), Votes())[0])
    return f"battle?{urlencode(identity_of(board, row).parameters())}"


def _inside(box: dict[str, float] | None) -> bool:
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] + 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_phone_shows_what_matters_without_sideways_scrolling(pairs_url: str, pairs: Path, visit, lang: str) -> None:
    visitor = visit(**PHONE)
    for page in (*PATHS, _battle(pairs)):
        visitor.open(f"{pairs_url}/{page}{'&' if '?' in page else '?'}lang={lang}")
        visitor.fine()
        width, inside = visitor.page.locator("[data-testid=stMain]").evaluate("e => [e.clientWidth, e.scrollWidth]")
        assert inside <= width + 1, page
    visitor.open(f"{pairs_url}/?lang={lang}")
    ratings = visitor.page.locator(".phone .value")
    assert ratings.count() == 5
    assert all(_inside(one.bounding_box()) for one in ratings.all())
    assert int(ratings.first.inner_text().split()[0]) > 1000


def test_the_battles_of_a_phone_tell_the_result_and_open(pairs_url: str, visit) -> None:
    visitor = visit(**PHONE)
    visitor.open(f"{pairs_url}/battles?category=math")
    lines = visitor.page.locator(".phone a")
    assert lines.count() == 50
    results = visitor.page.locator(".phone .value")
    assert all(_inside(one.bounding_box()) for one in results.all())
    assert any("won" in text for text in results.all_inner_texts())
    assert not visitor.page.locator("[data-testid=stDataFrame]").first.is_visible()
    lines.nth(3).click()
    visitor.page.wait_for_url("**/battle?*", timeout=15_000)
    visitor.settle()
    assert "category=math" in visitor.page.url
    assert "Verdicts" in visitor.text()
    visitor.fine()


@pytest.mark.parametrize("page", ["matchups", "categories"])
def test_the_charts_of_a_phone_are_whole(pairs_url: str, visit, page: str) -> None:
    visitor = visit(**PHONE)
    visitor.open(f"{pairs_url}/{page}")
    charts = visitor.page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)")
    assert charts.count() == 2
    assert all(_inside(chart.bounding_box()) for chart in charts.all())


def test_a_phone_votes_with_the_thumb(pairs_url: str, visit) -> None:
    """The buttons stand at the lower edge before anything is scrolled, each large enough to hit."""
    visitor = visit(**PHONE)
    visitor.open(f"{pairs_url}/vote")
    buttons = visitor.page.locator(".st-key-ballot-box button")
    boxes = [button.bounding_box() for button in buttons.all()]
    assert len(boxes) == 5
    for box in boxes:
        assert _inside(box)
        assert box["height"] >= 43
        assert box["width"] >= 100
        assert PHONE["height"] - 130 <= box["y"] <= PHONE["height"] - box["height"]


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_jumps_while_a_page_loads(
    pairs_url: str, pairs: Path, serve, visit, tmp_path: Path, width: int
) -> None:
    script = tmp_path / "empty.py"
    script.write_text(EMPTY)
    empty = _shift(visit, serve(script=script), width)
    for page in (*PATHS, _battle(pairs)):
        assert min(_shift(visit, f"{pairs_url}/{page}", width) for _ in range(2)) <= empty + 0.1, page


def _shift(visit, url: str, width: int) -> float:
    visitor = visit(width=width, height=844 if width < 500 else 900)
    visitor.page.add_init_script(WATCH)
    visitor.open(url)
    visitor.page.wait_for_timeout(1000)
    found = float(visitor.page.evaluate("() => window.shifts"))
    visitor.page.context.close()
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_of_ours(pairs_url: str, pairs: Path, visit, dark: bool) -> None:
    for size in (PHONE, {"width": 1280, "height": 900}):
        visitor = visit(dark=dark, **size)
        for page in (*PATHS, _battle(pairs)):
            visitor.open(f"{pairs_url}/{page}")
            visitor.page.wait_for_timeout(500)
            visitor.page.evaluate(AXE.read_text("utf-8"))
            found = visitor.page.evaluate(
                "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))])"
            )
            assert [entry for entry in found if entry[0] not in OF_STREAMLIT] == [], page
