"""The OpenAI backend: the real SDK against a local server."""

from __future__ import annotations

import math

import pytest
from kit.api_calls import ask, complete
from kit.servers import Call, Fail, FakeServer, Raw, Say

from arena.backends.openai.backend import open_openai
from arena.backends.openai.wire import dialect_of
from arena.config.kinds import OpenAIConfig
from arena.errors import InputError
from arena.redact import redact
from arena.types import Message, Sampling, TokenLogprobs, Usage


def test_sampling_parameters_travel_under_their_wire_names() -> None:
    sampling = Sampling(
        temperature=0.0, top_p=0.9, top_k=20, min_p=0.1, max_tokens=64, stop=("END",), seed=7, reasoning_effort="low"
    )
    with FakeServer(lambda call: Say()) as server:
        complete(server, "openai", ask(sampling=sampling), extra_body={"chat_template_kwargs": {"thinking": False}})
    body = server.calls[0].body
    assert body == {
        "model": "judge-1",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.0,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0.1,
        "max_tokens": 64,
        "stop": ["END"],
        "seed": 7,
        "reasoning_effort": "low",
        "chat_template_kwargs": {"thinking": False},
    }


def test_configured_headers_and_key_are_sent() -> None:
    with FakeServer(lambda call: Say()) as server:
        complete(server, "openai", ask(), headers={"X-Team": "blue-team"})
    assert server.calls[0].headers["x-team"] == "blue-team"
    assert server.calls[0].headers["authorization"] == "Bearer sk-sentinel-12345"


def test_openai_itself_gets_max_completion_tokens_and_others_max_tokens() -> None:
    assert dialect_of("https://api.openai.com/v1/").limit_field == "max_completion_tokens"
    assert dialect_of("https://me.openai.azure.com/openai/v1").limit_field == "max_completion_tokens"
    assert dialect_of("http://localhost:8000/v1").limit_field == "max_tokens"
    assert dialect_of("https://api.openai.com.evil.example/v1").limit_field == "max_tokens"


def test_a_model_that_wants_max_completion_tokens_gets_it_from_then_on() -> None:
    complaint = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."

    def script(call: Call) -> Say | Fail:
        return Fail(400, complaint) if "max_tokens" in call.body else Say()

    with FakeServer(script) as server:
        found = complete(server, "openai", ask(sampling=Sampling(max_tokens=9), follow_ups=("more",)))
    assert (found.status, found.attempts) == ("ok", 1)
    assert [call.body.get("max_completion_tokens") for call in server.calls] == [None, 9, 9]


def test_a_rejected_schema_falls_back_to_the_prompt_alone() -> None:
    def script(call: Call) -> Say | Fail:
        return Fail(400, "response_format is not supported") if "response_format" in call.body else Say("A")

    with FakeServer(script) as server:
        found = complete(server, "openai", ask(schema={"type": "object"}))
    assert found.text == "A"
    sent = server.calls[0].body["response_format"]
    assert sent == {
        "type": "json_schema",
        "json_schema": {"name": "reply", "strict": True, "schema": {"type": "object"}},
    }


def test_stream_options_are_dropped_where_they_are_unknown() -> None:
    def script(call: Call) -> Say | Fail:
        return Fail(422, "stream_options: extra fields not permitted") if "stream_options" in call.body else Say("A")

    with FakeServer(script) as server:
        found = complete(server, "openai", ask(), stream=True)
    assert (found.text, found.usage) == ("A", Usage())


def test_usage_with_cached_and_reasoning_tokens() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    with FakeServer(lambda call: Say(usage=usage)) as server:
        found = complete(server, "openai", ask())
    assert found.usage == Usage(100, 50, cached_input_tokens=64, reasoning_tokens=30)


def test_reasoning_counted_beside_the_completion_is_added() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 45,
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    with FakeServer(lambda call: Say(usage=usage)) as server:
        assert complete(server, "openai", ask()).usage.output_tokens == 35


def test_missing_usage_is_unknown() -> None:
    body = b'{"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}'
    with FakeServer(lambda call: Raw(body)) as server:
        found = complete(server, "openai", ask())
    assert (found.text, found.usage) == ("A", Usage())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("say", "status", "text", "reasoning"),
    [
        (Say("A", reasoning="because"), "ok", "A", "because"),
        (Say("<think>\nlong\n</think>\n\nA <think>x</think>"), "ok", "A <think>x</think>", "long"),
        (Say("<think>without end", finish="length"), "truncated", "", "without end"),
        (Say("<think>without end"), "truncated", "", "without end"),
        (Say("half", finish="length"), "truncated", "half", None),
        (Say("half", finish="MAX_TOKENS"), "truncated", "half", None),
        (Say("half", finish="model_length"), "truncated", "half", None),
        (Say(None, refusal="I will not."), "refused", "I will not.", None),
        (Say("", finish="content_filter"), "refused", "", None),
        (Say("", finish="content_filter: PROHIBITED_CONTENT"), "refused", "", None),
        (Say(None), "empty", "", None),
        (Say(" \n"), "empty", " \n", None),
    ],
)
def test_how_a_completion_ended(stream: bool, say: Say, status: str, text: str, reasoning: str | None) -> None:
    with FakeServer(lambda call: say) as server:
        found = complete(server, "openai", ask(), stream=stream)
    assert (found.status, found.text, found.reasoning) == (status, text, (reasoning,))
    assert found.usage == Usage(10, 5)


def test_content_in_parts_is_joined_and_thinking_parts_are_reasoning() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "A"}]
    with FakeServer(lambda call: Say(message={"content": parts})) as server:
        found = complete(server, "openai", ask())
    assert (found.text, found.reasoning) == ("A", ("hm",))


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_with_their_alternatives(stream: bool) -> None:
    token = {
        "token": "A",
        "logprob": -0.1,
        "top_logprobs": [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -3}],
    }
    with FakeServer(lambda call: Say("A", logprobs=[token])) as server:
        found = complete(server, "openai", ask(top_logprobs=2), stream=stream)
    assert found.logprobs == (TokenLogprobs("A", -0.1, (("A", -0.1), ("B", -3.0))),)
    assert (server.calls[0].body["logprobs"], server.calls[0].body["top_logprobs"]) == (True, 2)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("finish", ["error", "insufficient_system_resource"])
def test_half_an_answer_that_the_provider_broke_off_is_asked_again(stream: bool, finish: str) -> None:
    with FakeServer(lambda call: Say("half", finish=finish) if call.number == 0 else Say("whole")) as server:
        found = complete(server, "openai", ask(), stream=stream)
    assert (found.text, found.attempts, found.maybe_billed) == ("whole", 2, True)


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_inside_a_choice_is_none_of_the_models_words(stream: bool) -> None:
    choice = (
        b'{"delta": {"content": "half"}, "message": {"content": "half"}, "error": {"code": 429, "message": "slow"}}'
    )
    body = b'data: {"choices": [%s]}\n\n' % choice if stream else b'{"choices": [%s]}' % choice
    broken = Raw(body, "text/event-stream" if stream else "application/json")
    with FakeServer(lambda call: broken if call.number == 0 else Say("whole")) as server:
        found = complete(server, "openai", ask(), stream=stream)
    assert (found.text, found.attempts, found.maybe_billed) == ("whole", 2, False)


def test_a_model_without_logprobs_is_asked_for_the_letter_alone() -> None:
    def script(call: Call) -> Say | Fail:
        return Fail(400, "'logprobs' is not supported with this model.") if "logprobs" in call.body else Say("A")

    with FakeServer(script) as server:
        found = complete(server, "openai", ask(top_logprobs=10))
    assert (found.status, found.text, found.logprobs, len(server.calls)) == ("ok", "A", (), 2)


def test_a_logprob_that_is_no_number_is_of_something_impossible() -> None:
    body = b"""{"choices": [{"message": {"content": "A"}, "finish_reason": "stop", "logprobs": {"content": [
        {"token": "A", "logprob": null, "top_logprobs": [{"token": "A", "logprob": NaN}]}]}}]}"""
    with FakeServer(lambda call: Raw(body)) as server:
        found = complete(server, "openai", ask(top_logprobs=1))
    assert found.logprobs == (TokenLogprobs("A", -math.inf, (("A", -math.inf),)),)


def test_system_prompt_and_multi_turn_conversation() -> None:
    request = ask(messages=(Message("system", "be brief"), Message("user", "one")), follow_ups=("two", "three"))
    with FakeServer(lambda call: Say(f"to {call.prompt}", reasoning="r")) as server:
        found = complete(server, "openai", request)
    assert found.turns == ("to one", "to two", "to three")
    assert found.reasoning == ("r", "r", "r")
    assert found.usage == Usage(30, 15)
    assert [m["content"] for m in server.calls[2].body["messages"]] == [
        "be brief",
        "one",
        "to one",
        "two",
        "to two",
        "three",
    ]


def test_a_price_is_believed_from_openrouter_only() -> None:
    from arena.backends.openai.wire import completion_of

    body = {"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}], "usage": {"cost": 0.25}}
    assert completion_of(body, dialect_of("https://openrouter.ai/api/v1")).cost_usd == 0.25
    assert completion_of(body, dialect_of("https://gateway.example/v1")).cost_usd is None
    for nonsense in (math.nan, math.inf, -1, True, "0.25", None):
        stated = {**body, "usage": {"cost": nonsense}}
        assert completion_of(stated, dialect_of("https://openrouter.ai/api/v1")).cost_usd is None


def test_a_server_without_streaming_still_answers() -> None:
    body = b'{"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}'
    with FakeServer(lambda call: Raw(body)) as server:
        found = complete(server, "openai", ask(), stream=True)
    assert (found.text, found.ttft_s) == ("A", None)


def test_lone_surrogates_and_nan_are_survived() -> None:
    body = b'{"choices": [{"message": {"content": "A\\ud83d"}, "finish_reason": "stop", "x": NaN}]}'
    with FakeServer(lambda call: Raw(body)) as server:
        found = complete(server, "openai", ask())
    assert found.text == "A?"


@pytest.mark.parametrize(
    ("fields", "environ", "complaint"),
    [
        ({}, {}, r"reviews_gen.judges.j: the environment variable OPENAI_API_KEY is not set"),
        ({}, {"OPENAI_API_KEY": "  "}, "OPENAI_API_KEY is not set"),
        ({}, {"OPENAI_API_KEY": "a b"}, "is no API key"),
        ({"api_key_env": "sk-proj-secret"}, {}, "takes the name of an environment variable"),
        ({"base_url": "localhost:8000"}, {"OPENAI_API_KEY": "x"}, "base_url: expected http"),
        ({"base_url": "http://[half"}, {}, "base_url: expected http"),
        ({"base_url": "http://host:port/v1"}, {}, "base_url: expected http"),
        ({"base_url": "http://"}, {}, "base_url: expected http"),
        ({"base_url": "htps://me:sk-proj-secret@host"}, {}, r"found 'htps://\[redacted\]@host'"),
        ({}, {"OPENAI_BASE_URL": "localhost"}, "judges.j: OPENAI_BASE_URL: expected http"),
        ({}, {"OPENAI_BASE_URL": ""}, "judges.j: OPENAI_BASE_URL: expected http"),
        ({"headers": {"X": "a\nb"}}, {"OPENAI_API_KEY": "x"}, "headers.X: headers are printable ASCII"),
        ({"extra_body": {"stream": True}}, {"OPENAI_API_KEY": "x"}, "extra_body.stream: not here"),
    ],
)
def test_unusable_configuration_is_an_input_error_without_secrets(fields, environ, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as raised:
        open_openai(OpenAIConfig(backend="openai", **fields), "j", "reviews_gen.judges.j", environ)
    assert "sk-proj-secret" not in str(raised.value)


def test_a_key_with_a_line_end_is_trimmed() -> None:
    with FakeServer(lambda call: Say()) as server:
        config = OpenAIConfig(backend="openai", base_url=server.openai_url, api_key_env="K")
        backend = open_openai(config, "j", "x", {"K": "sk-abcdefgh\n"})
        assert backend.transport.client.api_key == "sk-abcdefgh"


def test_no_key_is_needed_for_a_local_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")
    with FakeServer(lambda call: Say()) as server:
        config = OpenAIConfig(backend="openai", base_url=server.openai_url, api_key_env=None)
        assert open_openai(config, "j", "x", {}).transport.client.api_key == "no-key-needed"


def test_a_password_inside_a_url_is_a_secret_and_shown_nowhere() -> None:
    config = OpenAIConfig(backend="openai", base_url="http://me:pass%40sentinel-9@127.0.0.1:9/v1", api_key_env=None)
    backend = open_openai(config, "j", "answers_gen.j", {"https_proxy": "http://me:proxy-sentinel-9@proxy:3128"})
    assert backend.endpoint.where == "answers_gen.j (http://[redacted]@127.0.0.1:9/v1)"
    assert redact("via proxy-sentinel-9 or pass@sentinel-9") == "via [redacted] or [redacted]"


def test_half_a_character_is_sent_as_a_replacement_character() -> None:
    from arena.backends.openai.wire import sendable

    assert sendable("4 \ud800 [[A]]") == "4 \ufffd [[A]]"
    assert sendable("𝒜 plain") == "𝒜 plain"
