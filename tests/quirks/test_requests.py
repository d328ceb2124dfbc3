"""Requests that an endpoint takes in another form only: each is mended, said once, and makes the same board."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.boards import arithmetic_board
from kit.commands import arena
from kit.quirks import Quirk, complains, good, play
from kit.servers import Action, Call, Fail, FakeServer, Raw

pytestmark = pytest.mark.slow

LONG = "What is 3 + 7?"
IN_FLIGHT = 16


def has_schema(call: Call) -> bool:
    forms = [call.body.get(name, {}) for name in ("output_config", "text")]
    return "response_format" in call.body or any("format" in form for form in forms)


def schema_of(call: Call) -> dict[str, object]:
    if "response_format" in call.body:
        return call.body["response_format"]["json_schema"]["schema"]
    return call.body["output_config"]["format"]["schema"]


def has_integers(call: Call) -> bool:
    return has_schema(call) and any(field["type"] == "integer" for field in schema_of(call)["properties"].values())


def has_system(call: Call) -> bool:
    return "system" in call.body or any(message["role"] == "system" for message in call.messages)


def is_long(call: Call) -> bool:
    return LONG in str(call.body["messages"])


def has_blocks(call: Call) -> bool:
    return isinstance(call.body.get("system"), list)


def logprobs_above(most: int) -> object:
    return lambda call: call.body.get("top_logprobs", 0) > most


def temperature_with_top_p(call: Call) -> bool:
    return "temperature" in call.body and "top_p" in call.body


def inside(field: str, text: str, before: str = "") -> Callable[[Call], Action]:
    """A server that complains with status 200."""
    said = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": text}})
    return lambda call: Raw(f"{before}{said}\n\n".encode()) if field in call.body else good(call)


def without(name: str) -> str:
    return f"(without {name})"


SOFT = {"prompt": "label-only-v1", "apis": ("openai",)}
JSON = {"prompt": "pair-json-v1"}
SCORE = {"prompt": "single-json-v1", "mode": "single"}
PYDANTIC = [{"loc": ["body", "temperature"], "msg": "Input should be greater than 0", "type": "greater_than"}]

QUIRKS = [
    # the temperature that the program adds
    Quirk("strictly positive", complains("temperature", 422, "temperature must be strictly positive"),
          says=without("temperature")),
    Quirk("one value only", complains("temperature", 400, "invalid temperature: only 0.6 is allowed for this model"),
          says=without("temperature")),
    Quirk("not both", complains(temperature_with_top_p, 400, "`temperature` and `top_p` cannot both be specified"),
          entry={"generation_config": {"top_p": 0.9}}, says=without("temperature")),
    Quirk("the parameter stands apart", complains("temperature", 400, "", body={"error": {
          "message": "Invalid value.", "param": "temperature"}}), says=without("temperature")),
    Quirk("pydantic's list", complains("temperature", 422, "", body={"detail": PYDANTIC}), says=without("temperature")),
    Quirk("errors by field", complains("temperature", 400, "", body={"type": "about:blank", "status": 400,
          "errors": {"temperature": ["nope"]}}), says=without("temperature")),
    Quirk("a server error", complains("temperature", 500, "ValueError: temperature 0 divides by zero"),
          says=without("temperature")),
    Quirk("an error inside a 200", inside("temperature", "temperature: nope"), streams=(False, True),
          says=without("temperature")),
    Quirk("an error inside a stream", inside("temperature", "temperature: nope", "data: "), streams=(True,),
          says=without("temperature")),
    Quirk("no sampling at all", complains("temperature", 400, "Sampling parameters are not supported by this model."),
          says=without("temperature")),
    Quirk("a user's own that is refused", complains("top_p", 400, "top_p is deprecated for this model"),
          entry={"generation_config": {"top_p": 0.9}}, says=without("top_p")),
    # the limit
    Quirk("the new name", complains("max_tokens", 400, "Unsupported: 'max_tokens'. Use 'max_completion_tokens'."),
          apis=("openai",), says="max_completion_tokens for max_tokens"),
    Quirk("the new name, said alone", complains("max_tokens", 400, "this model wants max_completion_tokens"),
          apis=("openai",), says="max_completion_tokens for max_tokens"),
    Quirk("the new name for a candidate", complains("max_tokens", 422, "max_tokens: Extra inputs are not permitted"),
          apis=("openai",), roles=("candidate",), entry={"generation_config": {"max_tokens": 50}},
          says="max_completion_tokens for max_tokens"),
    # log-probabilities
    Quirk("five at most", complains(logprobs_above(5), 400, "top_logprobs must be less than or equal to 5"), **SOFT,
          says="(5 log-probabilities)"),
    Quirk("less than six", complains(logprobs_above(5), 422, "logprobs: ensure this value is less than 6"), **SOFT,
          says="(5 log-probabilities)", refused_once=2),
    Quirk("a range", complains(logprobs_above(4), 400, "Invalid top_logprobs: 10. Must be between 0 and 4."), **SOFT,
          says="(4 log-probabilities)"),
    Quirk("too many, without a number", complains(logprobs_above(5), 400, "too many logprobs requested"), **SOFT,
          says="(5 log-probabilities)"),
    Quirk("none", complains("logprobs", 400, "This model doesn't support logprobs."), **SOFT,
          says="(without log-probabilities)"),
    Quirk("none, with 403", complains("logprobs", 403, "You are not allowed to request logprobs."), **SOFT,
          says="(without log-probabilities)"),
    Quirk("none, with 500", complains("top_logprobs", 500, "log probs unavailable"), **SOFT,
          says="(without log-probabilities)", refused_once=2),
    # JSON schemas
    Quirk("no integer enums", complains(has_integers, 400, "Invalid value at schema.enum[0] (TYPE_STRING), 1"),
          **SCORE, says="(a JSON schema of strings)"),
    Quirk("no schema at all", complains(has_schema, 400, "Structured outputs are not supported."), **JSON,
          says="(without a JSON schema)", refused_once=2),
    Quirk("unknown names", complains(has_schema, 400, 'Unknown name "additionalProperties"'), **SCORE,
          says="(without a JSON schema)", refused_once=2),
    Quirk("a grammar that does not compile", complains(has_schema, 500, "failed to parse grammar"), **JSON,
          says="(without a JSON schema)"),
    Quirk("an unknown response_format", complains(has_schema, 500, "unsupported response_format type"), **SCORE,
          says="(without a JSON schema)", refused_once=2),
    # no system role
    Quirk("Gemma on a server", complains(has_system, 400, "System role not supported"),
          says="the system text before the first user message"),
    Quirk("o1-mini", complains(has_system, 400, "'messages[0].role' does not support 'system' with this model"),
          says="the system text before the first user message"),
    Quirk("Gemma at its maker's", complains(has_system, 400, "Developer instruction is not enabled for models/gemma"),
          says="the system text before the first user message"),
    Quirk("a template that counts", complains(has_system, 500, "Conversation roles must alternate user/assistant/..."),
          says="the system text before the first user message"),
    Quirk("a candidate's", complains(has_system, 422, "role must be one of user, assistant"), roles=("candidate",),
          entry={"system": "Be brief."}, says="the system text before the first user message"),
    # the rest of what is added
    Quirk("no stream options", complains("stream_options", 422, "Extra inputs are not permitted: stream_options"),
          apis=("openai",), streams=(True,), roles=("judge", "candidate"), says=without("stream_options")),
    Quirk("no marks, no blocks", complains(has_blocks, 400, "system: Input should be a valid string"),
          apis=("anthropic",), says="(without marks for the prompt cache)"),
    # OpenAI's Responses
    Quirk("a reasoning model's temperature", complains("temperature", 400, "Unsupported parameter: 'temperature'"),
          apis=("responses",), streams=(False, True), says=without("temperature")),
    Quirk("five at most there", complains(logprobs_above(5), 400, "top_logprobs must be at most 5"),
          prompt="label-only-v1", apis=("responses",), says="(5 log-probabilities)"),
    Quirk("none there", complains("include", 400, "include: 'message.output_text.logprobs' is not supported here"),
          prompt="label-only-v1", apis=("responses",), says="(without log-probabilities)"),
    Quirk("no text.format", complains(has_schema, 400, "text.format: json_schema is not supported"), **JSON,
          apis=("responses",), says="(without a JSON schema)", refused_once=2),
    Quirk("no system role there", complains(has_system, 400, "input[0].role: 'system' is not supported"),
          apis=("responses",), says="the system text before the first user message"),
]  # fmt: skip
ROWS = [(quirk, *case) for quirk in QUIRKS for case in quirk.cases()]


@pytest.mark.parametrize(("quirk", "api", "role", "stream"), ROWS, ids=lambda x: getattr(x, "name", str(x)))
def test_a_request_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, quirk: Quirk, api: str, role: str, stream: bool
) -> None:
    found = play(quirk, tmp_path, api, role, stream)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert found.done.returncode == 0, found.done.stderr
    assert {line["status"] for line in found.lines} == {"ok"}
    assert sum(quirk.says in warning for warning in warnings) == 1, warnings
    order = [row["model"] for row in found.board["models"]]
    assert order[0] == "right" and order[-1] == "wrong"
    refused = len(found.calls) - len(found.lines)
    assert 0 < refused <= quirk.refused_once * IN_FLIGHT


def test_a_length_complaint_about_one_long_prompt_changes_nothing_for_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = "'max_tokens' or 'max_completion_tokens' is too large: 4096. The maximum context length is 4096 tokens."
    found = play(Quirk("long", complains(is_long, 400, said)), tmp_path, "openai", "judge", False, n_questions=12)
    assert found.done.returncode == 3 and "mostly: 400: error: 'max_tokens' or" in found.done.stderr
    assert {line["question_id"] for line in found.lines if line["status"] == "bad_request"} == {"3"}
    assert all("max_tokens" in call.body for call in found.calls) and not caplog.records


def test_the_old_name_where_the_host_is_taken_to_want_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = "Unrecognized request argument supplied: max_completion_tokens"
    with FakeServer(complains("max_completion_tokens", 400, said)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        judge = {"backend": "openai", "base_url": "http://me.openai.azure.com/v1", "api_key_env": None}
        done = arena("run", "-c", arithmetic_board(tmp_path, 4, judges={"j": judge}), "--yes")
    assert done.returncode == 0, done.stderr
    assert "max_tokens for max_completion_tokens" in caplog.text


@pytest.mark.parametrize(("limit", "asked"), [(5, {5}), (0, {0})])
def test_the_ledger_says_how_many_log_probabilities_were_asked_for(tmp_path: Path, limit: int, asked: set[int]) -> None:
    quirk = Quirk("few", complains(logprobs_above(limit), 400, f"top_logprobs must be at most {limit}"), **SOFT)
    found = play(quirk, tmp_path, "openai", "judge", False)
    assert {line["request"]["top_logprobs"] for line in found.lines} == asked
    assert {bool(line["logprobs"]) for line in found.lines} == {limit > 0}


def test_both_kinds_of_verdict_of_one_judge_are_warned_about(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        gone = call.number >= 6 and "logprobs" in call.body
        return Fail(400, "This model doesn't support logprobs.") if gone else good(call)

    quirk = Quirk("gone", script, entry={"concurrency": 1}, **SOFT)
    found = play(quirk, tmp_path, "openai", "judge", False)
    assert found.done.returncode == 0, found.done.stderr
    (warning,) = [text for text in found.board["warnings"] if "letter alone" in text]
    assert warning.startswith(f"judge j: 6 verdicts are probabilities, {len(found.lines) - 6} the letter alone")


def test_a_server_error_on_the_way_may_have_been_billed_whatever_comes_after_it(tmp_path: Path) -> None:
    def script(call: Call) -> Action:
        return Fail(500, "unknown response_format") if has_schema(call) else Fail(400, "and no model is loaded")

    found = play(Quirk("both", script, **JSON), tmp_path, "openai", "judge", False)
    assert found.done.returncode == 3 and found.lines == []
    assert "no model is loaded" in found.done.stderr.splitlines()[-1]


def test_a_form_that_helps_nobody_is_not_learnt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal that echoes its prompt names a field of ours; in another form the prompt is refused all the same."""
    echo = complains(is_long, 400, "flagged: 'What is the temperature of the system? Answer in JSON.'")
    found = play(Quirk("echo", echo), tmp_path, "openai", "judge", False, n_questions=12)
    assert {line["question_id"] for line in found.lines if line["status"] == "bad_request"} == {"3"}
    assert all("temperature" in call.body and has_system(call) for call in found.calls if not is_long(call))
    assert not caplog.records
