"""Single mode: replies about one answer as its score."""

from __future__ import annotations

import pytest

from arena.judging.examine import Examination, failed_examination, score_of
from arena.judging.judge import Resolved
from arena.types import Answer, ParsedScore, Question, Reply, Status

QUESTION = Question("7", ("Why?",))
SCALE = (1.0, 10.0)
GOOD = Resolved("ok", ParsedScore(8.0, {"truth": 5.0}), "clear", None, "k1")
BETTER = Resolved("ok", ParsedScore(9.0, {"truth": 4.0}), "clearer", None, "k2")
UNPARSED = Resolved("unparsed", None, "hm", "unparsed", "k3")


def examination(status: Status | None = "ok", text: str = "Because.") -> Examination:
    answer = None if status is None else Answer("7", "m", 0, (text,), status, "key")
    return Examination(QUESTION, "m", answer, "judge", 0)


def test_a_score_is_the_mean_of_the_samples_with_the_first_explanation() -> None:
    score = score_of(examination(), [GOOD, BETTER])
    assert (score.state, score.score, score.criteria) == ("rated", 8.5, {"truth": 4.5})
    assert (score.explanation, score.key, score.answer_key) == ("clear", "k1", "key")


@pytest.mark.parametrize("resolved", [[], [None], [GOOD, None]])
def test_a_score_waits_for_all_its_samples(resolved: list[Resolved | None]) -> None:
    score = score_of(examination(), resolved)
    assert (score.state, score.score) == ("pending", None)


def test_one_sample_without_a_score_excludes_the_row_and_says_why() -> None:
    score = score_of(examination(), [GOOD, UNPARSED, None])
    assert (score.state, score.score, score.reason, score.explanation, score.key) == (
        "excluded", None, "unparsed", "hm", "k3"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [(None, "", "answer_missing"), ("error", "", "answer_error"), ("ok", " ", "answer_empty")],
)
def test_an_answer_that_cannot_be_judged_is_left_out_or_at_the_bottom(
    status: Status | None, text: str, reason: str
) -> None:
    left_out = failed_examination(examination(status, text), "exclude", SCALE)
    assert (left_out.state, left_out.score, left_out.reason) == ("excluded", None, reason)
    at_the_bottom = failed_examination(examination(status, text), "loss", SCALE)
    missing = reason == "answer_missing"
    assert (at_the_bottom.state, at_the_bottom.score) == (("excluded", None) if missing else ("rated", 1.0))
    assert at_the_bottom.reason == reason


def imported(score: object, status: Status = "ok") -> Reply:
    return Reply(
        "k", status, "j", "", "", "", "", None, {"imported": {"score": score}}, "7", "m", None, None, 0, "said"
    )


def test_imported_scores_are_averaged_and_one_that_is_none_excludes() -> None:
    mean = examination().imported_score([imported(7), imported(8.0)])
    assert (mean.state, mean.score) == ("rated", 7.5)
    for replies, reason in (
        ([imported(7), imported(None)], "unparsed"),
        ([imported(7), imported(8, "error")], "call_failed"),
    ):
        score = examination().imported_score(replies)
        assert (score.state, score.score, score.reason) == ("excluded", None, reason)
