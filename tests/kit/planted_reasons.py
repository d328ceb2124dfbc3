"""Judges' explanations with planted reasons: paraphrased, of unequal size, beside as many that follow no reason."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

REASONS: dict[str, tuple[str, ...]] = {
    "arithmetic": (
        "it makes an arithmetic mistake in the second step", "the calculation is wrong", "the sum is miscalculated",
        "an error in the calculation leads to a wrong total", "the numbers are added up wrongly",
        "its arithmetic does not hold: the total is off", "a calculation mistake spoils the result",
    ),
    "invented source": (
        "it cites a paper that does not exist", "the citation is fabricated", "it invents a source for its claim",
        "the reference it gives is made up", "the quoted paper was never published",
        "made-up citations undermine it", "it relies on a fabricated source",
    ),
    "ignores the format": (
        "it ignores the requested JSON format", "the format that was asked for is not followed",
        "it returns prose where a JSON object was required", "the output violates the format instructions",
        "the instructions about the output format are disregarded", "no valid JSON is returned",
    ),
    "cut off": (
        "it stops in the middle of a sentence", "the response is cut off before the end", "the ending is missing",
        "it is truncated and never reaches the end", "the last sentence is cut off", "it breaks off mid-sentence",
    ),
    "wrong language": (
        "it replies in French although the user wrote English", "it switches to another language",
        "the language of the user is not matched", "half of it is in French", "the reply is not in English",
        "it mixes English and French",
    ),
}  # fmt: skip
SIZES = {
    "arithmetic": 0.2,
    "invented source": 0.13,
    "ignores the format": 0.08,
    "cut off": 0.05,
    "wrong language": 0.04,
}
"""Of all decided battles, taken together half."""
_CHINESE = {
    "算错": (
        "计算过程有错误", "第二步算错了", "求和的结果不对", "计算错误导致总数不对", "数字相加时算错",
        "计算有误，总数错误",
    ),
    "编造出处": (
        "引用的论文并不存在", "出处是编造的", "编造了一篇论文作为引用", "给出的引用是虚构的", "虚构了论文出处",
    ),
}  # fmt: skip
_OPENINGS = (
    "Both answers address the question.", "Let me compare the two responses.", "The question is clear.",
    "Each response takes a reasonable approach.", "I weighed the two answers carefully.", "Looking at both replies,",
    "The two assistants respond in different ways.", "Considering helpfulness and depth,",
)  # fmt: skip
_MIDDLES = (
    "The winner is somewhat more helpful", "One of them reads more smoothly", "The better one is well organised",
    "There is a slight edge in clarity", "The preferred answer is easier to follow", "One is a bit more engaging",
    "The tone of one suits the user better", "The stronger reply gives richer detail", "One has more useful context",
)  # fmt: skip
_ENDINGS = (
    "overall.", "on balance.", "all things considered.", "for this user.", "in the end.", "taken as a whole.",
    "in my judgement.", "though the difference is small.",
)  # fmt: skip
_TOPICS = "volcano bridge tax protein sonnet router orchard glacier violin ledger comet harbour enzyme statute".split()  # noqa: SIM905
_ASIDES = (
    "No error stands out.", "The format is fine in both.", "The sources are plausible.", "The language is plain.",
    "Neither needs a calculation.", "Both come to an end.", "The {slot} answer is rather long.",
    "The {slot} answer has a friendly tone.", "The {slot} one opens well.", "I read the {slot} answer twice.",
)  # fmt: skip
"""Said whoever lost, some with the words of reasons."""


class Lost(NamedTuple):
    """One decided battle."""

    question_id: str
    category: str
    winner: str
    loser: str
    explanation: str
    loser_first: bool
    """Whether the loser stood in the first slot."""
    reason: str | None
    """What was planted."""

    def row(self) -> dict[str, object]:
        """A line of battles.jsonl."""
        a, b = sorted((self.winner, self.loser))
        order = "a_first" if (a == self.loser) == self.loser_first else "b_first"
        verdict = {"order": order, "status": "ok", "label": "second" if self.loser_first else "first",
                   "explanation": self.explanation, "order_known": True}  # fmt: skip
        return {"question_id": self.question_id, "category": self.category, "model_a": a, "model_b": b, "judge": "j",
                "sample": 0, "state": "rated", "outcome": float(a == self.winner), "verdicts": [verdict],
                "style": {"length_a": 100.0, "length_b": 100.0}}  # fmt: skip


def planted(
    n_questions: int, models: int = 8, *, seed: int = 0, reasons: bool = True, uniform: bool = False,
    language: str = "en",
) -> Iterator[Lost]:  # fmt: skip
    """Every pair of models on every question. Each reason strikes some models more than others, all alike with
    `uniform`."""
    rng = random.Random(seed)
    names = [f"m{n}" for n in range(models)]
    pool = REASONS if language == "en" else _CHINESE
    sizes = SIZES if language == "en" else {"算错": 0.3, "编造出处": 0.2}
    tilt = {r: {m: 1.0 if uniform else rng.choice((0.1, 0.5, 1.0, 2.5)) for m in names} for r in pool}
    for n in range(n_questions):
        topic = rng.sample(_TOPICS, 3)
        for a, b in combinations(names, 2):
            winner, loser = (a, b) if rng.random() < 0.5 else (b, a)
            weights = [sizes[r] * tilt[r][loser] for r in pool] if reasons else []
            chosen = None
            if reasons and rng.random() < 0.5:
                chosen = rng.choices(list(pool), weights)[0]
            first = rng.random() < 0.5
            text = _text(rng, topic, pool.get(chosen or ""), language, "first" if first else "second")
            yield Lost(str(n), f"c{n % 4}", winner, loser, text, first, chosen)


def _text(rng: random.Random, topic: Sequence[str], phrases: Sequence[str] | None, language: str, loser: str) -> str:
    if language != "en":
        said = (
            f"{'第一个' if loser == 'first' else '第二个'}回答{'，'.join(rng.sample(phrases, 2))}。" if phrases else ""
        )
        liked = rng.choice(("整体更好", "更清楚", "更有帮助", "语气更合适"))
        return f"两个回答都涉及{rng.choice('火山桥梁税收蛋白')}。{liked}。{said}"
    said = f"As for the {loser} answer, {' and '.join(rng.sample(phrases, rng.choice((1, 2, 2))))}." if phrases else ""
    about = f"On the {rng.choice(topic)} it says what matters." if rng.random() < 0.6 else ""
    aside = rng.choice(_ASIDES).format(slot=rng.choice(("first", "second"))) if rng.random() < 0.4 else ""
    return f"{rng.choice(_OPENINGS)} {rng.choice(_MIDDLES)} {rng.choice(_ENDINGS)} {about} {aside} {said}"
