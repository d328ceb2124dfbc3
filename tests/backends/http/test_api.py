"""Endpoints that misbehave, seen through both real SDKs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kit.api_boards import WITH_SAMPLING
from kit.api_calls import KEY, ask, complete, open_on
from kit.certificates import self_signed
from kit.servers import Action, Call, Cut, Drop, Fail, FakeServer, Raw, Say, Stall

from arena.backends.http.errors import retry_after
from arena.errors import EndpointDead, InputError
from arena.types import Sampling


@pytest.mark.parametrize("status", [408, 409, 429, 503, 529])
def test_patience_is_asked_for_and_nothing_was_billed(api: str, status: int) -> None:
    with FakeServer(lambda call: Fail(status) if call.number < 3 else Say()) as server:
        found = complete(server, api, ask())
    assert (found.status, found.attempts, found.maybe_billed) == ("ok", 4, False)
    assert len(server.calls) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "action", [Fail(500), Fail(502), Fail(504), Fail(522), Cut(), Drop(), Raw(b"{}"), Raw(b'{"id'), Raw(b"[1]")]
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_broken_call_is_repeated_and_marked(api: str, stream: bool, action: Action) -> None:
    with FakeServer(lambda call: action if call.number < 2 else Say()) as server:
        found = complete(server, api, ask(), stream=stream)
    assert (found.status, found.attempts, found.maybe_billed) == ("ok", 3, True)


def test_a_call_that_stays_broken_is_an_error_after_three_attempts(api: str) -> None:
    with FakeServer(lambda call: Fail(500, "kaputt")) as server:
        found = complete(server, api, ask())
    assert (found.status, found.attempts, found.maybe_billed, found.turns) == ("error", 3, True, ())
    assert "500" in found.error and "kaputt" in found.error
    assert len(server.calls) == 3


def test_a_stalled_call_times_out_and_is_repeated(api: str) -> None:
    with FakeServer(lambda call: Stall() if call.number == 0 else Say()) as server:
        found = complete(server, api, ask(), timeout_s=1.5, stream=api == "anthropic")
    assert (found.status, found.maybe_billed) == ("ok", True)
    assert found.attempts == len(server.calls) > 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_rejected_request_is_not_repeated(api: str, status: int) -> None:
    with FakeServer(lambda call: Fail(status, "too long")) as server:
        found = complete(server, api, ask())
    assert (found.status, found.attempts) == ("bad_request", 1)
    assert "too long" in found.error


@pytest.mark.parametrize(
    ("action", "advice"),
    [
        (Fail(401), "check the API key"),
        (Fail(402), "no credit or quota left"),
        (Fail(403), "the key may not use this"),
        (Fail(404), "check base_url and model"),
        (Fail(400, "Your credit balance is too low to access the API."), "no credit or quota left"),
        (Fail(403, "Key limit exceeded (total limit)."), "no credit or quota left"),
        (Fail(400, "Model Not Exist"), "check base_url and model"),
        (Fail(429, body={"error": {"message": "pay", "code": "insufficient_quota"}}), "no credit or quota left"),
        (Raw(b'{"error": {"message": "pay", "code": "402"}}'), "no credit or quota left"),
        (Raw(b'{"error": {"message": "pay", "type": "insufficient_quota"}}'), "no credit or quota left"),
        (Raw(b"<!DOCTYPE html><html>Sign in</html>", "text/html"), "a web page answers instead of the API"),
    ],
)
def test_an_endpoint_that_lets_nobody_in_is_dead_at_once(api: str, action: Action, advice: str) -> None:
    with FakeServer(lambda call: action) as server, pytest.raises(EndpointDead, match=advice) as raised:
        complete(server, api, ask())
    assert len(server.calls) == 1
    assert "reviews_gen.judges.judge-1 (http://127.0.0.1" in str(raised.value)


@pytest.mark.parametrize("status", [403, 404])
def test_after_a_success_a_forbidden_request_stands_alone(api: str, status: int) -> None:
    def script(call: Call) -> Action:
        return Fail(status, "moderated") if call.number == 1 else Say("fine")

    with FakeServer(script) as server:
        found = complete(server, api, ask(follow_ups=("forbidden words",)))
    assert (found.status, found.turns) == ("bad_request", ("fine",))


def test_quota_that_ends_after_a_success_stops_the_endpoint_and_an_echo_of_its_name_does_not(api: str) -> None:
    quota = {"error": {"message": "pay", "type": "new_api_error", "code": "insufficient_user_quota"}}
    echo = Fail(400, "too long: you sent 'insufficient_quota: Your credit balance is too low'")
    for action, status in ((echo, "bad_request"), (Fail(403, body=quota), None)):
        with FakeServer(lambda call, action=action: action if call.number == 1 else Say("fine")) as server:
            if status is None:
                with pytest.raises(EndpointDead, match="no credit or quota left"):
                    complete(server, api, ask(follow_ups=("more",)))
            else:
                assert complete(server, api, ask(follow_ups=("more",))).status == status


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:30 GMT"}, 21.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -1200"}, None),
        ({"retry-after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}, None),
        ({}, None),
    ],
)
def test_what_a_server_asks_to_wait_and_no_reason_to_hurry(header: dict[str, str], seconds: float | None) -> None:
    assert retry_after({"date": "Thu, 01 Jan 1970 00:00:09 GMT", **header}) == seconds


@pytest.mark.parametrize(
    "complaint",
    [
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.",
        "invalid temperature: only 1 is allowed for this model",
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        "`temperature` is deprecated for this model.",
    ],
)
def test_a_model_that_takes_no_temperature_is_asked_without(api: str, complaint: str) -> None:
    def script(call: Call) -> Action:
        return Fail(400, complaint) if "temperature" in call.body else Say("fine")

    with FakeServer(script) as server:
        asked = ask(sampling=Sampling(temperature=0.0), follow_ups=("more",))
        found = complete(server, api, asked, **WITH_SAMPLING.get(api, {}))
    assert (found.status, len(server.calls)) == ("ok", 3)


def test_a_temperature_out_of_range_stays_rejected(api: str) -> None:
    with FakeServer(lambda call: Fail(400, "temperature: must be at most 1")) as server:
        assert complete(server, api, ask(sampling=Sampling(temperature=1.5))).status == "bad_request"


def test_an_error_is_one_line_of_bounded_length_without_its_wrapping(api: str) -> None:
    body = [{"error": {"status": "INVALID_ARGUMENT", "message": "too\nlong: " + "x" * 5000}}]
    with FakeServer(lambda call: Fail(400, body=body)) as server:
        error = complete(server, api, ask()).error
    assert error.startswith("400: too long: xxx") and error.endswith("x...") and len(error) == 600


def test_nobody_listens(api: str) -> None:
    with FakeServer(lambda call: Say()) as server:
        url = server.openai_url
    with pytest.raises(EndpointDead, match="cannot connect"):
        complete(url, api, ask(), connect_patience_s=0.001)


def test_keys_echoed_by_the_server_are_redacted_everywhere_but_in_the_answer(
    api: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with FakeServer(lambda call: Fail(500, f"your key {KEY}")) as server:
        found = complete(server, api, ask(), headers={"X-Token": "header-sentinel"})
    assert KEY not in found.error and "[redacted]" in found.error
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("arena")]
    assert ours and not any(KEY in line for line in ours)
    with FakeServer(lambda call: Say(f"the key is {KEY}")) as server:
        assert complete(server, api, ask()).text == f"the key is {KEY}"


def test_streaming_measures_the_time_to_the_first_token(api: str) -> None:
    with FakeServer(lambda call: Say("hello")) as server:
        streamed, whole = (complete(server, api, ask(), stream=stream) for stream in (True, False))
    assert streamed.text == whole.text == "hello"
    assert whole.ttft_s is None
    assert 0 < streamed.ttft_s <= streamed.latency_s


def test_other_unicode_line_ends_inside_a_stream_do_not_cut_it(api: str) -> None:
    text = "a\u2028b\u0085c\x0bd"
    with FakeServer(lambda call: Say(text)) as server:
        assert complete(server, api, ask(), stream=True).text == text


def test_a_stream_whose_last_line_lacks_its_end_is_whole() -> None:
    body = b'data: {"choices": [{"delta": {"content": "A"}, "finish_reason": "stop"}]}'
    with FakeServer(lambda call: Raw(body, "text/event-stream")) as server:
        found = complete(server, "openai", ask(), stream=True)
    assert (found.status, found.text, found.attempts) == ("ok", "A", 1)


def test_an_error_object_inside_a_200_has_its_own_class() -> None:
    inside = Raw(b'{"error": {"code": 429, "message": "slow down"}}')
    with FakeServer(lambda call: inside if call.number == 0 else Say()) as server:
        found = complete(server, "openai", ask())
    assert (found.attempts, found.maybe_billed) == (2, False)


def test_a_proxy_from_the_environment_is_used(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(lambda call: Say("through the proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        found = complete("http://api.invalid/v1", api, ask())
    assert found.text == "through the proxy"
    assert proxy.calls[0].path.startswith("http://api.invalid/v1/")


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("HTTPS_PROXY", "http://me:sk-proj-secret@host:port", "Invalid port"),
        ("SSL_CERT_FILE", "/no/such/file.pem", "No such file"),
    ],
)
def test_an_environment_that_allows_no_connection_is_an_input_error(
    monkeypatch: pytest.MonkeyPatch, api: str, variable: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError, match=complaint) as raised:
        open_on("http://127.0.0.1:9", api)
    assert "reviews_gen.judges.judge-1: no connection can be opened" in str(raised.value)
    assert "sk-proj-secret" not in str(raised.value)


def test_a_ca_bundle_from_the_environment_is_trusted(api: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    context, cert = self_signed(tmp_path)
    with FakeServer(lambda call: Say("over TLS"), tls=context) as server:
        url = f"https://127.0.0.1:{server.port}" + ("/v1" if api == "openai" else "")
        with pytest.raises(EndpointDead, match="certificate verify failed"):
            complete(url, api, ask(), connect_patience_s=0)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert complete(url, api, ask()).text == "over TLS"


def test_importing_the_backends_imports_no_sdk() -> None:
    code = "import sys, arena.backends.openai.backend, arena.backends.anthropic.backend; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "arena.backends.openai.wire" in printed.split()
    assert not {"openai", "anthropic", "httpx2", "aiohttp"} & set(printed.split())


@pytest.mark.parametrize(
    ("odd", "status"),
    [
        ("NaN", "ok"),
        ("NaN, 1" + "0" * 30, "ok"),
        ('NaN, "\\ud800", 1' + "0" * 30, "ok"),
        ("NaN, 1" + "0" * 400, "error"),
        ("[" * 990 + "NaN" + "]" * 990, "error"),
    ],
    ids=range(5),
)
@pytest.mark.parametrize("stream", [False, True])
def test_numbers_that_are_none_end_no_call_in_a_stack_trace(odd: str, status: str, stream: bool) -> None:
    logprobs = f'{{"content": [{{"token": "A", "logprob": -1, "odd": [{odd}]}}]}}'
    whole = f'{{"choices": [{{"message": {{"content": "A"}}, "finish_reason": "stop", "logprobs": {logprobs}}}]}}'
    for body, code, expected in (
        (whole, 200, status),
        (f'{{"odd": [{odd}]}}', 200, "error"),
        (whole, 400, "bad_request"),
    ):
        with FakeServer(lambda call, body=body, code=code: Raw(body.encode(), status=code)) as server:
            assert complete(server, "openai", ask(), stream=stream).status == expected
