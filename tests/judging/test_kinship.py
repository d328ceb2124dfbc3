"""Judges of a candidate's family are named."""

from __future__ import annotations

import pytest

from arena.judging.kinship import family_of, kinship_warnings, peer_warnings


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4.1-mini", "GPT"),
        ("openai/o3", "GPT"),
        ("claude-sonnet-4-6", "Claude"),
        ("Qwen/Qwen3-4B", "Qwen"),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama"),
        ("google/gemma-2-27b-it", "Gemini"),
        ("mistralai/Mixtral-8x7B", "Mistral"),
        ("phi-3-small-8k-instruct", "Phi"),
        ("philosopher-7b", None),
        ("my-own-model", None),
        ("command-r-plus", "Command"),
        ("yiddish-lm", None),
    ],
)
def test_families_by_name(model: str, family: str | None) -> None:
    assert family_of(model) == family


def test_a_judge_that_is_a_candidate_under_another_name_is_found() -> None:
    [warning, kin] = kinship_warnings({"judge": "gpt-4.1"}, {"a": "gpt-4.1", "b": "gpt-4o", "c": "claude-2"})
    assert warning == "judge judge is also a candidate (a): it judges its own answers"
    assert kin.startswith("judge judge is of the GPT family, like b: ")


def test_a_judge_of_its_own_kind_is_not_mentioned() -> None:
    assert kinship_warnings({"j": "claude-x"}, {"a": "gpt-4.1", "b": "mine"}) == []


def test_only_families_with_several_peers_are_mentioned() -> None:
    [warning] = peer_warnings({"a": "gpt-4.1", "b": "gpt-4o", "c": "claude-2", "d": "mine"})
    assert "GPT" in warning and "(a, b)" in warning
