"""Nothing a model wrote runs, loads, submits or overlays, with the content security policy and without it."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from kit.hostile import HOSTILE
from kit.hostile_board import MODELS, hostile_board
from kit.paths import ROOT

from viz.data.board import open_board
from viz.data.detail import identity_of
from viz.data.source import Source
from viz.pages import PAGES

PATHS = [page.path for page in PAGES if not page.hidden]
RAW = """
import streamlit as st
st.markdown("![x]({url}/control) text")
st.write("here")
"""
SHIELDED = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
from starlette.middleware import Middleware
from viz.shield import Shield
app = st.App({script!r}, middleware=[Middleware(Shield)])
"""


@pytest.mark.parametrize("policy", ["on", "off"])
def test_no_page_lets_hostile_text_act(serve, visit, beacon, tmp_path: Path, policy: str) -> None:
    folder = hostile_board(tmp_path / "b" / "board", beacon.host)
    hostile_board(tmp_path / "b" / "other", beacon.host)
    questions = tmp_path / "b" / "questions.jsonl"
    url = serve("--board", folder, "--question-file", questions, "--title", HOSTILE["img"],
                environment={"ARENA_VIEW_POLICY": policy})  # fmt: skip
    board = open_board(Source(board=folder, question_file=questions))
    visitor = visit()
    links = [f"{url}/{page}" for page in PATHS]
    step = 6 if policy == "off" else 30  # one battle of every hostile text where the renderer stands alone
    for row in range(0, len(board.rows), step):
        named = identity_of(board, row).parameters()
        links += [f"{url}/battle?{urlencode(named)}"]
    first = identity_of(board, 0).parameters()
    links += [f"{url}/battle?{urlencode(first | {'view': view})}" for view in ("raw", "diff")]
    links += [f"{url}/matchups?kind=better", f"{url}/categories?measure=rating"]
    for name in MODELS:
        hostile = HOSTILE[name].replace("BEACON", beacon.host).encode("utf-8", "replace").decode()
        links.append(
            f"{url}/battles?{urlencode({'q': hostile, 'model': hostile, 'category': hostile, 'page': hostile})}"
        )
    links.append(f"{url}/?{urlencode({'style': 'length', 'category': hostile, 'find': hostile, 'lang': hostile})}")
    for link in links:
        visitor.open(link)
        _unharmed(visitor, link)
    assert beacon.paths == []
    assert visitor.foreign == []


def _unharmed(visitor, link: str) -> None:
    page = visitor.page
    assert page.locator("[data-testid=stException]").count() == 0, link
    assert page.evaluate("() => window.pwned") is None, link
    assert [e for e in visitor.errors if e.startswith("dialog")] == [], link
    assert page.url.startswith(link.split("/", 3)[0]), link
    inside = page.locator("[data-testid=stMain]")
    for forbidden in ("script", "iframe", "form[action]", "object", "embed", "video", "base", "meta", "link"):
        assert inside.locator(forbidden).count() == 0, (forbidden, link)
    assert inside.locator("img:not([src^='data:']):not([src^='/'])").count() == 0, link
    assert inside.locator("a[href^='javascript'], a[href^='data']").count() == 0, link
    assert "Session expired" not in " ".join(inside.locator("[style*='fixed']").all_inner_texts()), link


def test_what_a_model_wrote_stays_in_its_box(serve, visit, beacon, tmp_path: Path) -> None:
    """Formulas cannot be moved or blown up over the interface."""
    folder = hostile_board(tmp_path / "board", beacon.host)
    url = serve("--board", folder, "--question-file", tmp_path / "questions.jsonl")
    board = open_board(Source(board=folder))
    row = list(HOSTILE).index("katex overlay") * 6
    visitor = visit()
    visitor.open(f"{url}/battle?{urlencode(identity_of(board, row).parameters())}")
    for box in visitor.page.locator("[class*='st-key-text-']").all():
        outer = box.bounding_box()
        for inner in box.locator(".katex, .katex *").all():
            place = inner.bounding_box()
            if outer and place:
                assert place["y"] >= outer["y"] - 2
                assert place["y"] + place["height"] <= outer["y"] + outer["height"] + 2


def test_the_beacon_would_have_told(serve, visit, beacon, tmp_path: Path) -> None:
    """The positive control: the same text through Streamlit's own renderer does reach the beacon."""
    script = tmp_path / "raw.py"
    script.write_text(RAW.format(url=f"http://{beacon.host}"))
    visitor = visit()
    visitor.open(serve(script=script))
    visitor.page.wait_for_timeout(1500)
    assert beacon.paths == ["/control"]


def test_the_policy_alone_holds_too(serve, visit, beacon, tmp_path: Path) -> None:
    script, app = tmp_path / "raw.py", tmp_path / "app.py"
    script.write_text(RAW.format(url=f"http://{beacon.host}"))
    app.write_text(SHIELDED.format(root=str(ROOT), script=str(script)))
    visitor = visit()
    visitor.open(serve(script=app))
    visitor.page.wait_for_timeout(1500)
    assert "here" in visitor.text()
    assert beacon.paths == []


def _answer(url: str, headers: dict[str, str], path: str = "/") -> int:
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_foreign_hosts_and_origins_are_refused(pairs_url: str) -> None:
    port = pairs_url.rsplit(":", 1)[1]
    good = {"Host": f"127.0.0.1:{port}"}
    assert _answer(pairs_url, good) == 200
    assert _answer(pairs_url, good | {"Origin": f"http://127.0.0.1:{port}"}) == 200
    assert _answer(pairs_url, {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}) == 200
    for bad in ({"Host": "evil.example"}, {"Host": f"127.0.0.1.evil.example:{port}"}, {"Host": "["}, {},
                good | {"Origin": f"http://localhost:{port}"}, good | {"Origin": f"http://127.0.0.1:{int(port) + 1}"},
                good | {"Origin": "http://evil.example"}, good | {"Origin": "null"}):  # fmt: skip
        assert _answer(pairs_url, bad) in {400, 403}, bad


def test_a_foreign_websocket_is_refused(pairs_url: str) -> None:
    port = pairs_url.rsplit(":", 1)[1]
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    here = {"Host": f"127.0.0.1:{port}"}
    assert _answer(pairs_url, here | upgrade | {"Origin": f"http://127.0.0.1:{port}"}, "/_stcore/stream") == 101
    assert _answer(pairs_url, here | upgrade | {"Origin": "http://evil.example"}, "/_stcore/stream") == 403
    assert _answer(pairs_url, {"Host": "evil.example"} | upgrade, "/_stcore/stream") == 403


def test_the_security_headers_are_set(pairs_url: str, visit: Callable[..., object]) -> None:
    from urllib.request import urlopen

    with urlopen(pairs_url) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval'" not in policy.replace("wasm-unsafe-eval", "")
    assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
