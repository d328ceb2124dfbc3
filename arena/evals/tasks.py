"""TASKS: every benchmark there is, a row each: names, layout, headline metric, shots, and lm-eval's task behind it.

A new data set is one small file in `layouts/` and one row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from arena.config.benchmarks import AskingMode
from arena.errors import ConfigError
from arena.evals.documents import Layout
from arena.evals.layouts import (
    arc,
    bbh,
    ceval,
    competition_math,
    general_qa,
    gsm8k,
    hellaswag,
    humaneval,
    mmlu,
    race,
    trivia_qa,
    truthful_qa,
)


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark, and its one number."""

    layout: Layout
    version: str
    """Of this definition; another number means that scores are not comparable."""
    metric: Mapping[AskingMode, str]
    """The modes it can be asked in, and the headline metric of each."""
    shots: int = 0
    """Examples by default, where its folder has any."""
    aliases: tuple[str, ...] = ()
    """What other tools call it."""
    lm: str | None = None
    """lm-eval's task; `{subject}` is filled in. None: it needs no lm-eval."""
    lm_folder: str | None = None
    """Where lm-eval keeps it."""
    reads: str | None = None
    """The filter of lm-eval's that reads the reply; None: its first."""
    language: str = "en"
    max_tokens: int = 2048
    """Of one reply."""
    subjects: Mapping[str, str] = field(default_factory=dict)
    """lm-eval's names of subjects, where they differ from the files'."""
    code: bool = False
    """Whether replies are programs, which are run."""
    instruction: str = ""
    """Behind the question of a chat, so that the answer can be found in the reply; texts that are gone on with have
    none."""
    note: str = ""
    """What to know about its number."""

    @property
    def multiple_choice(self) -> bool:
        """Whether its documents have options."""
        return "generate" not in self.metric

    @property
    def modes(self) -> tuple[AskingMode, ...]:
        """The modes it can be asked in."""
        return tuple(self.metric)


_ACC: Mapping[AskingMode, str] = {"loglikelihood": "acc", "letter": "acc"}
_NORM: Mapping[AskingMode, str] = {"loglikelihood": "acc_norm", "letter": "acc"}
_EXACT: Mapping[AskingMode, str] = {"generate": "exact_match"}
_MATH = {
    "counting_and_probability": "counting_and_prob",
    "number_theory": "num_theory",
    "precalculus": "precalc",
}

TASKS: dict[str, Task] = {
    "mmlu": Task(mmlu.LAYOUT, "1", _ACC, 5, lm="mmlu_{subject}", lm_folder="mmlu/default"),
    "ceval": Task(
        ceval.CEVAL, "1", _ACC, 5, ("ceval-valid",), "ceval-valid_{subject}", "ceval", language="zh",
        note="the validation split: the test split's answers are not public",
    ),
    "cmmlu": Task(ceval.CMMLU, "1", _ACC, 5, lm="cmmlu_{subject}", lm_folder="cmmlu", language="zh"),
    "gsm8k": Task(
        gsm8k.LAYOUT, "1", _EXACT, 5, lm="gsm8k", lm_folder="gsm8k", reads="flexible-extract",
        instruction="End with the answer as a number.", note="the last number of the reply",
    ),
    "arc_easy": Task(arc.EASY, "1", _NORM, 0, ("arc-easy", "ARC-Easy"), "arc_easy", "arc"),
    "arc_challenge": Task(arc.CHALLENGE, "1", _NORM, 0, ("arc-challenge", "ARC-Challenge", "arc"), "arc_challenge",
                          "arc"),
    "hellaswag": Task(hellaswag.LAYOUT, "1", _NORM, 0, lm="hellaswag", lm_folder="hellaswag"),
    "truthful_qa": Task(
        truthful_qa.MC1, "1", _ACC, 0, ("truthful_qa_mc1", "truthfulqa_mc1", "truthfulqa"), "truthfulqa_mc1",
        "truthfulqa", note="mc1: one right answer",
    ),
    "truthful_qa_mc2": Task(
        truthful_qa.MC2, "1", {"loglikelihood": "acc"}, 0, ("truthfulqa_mc2",), "truthfulqa_mc2", "truthfulqa",
        note="mc2: the share of probability on right answers; null without log-likelihoods",
    ),
    "competition_math": Task(
        competition_math.LAYOUT, "1", _EXACT, 4, ("hendrycks_math", "math"), "hendrycks_math_{subject}",
        "hendrycks_math", subjects=_MATH, max_tokens=4096,
        instruction="Put your final answer within \\boxed{}.", note="the last boxed answer",
    ),
    "humaneval": Task(
        humaneval.LAYOUT, "1", {"generate": "pass@1"}, 0, ("human_eval", "openai_humaneval"), code=True,
        note="programs run in a sandbox",
    ),
    "bbh": Task(
        bbh.LAYOUT, "1", _EXACT, 3, ("bbh_cot_fewshot",), "bbh_cot_fewshot_{subject}", "bbh/cot_fewshot",
        instruction="End with: So the answer is …", note="step by step; the text behind `the answer is`",
    ),
    "race": Task(
        race.LAYOUT, "1", _ACC, 0, lm="race", lm_folder="race",
        note="the last question of an article, or all of them (questions: all)",
    ),
    "trivia_qa": Task(
        trivia_qa.LAYOUT, "1", _EXACT, 5, ("triviaqa",), "triviaqa", "triviaqa", max_tokens=256,
        instruction="Answer with the name alone.",
        note="any of the right answers' spellings",
    ),
    "general_qa": Task(
        general_qa.LAYOUT, "1", {"generate": "rouge_l"}, 0, note="questions and references of your own",
    ),
}  # fmt: skip
BY_NAME: dict[str, str] = {alias: name for name, task in TASKS.items() for alias in (name, *task.aliases)}


def task_name(word: str, place: str) -> str:
    """The table's name of a task. Raises ConfigError naming the nearest one."""
    from arena.config.strict import nearest

    found = BY_NAME.get(word) or BY_NAME.get(word.lower())
    if found is None:
        hint = nearest(word, sorted(TASKS))
        raise ConfigError(f"{place}: no task {word!r}{hint}; a task of your own needs `path:` (YAML) or `file:` (CSV)")
    return found
