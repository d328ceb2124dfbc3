"""The viewer at 200,000 battles, in a real Chromium: `python -m measurements.viewer [--battles N] [--llmuses]`.

Prints one line per measurement with its budget; the leaderboard's is a multiple of what an empty page of Streamlit's
takes in the same run. The server and the browser share the machine. Needs chromium (or ARENA_CHROMIUM) and the dev
dependencies; makes its board under build/ once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from measurements.make_board import Plan, make_board

ROOT = Path(__file__).resolve().parents[1]
MODELS = 21
WARM = 7
EMPTY_APP = "import streamlit as st\nst.text('-')\n"
PARTS_APP = """
import pandas as pd
import streamlit as st
table = pd.DataFrame({"model": [f"m{n:02d}" for n in range(21)], "rating": range(21)})
bars = {"mark": "bar", "encoding": {"x": {"field": "rating", "type": "quantitative"}, "y": {"field": "model"}}}
st.dataframe(table)
st.vega_lite_chart(table, bars)
st.vega_lite_chart(table, bars | {"mark": "point"})
"""
"""What a leaderboard cannot do without."""
COLD_GOAL, WARM_GOAL = 3.0, 1.5
"""What the leaderboard may take, in empty pages."""


def main() -> None:
    """Make the board, start the server, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--battles", type=int, default=200_000)
    parser.add_argument("--llmuses", action="store_true", help="an llmuses review file of that size instead")
    options = parser.parse_args()
    arguments = _llmuses(options.battles) if options.llmuses else _board(options.battles)
    cache = ROOT / "build" / "viewer-cache"
    shutil.rmtree(cache, ignore_errors=True)
    empty = _page_of_streamlit(EMPTY_APP, EMPTY, cache)
    _tell("Streamlit's empty page, cold", empty.cold, None, "s")
    _tell(f"  warm, median of {WARM}", empty.warm, None, "s")
    parts = _page_of_streamlit(PARTS_APP, LEADERBOARD, cache)
    _tell("a page of one small table and two charts, cold", parts.cold, None, "s")
    _tell(f"  warm, median of {WARM}", parts.warm, None, "s")
    app = str(ROOT / "viz" / "app.py")
    with _Server(app, arguments, cache) as server:
        _tell("index and first leaderboard", _open(server)["seconds"], None, "s")
    with _Server(app, arguments, cache) as server:
        _measure(server, empty, 5.0 if options.llmuses else 1.0)


class _Opened(NamedTuple):
    """Seconds until a page stands, by the page's own clock."""

    cold: float
    """In a fresh browser on a fresh server."""
    warm: float
    """Opened again in one browser; the median."""


def _page_of_streamlit(source: str, parts: tuple[str, ...], cache: Path) -> _Opened:
    """What Streamlit itself takes for an app."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(source)
        with _Server(str(app), [], cache) as server:
            with _Browser(parts) as page:
                cold = page.opened(server)["seconds"]
            with _Browser(parts) as page:
                return _Opened(cold, statistics.median(_warm(page, server)))


def _warm(page: _Browser, server: _Server) -> list[float]:
    """Seconds of each opening after the first."""
    return [page.opened(server)["seconds"] for _ in range(WARM + 1)][1:]


def _board(battles: int) -> list[str]:
    questions = round(battles / (MODELS * (MODELS - 1) / 2))
    folder = ROOT / "build" / f"board-{battles}" / "board"
    if not (folder / "run.json").is_file():
        plan = Plan(models=MODELS, questions=questions, judges=("judge-large",), words=200, ledger=False)
        make_board(folder, plan)
    return ["--board", str(folder), "--question-file", str(folder.parent / "questions.jsonl")]


def _llmuses(battles: int) -> list[str]:
    """The same battles as an llmuses review file, texts inside, one order each."""
    folder = Path(_board(battles)[1])
    path = folder.parent / "battle.jsonl"
    if not path.is_file():
        questions = {q["question_id"]: q["turns"][0] for q in _lines(folder.parent / "questions.jsonl")}
        answers = {(str(a["question_id"]), a["model"]): "\n".join(a["turns"])
                   for file in (folder / "answers").iterdir() for a in _lines(file)}  # fmt: skip
        with path.open("w", encoding="utf-8") as out:
            for row in _lines(folder / "reports" / "battles.jsonl"):
                q, a, b = row["question_id"], row["model_a"], row["model_b"]
                win = row["winner"] or "unknown"
                line = {"model_a": a, "model_b": b, "scores": [1, 0], "win": win, "anony": True, "tstamp": 1.0,
                        "language": "NA", "question_id": int(q), "category": row["category"],
                        "question": questions[int(q)], "output_a": answers[q, a],
                        "output_b": answers[q, b]}  # fmt: skip
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
    return ["--review-file", str(path)]


def _lines(path: Path) -> Any:  # noqa: ANN401 - JSON lines
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


class _Server:
    """An app, started as `arena view` starts its own."""

    def __init__(self, app: str, arguments: list[str], cache: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "streamlit", "run", app, "--server.address", "127.0.0.1",
            "--server.port", str(port), "--server.headless", "true", "--server.fileWatcherType", "none",
            "--browser.gatherUsageStats", "false", "--", *arguments,
        ]  # fmt: skip
        env = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> _Server:
        while True:
            try:
                with urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return self
            except (URLError, OSError):
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    @property
    def memory_mb(self) -> float:
        """Resident memory, file pages included."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1000


LEADERBOARD = ("[data-testid=stDataFrame] canvas", "[data-testid=stVegaLiteChart] svg")
EMPTY = ("[data-testid=stText]",)
STANDS = """
(parts => {
  parts.push('[data-test-script-state=notRunning]');
  new MutationObserver(() => {
    if (!window.stands && parts.every(part => document.querySelector(part))) window.stands = performance.now();
  }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-test-script-state']});
})(%s);
"""
"""Runs in every page: notes when its parts are drawn and the script has ended, by the page's own clock."""


def _open(server: _Server) -> dict[str, float]:
    """A fresh browser on the leaderboard: seconds until it stands, and megabytes over the WebSocket."""
    with _Browser() as page:
        return page.opened(server)


class _Browser:
    """One page of a browser with a profile of its own, as a person has one; its WebSocket is counted.

    `parts`: the selectors of what must be drawn for its first page to stand.
    """

    def __init__(self, parts: tuple[str, ...] = LEADERBOARD) -> None:
        self.parts = parts

    def __enter__(self) -> _Browser:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        path = os.environ.get("ARENA_CHROMIUM") or shutil.which("chromium")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._browser = self._playwright.chromium.launch_persistent_context(
            self._profile.name, executable_path=path, args=["--no-sandbox"], viewport={"width": 1360, "height": 1000}
        )
        self.page = self._browser.pages[0]
        self.page.add_init_script(STANDS % json.dumps(self.parts))
        self.bytes = 0
        self.page.on("websocket", lambda ws: ws.on("framereceived", self._count))
        return self

    def _count(self, data: str | bytes) -> None:
        self.bytes += len(data)

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()
        self._profile.cleanup()

    def go(self, url: str) -> None:
        """Open an address."""
        self.page.goto(url)

    def opened(self, server: _Server) -> dict[str, float]:
        """Open the first page from a small one of the same server: seconds from navigation until it stands.

        From any other site the browser starts a new process, whatever the page, as it would for every person.
        """
        self.go(f"{server.url}/_stcore/health")
        opened = self.timed(lambda: self.go(f"{server.url}/"), self.parts[-1])
        return {**opened, "seconds": self.page.evaluate("() => window.stands") / 1000}

    def timed(self, act: Any, selector: str) -> dict[str, float]:  # noqa: ANN401 - any callable
        """Do something, wait for what it should show, and for the script to end."""
        before, began = self.bytes, time.perf_counter()
        act()
        self.page.wait_for_selector(selector, timeout=120_000)
        self.page.wait_for_selector("[data-test-script-state=notRunning]", timeout=120_000)
        seconds = time.perf_counter() - began
        self.page.wait_for_timeout(700)
        return {"seconds": seconds, "mb": (self.bytes - before) / 1e6}


def _measure(server: _Server, empty: _Opened, search_budget: float) -> None:
    cold = _open(server)
    _tell("cold leaderboard (index there)", cold["seconds"], None, "s")
    _tell("  in empty pages", cold["seconds"] / empty.cold, COLD_GOAL, "x")
    _tell("  over the WebSocket", cold["mb"], 0.5, "MB")
    with _Browser() as page:
        warm = _warm(page, server)
        _tell(f"warm leaderboard, median of {WARM}", statistics.median(warm), None, "s")
        _tell("  in empty pages", statistics.median(warm) / empty.warm, WARM_GOAL, "x")
        _tell("  the slowest", max(warm), None, "s")
        battles = page.timed(lambda: page.go(f"{server.url}/battles"), "[data-testid=stDataFrame]")
        _tell("a page of battles, over the WebSocket", battles["mb"], 0.5, "MB")
        _search(page, search_budget)
    with _Browser() as page:
        _walk(page, server)
    with _Browser() as page:
        page.timed(lambda: page.go(f"{server.url}/"), "[data-testid=stVegaLiteChart]")
        for name in ("matchups", "categories", "judges", "vote"):
            opened = page.timed(lambda name=name: page.go(f"{server.url}/{name}"), "[data-testid=stMain] h1")
            _tell(f"{name}", opened["seconds"], None, "s")
            _tell("  over the WebSocket", opened["mb"], 0.5, "MB")
    _tell("server memory", server.memory_mb, 500.0, "MB")


def _search(page: _Browser, budget: float) -> None:
    box = page.page.get_by_placeholder("Search questions")
    found = page.page.locator("[data-testid=stMarkdown] strong").first
    before = found.inner_text()
    began = time.perf_counter()
    box.fill("Question 77:")
    while found.inner_text() == before:
        page.page.wait_for_timeout(10)
    _tell("search, 0.3 s of waiting for the typist included", time.perf_counter() - began, budget, "s")


def _walk(page: _Browser, server: _Server) -> None:
    page.timed(lambda: page.go(f"{server.url}/battles?model=atlas-70b"), "[data-testid=stDataFrame]")
    box = page.page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    assert box is not None
    page.timed(lambda: page.page.mouse.click(box["x"] + 200, box["y"] + 52), "text=Verdicts")
    seconds = []
    where = page.page.locator("[data-testid=stMain]").get_by_text("/ ").first
    for _ in range(30):
        before, began = where.inner_text(), time.perf_counter()
        page.page.keyboard.press("j")
        while where.inner_text() == before:
            page.page.wait_for_timeout(5)
        seconds.append(time.perf_counter() - began)
        page.page.wait_for_timeout(500)
    seconds.sort()
    _tell("next battle, median", seconds[len(seconds) // 2], None, "s")
    _tell("next battle, p95", seconds[int(len(seconds) * 0.95)], 0.6, "s")


def _tell(what: str, value: float, budget: float | None, unit: str) -> None:
    verdict = "" if budget is None else f"   (budget {budget:g} {unit}{'' if value <= budget else ', MISSED'})"
    print(f"{what:50} {value:8.2f} {unit}{verdict}", flush=True)


if __name__ == "__main__":
    main()
