"""The Anthropic backend: the real SDK against a local server."""

from __future__ import annotations

import pytest
from kit.api_boards import WITH_SAMPLING
from kit.api_calls import ask, complete
from kit.servers import Call, Fail, FakeServer, Say

from arena.backends.anthropic.backend import open_anthropic
from arena.config.base import GenerationConfig
from arena.config.kinds import AnthropicConfig
from arena.errors import InputError
from arena.types import Message, Sampling, Usage


def test_sampling_parameters_travel_in_the_body() -> None:
    sampling = Sampling(
        temperature=0.0, top_p=0.9, top_k=5, max_tokens=64, stop=("END",), seed=3, reasoning_effort="low"
    )
    with FakeServer(lambda call: Say()) as server:
        fields = WITH_SAMPLING["anthropic"] | {"extra_body": {"thinking": {"type": "disabled"}}}
        complete(server, "anthropic", ask(sampling=sampling), **fields)
    assert server.calls[0].body == {
        "model": "judge-1",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 64,
        "temperature": 0.0,
        "top_p": 0.9,
        "top_k": 5,
        "stop_sequences": ["END"],
        "output_config": {"effort": "low"},
        "thinking": {"type": "disabled"},
    }


def test_long_answers_need_no_streaming() -> None:
    with FakeServer(lambda call: Say()) as server:
        assert complete(server, "anthropic", ask(sampling=Sampling(max_tokens=64000))).status == "ok"
    assert server.calls[0].body["max_tokens"] == 64000


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("say", "status", "text", "reasoning"),
    [
        (Say("A", reasoning="because"), "ok", "A", "because"),
        (Say("half", finish="max_tokens"), "truncated", "half", None),
        (Say("half", finish="MAX_TOKENS"), "truncated", "half", None),
        (Say("", reasoning="only thought", finish="max_tokens"), "truncated", "", "only thought"),
        (Say(None, finish="refusal"), "refused", "", None),
        (Say(None), "empty", "", None),
    ],
)
def test_how_a_completion_ended(stream: bool, say: Say, status: str, text: str, reasoning: str | None) -> None:
    with FakeServer(lambda call: say) as server:
        found = complete(server, "anthropic", ask(), stream=stream)
    assert (found.status, found.text, found.reasoning) == (status, text, (reasoning,))
    assert found.usage == Usage(10, 5)


@pytest.mark.parametrize("stream", [False, True])
def test_usage_adds_cache_reads_and_writes(stream: bool) -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 200,
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 20},
    }
    with FakeServer(lambda call: Say(usage=usage)) as server:
        found = complete(server, "anthropic", ask(), stream=stream)
    assert found.usage == Usage(1210, 50, cached_input_tokens=1000, reasoning_tokens=20, cache_write_tokens=200)


def test_unknown_blocks_are_skipped() -> None:
    blocks = [{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
    with FakeServer(lambda call: Say(blocks=blocks)) as server:
        assert complete(server, "anthropic", ask()).text == "AB"


def test_system_prompt_and_multi_turn_conversation() -> None:
    request = ask(messages=(Message("system", "be brief"), Message("user", "one")), follow_ups=("two",))
    with FakeServer(lambda call: Say(f"to {call.prompt}")) as server:
        found = complete(server, "anthropic", request)
    assert found.turns == ("to one", "to two")
    assert server.calls[1].body["system"] == [{"type": "text", "text": "be brief"}]
    assert [m["content"] for m in server.calls[1].body["messages"]] == ["one", "to one", "two"]


def test_a_long_shared_prefix_is_marked_for_the_cache() -> None:
    system, question = "s" * 3000, "q" * 2000
    messages = (Message("system", system, shared=3000), Message("user", f"{question} and the rest", shared=2000))
    with FakeServer(lambda call: Say()) as server:
        complete(server, "anthropic", ask(messages=messages))
    assert server.calls[0].body["messages"][0]["content"] == [
        {"type": "text", "text": question, "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": " and the rest"},
    ]
    assert server.calls[0].body["system"] == [{"type": "text", "text": system}]


def test_a_shared_system_prompt_alone_is_marked_as_a_whole() -> None:
    messages = (Message("system", "s" * 5000, shared=5000), Message("user", "q"))
    with FakeServer(lambda call: Say()) as server:
        complete(server, "anthropic", ask(messages=messages))
    assert [block["cache_control"] for block in server.calls[0].body["system"]] == [{"type": "ephemeral"}]
    assert server.calls[0].body["messages"] == [{"role": "user", "content": "q"}]


def test_a_short_shared_prefix_is_left_alone() -> None:
    messages = (Message("system", "s" * 100, shared=100), Message("user", "q" * 100, shared=50))
    with FakeServer(lambda call: Say()) as server:
        complete(server, "anthropic", ask(messages=messages))
    assert "cache_control" not in str(server.calls[0].body)


def test_schema_goes_into_output_config_and_a_rejected_one_is_dropped() -> None:
    def script(call: Call) -> Say | Fail:
        return Fail(400, "output_config: Extra inputs are not permitted") if "output_config" in call.body else Say("A")

    with FakeServer(script) as server:
        assert complete(server, "anthropic", ask(schema={"type": "object"})).text == "A"
    assert server.calls[0].body["output_config"] == {"format": {"type": "json_schema", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("cut", "error"),
    [(True, None), (False, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})],
)
def test_a_stream_that_breaks_off_is_asked_again_and_may_have_been_billed(cut: bool, error: object) -> None:
    def script(call: Call) -> Say:
        return Say("hello", cut_stream=cut, stream_error=error) if call.repeat == 0 else Say("hello")

    with FakeServer(script) as server:
        found = complete(server, "anthropic", ask(), stream=True)
    assert (found.text, found.attempts, found.maybe_billed) == ("hello", 2, True)


def test_parameters_the_api_does_not_have_are_named() -> None:
    config = AnthropicConfig(backend="anthropic", generation_config=GenerationConfig(min_p=0.1))
    with pytest.raises(InputError, match=r"answers_gen.claude.generation_config.min_p: the Anthropic API has no such"):
        open_anthropic(config, "claude", "answers_gen.claude", {"ANTHROPIC_API_KEY": "x"})
