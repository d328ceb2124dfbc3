"""The report in a real Chromium: nothing a model wrote runs or loads, with the page's policy and also without it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from click.testing import CliRunner

from arena.cli import group

pytestmark = pytest.mark.browser


class Beacon(BaseHTTPRequestHandler):
    """Writes down every request it gets."""

    def do_GET(self) -> None:
        self.server.heard.append(self.path)  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def beacon() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Beacon)
    server.heard = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser(plain_board: Path, hostile_board: Path) -> Iterator[Any]:
    """Started after the boards were made: playwright keeps an event loop of its own, in which no run can start."""
    from playwright.sync_api import sync_playwright

    found = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := which(name))), None)
    with sync_playwright() as playwright:  # the system's browser where there is one, else playwright's own
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


def page_of(config: Path, beacon: ThreadingHTTPServer) -> str:
    out = config.parent / "page.html"
    CliRunner().invoke(group, ["report", "-c", str(config), "--out", str(out)], catch_exceptions=False)
    return out.read_text(encoding="utf-8").replace("127.0.0.1:BEACON", f"127.0.0.1:{beacon.server_port}")


def show(browser: Any, page: str, folder: Path) -> tuple[Any, list[str]]:
    path = folder / "shown.html"
    path.write_text(page, encoding="utf-8")
    tab = browser.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(path.as_uri())
    return tab, errors


def without_policy(page: str) -> str:
    stripped = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert stripped != page
    return stripped


@pytest.mark.parametrize("policy", [True, False])
def test_hostile_text_stays_text_with_and_without_the_policy(
    browser: Any, beacon: ThreadingHTTPServer, hostile_board: Path, tmp_path: Path, policy: bool
) -> None:
    page = page_of(hostile_board, beacon)
    tab, errors = show(browser, page if policy else without_policy(page), tmp_path)
    title = tab.title()
    rows = tab.locator(".battle summary")
    assert rows.count() == 12
    for number in range(rows.count()):
        rows.nth(number).click()
        tab.locator(".battle .inside").nth(number).wait_for()
    assert tab.locator(".said").count() >= 4 * 12
    assert tab.locator("img, iframe, form, object, link, base, main script, main style").count() == 0
    tab.wait_for_timeout(300)
    assert beacon.heard == []  # type: ignore[attr-defined]
    assert tab.title() == title and errors == []
    tab.close()


def test_the_beacon_hears_what_does_load(browser: Any, beacon: ThreadingHTTPServer, tmp_path: Path) -> None:
    """The positive control: without escaping and policy the same attack is heard."""
    tab, _ = show(browser, f"<img src='http://127.0.0.1:{beacon.server_port}/img'>", tmp_path)
    tab.wait_for_timeout(300)
    assert beacon.heard == ["/img"]  # type: ignore[attr-defined]
    tab.close()


def test_search_filters_and_details_work(
    browser: Any, beacon: ThreadingHTTPServer, plain_board: Path, tmp_path: Path
) -> None:
    tab, errors = show(browser, page_of(plain_board, beacon), tmp_path)
    assert tab.locator("#count").inner_text() == "90 shown"
    tab.locator("#find").fill("What is 17?")
    assert tab.locator("#count").inner_text() == "3 shown"
    tab.locator("#by-model").select_option("finch")
    assert tab.locator("#count").inner_text() == "2 shown"
    tab.locator("#by-result").select_option("undecided")
    assert tab.locator("#list").inner_text() == "Nothing matches."
    tab.locator("#find").fill("")
    assert tab.locator("#count").inner_text() == "7 shown"
    tab.locator("#by-result").select_option("decided")
    tab.locator("#by-model").select_option("crow")
    tab.locator(".battle summary").first.click()
    tab.locator(".battle .inside").wait_for()
    assert tab.locator(".battle .sides > div").count() == 2
    assert tab.locator(".won").count() == 1
    assert errors == []
    tab.close()


def test_a_question_named_like_a_part_of_javascript_is_a_question(
    browser: Any, beacon: ThreadingHTTPServer, plain_board: Path, tmp_path: Path
) -> None:
    """The second has no text in the page, as when it left the question file: its id stands for it."""
    page = page_of(plain_board, beacon).replace('"question_id":"1"', '"question_id":"constructor"')
    tab, errors = show(browser, page.replace('"question_id":"2"', '"question_id":"__proto__"'), tmp_path)
    assert tab.locator("#count").inner_text() == "90 shown"
    tab.locator("#find").fill("constructor")
    tab.locator(".battle summary").first.click()
    tab.locator(".battle .inside").wait_for()
    assert errors == []
    tab.close()
