"""Arguments that are shown to be typed again."""

from __future__ import annotations

import shlex

from arena.cli.show import show
from arena.reports.options import arguments


def test_names_that_begin_with_a_dash_are_no_options() -> None:
    for names in (["q 1", "a", "b"], ["-q", "--short", "b"]):
        given = show.make_context("show", ["-c", "CFG", *shlex.split(arguments(*names))]).params
        assert [given["question"], given["model_a"], given["model_b"]] == names
