"""Keys inside texts, which stay as received on the disk: no page and no report shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import pytest
from kit.api_boards import KEY, api_judge, ledger
from kit.boards import arithmetic_board
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Say

from arena.redact import REDACTED, forget_secrets, without_hosts
from viz.data.board import open_board
from viz.data.detail import find_reply, read_detail
from viz.data.provisional import LedgerTail
from viz.data.run_state import rules_of
from viz.data.source import Source, parse_arguments

pytestmark = pytest.mark.slow

HEADER, TOKEN, VERSION = "header/Va+lue-0002", "token-value-0003", "2026-01-01-words"
SECRETS = (KEY, HEADER, TOKEN, quote(HEADER, safe=""))
ECHO = " ".join((*SECRETS, VERSION, "application/json"))
HEADERS = {"x-api-key": "Bearer ${HEADER}", "X-Session-Token": "${TOKEN}", "x-version": VERSION,
           "content-type": "application/json"}  # fmt: skip


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HEADER", HEADER)
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("JUDGE_KEY", KEY)
    forget_secrets()
    yield
    forget_secrets()


def echoing(call: Call) -> Action:
    """A verdict whose explanation, and an answer that, says every secret; one battle has no verdict at all."""
    if call.number == 5:
        return Fail(400, ECHO)
    return Say(f"{ECHO}\n{sum_judge(call).text}", reasoning=ECHO)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board whose judge says all secrets in every text."""
    folder = tmp_path_factory.mktemp("echo")
    with pytest.MonkeyPatch.context() as patch, FakeServer(echoing) as server:
        for name, value in (("HEADER", HEADER), ("TOKEN", TOKEN), ("JUDGE_KEY", KEY)):
            patch.setenv(name, value)
        config = arithmetic_board(folder, 12, judges={"j": api_judge(server, headers=HEADERS)})
        questions = folder / "questions.jsonl"
        questions.write_text(questions.read_text().replace("7?", f"7? {ECHO}"))
        for model in ("right", "half", "wrong"):
            path = folder / f"{model}.jsonl"
            path.write_text(path.read_text().replace('."}', f'. {ECHO}"}}'))
        done = arena("run", "-c", config)
        assert done.returncode in (0, 3), done.stderr
    assert all(KEY in str(reply["text"]) for reply in ledger(folder) if reply["status"] == "ok")
    return config


def sources(config: Path) -> dict[str, Source]:
    """The ways in which a board is opened: by its config, as a folder, and by its file of battles."""
    out = config.parent / "out"
    return {
        "config": parse_arguments(["--board", str(out), "--config", str(config)]),
        "folder": Source(board=out),
        "file": Source(review_file=out / "reports" / "battles.jsonl"),
    }


@pytest.mark.parametrize("way", ["config", "folder", "file"])
def test_the_viewer_shows_no_key(board: Path, way: str) -> None:
    opened = open_board(sources(board)[way])
    details = [read_detail(opened, row) for row in range(len(opened.rows))]
    keys = {verdict.key for detail in details for one in detail.judged for verdict in one.verdicts if verdict.key}
    calls = [find_reply(opened, key) for key in sorted(keys)]
    seen = str([asdict(detail) for detail in details]) + str(calls)
    for secret in SECRETS:
        assert secret not in seen
    if way != "file":  # a file of battles has no texts
        assert REDACTED in seen and VERSION in seen and "application/json" in seen


@pytest.mark.parametrize("way", ["config", "folder"])
def test_nothing_is_found_by_a_key(board: Path, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is searched is what is shown; an index of a time when a key was not known yet is not used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with monkeypatch.context() as before:
        for name in ("HEADER", "TOKEN", "JUDGE_KEY"):
            before.delenv(name)
        assert len(open_board(sources(board)[way]).texts.matching(KEY[:-2]))
    texts = open_board(sources(board)[way]).texts
    for secret in SECRETS:
        assert not len(texts.matching(secret)) and not len(texts.matching(secret[:-2].upper()))
    assert len(texts.matching(VERSION)) and len(texts.matching(REDACTED))


def test_the_live_page_shows_no_key(board: Path) -> None:
    source = sources(board)["folder"]
    open_board(source)
    tail = LedgerTail(board.parent / "out" / "reviews", rules_of({}))
    (board.parent / "out" / "reviews" / "j.jsonl").open("a").close()
    tail.look()
    said = [failure.said for failure in tail.failures(30)]
    for secret in SECRETS:
        assert not any(secret in text for text in said)


def test_the_report_shows_no_key(board: Path) -> None:
    done = arena("report", "-c", board)
    assert done.returncode == 0, done.stderr
    page = (board.parent / "out" / "reports" / "leaderboard.html").read_text()
    for secret in SECRETS:
        assert secret not in page
    assert REDACTED in page and VERSION in page


HOST = "llm-07.corp.example"
PLACES = {
    "a URL": (f"https://{HOST}/v1", "https://[host]/v1"),
    "a port": (f"http://{HOST}:8000/v1", "http://[host]/v1"),
    "a name before the host": (f"https://user@{HOST}/v1", "https://[host]/v1"),
    "an address": ("http://[fe80::1]:8000/v1", "http://[host]/v1"),
    "another scheme": ("ray://10.0.0.7:10001", "ray://[host]"),
    "a URL in brackets": (f"(see https://{HOST}), twice", "(see https://[host]), twice"),
    "a bare host": (f"no word from {HOST.upper()}:8000.", "no word from [host]."),
    "a longer name": (f"x{HOST}", f"x{HOST}"),
    "a model": ({"model": f"{HOST}/m", "base_url": f"http://{HOST}"}, {"model": f"{HOST}/m", "base_url": "http://[host]"}),
    "a cluster": ({"ray_address": "10.0.0.7:6379"}, {"ray_address": "[host]"}),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_names_of_hosts_are_hidden(place: str) -> None:
    before, after = PLACES[place]
    assert without_hosts(before, {HOST}) == after


def test_the_report_names_hosts_only_when_asked(board: Path) -> None:
    path = board.parent / "out" / "reports" / "leaderboard.json"
    stored = json.loads(path.read_bytes())
    warnings = [*stored["warnings"], "127.0.0.1:9 is slow"]
    path.write_text(json.dumps(stored | {"warnings": warnings}))
    page = path.with_name("page.html")
    assert arena("report", "-c", board, "--out", page).returncode == 0
    assert "127.0.0.1" not in page.read_text() and "[host]/v1" in page.read_text()
    assert arena("report", "-c", board, "--out", page, "--show-endpoints").returncode == 0
    assert "http://127.0.0.1:" in page.read_text() and "127.0.0.1:9 is slow" in page.read_text()
