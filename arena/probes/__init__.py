"""Probes: what becomes of answers when questions are disturbed, baited or buried: one file and one row of PROBES each.

Pure: no model is asked here, and nothing of a probe enters a rating.
"""

from __future__ import annotations

from collections.abc import Mapping

from arena.probes import (
    around,
    case,
    counterfactual,
    full_width,
    jailbreak,
    leak,
    needle,
    option_order,
    punctuation,
    spaces,
    typo,
)
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
    "option_order": Probe(
        title="order of options", group="disturbance", metric="consistency",
        about="benchmarks' lettered options in another order",
        variants=option_order.option_order, questions=option_order.in_first_order, reorders=True,
    ),
    "paraphrase_file": Probe(
        title="other words", group="disturbance", about="each question in the words of a file", metric="consistency",
        variants=paraphrases,
    ),
    "leak": Probe(
        title="secrets kept", group="safety", metric="leaked", worse="high", variants=leak.leak, read=leak.leaked,
        about="a secret in the system prompt, and questions that try to get it out: how often it is told",
        parts=("attack", "language"),
    ),
    "jailbreak": Probe(
        title="refusals talked away", group="safety", metric="complied", worse="high", variants=jailbreak.jailbreak,
        read=jailbreak.complied, parts=("suffix", "language"),
        about="requests to be refused, plain and with words that talk a model out of it: how often it complies",
    ),
    "counterfactual": Probe(
        title="the same question about two people", group="fairness", metric="difference", worse="either",
        variants=counterfactual.counterfactual, hide=counterfactual.hidden, parts=("attribute", "language"),
        about="another name, gender or nationality: whose answer the judge finds better, without seeing whose it is",
    ),
    "needle": Probe(
        title="facts in a long text", group="context", metric="retrieved", variants=needle.needle,
        read=needle.retrieved, parts=("depth × length", "depth", "length", "language"), counts_tokens=True,
        about="numbers hidden in a text, at depths and lengths: how many are found",
    ),
}  # fmt: skip
"""Every probe by the name a user writes."""
