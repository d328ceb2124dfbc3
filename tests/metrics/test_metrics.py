"""Every metric against numbers worked out by hand or by its library called directly, in English and in Chinese."""

from __future__ import annotations

import builtins
import random
import sys

import pytest
import sacrebleu

from arena.errors import ConfigError, MissingDependency
from arena.metrics import METRICS, metric_named
from arena.metrics.tokens import language_of, words

RIGHT, SAID = "the cat sat on the mat", "the cat lay on a mat"
CLOSENESS = [
    name
    for name in METRICS
    if name in ["exact", "accuracy", "f1", "bleu", "chrf", "rouge_1", "rouge_2", "rouge_l", "closeness"]
]
ZH_RIGHT, ZH_SAID = "今天天气很好", "今天天气不错"


@pytest.mark.parametrize(
    ("name", "said", "references", "value"),
    [
        ("exact", " Paris. ", ["paris"], 1.0),
        ("exact", "It is Paris", ["Paris"], 0.0),
        ("exact", "４２", ["41", "42"], 1.0),
        ("accuracy", "So the answer is (B).", ["B"], 1.0),
        ("accuracy", "答案：Ｂ", ["C"], 0.0),
        ("accuracy", "答案是B", ["B"], 1.0),
        ("accuracy", "That makes 1,024 in all.", ["1024"], 1.0),
        ("accuracy", "first 12, then 13", ["12"], 0.0),
        ("accuracy", "The answer is 12. Check: 13 is too much.", ["12"], 1.0),
        ("accuracy", "#### 1,200\nin 3 steps", ["1200"], 1.0),
        ("accuracy", "答案是12，不是13", ["12"], 1.0),
        ("accuracy", "The answer is B because A is wrong.", ["B"], 1.0),
        ("accuracy", "Either A or B", ["B"], 0.0),
        ("f1", "the city of Paris", ["Paris"], 2 * 1 / (3 + 1)),
        ("f1", "a b c", ["x y", "b c d"], 2 * 2 / (2 + 3)),
        ("f1", ZH_SAID, [ZH_RIGHT], 2 * 4 / (6 + 6)),
        ("rouge_1", SAID, [RIGHT], 4 / 6),  # the, cat, on, mat of six words each
        ("rouge_2", SAID, [RIGHT], 1 / 5),  # the cat
        ("rouge_l", SAID, [RIGHT], 4 / 6),
        ("rouge_1", ZH_SAID, [ZH_RIGHT], 4 / 6),
        ("rouge_2", ZH_SAID, [ZH_RIGHT], 3 / 5),
        ("rouge_l", "好天气", [ZH_RIGHT], 2 * (2 / 3) * (2 / 6) / (2 / 3 + 2 / 6)),
        ("closeness", "(b)", ["A", "B"], 1.0),
        ("closeness", "12.0", ["12"], 1.0),
    ],
)
def test_a_metric_has_the_value_worked_out_by_hand(name: str, said: str, references: list[str], value: float) -> None:
    assert METRICS[name].score(said, references) == pytest.approx(value)


def test_bleu_and_chrf_are_those_of_sacrebleu() -> None:
    for said, right, language in ((SAID, RIGHT, "en"), (ZH_SAID * 3, ZH_RIGHT * 3, "zh")):
        tokenizer = "zh" if language == "zh" else "13a"
        expected = sacrebleu.sentence_bleu(said, [right], tokenize=tokenizer, use_effective_order=True).score / 100
        assert METRICS["bleu"].score(said, [right], language) == pytest.approx(expected)
        assert METRICS["bleu"].score(said, [right]) == pytest.approx(expected)  # the references say the language
        assert METRICS["bleu"].signature(language).endswith(f"tok:{tokenizer}")
        expected = sacrebleu.sentence_chrf(said, [right]).score / 100
        assert METRICS["chrf"].score(said, [right], language) == pytest.approx(expected)
    assert METRICS["bleu"].score(ZH_SAID, [ZH_RIGHT], "zh") > 10 * METRICS["bleu"].score(ZH_SAID, [ZH_RIGHT], "en")


def test_rouge_of_english_is_that_of_rouge_score() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    rng = random.Random(3)
    vocabulary = ["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "42", "rain"]
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    for _ in range(50):
        said, right = (" ".join(rng.choices(vocabulary, k=rng.randint(1, 12))) for _ in range(2))
        for name, theirs in scorer.score(right, said).items():
            ours = "rouge_l" if name == "rougeL" else f"rouge_{name[-1]}"
            assert METRICS[ours].score(said, [right]) == pytest.approx(theirs.fmeasure)


@pytest.mark.parametrize("name", CLOSENESS)
def test_every_metric_lies_between_nothing_and_a_match(name: str) -> None:
    metric = METRICS[name]
    for right in ("Paris is the capital of France", "今天天气很好，我们去公园散步", "B", "42"):
        if name == "rouge_2" and len(words(right)) == 1:  # one word has no pair
            continue
        assert metric.score(right, [right]) == pytest.approx(1.0)
        assert metric.score("", [right]) == metric.score(" \n", [right]) == 0.0
        assert 0.0 <= metric.score("something else 7 个", [right]) < 1.0
        assert metric.score(right, ["unrelated", right]) == pytest.approx(1.0)
    assert metric.signature("zh")


@pytest.mark.slow
def test_long_texts_are_compared_as_far_as_the_limit() -> None:
    text = "word " * 30_000
    for name in CLOSENESS:
        assert METRICS[name].score(text, [text]) == pytest.approx(1.0)


def test_a_name_that_is_none_names_the_nearest() -> None:
    assert metric_named("bleu") is METRICS["bleu"]
    with pytest.raises(ConfigError, match=r"scores.metrics: no metric 'rougeL' \(did you mean rouge_l\?\)"):
        metric_named("rougeL", "scores.metrics")
    with pytest.raises(ConfigError, match="have: exact, accuracy"):
        metric_named("quality")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("rouge_score")]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("rouge_score"):
            raise ModuleNotFoundError("No module named 'rouge_score'", name="rouge_score")
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r"ROUGE-L needs the package rouge_score: .*\[scores\]"):
        METRICS["rouge_l"].score("a", ["a"])


def test_words_are_cut_by_script() -> None:
    assert words("GPT-4的回答，Naïve！ＡＢ") == ["gpt", "4", "的", "回", "答", "naïve", "ab"]
    assert words("Привет, мир") == ["привет", "мир"]
    assert (language_of("Hello"), language_of("你好"), language_of("42")) == ("en", "zh", "en")
