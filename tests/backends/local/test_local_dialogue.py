"""Turns, reasoning and statuses of a request inside an engine."""

from __future__ import annotations

import pytest

from arena.backends.local.dialogue import Dialogue, Piece
from arena.types import Message, Request, Sampling, TokenLogprobs


def _dialogue(*follow_ups: str, seed: int | None = 5) -> Dialogue:
    return Dialogue(1, Request("key", "q", (Message("user", "hello"),), follow_ups, Sampling(seed=seed)))


def _piece(text: str, *, cut: bool = False, opened: bool = False, reasoning: str | None = None) -> Piece:
    return Piece(text, cut, 10, 3, ttft_s=0.5, latency_s=2.0, opened=opened, reasoning=reasoning)


def test_the_second_turn_sees_the_first_answer() -> None:
    dialogue = _dialogue("and then?")
    assert dialogue.absorb(_piece("one"))
    assert dialogue.messages == [Message("user", "hello"), Message("assistant", "one"), Message("user", "and then?")]
    assert not dialogue.absorb(_piece("two"))
    done = dialogue.completion("m")
    assert (done.status, done.turns) == ("ok", ("one", "two"))


def test_tokens_and_latency_are_summed_and_the_first_token_is_that_of_the_first_turn() -> None:
    dialogue = _dialogue("more")
    dialogue.absorb(_piece("one"))
    dialogue.absorb(Piece("two", False, 20, 4, ttft_s=9.0, latency_s=1.0))
    done = dialogue.completion("m", 7)
    assert (done.usage.input_tokens, done.usage.output_tokens) == (30, 7)
    assert (done.ttft_s, done.latency_s, done.peak_memory_bytes) == (0.5, 3.0, 7)
    assert (done.load, done.model_returned) == ("offline-batch", "m")


def test_reasoning_is_kept_apart_and_out_of_the_next_turn() -> None:
    dialogue = _dialogue("more")
    dialogue.absorb(_piece("<think>hm</think>\n\none"))
    assert dialogue.messages[1] == Message("assistant", "one")
    dialogue.absorb(_piece("two"))
    done = dialogue.completion("m")
    assert (done.turns, done.reasoning) == (("one", "two"), ("hm", None))


def test_a_prompt_that_opens_the_reasoning_needs_only_its_end() -> None:
    dialogue = _dialogue()
    dialogue.absorb(_piece("hm</think>one", opened=True))
    assert dialogue.completion("m").turns == ("one",)
    assert dialogue.completion("m").reasoning == ("hm",)


def test_an_engines_own_parser_is_believed() -> None:
    dialogue = _dialogue()
    dialogue.absorb(_piece("<think>kept</think>", reasoning=" why "))
    assert dialogue.completion("m").turns == ("<think>kept</think>",)
    assert dialogue.completion("m").reasoning == ("why",)


def test_running_out_of_tokens_while_thinking_is_truncated_and_asks_no_further_turn() -> None:
    dialogue = _dialogue("more")
    assert not dialogue.absorb(_piece("<think>on and on", cut=True))
    done = dialogue.completion("m")
    assert (done.status, done.turns, done.finish_reason) == ("truncated", ("",), "length")


@pytest.mark.parametrize(
    ("text", "cut", "status"), [("x", False, "ok"), ("x", True, "truncated"), (" \n", False, "empty")]
)
def test_status_of_one_turn(text: str, cut: bool, status: str) -> None:
    dialogue = _dialogue()
    dialogue.absorb(_piece(text, cut=cut))
    assert dialogue.completion("m").status == status


def test_a_truncated_first_turn_marks_the_whole_answer_and_the_talk_goes_on() -> None:
    dialogue = _dialogue("more")
    assert dialogue.absorb(_piece("long", cut=True))
    dialogue.absorb(_piece("two"))
    assert dialogue.completion("m").status == "truncated"


def test_an_empty_turn_ends_the_talk() -> None:
    dialogue = _dialogue("more")
    assert not dialogue.absorb(_piece(""))
    assert dialogue.completion("m").status == "empty"


def test_every_turn_has_a_seed_of_its_own_that_is_the_same_next_time() -> None:
    seeds = []
    for _ in range(2):
        dialogue = _dialogue("more")
        first = dialogue.sampling.seed
        dialogue.absorb(_piece("one"))
        seeds.append((first, dialogue.sampling.seed))
    assert seeds[0] == seeds[1]
    assert seeds[0][0] == 5 != seeds[0][1]


def test_a_request_without_a_seed_gets_one_from_its_key() -> None:
    assert _dialogue(seed=None).sampling.seed == _dialogue(seed=None).sampling.seed is not None


def test_log_probabilities_are_those_of_the_last_turn() -> None:
    dialogue = _dialogue("more")
    dialogue.absorb(Piece("a", False, 1, 1, logprobs=(TokenLogprobs("a", -1.0),)))
    dialogue.absorb(Piece("b", False, 1, 1, logprobs=(TokenLogprobs("b", -2.0),)))
    assert dialogue.completion("m").logprobs == (TokenLogprobs("b", -2.0),)


def test_a_failure_keeps_the_turns_reached() -> None:
    dialogue = _dialogue("more")
    dialogue.absorb(_piece("one"))
    failed = dialogue.failure("bad_request", "too long")
    assert (failed.status, failed.turns, failed.error) == ("bad_request", ("one",), "too long")
