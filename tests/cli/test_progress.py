"""What a log holds of a run: a line now and then, not one per call."""

from __future__ import annotations

import pytest

from arena.cli.progress import PlainProgress
from arena.types import Completion


def test_calls_beyond_the_plan_do_not_flood_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress(clock=lambda: 0.0)
    progress.begin("reviews", "j", total=3, done=0)
    for number in range(53):  # repairs and longer second tries are of replies that are counted already
        progress.advance("reviews", "j", Completion("ok"), 0.5, again=number > 2)
    progress.close()
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" · ")[0] for line in lines] == [
        "reviews by j: 3 to ask",
        "reviews by j: 3/3",
    ]


def test_large_counts_have_commas(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress(clock=lambda: 0.0)
    progress.begin("answers", "m", total=4860, done=1145)
    progress.advance("answers", "m", Completion("error"), None)
    progress.close()
    told = capsys.readouterr().err
    assert "answers of m: 3,715 to ask, 1,145 stored already" in told and "1,146/4,860" in told


def test_a_long_run_says_every_ten_seconds_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = PlainProgress(clock=lambda: now[0])
    progress.begin("answers", "m", total=100, done=40)
    for _ in range(30):
        now[0] += 1.0
        progress.advance("answers", "m", Completion("ok"), 0.5)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" · ")[0] for line in lines] == [
        "answers of m: 60 to ask, 40 stored already",
        "answers of m: 50/100",
        "answers of m: 60/100",
        "answers of m: 70/100",
    ]
    assert "1.0/s · 0:30 left · $15.0000" in lines[-1]


def test_a_slow_models_rate_is_no_zero(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = PlainProgress(clock=lambda: now[0])
    progress.begin("answers", "slow", total=2, done=0)
    now[0] = 47.0
    progress.advance("answers", "slow", Completion("ok"), 0.00001)
    progress.close()
    assert "1/2 · 0.021/s · 0:47 left · $0.000010" in capsys.readouterr().err
