"""Keys wherever users and endpoints put them: a row for each place, through a whole `arena run`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from kit.api_boards import KEY, board_on, last_run, ledger
from kit.boards import arithmetic_board, edit_config
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Raw, Say, completion

from arena.backends.http.api import without_secrets_beside
from arena.backends.http.errors import beginning_of
from arena.formats import Unparsed, format_of
from arena.redact import mask_in_texts, remember_secrets
from arena.types import Completion, TokenLogprobs

pytestmark = pytest.mark.slow

SECRET = "s3cret/Va+lue=0009"
PADDING = "x" * 72


@dataclass(frozen=True)
class Row:
    """Where the secret stands: in the URL (`{port}`), in other fields, and in what the endpoint says."""

    name: str
    url: str = "http://127.0.0.1:{port}/v1"
    fields: Mapping[str, object] = field(default_factory=dict)
    says: Callable[[Call], Action] = sum_judge
    secrets: tuple[str, ...] = (SECRET, quote(SECRET, safe=""))
    code: int | None = None


def echo(text: str, status: int = 400) -> Callable[[Call], Action]:
    return lambda call: Fail(status, text)


def beside(**fields: object) -> Callable[[Call], Action]:
    """A proper reply whose body says more."""

    def script(call: Call) -> Action:
        body = completion(call, sum_judge(call)) | fields
        if "finish_reason" in fields:
            body["choices"][0]["finish_reason"] = fields["finish_reason"]
        return Raw(json.dumps(body).encode())

    return script


BASIC = base64.b64encode(b"user:" + SECRET.encode()).decode()
ROWS = [
    Row("a query", "http://127.0.0.1:{port}/v1?api_key=" + quote(SECRET, safe=""), code=2),
    Row("a raw query", "http://127.0.0.1:{port}/v1?api_key=" + SECRET, code=2),
    Row("a query from a variable", "http://127.0.0.1:{port}/v1?api_key=${SECRET}", code=2),
    Row("a fragment", "http://127.0.0.1:{port}/v1#" + SECRET, code=2),
    Row("a token before the host", "http://" + quote(SECRET, safe="") + "@127.0.0.1:{port}/v1", says=echo("no", 401)),
    Row("a password", "http://user:" + quote(SECRET, safe="") + "@127.0.0.1:{port}/v1", says=echo("no", 401)),
    Row("a password with a raw @", "http://user:left-part-1@right-part-2@127.0.0.1:{port}/v1",
        says=echo("left-part-1@right-part-2", 401), secrets=("left-part-1", "right-part-2")),
    Row("a password with a raw /", "http://user:left-part-1/right-part-2@127.0.0.1:{port}/v1",
        secrets=("left-part-1", "right-part-2"), code=2),
    Row("a password with a raw ?", "http://user:left-part-1?right-part-2@127.0.0.1:{port}/v1",
        secrets=("left-part-1", "right-part-2"), code=2),
    Row("a password echoed as it is sent", "http://user:" + quote(SECRET, safe="") + "@127.0.0.1:{port}/v1",
        says=echo(f"Basic {BASIC} is wrong", 401), secrets=(BASIC, SECRET)),
    Row("a variable in the path", "http://127.0.0.1:{port}/${SECRET}/v1", says=echo(f"no /{SECRET}/v1", 404)),
    Row("the API key in the path", "http://127.0.0.1:{port}/" + KEY + "/v1", says=echo("no", 401), secrets=(KEY,)),
    Row("an extra query", fields={"extra_query": {"k": "${SECRET}"}}, says=echo(f"k={quote(SECRET, safe='')}")),
    Row("an extra header", fields={"headers": {"api-key": "${SECRET}"}}, says=echo(f"bad {SECRET}")),
    Row("a field of the wrong type", fields={"concurrency": "${SECRET}"}, code=2),
    Row("a list in place of a map", fields={"price": ["${SECRET}"]}, code=2),
    Row("an unknown kind", fields={"backend": "${SECRET}"}, code=2),
    Row("an error", says=echo(f"wrong key {KEY}"), secrets=(KEY,)),
    Row("a key at the cut of a long error", says=echo("y" * 590 + KEY), secrets=(KEY, KEY[:12])),
    Row("a key at the cut of a broken body", says=lambda call: Raw((PADDING + KEY).encode()), secrets=(KEY, KEY[:7])),
    Row("a key at the cut of a list", says=lambda call: Raw(json.dumps([PADDING + KEY]).encode()),
        secrets=(KEY, KEY[:7])),
    Row("a key at the cut of a page", says=lambda call: Raw(f"<html>{PADDING[6:]}{KEY}".encode(), "text/html"),
        secrets=(KEY, KEY[:7])),
    Row("the reply's model", says=beside(model=f"m-{KEY}"), secrets=(KEY,), code=0),
    Row("the reply's id", says=beside(id=f"id-{KEY}"), secrets=(KEY,), code=0),
    Row("the finish reason", says=beside(finish_reason=f"stop {KEY}"), secrets=(KEY,), code=0),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_secret_is_in_no_file_and_no_line_of_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    with FakeServer(row.says) as server:
        config = board_on(server, tmp_path, base_url=row.url.replace("{port}", str(server.port)), timeout_s=5,
                          **row.fields)  # fmt: skip
        done = arena("run", "-c", config)
        checked = arena("check", "-c", config)
        reported = arena("report", "-c", config)
    if row.code is not None:
        assert done.returncode == row.code, done.stderr
    written = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    texts = [done.stdout, done.stderr, checked.stdout, checked.stderr, reported.stdout, reported.stderr]
    everything = "\n".join([*written, *texts])
    assert "Traceback" not in everything
    for secret in row.secrets:
        assert secret not in everything


def test_a_query_in_the_url_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        done = arena("run", "-c", board_on(server, tmp_path, base_url=server.openai_url + "?v=1"))
    assert done.returncode == 2 and server.calls == []
    assert "reviews_gen.judges.j.base_url" in done.stderr
    assert "`headers`" in done.stderr and "`extra_query: {NAME: VALUE}`" in done.stderr


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_an_extra_query_is_sent_and_its_variables_are_in_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    with FakeServer(sum_judge) as server:
        query = {"api-version": "2026-01-01", "k": "${SECRET}", "n": 1}
        config = board_on(server, tmp_path, api, extra_query=query)
        assert arena("run", "-c", config).returncode == 0
        path = server.calls[0].path
        assert "api-version=2026-01-01" in path and "n=1" in path and f"k={quote(SECRET, safe='')}" in path
        calls = len(server.calls)
        monkeypatch.setenv("SECRET", "another-secret-0010")
        assert arena("run", "-c", config).returncode == 0
        assert len(server.calls) == calls
    assert len(ledger(tmp_path)) == 36


def test_an_extra_query_identifies_and_none_leaves_keys_as_they_were() -> None:
    from arena.config.kinds import OpenAIConfig

    bare = OpenAIConfig(backend="openai").identity("m")
    assert "extra_query" not in bare
    assert OpenAIConfig(backend="openai", extra_query={"k": "${K}"}).identity("m") == bare
    assert OpenAIConfig(backend="openai", extra_query={"v": "2"}).identity("m")["extra_query"] == {"v": "2"}


def test_a_variable_of_an_extra_query_that_is_not_set_is_said_at_once(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        done = arena("run", "-c", board_on(server, tmp_path, extra_query={"k": "${NOT_THERE}"}))
    assert done.returncode == 2 and "NOT_THERE is not set" in done.stderr and server.calls == []


def test_words_of_the_protocol_are_no_secrets(tmp_path: Path) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    with FakeServer(lambda call: Fail(401, "wants application/json")) as server:
        done = arena("run", "-c", board_on(server, tmp_path, headers=headers))
    assert "wants application/json" in done.stderr


def test_texts_stay_as_received(tmp_path: Path) -> None:
    with FakeServer(lambda call: Say(f"{sum_judge(call).text}\n{KEY}", reasoning=KEY)) as server:
        config = board_on(server, tmp_path)
        edit_config(config)
        arena("run", "-c", config)
    assert all(KEY in str(reply["text"]) for reply in ledger(tmp_path))
    shown = arena("show", "-c", config, "7", "half", "right").stdout
    assert KEY not in shown, shown
    assert "[redacted]" in shown


def test_texts_that_hold_a_key_are_counted(tmp_path: Path) -> None:
    with FakeServer(lambda call: Say(f"{sum_judge(call).text}\n{KEY}", reasoning=KEY)) as server:
        done = arena("run", "-c", board_on(server, tmp_path))
    run = last_run(tmp_path)
    assert run["keys_in_texts"] == 2 * 36
    assert "72 texts received hold a key; stored as received, masked where shown" in run["notes"]
    assert "72 texts received hold a key" in done.stderr


def test_no_text_holds_a_key(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        arena("run", "-c", board_on(server, tmp_path))
    run = last_run(tmp_path)
    assert run["keys_in_texts"] == 0 and not any("texts received" in note for note in run["notes"])


FIELDS: dict[str, dict[str, object]] = {
    "a baseline": {"baseline": "${SECRET}"},
    "a part of a baseline": {"baseline": "no-${SECRET}"},
    "a prompt": {"prompt": "${SECRET}"},
    "a reference file": {"reference_file": "${SECRET}"},
    "a mode": {"mode": "${SECRET}"},
}


@pytest.mark.parametrize("field", FIELDS)
def test_an_error_shows_a_variable_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    config = arithmetic_board(tmp_path, 4, **FIELDS[field])
    for command in ("check", "plan", "run"):
        done = arena(command, "-c", config)
        assert done.returncode == 2 and "${SECRET}" in done.stdout + done.stderr, done
        assert SECRET not in done.stdout + done.stderr


def test_log_probabilities_and_blanks_before_the_cut_hold_no_key() -> None:
    remember_secrets([KEY])
    token = TokenLogprobs(KEY, -0.1, ((KEY, -0.1), ("A", -2.0)))
    kept = without_secrets_beside(Completion("ok", (KEY,), logprobs=(token,)))
    assert kept.logprobs == (TokenLogprobs("[redacted]", -0.1, (("[redacted]", -0.1), ("A", -2.0))),)
    assert kept.turns == (KEY,)
    assert KEY[:5] not in beginning_of(" " * (20_000 - 10) + KEY)


REPLIES = {
    "a label": ("label", f"[[n0 {'y' * 50}{KEY}]]"),
    "levels": ("levels", f"[[n0 {'y' * 50}{KEY}]]"),
    "a ranking": ("ranking", f"[[n0 {'y' * 50}{KEY}]]"),
    "two scores": ("score_pair", f"[[n0 {'y' * 50}{KEY}]]"),
    "one score": ("rating", f"[[n0 {'y' * 50}{KEY}]]"),
    "a bare word": ("label_only", f"{'y' * 50}{KEY}"),
    "JSON": ("json", json.dumps({"code": "n0", "verdict": "y" * 95 + KEY})),
    "a JSON score": ("json_score", json.dumps({"code": "n0", "score": "y" * 95 + KEY})),
}


@pytest.mark.parametrize("form", REPLIES)
def test_a_reply_is_masked_before_the_reason_quotes_it(form: str) -> None:
    mask_in_texts(KEY, {})
    spec, text = REPLIES[form]
    found = format_of(spec).parse(text, "n0")
    assert isinstance(found, Unparsed)
    assert KEY[:6].lower() not in found.reason.lower()
