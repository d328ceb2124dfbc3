"""One rule for exit codes 2 and 3: a row for each way in which calls end, through a whole `arena run`.

2 means that nothing can have been billed: every call ended without reaching a model, or in a 4xx.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.api_boards import api_judge, board_on, ledger
from kit.batch_servers import BatchServer
from kit.boards import edit_config
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Cut, Drop, Fail, FakeServer, Raw, Say, Stall

from arena.backends.http import client
from arena.errors import BudgetReached, DiskFull, EndpointDead, InputError
from arena.stages.invocation import exit_code_of

pytestmark = pytest.mark.slow

NO_KEY = Fail(401)
PAGE = Raw(b"<html>Sign in</html>", "text/html")
OVERLOADED = {"error": {"type": "overloaded_error", "message": "busy"}}


def always(action: Action) -> Callable[[Call], Action]:
    return lambda call: action


def first(*actions: Action, then: Action = NO_KEY) -> Callable[[Call], Action]:
    """These, one after another, and one for all others."""
    return lambda call: actions[call.number] if call.number < len(actions) else then


def battles_refused(call: Call) -> Action:
    return Fail(400) if "What is" in call.prompt else Say("A")


@dataclass(frozen=True)
class Row:
    """What the judge's endpoint does, and the exit code."""

    name: str
    script: Callable[[Call], Action]
    code: int
    patience_s: float = 0.0
    timeout_s: float = 20.0
    concurrency: int = 1


ROWS = [
    Row("a wrong key", always(Fail(401)), 2),
    Row("no credit", always(Fail(402)), 2),
    Row("no such model", always(Fail(404)), 2),
    Row("a web page", always(PAGE), 2),
    Row("a redirect", always(Fail(307, headers={"location": "http://127.0.0.1:1/"})), 2),
    *(Row(f"always 429, {n} at once", always(Fail(429)), 2, 0.3, concurrency=n) for n in (1, 8, 36)),
    Row("always 429 at once, no patience", always(Fail(429)), 2, concurrency=36),
    Row("always 408", always(Fail(408)), 2, 0.3),
    Row("400s, then a wrong key", first(Fail(400), Fail(400)), 2),
    Row("429, then a wrong key", first(Fail(429), Fail(429)), 2, 20),
    Row("a timeout after sending", always(Stall()), 3, timeout_s=0.3),
    Row("timeouts, then a wrong key", first(Stall()), 3, 20, timeout_s=0.3),
    Row("always 500", always(Fail(500)), 3),
    Row("always 503", always(Fail(503)), 3, 0.3),
    Row("always overloaded", always(Fail(529)), 3, 0.3),
    Row("503, then a wrong key", first(Fail(503)), 3, 20),
    Row("overloaded inside a 200, then a wrong key", first(Raw(b'{"error": {"type": "overloaded_error"}}')), 3, 20),
    Row("a broken body, then a wrong key", first(Raw(b'{"id')), 3, 20),
    Row("a body cut off, then a wrong key", first(Cut()), 3, 20),
    Row("a closed connection, then a wrong key", first(Drop()), 3, 20),
    Row("one success, then a wrong key", first(Say("A")), 3),
    Row("one success, then 429 for ever", first(Say("A"), then=Fail(429)), 3, 0.3),
    Row("every request refused, a minimal one too", always(Fail(400)), 2),
    Row("every battle refused, a minimal request not: the plan is carried out", battles_refused, 3),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_the_exit_code_says(tmp_path: Path, row: Row) -> None:
    with FakeServer(row.script) as server:
        config = board_on(
            server, tmp_path, silence_patience_s=row.patience_s, timeout_s=row.timeout_s, concurrency=row.concurrency
        )
        done = arena("run", "-c", config)
    assert done.returncode == row.code, done.stderr
    assert "Traceback" not in done.stderr
    if "429" in row.name and row.code == 2:
        assert ledger(tmp_path) == []


@contextmanager
def nobody() -> Iterator[str]:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@contextmanager
def silent_tls() -> Iterator[str]:
    """A server that takes connections, and never says anything: no TLS session begins."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
    gc.collect()  # the HTTP library leaves the socket of a handshake that was given up to the collector


@contextmanager
def no_tls() -> Iterator[str]:
    """A server that speaks no TLS."""
    with FakeServer(always(Fail(400))) as server:
        yield server.openai_url.replace("http:", "https:")


@contextmanager
def no_such_host() -> Iterator[str]:
    yield "http://no-such-host.invalid/v1"


abandoned_handshakes = pytest.mark.filterwarnings(
    "ignore:.*unclosed transport:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@abandoned_handshakes
@pytest.mark.parametrize("place", [nobody, silent_tls, no_tls, no_such_host])
def test_what_never_reached_a_model_is_2(tmp_path: Path, place: Callable[[], Iterator[str]]) -> None:
    with FakeServer(sum_judge) as server, place() as url:
        config = board_on(server, tmp_path, base_url=url, connect_patience_s=0, timeout_s=1)
        done = arena("run", "-c", config)
    assert done.returncode == 2 and ledger(tmp_path) == []
    assert "cannot connect" in done.stderr.splitlines()[-1]


@abandoned_handshakes
def test_a_call_whose_time_ran_out_before_a_connection_was_there_never_reached_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a busy machine lets the call's clock run out before the connection's."""
    monkeypatch.setattr(client, "CONNECT_SHARE", 30)
    with FakeServer(sum_judge) as server, silent_tls() as url:
        done = arena("run", "-c", board_on(server, tmp_path, base_url=url, connect_patience_s=0, timeout_s=0.5))
    assert done.returncode == 2 and ledger(tmp_path) == []
    assert "no connection within 0.5 s" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("calls", [0, 36])
def test_reports_that_cannot_be_written_are_3_once_anything_was_paid(tmp_path: Path, calls: int) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        if not calls:
            assert arena("run", "-c", config, "--stage", "answers", "--stage", "reviews").returncode == 0
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out/reports").write_text("no folder")
        before = len(server.calls)
        done = arena("run", "-c", config)
        assert len(server.calls) - before == calls
    assert done.returncode == (3 if calls else 2), done.stderr
    assert "Traceback" not in done.stderr and "reports" in done.stderr.splitlines()[-1]


def test_a_judge_that_cannot_be_opened_is_3_once_a_candidate_was_paid(tmp_path: Path) -> None:
    """What only shows when the judge is opened: its proxy."""
    with FakeServer(lambda call: Say("It is 7.")) as server:
        config = board_on(server, tmp_path, base_url="http://127.0.0.1:1/v1", connect_patience_s=0)
        half = {"backend": "recorded", "file": "half.jsonl"}
        edit_config(config, answers_gen={"half": half, "api": api_judge(server)})
        done = arena("run", "-c", config)
    assert done.returncode == 3


def test_another_judges_view_that_cannot_be_written_is_3(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        config = board_on(server, tmp_path)
        assert arena("run", "-c", config).returncode == 0
        (tmp_path / "out/judges").write_text("no folder")
        options = ["--model", "m", "--base-url", server.openai_url, "--api-key-env", "JUDGE_KEY", "--yes"]
        done = arena("review", "-c", config, "--judge", "new", *options)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("at", "code"), [("upload", 2), ("created", 3)])
def test_a_batch_costs_from_its_creation_on(tmp_path: Path, at: str, code: int) -> None:
    with BatchServer(sum_judge) as server:
        server.at[at] = lambda: setattr(server, "script", always(Fail(401)))
        done = arena("run", "-c", board_on(server, tmp_path), "--batch")
    assert done.returncode == code, done.stderr


def test_the_rule() -> None:
    dead, budget, disk, reports = EndpointDead("d"), BudgetReached("b"), DiskFull("f"), InputError("i")
    table = [
        ([], False, False, 0), ([], False, True, 0), ([], True, False, 3), ([], True, True, 3),
        ([dead], True, False, 2), ([dead, dead], True, False, 2), ([dead], True, True, 3),
        ([budget], True, False, 3),
        ([budget, dead], True, False, 3), ([disk], True, True, 3), ([reports], True, True, 3),
    ]  # fmt: skip
    assert [exit_code_of(problems, failures=failures, spent=spent) for problems, failures, spent, _ in table] == [
        code for *_, code in table
    ]
