"""Metrics that are no closeness: error rates, formulas, JSON, patterns, length, language, code."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import warnings
from pathlib import Path

import jiwer
import pytest

from arena.errors import ConfigError, DataError
from arena.metrics import METRICS
from arena.metrics.equality import equal
from arena.metrics.killable import Worker
from arena.metrics.number import NoNumber, Number, Tools

ZH_RIGHT, ZH_SAID = "今天天气很好", "今天天气不错"
BLOCK = "Here it is:\n\n```python\n{}\n```\n\nUse it as `f()`.\n\n```bash\npip install x\n```\n"
EN = "This answer is plainly written in English words."
DE = "Diese Antwort ist ganz offensichtlich auf Deutsch geschrieben."


@pytest.mark.parametrize(
    ("name", "said", "references", "value"),
    [
        ("wer", "the cat lay on a mat", ["The cat sat on the mat."], 2 / 6),
        ("wer", "one two", ["one"], 1.0),
        ("wer", "one two three four", ["one"], 3.0),  # above 1: more is said than there is
        ("wer", ZH_SAID, [ZH_RIGHT], 2 / 6),
        ("wer", "b", ["a", "b"], 0.0),
        ("cer", "abcd", ["abxd"], 1 / 4),
        ("cer", "今天 天气，不错！", [ZH_RIGHT], 2 / 6),
        ("json_valid", '{"a": [1, 2]}', [], 1.0),
        ("json_valid", 'Sure:\n```json\n{"名": "值"}\n```', [], 1.0),
        ("json_valid", '{"a": NaN}', [], 0.0),
        ("json_valid", "{'a': 1}", [], 0.0),
        ("json_valid", "[" * 100_000, [], 0.0),
        ("length", "one two three", ['{"max_words": 2}'], 0.0),
        ("length", ZH_RIGHT, ['{"min_words": 6, "max_characters": 6}'], 1.0),
        ("language", EN, ["en", ""], 1.0),
        ("language", EN, ["de-AT", ""], 0.0),
        ("language", DE, ["", DE], 1.0),
        ("language", "我用 Python 写了一个 hello world 程序。", ["zh-CN", ""], 1.0),
        ("language", "これは日本語の文章です", ["zh", ""], 0.0),
        ("language", EN, ["", "今天天气怎么样？"], 0.0),
        ("language", f"当然可以：\n```python\n{EN}\n```", ["zh", ""], 1.0),
        ("code_parses", BLOCK.format("def f():\n    return 1"), [], 1.0),
        ("code_parses", "def f(:\n    return 1", [], 0.0),
        ("code_tests", BLOCK.format("def f():\n    return 1"), ["assert f() == 1"], 1.0),
        ("code_tests", BLOCK.format("def f():\n    return 2"), ["assert f() == 1"], 0.0),
        ("code_tests", BLOCK.format("import os\nos._exit(0)"), ["assert f() == 1"], 0.0),
    ],
)
def test_a_metric_has_the_value_worked_out_by_hand(name: str, said: str, references: list[str], value: float) -> None:
    assert METRICS[name].score(said, references) == pytest.approx(value)


@pytest.mark.slow
def test_what_is_compared_in_a_process_of_its_own_has_the_value_worked_out_by_hand() -> None:
    for name, said, references, value in [
        ("math", "So $x = 0.5$.", ["\\frac{1}{2}"], 1.0),
        ("math", "The answer is \\boxed{\\frac{1}{2}}", ["1/2"], 1.0),
        ("math", "$(x+1)^2$", ["x^2+2x+1"], 1.0),
        ("math", "first 3, then 4", ["3"], 0.0),
        ("math", "答案：12", ["12"], 1.0),
        ("math", "结果是x=3，所以答案为5/6。", ["5/6"], 1.0),
        ("math", "所以一共有8个苹果。", ["8"], 1.0),
        ("math", "答案为 \\boxed{3\\text{个}}。", ["4", "3"], 1.0),
        ("math", "I do not know", ["3"], 0.0),
        ("json_schema", '{"a": 1}', ['{"required": ["a"]}'], 1.0),
        ("json_schema", '{"b": 1}', ['{"required": ["a"]}'], 0.0),
        ("json_schema", "no JSON", ["{}"], 0.0),
        ("regex", "call +49 30 1234", [r"\+\d{2} \d+"], 1.0),
        ("regex", "答案是乙", ["^答案是[甲乙]$"], 1.0),
        ("regex", "none", [r"\d"], 0.0),
    ]:
        assert METRICS[name].score(said, references) == value, (name, said)


def test_error_rates_are_those_of_jiwer() -> None:
    right, said = "the quick brown fox jumps", "a quick fox jumps high up"
    assert METRICS["wer"].score(said, [right]) == pytest.approx(jiwer.wer(right, said))
    assert METRICS["cer"].score("kitten", ["sitting"]) == pytest.approx(jiwer.cer("sitting", "kitten"))


def test_bandit_counts_by_severity() -> None:
    program = "import subprocess\nsubprocess.call(x, shell=True)\nassert x"
    found = METRICS["bandit"].number(BLOCK.format(program), [])
    assert found == Number(3.0, {"high": 1.0, "medium": 0.0, "low": 2.0})
    assert METRICS["bandit"].score("x = 1", []) == 0.0
    assert METRICS["bandit"].score("exec(x)  # nosec", []) == 1.0  # no answer has the last word on itself
    for program in ("def f(:", "# -*- coding: utf-16 -*-\nexec(x)"):  # it gives up on the second
        with pytest.raises(NoNumber, match="not_applicable"):
            METRICS["bandit"].number(program, [])


def test_what_says_nothing_of_a_text_is_no_number() -> None:
    for said in ("42", "…", "Yes"):  # too short to tell English from German
        with pytest.raises(NoNumber, match="not_applicable"):
            METRICS["language"].number(said, ["en", ""])
    with pytest.raises(NoNumber, match="not_applicable"):
        METRICS["meteor"].number(ZH_SAID, [ZH_RIGHT], "zh")
    assert METRICS["language"].number("Yes", ["zh", ""]).value == 0.0  # another script


def test_nothing_said_is_everything_wrong() -> None:
    assert METRICS["wer"].score(" ", ["one"]) == METRICS["cer"].score("", ["one"]) == 1.0
    for name in ("math", "json_valid", "regex", "length", "language", "code_parses", "code_tests"):
        assert METRICS[name].score("\n", ["1", "1"]) == 0.0
    with pytest.raises(NoNumber):
        METRICS["bandit"].number("", [])


@pytest.mark.slow
def test_what_never_ends_is_killed_and_the_next_call_is_answered() -> None:
    short = Worker(time_s=1.0)
    assert short.call("pattern:found", "b", "abc") is True
    for function, args in (("pattern:found", ("(a+)+$", "a" * 64 + "!")), ("equality:equal", ("9^9^9^9^9", "1"))):
        with pytest.raises(NoNumber, match="timed_out"):
            short.call(function, *args)
        assert short.call("pattern:found", "z", "abc") is False
    short.close()


@pytest.mark.slow
def test_formulas_are_compared_by_math_verify() -> None:
    from math_verify import parse, verify

    for right, said in (("$\\sqrt{2}$", "$2^{1/2}$"), ("$[1, 2)$", "$[1,2)$"), ("$\\{1,2\\}$", "$\\{2,1\\}$")):
        assert equal(right, said) == verify(parse(right), parse(said)) is True


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("regex", "(", "not a pattern: missing )"),
        ("json_schema", '{"type": "objekt"}', "not a JSON schema: 'objekt' is not valid"),
        ("regex", "a{99999999999999}", "not a pattern: the repetition number is too large"),
        ("regex", "(" * 9_000 + ")" * 9_000, "not a pattern: nested too deeply"),
        ("json_schema", "schema.json", "not a JSON schema: not JSON"),
        ("json_schema", "5", "not a JSON schema: neither an object nor true or false"),
        ("json_schema", '{"$schema": []}', "not a JSON schema: its $schema is no text"),
        ("json_schema", '{"$id": "http://["}', "not a JSON schema: Invalid IPv6 URL"),
        ("json_schema", '{"not": ' * 900 + "{}" + "}" * 900, "not a JSON schema: nested too deeply"),
        (
            "json_schema",
            '{"items": {"$ref": "http://a/b"}}',
            "nothing in it is $ref 'http://a/b', and nothing is fetched",
        ),
        ("json_schema", '{"$ref": "#/$defs/b", "$defs": {"a": {}}}', "nothing in it is $ref '#/$defs/b'"),
        ("length", '{"max_word": 3}', "no bound 'max_word'; did you mean max_words?"),
        ("length", "50", "expected some of min_words, max_words"),
        ("length", '{"max_words": -1}', "max_words: expected a number of at least 0, found -1"),
    ],
)
def test_what_cannot_be_compared_with_is_said(name: str, text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        METRICS[name].check_expected(text)
    assert said in str(error.value)


@pytest.mark.slow
def test_a_schema_that_names_a_file_or_an_address_has_nothing_fetched(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("{}")
    for named in ((tmp_path / "schema.json").as_uri(), "http://127.0.0.1:9/schema"):
        with pytest.raises(NoNumber, match="not_applicable"):
            METRICS["json_schema"].number("1", [json.dumps({"$ref": named})])
    METRICS["json_schema"].check_expected('{"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}')
    METRICS["json_schema"].check_expected('{"$ref": "https://json-schema.org/draft/2020-12/schema"}')


HOSTILE = """
from arena.metrics import METRICS
from arena.metrics.killable import _end_after
from arena.metrics.number import NoNumber
from contextlib import suppress
_end_after(20.0)  # of a processor: what is read backwards and forwards takes minutes
for unit in ("```", "``` ", "```\\n", " ", "\\[", "$", "{", "[", "A. ", "the answer is ", "option A or ", "9,", "1e9 "):
    for text in (unit * 60_000, "```" + unit * 60_000 + "!"):
        for name in ("accuracy", "json_valid", "code_parses", "language"):
            with suppress(NoNumber):
                METRICS[name].number(text, ["zh", ""])
"""


@pytest.mark.slow
def test_no_answer_takes_ages_to_read() -> None:
    ended = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.returncode}: {ended.stderr}"


@pytest.mark.slow
def test_everything_that_is_installed_passes_its_own_check() -> None:
    for name, metric in METRICS.items():
        if metric.extra != "local" and name != "meteor":
            metric.check()


def write_wordnet(folder: Path, *synsets: tuple[str, ...]) -> None:
    """A WordNet of a few nouns, in Princeton's files."""
    corpus = folder / "corpora/wordnet"
    corpus.mkdir(parents=True)
    lines, places = b"", dict[str, list[int]]()
    for words in synsets:
        for word in words:
            places.setdefault(word, []).append(len(lines))
        listed = " ".join(f"{word} 0" for word in words)
        lines += f"{len(lines):08d} 06 n {len(words):02x} {listed} 000 | tiny\n".encode()
    (corpus / "data.noun").write_bytes(lines)
    (corpus / "index.noun").write_text("".join(
        f"{word} n {len(at)} 0 {len(at)} 0 {' '.join(f'{place:08d}' for place in at)}  \n"
        for word, at in sorted(places.items())
    ))  # fmt: skip
    for name in ("data.verb", "index.verb", "data.adj", "index.adj", "data.adv", "index.adv", "noun.exc", "verb.exc",
                 "adj.exc", "adv.exc", "cntlist.rev", "index.sense"):  # fmt: skip
        (corpus / name).write_text("")
    (corpus / "lexnames").write_text("".join(f"{n:02d}\tnoun.x\t1\n" for n in range(7)))


def test_meteor_knows_synonyms_where_wordnet_lies_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk
    from nltk.corpus.util import LazyCorpusLoader

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.setattr("nltk.corpus.wordnet", LazyCorpusLoader("wordnet", *_reader()))
    with pytest.raises(DataError, match=r"METEOR needs WordNet on the disk: python -m nltk\.downloader wordnet"):
        METRICS["meteor"].check()
    write_wordnet(tmp_path, ("couch", "sofa"))
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # nltk leaves its files to the garbage collector
        for said, value in (("the sofa", 1 - 0.5 / 8), ("the bench", 0.5 * (1 - 0.5))):
            assert METRICS["meteor"].score(said, ["the couch"]) == pytest.approx(value)
        monkeypatch.undo()
        gc.collect()


def _reader() -> tuple[object, ...]:
    from nltk.corpus import LazyCorpusLoader, WordNetCorpusReader

    return WordNetCorpusReader, LazyCorpusLoader("omw-1.4", WordNetCorpusReader)


def test_an_encoder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scores\.encoder: names no folder"):
        METRICS["bertscore"].check()
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bart?"}))
    for folder, said in ((tmp_path / "none", "a folder with config.json"), (tmp_path, "no encoder: ")):
        with pytest.raises(ConfigError, match="no encoder") as error:
            METRICS["similarity"].check(Tools(folder))
        assert said in str(error.value)
