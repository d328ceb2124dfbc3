"""What the pages are like to use: on a phone, while they load, and for who cannot see them well."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class View:
    """How somebody looks at the pages."""

    lang: str
    dark: bool = False
    width: int = 1280
    height: int = 900
    axe: bool = True
    cold: bool = False
    """Every page in a browser that has loaded nothing yet."""


VIEWS = {
    "light-en": View("en", cold=True),
    "dark-en": View("en", dark=True, width=1024, height=720, axe=False),
    "light-zh": View("zh", width=1360, height=1000, axe=False),
    "dark-zh": View("zh", dark=True),
    "phone-light-en": View("en", **PHONE, cold=True),
    "phone-dark-zh": View("zh", dark=True, **PHONE),
}
"""Every page in both languages and both colours, on a screen and on a phone."""


@pytest.fixture(scope="module")
def empty_url(serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of Streamlit's with nothing of ours."""
    script = tmp_path_factory.mktemp("empty") / "empty.py"
    script.write_text(EMPTY)
    return serve(script=script)


@pytest.mark.parametrize("name", VIEWS)
def test_every_page_is_fine_fits_keeps_still_and_is_accessible(
    pairs_url: str, empty_url: str, pairs: Path, visit, name: str
) -> None:
    """No error, no sideways scrolling, no jump while it loads, and axe finds nothing of ours."""
    view = VIEWS[name]
    visitor = _visitor(visit, view)
    still = _shift(_visitor(visit, view), empty_url) + 0.1 if view.cold else 0
    for page in (*PATHS, _battle(pairs)):
        url = f"{pairs_url}/{page}{'&' if '?' in page else '?'}lang={view.lang}"
        if view.cold:
            visitor = _visitor(visit, view)
            if _shift(visitor, url) > still:  # a busy machine may have drawn late: once more
                assert _shift(_visitor(visit, view), url) <= still, page
        else:
            visitor.open(url)
        visitor.fine()
        assert visitor.fits(), page
        visitor.picture(f"{page.split('?')[0] or 'leaderboard'}-{name}")
        assert not view.axe or _axe(visitor) == [], page
        if view.cold:
            visitor.page.context.close()


def _visitor(visit, view: View):
    return visit(dark=view.dark, width=view.width, height=view.height)


def _shift(visitor, url: str) -> float:
    """How much has jumped on a page until a second after it has loaded."""
    visitor.page.add_init_script(WATCH)
    visitor.open(url)
    visitor.page.wait_for_timeout(1000)
    return float(visitor.page.evaluate("() => window.shifts"))


def _axe(visitor) -> list[list[object]]:
    """What axe-core finds on a page that is ours."""
    visitor.page.wait_for_timeout(500)
    visitor.page.evaluate(AXE.read_text("utf-8"))
    found = visitor.page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))])"
    )
    return [entry for entry in found if entry[0] not in OF_STREAMLIT]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_rating_stands_on_a_phone(pairs_url: str, visit, lang: str) -> None:
    visitor = visit(**PHONE)
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
