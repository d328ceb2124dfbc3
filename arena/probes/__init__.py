"""Probes: what becomes of answers when questions are disturbed, baited or buried: one file and one row of PROBES each.

Pure: no model is asked here, and nothing of a probe enters a rating.
"""

from __future__ import annotations

from collections.abc import Mapping

from arena.probes import around, case, full_width, punctuation, spaces, typo
from arena.probes.paraphrases import paraphrases
from arena.probes.probe import Probe, disturbance

PROBES: Mapping[str, Probe] = {
    "typo": disturbance("typing mistakes", "letters swapped, dropped, doubled", typo.typo, "typo"),
    "case": disturbance("letter case", "all in small letters or all in capitals", case.case, "case"),
    "spaces": disturbance("white space", "further blanks between words and at the ends", spaces.spaces, "spaces"),
    "punctuation": disturbance(
        "punctuation", "marks left out or doubled", punctuation.punctuation, "punctuation"
    ),
    "full_width": disturbance("full-width characters", "the same text in wide forms", full_width.full_width,
                              "full_width"),
    "prefix": disturbance("words before", "a few friendly words before the question", around.prefix, "prefix"),
    "suffix": disturbance("words behind", "a few friendly words behind the question", around.suffix, "suffix"),
    "paraphrase_file": Probe(
        title="other words", group="disturbance", about="each question in the words of a file", metric="consistency",
        variants=paraphrases,
    ),
}  # fmt: skip
"""Every probe by the name a user writes."""
