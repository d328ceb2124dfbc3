"""OpenAI's Responses: the real SDK against a planted server."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import responses
from kit.api_boards import KEY, api_judge, ledger
from kit.api_calls import ask, complete, open_on
from kit.batch_servers import BatchServer, batch_board
from kit.boards import arithmetic_board, leaderboard
from kit.commands import arena
from kit.judges import sum_judge
from kit.quirks import good
from kit.servers import Cut, Drop, Fail, FakeServer, Raw, Say

from arena.backends.openai import responding
from arena.backends.openai.responses import RESPONSES, body_of
from arena.errors import InputError
from arena.redact import forget_secrets
from arena.types import Completion, Message, Request, Sampling, Usage

TOP = [{"token": token, "logprob": logprob} for token, logprob in (("A", -0.1), ("B", -2.4), ("C", -9.0))]
LETTERS = [{"token": "A", "logprob": -0.1, "top_logprobs": TOP}]
SCHEMA = {"type": "object", "properties": {"verdict": {"enum": ["A", "B"]}}}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setattr("arena.backends.http.endpoint._FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(responding, "FIRST_LOOK_S", 0.001)
    monkeypatch.setattr(responding, "LONGEST_LOOK_S", 0.002)
    yield
    forget_secrets()


def respond(server: FakeServer, request: Request, **config: object) -> Completion:
    found = complete(server, "openai", request, api="responses", **config)
    assert isinstance(found, Completion)
    return found


def judged_by(server: FakeServer, folder: Path, n_questions: int, **fields: object) -> Path:
    return arithmetic_board(folder, n_questions, judges={"j": api_judge(server, **fields)})


def test_what_is_sent() -> None:
    messages = (Message("system", "Judge."), Message("user", "x" * 5000, shared=4500))
    sampling = Sampling(temperature=0.0, top_p=0.9, max_tokens=64, reasoning_effort="low")
    asked = ask(messages=messages, sampling=sampling, schema=SCHEMA, top_logprobs=5)
    with FakeServer(lambda call: Say("A", logprobs=LETTERS)) as server:
        found = respond(server, asked, reasoning_summary="auto", extra_body={"text": {"verbosity": "low"}})
    (call,) = server.calls
    cache = call.body.pop("prompt_cache_key")
    assert call.path == "/v1/responses"
    assert call.body == {
        "model": "judge-1",
        "input": [{"role": "system", "content": "Judge."}, {"role": "user", "content": "x" * 5000}],
        "temperature": 0.0, "top_p": 0.9, "max_output_tokens": 64, "store": False,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "reply", "strict": True, "schema": SCHEMA},
                 "verbosity": "low"},
        "include": ["message.output_text.logprobs"], "top_logprobs": 5,
    }  # fmt: skip
    assert len(cache) == 32
    assert (found.status, found.text, found.enforced, found.asked_logprobs) == ("ok", "A", True, 5)
    assert [token for token, _ in found.logprobs[0].top] == ["A", "B", "C"]


def test_the_cache_is_named_by_the_question_where_prompts_are_long_enough() -> None:
    def key_of(question: str, shared: int) -> object:
        request = Request("k", question, (Message("user", "x" * 5000, shared=shared),))
        return body_of(request, "m", RESPONSES, {}).get("prompt_cache_key")

    assert key_of("q1", 4500) == key_of("q1", 4999) != key_of("q2", 4500)
    assert key_of("q1", 400) is None


def test_a_server_that_knows_no_key_of_a_cache_is_asked_without() -> None:
    said = Fail(422, "prompt_cache_key: Extra inputs are not permitted")
    with FakeServer(lambda call: said if "prompt_cache_key" in call.body else Say("fine")) as server:
        found = respond(server, ask(messages=(Message("user", "x" * 5000, shared=4500),), follow_ups=("and?",)))
    assert (found.turns, len(server.calls)) == (("fine", "fine"), 3)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("say", "status", "text", "reasoning"),
    [
        (Say("A", reasoning="because"), "ok", "A", "because"),
        (Say("half", finish="max_output_tokens"), "truncated", "half", None),
        (Say("", reasoning="only thought", finish="max_output_tokens"), "truncated", "", "only thought"),
        (Say("no more", finish="content_filter"), "refused", "no more", None),
        (Say(None, refusal="I will not."), "refused", "I will not.", None),
        (Say(None), "empty", "", None),
    ],
)
def test_how_a_response_ended(stream: bool, say: Say, status: str, text: str, reasoning: str | None) -> None:
    with FakeServer(lambda call: say) as server:
        found = respond(server, ask(), stream=stream)
    assert (found.status, found.text, found.reasoning) == (status, text, (reasoning,))
    assert (found.ttft_s is not None) == (stream and bool(text or reasoning))
    assert found.usage == Usage(10, 5, 0, 0)
    assert found.request_id == "resp_0"


def test_turns_see_each_other_and_usage_has_its_details() -> None:
    usage = {"input_tokens": 30, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 20,
             "cache_write_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 6}}  # fmt: skip
    with FakeServer(lambda call: Say(f"turn {call.number}", usage=usage)) as server:
        found = respond(server, ask(follow_ups=("and?",)))
    assert found.turns == ("turn 0", "turn 1")
    said = [(m["role"], m["content"]) for m in server.calls[1].messages]
    assert said == [("user", "hi"), ("assistant", "turn 0"), ("user", "and?")]
    assert found.usage == Usage(60, 18, 40, 12, 8)


@pytest.mark.parametrize("broken", [Fail(500), Cut(), Drop(), Raw(b"{}"), Say("half", cut_stream=True)])
def test_what_breaks_is_asked_again(broken: object) -> None:
    stream = isinstance(broken, Say)
    with FakeServer(lambda call: Say("fine") if call.number else broken) as server:  # type: ignore[arg-type,return-value]
        found = respond(server, ask(), stream=stream)
    assert (found.status, found.text, found.broken) == ("ok", "fine", 1)


def test_an_error_inside_a_response_is_one() -> None:
    failed = b'{"object":"response","status":"failed","output":[],"error":{"code":"server_error","message":"oh"}}'
    with FakeServer(lambda call: Raw(failed)) as server:
        found = respond(server, ask())
    assert (found.status, "server_error: oh" in str(found.error)) == ("error", True)


def test_a_background_response_is_looked_at_until_it_is_there() -> None:
    script = responses.in_background(3, lambda call: Say("done"), {1: Fail(503)})
    with FakeServer(script) as server:
        found = respond(server, ask(), background=True)
    assert (found.status, found.text) == ("ok", "done")
    assert [call.path.rsplit("/", 1)[1] for call in server.calls] == ["responses", *["resp_0"] * 3]


def test_a_background_response_that_cannot_be_looked_at_is_an_error_of_that_call() -> None:
    script = responses.in_background(3, lambda call: Say("done"), dict.fromkeys(range(99), Fail(404)))
    with FakeServer(script) as server:
        found = respond(server, ask(), background=True)
    assert found.status == "error"
    assert "goes on in the background, but cannot be fetched: 404" in str(found.error)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"generation_config": {"seed": 1}}, "generation_config.seed: the Responses API has no such parameter"),
        ({"generation_config": {"stop": ["x"]}}, "generation_config.stop: the Responses API has no such parameter"),
        ({"generation_config": {"n": 2}}, "generation_config.n: the Responses API has no such parameter"),
        ({"generation_config": {"top_k": 2}}, "generation_config.top_k: the Responses API has no such parameter"),
        ({"extra_body": {"n": 2}}, "extra_body.n: the Responses API has no such parameter"),
        ({"extra_body": {"background": True}}, "extra_body.background: not here"),
        ({"extra_body": {"input": "x"}}, "extra_body.input: not here"),
    ],
)
def test_what_it_does_not_have_is_refused_before_anything_is_sent(fields: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        open_on("http://127.0.0.1:1/v1", "openai", api="responses", **fields)
    if "extra_body" not in fields:
        open_on("http://127.0.0.1:1/v1", "openai", **fields)  # a chat has it, or its server says so


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"background": True}, "judges.j.background: needs `api: responses`"),
        ({"reasoning_summary": "auto"}, "judges.j.reasoning_summary: needs `api: responses`"),
        ({"api": "responses", "background": True, "stream": True}, "judges.j.background: not together with `stream`"),
        ({"api": "response"}, "judges.j.api: expected 'chat' or 'responses', found 'response'"),
    ],
)
def test_a_config_that_mixes_the_apis_is_refused(tmp_path: Path, fields: dict[str, object], why: str) -> None:
    with FakeServer(lambda call: Say()) as server:
        done = arena("run", "-c", judged_by(server, tmp_path, 2, **fields))
    assert (done.returncode, why in done.stderr.replace("\n", " "), server.calls) == (2, True, []), done.stderr


@pytest.mark.parametrize("fields", [{}, {"stream": True}, {"background": True}])
def test_a_board_judged_by_responses_is_that_of_a_chat(tmp_path: Path, fields: dict[str, object]) -> None:
    boards = []
    for api in ("chat", "responses"):
        folder = tmp_path / api
        folder.mkdir()
        live = fields if api == "responses" else {}
        script = responses.in_background(2, good) if live.get("background") else good
        with FakeServer(script) as server:
            done = arena("run", "-c", judged_by(server, folder, 4, api=api, **live))
        assert done.returncode == 0, done.stderr
        boards.append(leaderboard(folder)["models"])
    assert boards[0] == boards[1]


def test_a_batch_of_responses(tmp_path: Path) -> None:
    with BatchServer(sum_judge) as server:
        config = batch_board(tmp_path, server, "openai", entry={"api": "responses"})
        done = arena("run", "-c", config, "--batch")
    assert done.returncode == 0, done.stderr
    assert not server.live
    assert {line["via"] for line in ledger(tmp_path)} == {"batch"}
    assert {line["status"] for line in ledger(tmp_path)} == {"ok"}
