"""What complaints teach: sentences that vendors really write, and what each suggests first."""

from __future__ import annotations

import pytest

from arena.backends.http.dialect import FEWEST_LOGPROBS, Dialect, with_strings, without_system
from arena.types import Message

OURS = Dialect(other_limit_field="max_completion_tokens", marks=True, ours=frozenset({"temperature"}))
NEW = Dialect("max_completion_tokens", "max_tokens")

SAID = [
    (OURS, "422: Input validation error: `temperature` must be strictly positive", "without temperature"),
    (OURS, "400: invalid temperature: only 0.6 is allowed for this model", "without temperature"),
    (OURS, "400: parameter.temperature must be in (0, 2)", "without temperature"),
    (OURS, "400: temperature 参数非法。取值范围是：(0.0, 1.0)", "without temperature"),
    (OURS, "400: UnsupportedParamsError: does not support parameters: {'temperature': 0}", "without temperature"),
    (OURS, "400: Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
     "max_completion_tokens for max_tokens"),
    (OURS, "422: max_tokens: Extra inputs are not permitted", "max_completion_tokens for max_tokens"),
    (NEW, "400: Unrecognized request argument supplied: max_completion_tokens", "max_tokens for max_completion_tokens"),
    (NEW, "422: body.max_completion_tokens: extra fields not permitted", "max_tokens for max_completion_tokens"),
    (OURS, "400: 'max_tokens' or 'max_completion_tokens' is too large: 4096. The maximum context length is 4096"
     " tokens and your request has 120 input tokens (4096 > 4096 - 120).", None),
    (OURS, "422: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 10 tokens and 4096 `max_new_tokens`", None),
    (OURS, "400: This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
     " Please reduce the length of the messages. (max_tokens)", None),
    (OURS, "400: max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens", None),
    (OURS, "400: prompt is too long: 210000 tokens > 200000 maximum", None),
    (OURS, "400: this prompt was flagged by moderation", None),
    (OURS, "400: Requested sample logprobs of 10, which is greater than max allowed: 5", "5 log-probabilities"),
    (OURS, "400: Invalid 'top_logprobs': expected a value <= 5, but got 10 instead.", "5 log-probabilities"),
    (OURS, "422: `top_n_tokens` must be >= 0 and <= 5. Given: 10", "5 log-probabilities"),
    (OURS, "400: logprobs must be 0 or 1", "5 log-probabilities"),
    (OURS, "400: Logprobs is not enabled for models/gemini-2.5-flash", "without log-probabilities"),
    (OURS, "400: property 'logprobs' is unsupported", "without log-probabilities"),
    (OURS, "400: response_schema.properties[score].enum: only allowed for STRING type", "a JSON schema of strings"),
    (OURS, "400: This response_format type is unavailable now", "a JSON schema of strings"),
    (OURS, "400: output_config: Extra inputs are not permitted", "a JSON schema of strings"),
    (OURS, "400: This model does not support JSON mode", "a JSON schema of strings"),
    (OURS, "500: Failed to convert the grammar from GrammarSpec", "a JSON schema of strings"),
    (OURS, "400: System role not supported", "the system text before the first user message"),
    (OURS, "400: Developer instruction is not enabled for models/gemma-3-27b-it",
     "the system text before the first user message"),
    (OURS, "400: Only user and assistant roles are supported!", "the system text before the first user message"),
    (OURS, "400: Conversation must start with a user message", "the system text before the first user message"),
    (OURS, "422: stream_options: Extra inputs are not permitted", "without stream_options"),
    (OURS, "400: messages.0.content.0.cache_control: Extra inputs are not permitted",
     "without marks for the prompt cache"),
    (OURS, "400: No models loaded. Please load a model in the developer page.", None),
    (OURS, "400: API key not valid. Please pass a valid API key.", None),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "complaint", "first"), SAID, ids=[said[:50] for _, said, _ in SAID])
def test_what_a_complaint_suggests_first(dialect: Dialect, complaint: str, first: str | None) -> None:
    found = [other.described(dialect) for other in dialect.corrections(complaint, 10)]
    assert (found[0] if found else None) == first


def test_what_a_user_set_is_left_out_where_it_is_refused_and_nowhere_else() -> None:
    theirs = Dialect()
    assert theirs.corrections("422: temperature must be strictly positive") == []
    for said in (
        "is not supported with this model",
        "is deprecated",
        "cannot be set",
        "doesn't accept it",
        "no longer",
    ):
        (refused,) = theirs.corrections(f"400: 'temperature' {said}")
        assert refused.unsent == {"temperature"}


def test_two_calls_that_learn_at_once_lose_nothing_of_each_other() -> None:
    start = Dialect(ours=frozenset({"temperature"}))
    one = start.corrections("temperature: no")[0]
    other = start.corrections("'top_p' is not supported")[0]
    assert one.learning(start, other).unsent == {"temperature", "top_p"}
    assert start.learning(start, one).learning(start, other) == one.learning(start, other)


def test_fewer_alternatives_than_labels_are_not_asked_for() -> None:
    assert Dialect(most_logprobs=FEWEST_LOGPROBS - 1).asked_logprobs(10) == 0
    assert Dialect().asked_logprobs(2) == 2 and Dialect().asked_logprobs(0) == 0


def test_whole_numbers_to_choose_from_become_strings_wherever_they_stand() -> None:
    schema = {"properties": {"score": {"type": "integer", "enum": [1, 2]}, "n": {"type": "integer"}}, "anyOf": [
        {"type": "integer", "enum": [3]}]}  # fmt: skip
    assert with_strings(schema) == {"properties": {"score": {"type": "string", "enum": ["1", "2"]},
        "n": {"type": "integer"}}, "anyOf": [{"type": "string", "enum": ["3"]}]}  # fmt: skip


def test_the_system_text_stands_before_the_first_user_message_and_what_is_shared_stays_so() -> None:
    merged = without_system((Message("system", "S", 1), Message("user", "question", 4), Message("assistant", "a")))
    assert [(m.role, m.content) for m in merged] == [("user", "S\n\nquestion"), ("assistant", "a")]
    assert merged[0].content[: merged[0].shared] == "S\n\nques"
    assert without_system((Message("user", "alone"),)) == (Message("user", "alone"),)
