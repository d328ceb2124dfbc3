"""The report on paper, as Chromium prints it: no empty page, and nothing left alone at the end of one."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from arena.config.loading import load_config
from arena.reports.board import report_of
from arena.reports.page import PageData, read_page_data, render_page
from arena.store.folder import BoardFolder

pytestmark = pytest.mark.browser

FEWEST_LINES = 4
"""A heading with the head of a table and one row is less than this; so is a row, a note or a legend by itself."""
_PAGE = re.compile(rb"/Type /Page\b(?!s)")


@pytest.fixture(scope="module")
def data(plain_board: Path) -> PageData:
    loaded = load_config(str(plain_board))
    folder = BoardFolder(loaded.config.output_dir)
    return read_page_data(loaded.config, "board", folder, folder)


@pytest.fixture(scope="module")
def printer(data: PageData) -> Iterator[Any]:
    """Started after the board was made: playwright keeps an event loop of its own, in which no run can start."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = which("chromium") or which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def with_models(data: PageData, n: int) -> PageData:
    """The same page with so many models, of which every other has a remark."""
    first = dict(data.report.models[0].stored)
    flags = [["truncated (3)"], []]
    models = [first | {"model": f"model-{k:02d}", "rank": k + 1, "flags": flags[k % 2]} for k in range(n)]
    return replace(data, report=report_of({**data.report.stored, "models": models}))


def lines_per_page(pdf: bytes) -> list[int]:
    """How many lines of text stand on each page: Skia writes where each begins as `1 0 0 -1 x y Tm`."""
    objects = {int(found[1]): found[2] for found in re.finditer(rb"(?s)(\d+) 0 obj\s*(.*?)endobj", pdf)}
    counts = []
    for page in (content for content in objects.values() if _PAGE.search(content)):
        number = re.search(rb"/Contents (\d+) 0 R", page)
        assert number is not None
        stream = re.search(rb"(?s)stream\r?\n(.*)endstream", objects[int(number[1])])
        assert stream is not None
        begins = re.findall(rb"1 0 0 -1 [-.\d]+ ([-.\d]+) Tm", zlib.decompress(stream[1]))
        counts.append(len({round(float(y) / 8) for y in begins}))
    return counts


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("models", [2, 12, 24, 27, 30, 33, 36, 60])
def test_no_page_is_empty_and_no_row_is_alone(
    printer: Any, data: PageData, tmp_path: Path, models: int, paper: str
) -> None:
    page = tmp_path / "page.html"
    page.write_text(render_page(with_models(data, models)), encoding="utf-8")
    printer.goto(page.as_uri())
    counts = lines_per_page(printer.pdf(format=paper))
    assert len(counts) >= 2
    assert min(counts) >= FEWEST_LINES, counts


def test_a_page_without_text_is_noticed(printer: Any, tmp_path: Path) -> None:
    """The control: what the test above looks for is found where it is."""
    page = tmp_path / "page.html"
    page.write_text("<p>one</p><p>two</p><div style='break-after: page'></div><p>alone</p>", encoding="utf-8")
    printer.goto(page.as_uri())
    assert lines_per_page(printer.pdf()) == [2, 1]
