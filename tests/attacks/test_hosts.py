"""Endpoints that send us to other hosts, or more than fits: a row for each attack, through a whole `arena run`."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.api_boards import HEADER, KEY, api_judge, board_on, last_run, ledger
from kit.batch_servers import BatchServer
from kit.boards import edit_config, read_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Raw, Say

pytestmark = pytest.mark.slow

BATCHED = {"batch": "--batch", "live": "--yes"}


@dataclass(frozen=True)
class Redirect:
    """How an endpoint sends us away. `target` is made from the other server's and its own port."""

    status: int
    target: str
    api: str = "openai"
    stream: bool = False
    ways: str = "live"
    after: int = 0
    """Calls that are answered before."""
    shown: str = "http://127.0.0.1:{other}"


ELSEWHERE = "http://127.0.0.1:{other}/v1/chat/completions"
REDIRECTS = [
    *(Redirect(status, ELSEWHERE) for status in (301, 302, 303, 307, 308)),
    *(Redirect(status, ELSEWHERE, "anthropic") for status in (301, 302, 303, 307, 308)),
    Redirect(307, ELSEWHERE, stream=True),
    Redirect(308, ELSEWHERE, "anthropic", stream=True),
    Redirect(307, ELSEWHERE, ways="batch"),
    Redirect(307, ELSEWHERE, "anthropic", ways="batch"),
    Redirect(307, ELSEWHERE, after=20),
    Redirect(302, ELSEWHERE, "anthropic", after=20),
    Redirect(307, "//127.0.0.1:{other}/v1/x"),
    Redirect(307, "http://localhost:{own}/v1/x", shown="http://localhost:{own}"),
    Redirect(307, "https://127.0.0.1:{own}/v1/x", shown="https://127.0.0.1:{own}"),
    Redirect(307, "ftp://127.0.0.1:{own}/v1/x", shown="ftp://127.0.0.1:{own}"),
    Redirect(307, f"http://{KEY}@127.0.0.1:{{other}}/{HEADER}?k={KEY}"),
    Redirect(307, "http://[/", shown="another origin"),
]


@pytest.mark.parametrize("row", REDIRECTS, ids=str)
def test_a_redirect_to_another_origin_stops_the_endpoint_and_is_not_followed(tmp_path: Path, row: Redirect) -> None:
    def script(call: Call) -> Action:
        if call.number < row.after:
            return sum_judge(call)
        return Fail(row.status, headers={"location": row.target.format(other=thief.port, own=server.port)})

    with FakeServer(lambda call: Say("A")) as thief, BatchServer(sum_judge) as server:
        server.script = script
        headers = {"api-key": "${JUDGE_HEADER}"}
        config = board_on(server, tmp_path, row.api, stream=row.stream, headers=headers, concurrency=2)
        done = arena("run", "-c", config, BATCHED[row.ways])
    assert thief.calls == []
    assert done.returncode == (3 if row.after else 2)
    last = done.stderr.splitlines()[-1]
    assert row.shown.format(other=thief.port, own=server.port) in last and "not followed" in last
    assert len(server.calls) <= row.after + 2
    assert len(ledger(tmp_path)) == row.after
    assert KEY not in done.stderr + (tmp_path / "out/run.json").read_text() and HEADER not in done.stderr


def test_a_candidate_is_not_sent_elsewhere_either(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Fail(307, headers={"location": f"{thief.openai_url}/chat/completions"})

    with FakeServer(lambda call: Say("It is 7.")) as thief, FakeServer(script) as server:
        config = board_on(server, tmp_path)
        half = {"backend": "recorded", "file": "half.jsonl"}
        edit_config(config, answers_gen={"half": half, "api": api_judge(server)})
        assert arena("run", "-c", config).returncode in (2, 3)
    assert thief.calls == []


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_within_the_origin_is_followed(tmp_path: Path, api: str, status: int) -> None:
    path = "/v1/chat/completions" if api == "openai" else "/v1/messages"

    def script(call: Call) -> Action:
        if call.path.startswith("/moved"):
            return Fail(status, headers={"location": path})
        return sum_judge(call)

    with FakeServer(script) as server:
        url = f"http://127.0.0.1:{server.port}/moved"
        assert arena("run", "-c", board_on(server, tmp_path, api, base_url=url)).returncode == 0
    assert len(ledger(tmp_path)) == 36 and len(server.calls) == 72


def test_results_of_a_batch_are_not_fetched_from_another_host(tmp_path: Path) -> None:
    with FakeServer(lambda call: Say("A")) as thief, BatchServer(sum_judge) as server:
        polled = server._anthropic
        url = f"{thief.anthropic_url}/results"
        server._anthropic = lambda batch: polled(batch) | ({"results_url": url} if server._ended(batch) else {})
        done = arena("run", "-c", board_on(server, tmp_path, "anthropic"), "--batch")
    assert thief.calls == []
    assert done.returncode == 3 and str(thief.port) in done.stderr.splitlines()[-1]


MOST = 20_000
ZEROS = bytes(50 * MOST)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


LARGE: dict[str, Callable[[], Action]] = {
    "plain": lambda: Raw(ZEROS),
    "gzip": lambda: Raw(gzip.compress(ZEROS), headers={"content-encoding": "gzip"}),
    "gzip twice": lambda: Raw(gzip.compress(gzip.compress(ZEROS)), headers={"content-encoding": "gzip, gzip"}),
    "zlib": lambda: Raw(zlib.compress(ZEROS), headers={"content-encoding": "deflate"}),
    "deflate": lambda: Raw(_raw_deflate(ZEROS), headers={"content-encoding": "deflate"}),
    "a stream in one line": lambda: Raw(b"data: " + ZEROS, "text/event-stream"),
    "a stream in many lines": lambda: Raw(b": ping\n\n" * MOST, "text/event-stream"),
    "a packed stream": lambda: Raw(
        gzip.compress(b"data: {}\n\n" * MOST), "text/event-stream", headers={"content-encoding": "gzip"}
    ),
    "an error": lambda: Raw(gzip.compress(ZEROS), status=500, headers={"content-encoding": "gzip"}),
    "a refusal": lambda: Raw(gzip.compress(ZEROS), status=400, headers={"content-encoding": "gzip"}),
    "an answer": lambda: Raw(json.dumps({"choices": [{"message": {"content": "A" * 2 * MOST}}]}).encode()),
}


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("name", LARGE)
def test_a_reply_that_is_too_large_is_a_recorded_error_and_not_asked_again(tmp_path: Path, api: str, name: str) -> None:
    action = LARGE[name]()
    with FakeServer(lambda call: action if call.number % 12 == 0 else sum_judge(call)) as server:
        config = board_on(server, tmp_path, api, stream="stream" in name, max_reply_bytes=MOST)
        done = arena("run", "-c", config)
    assert done.returncode == 3 and set(server.counts.values()) == {1}
    failed = [reply for reply in ledger(tmp_path) if reply["status"] != "ok"]
    assert len(failed) == 3 and {reply["status"] for reply in failed} == {"error"}
    assert all("larger than max_reply_bytes (20,000)" in str(reply["error"]) for reply in failed)


def test_a_candidates_answer_that_is_too_large_is_a_recorded_error(tmp_path: Path) -> None:
    bomb = LARGE["gzip"]()
    with FakeServer(lambda call: bomb if call.body["model"] == "m" else sum_judge(call)) as server:
        config = board_on(server, tmp_path)
        half = {"backend": "recorded", "file": "half.jsonl"}
        edit_config(config, answers_gen={"half": half, "api": api_judge(server, model="m", max_reply_bytes=MOST)})
        assert arena("run", "-c", config).returncode == 3
    answers = read_jsonl(tmp_path / "out/answers/api.jsonl")
    assert len(answers) == 12 and {answer["status"] for answer in answers} == {"error"}
    assert last_run(tmp_path)["errors"] == {"error": 12}


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_results_of_a_batch_may_be_long_but_no_line_of_them(tmp_path: Path, api: str) -> None:
    """36 replies of some 400 bytes come in one file."""
    with BatchServer(sum_judge) as server:
        config = board_on(server, tmp_path, api, max_reply_bytes=2_000)
        assert arena("run", "-c", config, "--batch").returncode == 0
    with BatchServer(lambda call: Say("A" * 3_000)) as server:
        config = board_on(server, tmp_path / "long", api, max_reply_bytes=2_000)
        done = arena("run", "-c", config, "--batch")
    assert done.returncode == 3 and "a line of the results is larger than max_reply_bytes" in done.stderr


def test_a_packed_answer_of_proper_size_is_read(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        found = sum_judge(call)
        body = {"choices": [{"message": {"content": found.text}, "finish_reason": "stop"}]}
        pack, name = [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (_raw_deflate, "deflate")][call.number % 3]
        return Raw(pack(json.dumps(body).encode()), headers={"content-encoding": name})

    with FakeServer(script) as server:
        assert arena("run", "-c", board_on(server, tmp_path)).returncode == 0
    assert "gzip" in server.calls[0].headers["accept-encoding"]
    assert {reply["status"] for reply in ledger(tmp_path)} == {"ok"}
