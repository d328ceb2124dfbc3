"""The app in a real Chromium: servers, pages that notice every misstep, and a beacon that must never be asked."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from kit.paths import ROOT

from measurements.make_board import Plan, make_board

HARMLESS = ("_stcore/health", "_stcore/host-config")
"""Streamlit probes these under every page's own path first and takes a 404 for an answer."""
PICTURES = ROOT / "build" / "pictures"
"""Where every page leaves a screenshot to look at."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if "browser" in Path(str(item.fspath)).parts:
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    script: Path, *arguments: str | Path, cache: Path, environment: dict[str, str] | None = None
) -> Iterator[str]:
    """A Streamlit server for as long as the block runs; gives its address."""
    port = free_port()
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false",
        "--server.fileWatcherType", "none", "--client.toolbarMode", "viewer", "--", *map(str, arguments),
    ]  # fmt: skip
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT), **(environment or {})}
    terminal = cache.parent / "terminal.txt"
    with terminal.open("wb") as out:
        server = subprocess.Popen(command, env=env, cwd=cache.parent, stdout=out, stderr=out)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
    said = terminal.read_text("utf-8", "replace")
    assert "most recent call last" not in said, said[-4000:]


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(url)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """`serve(arguments...)` starts the viewer; `script=` another app. All end with the session."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(*arguments: str | Path, script: Path | None = None, environment: dict[str, str] | None = None) -> str:
            cache = tmp_path_factory.mktemp("cache") / "c"
            app = script or ROOT / "viz" / "app.py"
            return stack.enter_context(serving(app, *arguments, cache=cache, environment=environment))

        yield start


@dataclass
class Beacon:
    """A server whose log tells who was lured."""

    host: str
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def beacon() -> Iterator[Beacon]:
    found = Beacon("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def chromium():
    """The browser of this machine."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("ARENA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("no chromium: apt-get install chromium, or point ARENA_CHROMIUM at one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A page and everything that went wrong on it."""

    page: object
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    """Requests that left this machine."""
    sent: list[str] = field(default_factory=list)
    """Text of every WebSocket frame that the server sent."""

    def open(self, url: str) -> None:
        """Go there and wait until the script has run."""
        self.page.goto(url)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is running and nothing is about to appear."""
        page = self.page
        page.wait_for_selector("[data-testid=stMainBlockContainer]", timeout=30_000)
        page.wait_for_selector(
            "[data-testid=stMain] :is([data-testid=stHeading], [data-testid=stHtml], [data-testid=stAlert],"
            " [data-testid=stMarkdown])",
            timeout=60_000,
        )
        before = ""
        for _ in range(100):
            page.wait_for_timeout(200)
            idle = page.locator("[data-testid=stApp][data-test-script-state=notRunning]").count()
            shown = self.text()
            if idle and shown == before and not page.locator("[data-testid=stSkeleton]").count():
                return
            before = shown

    def text(self) -> str:
        """What can be read on the page."""
        return self.page.locator("[data-testid=stMain]").inner_text()

    def fine(self) -> None:
        """Nothing went wrong so far."""
        assert self.page.locator("[data-testid=stException]").count() == 0, self.text()[-500:]
        assert self.errors == []
        assert self.foreign == []

    def fits(self) -> bool:
        """Whether nothing needs sideways scrolling."""
        width, inside = self.page.locator("[data-testid=stMain]").evaluate("e => [e.clientWidth, e.scrollWidth]")
        return inside <= width + 1

    def picture(self, name: str) -> None:
        """Leave a screenshot."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(PICTURES / f"{name}.png"))


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., Visitor]]:
    """`visit(dark=False, width=1360)` gives a fresh page."""
    contexts = []

    def make(*, dark: bool = False, width: int = 1360, height: int = 1000, locale: str = "en-US") -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale=locale,
            accept_downloads=True,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        visitor = Visitor(page)
        page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        page.on("console", lambda message: _note_console(visitor, message))
        page.on("dialog", lambda dialog: visitor.errors.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: _note_request(visitor, request.url))
        page.on("response", lambda response: _note_response(visitor, response))
        page.on("websocket", lambda ws: ws.on("framereceived", lambda data: visitor.sent.append(_as_text(data))))
        return visitor

    yield make
    for context in contexts:
        context.close()


def _note_console(visitor: Visitor, message) -> None:
    if message.type == "error" and not message.location.get("url", "").endswith(HARMLESS):
        visitor.errors.append(message.text)


def _note_request(visitor: Visitor, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in {"127.0.0.1", "localhost"}:
        visitor.foreign.append(url)


def _note_response(visitor: Visitor, response) -> None:
    if response.status >= 400 and not response.url.endswith(HARMLESS):
        visitor.errors.append(f"{response.status} {response.url}")


def _as_text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of five models, two judges and a panel."""
    return make_board(tmp_path_factory.mktemp("pairs") / "board", Plan(models=5, questions=25))


@pytest.fixture(scope="session")
def pairs_url(serve: Callable[..., str], pairs: Path) -> str:
    """The viewer on that board."""
    return serve("--board", pairs, "--question-file", pairs.parent / "questions.jsonl", "--title", "the board")
