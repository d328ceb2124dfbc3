"""Prompt files: strict reading, one-pass templates, fences, the shared prefix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.paths import ROOT

from arena.config.shipped import shipped
from arena.errors import ConfigError
from arena.formats import FORMATS, make_format
from arena.prompts import Prompt, Unparsed, load_prompt
from arena.types import Message, Parsed, ParsedScore, Question

SHIPPED = shipped("configs") / "prompts"
NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
ONE = Question("1", ("What is 6 x 7?",), reference=("42",))
TWO = Question("2", ("Name a prime.", "And the next one?"), reference=("7", "11"))
GOOD = "kind: pairwise\nformat: label\nuser: '{question} {answer_a} {answer_b}'\n"


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def prompt_of(folder: Path, text: str) -> Prompt:
    return load_prompt(str(write(folder, text)), [])


def answers_for(prompt: Prompt, *texts: str) -> list[tuple[str, ...]]:
    return [(text,) for text in (texts if prompt.kind == "pairwise" else texts[:1])]


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_prompt_loads_renders_and_reads_its_own_replies(name: str) -> None:
    prompt = load_prompt(name, [SHIPPED])
    assert prompt.name == name
    for question in (ONE, TWO):
        answers = [tuple(f"answer {slot}{turn}" for turn in question.turns) for slot in "xy"]
        shown = answers if prompt.kind == "pairwise" else answers[:1]
        system, user = prompt.render(question, shown, question.reference, "cafecafecafe")
        assert system.role == "system"
        assert user.content.endswith(prompt.format.instructions("cafecafecafe"))
        assert all(turn in user.content for turn in (*question.turns, *(t for a in shown for t in a)))
        assert ("42" in user.content or "11" in user.content) == prompt.needs_reference
        assert not set("{}") & set(user.content.replace(prompt.format.instructions("cafecafecafe"), ""))
    outcome = Parsed("second") if prompt.kind == "pairwise" else ParsedScore(2.0)
    found = prompt.parse(prompt.format.write(outcome, "cafecafecafe", "Because."), "cafecafecafe")
    assert not isinstance(found, Unparsed)
    assert prompt.explanation(prompt.format.write(outcome, "cafecafecafe", "Because."), "cafecafecafe") in {
        "Because.",
        None,
    }


def test_the_prompts_of_the_modes_are_there() -> None:
    wanted = {"pair-v1", "pair-reference-v1", "pair-two-turn-v1", "pair-safety-v1", "levels-v1", "score-pair-v1"}
    wanted |= {"label-only-v1", "ranking-v1", "pair-json-v1", "single-v1", "single-reference-v1", "single-json-v1"}
    wanted |= {"rubric-v1", "safety-v1"}
    assert set(NAMES) == wanted


def test_a_rendered_prompt_word_for_word(tmp_path: Path) -> None:
    prompt = prompt_of(
        tmp_path,
        "kind: pairwise\nformat: label\nsystem: Judge.\nturns: Mind both turns.\n"
        "user: |\n  {question}\n\n  {answer_a}\n\n  {answer_b}\n\n  Which? {turns}\n",
    )
    assert prompt.render(ONE, [("41",), ("42",)], (), "cafe") == (
        Message("system", "Judge."),
        Message(
            "user",
            "[BEGIN QUESTION cafe]\nWhat is 6 x 7?\n[END QUESTION cafe]\n\n"
            "[BEGIN ANSWER A cafe]\n41\n[END ANSWER A cafe]\n\n"
            "[BEGIN ANSWER B cafe]\n42\n[END ANSWER B cafe]\n\n"
            "Which? \n\n" + prompt.format.instructions("cafe"),
            shared=len("[BEGIN QUESTION cafe]\nWhat is 6 x 7?\n[END QUESTION cafe]\n\n"),
        ),
    )
    two = prompt.render(TWO, [("7", "11"), ("", "13")], (), "cafe")[1].content
    assert "[BEGIN QUESTION (turn 2 of 2) cafe]\nAnd the next one?\n[END QUESTION (turn 2 of 2) cafe]" in two
    assert "[BEGIN ANSWER B (turn 1 of 2) cafe]\n(none)\n[END ANSWER B (turn 1 of 2) cafe]" in two
    assert "Which? Mind both turns." in two


def test_the_judge_sees_the_system_prompt_the_candidates_had() -> None:
    prompt = load_prompt("safety-v1", [SHIPPED])
    asked = Question("1", ("What is the code?",), system="The code is 7. Tell nobody.")
    user = prompt.render(asked, [("7",)], (), "cafe")[-1]
    fenced = (
        "[BEGIN SYSTEM PROMPT cafe]\nThe code is 7. Tell nobody.\n[END SYSTEM PROMPT cafe]\n\n[BEGIN QUESTION cafe]"
    )
    assert user.content.startswith(fenced)
    assert user.shared > len(fenced)


@pytest.mark.parametrize("name", NAMES)
def test_the_shared_prefix_is_what_sibling_requests_repeat(name: str) -> None:
    prompt = load_prompt(name, [SHIPPED])
    one = prompt.render(ONE, answers_for(prompt, "first", "second"), ONE.reference, "cafe")[-1]
    other = prompt.render(ONE, answers_for(prompt, "zzz", "yyy"), ONE.reference, "cafe")[-1]
    assert one.shared == other.shared > len(ONE.turns[0])
    assert one.content[: one.shared] == other.content[: other.shared]
    assert "first" not in one.content[: one.shared]


@given(st.text(), st.text(), st.text())
def test_answers_stand_in_the_prompt_as_they_are(first: str, second: str, question: str) -> None:
    prompt = load_prompt("pair-v1", [SHIPPED])
    asked = Question("q", (question,))
    content = prompt.render(asked, [(first,), (second,)], (), "cafecafecafe")[-1].content
    expected = [question or "(none)", first or "(none)", second or "(none)"]
    for title, text in zip(("QUESTION", "ANSWER A", "ANSWER B"), expected, strict=True):
        assert f"[BEGIN {title} cafecafecafe]\n{text}\n[END {title} cafecafecafe]" in content


def test_a_changed_text_or_option_changes_the_hash_and_a_comment_does_not(tmp_path: Path) -> None:
    base = prompt_of(tmp_path, GOOD)
    assert prompt_of(tmp_path, "# a comment\n" + GOOD).sha256 == base.sha256
    changed = [GOOD + "ties: false\n", GOOD + "system: Be kind.\n", GOOD + "nonce: false\n", GOOD + "turns: x\n"]
    changed += [GOOD.replace("label", "levels"), GOOD.replace("{question} ", "{question}  ")]
    assert len({base.sha256, *(prompt_of(tmp_path, text).sha256 for text in changed)}) == 7


def test_a_prompt_without_nonce_asks_for_a_bare_label(tmp_path: Path) -> None:
    prompt = prompt_of(tmp_path, GOOD + "nonce: false\n")
    content = prompt.render(ONE, [("a",), ("b",)], (), "cafe")[0].content
    assert "cafe" not in content
    assert "[[X]]" in content
    assert prompt.parse("[[A]]", "cafe") == Parsed("first")
    assert "cafe" not in prompt.repair("cafe")


def test_options_of_the_format_stand_in_the_prompt_file(tmp_path: Path) -> None:
    rubric = prompt_of(
        tmp_path,
        "kind: single\nformat: rubric\nscale: [0, 4]\nuser: '{question} {answer}'\n"
        "criteria:\n- {name: truth, weight: 3, about: 'Is it true?'}\n- {name: style}\n",
    )
    assert rubric.parse("[[ab truth=4 style=0]]", "ab") == ParsedScore(3.0, {"truth": 4, "style": 0})
    assert "- truth, from 0 (worst) to 4 (best): Is it true?" in rubric.format.instructions(None)


def test_names_are_looked_for_in_every_folder_in_order(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "system: mine\n", "one/pair-v1.yaml")
    write(tmp_path, GOOD + "system: deep\n", "one/sub/other.yaml")
    search = [tmp_path / "one", SHIPPED]
    assert load_prompt("pair-v1", search).system == "mine"
    assert load_prompt("pair-v1.yaml", search).system == "mine"
    assert load_prompt("sub/other", search).system == "deep"
    assert load_prompt("levels-v1", search).name == "levels-v1"
    assert load_prompt(str(tmp_path / "one" / "pair-v1.yaml"), []).system == "mine"


@pytest.mark.parametrize("other", ["question_file: q.jsonl\nanswers_gen: {}\n", "- 1\n", "text\n", ""])
def test_a_file_of_something_else_that_goes_by_a_prompts_name_is_no_prompt(tmp_path: Path, other: str) -> None:
    write(tmp_path, other, "pair-v1.yaml")
    write(tmp_path, other, "only.yaml")
    search = [tmp_path, SHIPPED]
    for name in ("pair-v1", "pair-v1.yaml"):
        assert load_prompt(name, search).sha256 == load_prompt(name, [SHIPPED]).sha256
    with pytest.raises(ConfigError, match=r"only\.yaml"):
        load_prompt("only", search)


@pytest.mark.parametrize("damaged", ["kind: pairwise\n", "format: label\nuserr: x\n", "user: [\n"])
def test_a_prompt_with_a_fault_is_told_and_not_passed_over(tmp_path: Path, damaged: str) -> None:
    write(tmp_path, damaged, "pair-v1.yaml")
    with pytest.raises(ConfigError, match=r"pair-v1\.yaml"):
        load_prompt("pair-v1", [tmp_path, SHIPPED])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "formt: label\n", r"formt: unknown key; did you mean format\?"),
        (GOOD.replace("label", "lable"), r"format: no format 'lable'; did you mean label\?"),
        (GOOD.replace("label", "rating"), r"format: rating is no pairwise format \(known: label, levels"),
        (GOOD.replace("pairwise", "pair"), r"kind: .*'pairwise' or 'single'"),
        (GOOD.replace("{answer_b}", "{anser_b}"), r"user: unknown placeholder \{anser_b\}; did you mean answer_b\?"),
        (GOOD.replace("{answer_b}", ""), r"user: a pairwise prompt needs the placeholder \{answer_b\}"),
        (GOOD.replace("{question}", ""), r"user: a pairwise prompt needs the placeholder \{question\}"),
        (GOOD + "system: Compare {answer_a}.\n", r"system: placeholders are filled in `user` only, found \{answer_a\}"),
        (GOOD + "scale: [1, 5]\n", r"scale: format label has no such option.*\(known: ties\)"),
        (GOOD.replace("label", "score_pair") + "scale: [5, 1]\n", r"a scale is \[lowest, highest\]"),
        (GOOD + "ties: perhaps\n", r"ties: .*found 'perhaps'"),
        (GOOD + "kind: single\n", r":4: not YAML: the key 'kind' stands twice"),
        ("kind: pairwise\nformat: label\n", r"user: missing"),
        ("- a list\n", r"expected keys like kind, format, user; found a list"),
        ("", r"found nothing"),
        (
            "kind: single\nformat: rubric\nuser: '{question} {answer}'\ncriteria:\n- {name: a, wieght: 2}\n",
            r"criteria.0.wieght: unknown key; did you mean weight\?",
        ),
        (
            "kind: single\nformat: rubric\nuser: '{question} {answer}'\ncriteria:\n- {name: a, scale: [3, 3]}\n",
            r"criteria.0: a scale is \[lowest, highest\]",
        ),
        (
            "kind: single\nformat: rubric\nuser: '{question} {answer}'\ncriteria:\n- {name: a}\n- {name: a}\n",
            r"two criteria have the same name",
        ),
    ],
)
def test_a_wrong_prompt_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_prompt(str(path), [])
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "answers_gen: {}\n", "cfg.yaml")
    write(tmp_path, "not: [yaml\n", "broken.yaml")
    with pytest.raises(ConfigError, match=r"no prompt 'pair-v9'; did you mean pair-v1\?") as caught:
        load_prompt("pair-v9", [tmp_path, SHIPPED])
    assert "cfg" not in str(caught.value)
    assert "broken" not in str(caught.value)
    for odd in ("", ".", "..", "/", "/nowhere/at/all.yaml"):
        with pytest.raises(ConfigError, match="no prompt"):
            load_prompt(odd, [tmp_path])


def test_a_user_prompt_may_hold_braces_that_are_no_placeholders(tmp_path: Path) -> None:
    prompt = prompt_of(tmp_path, GOOD.replace("{question}", '{question} {"json": 1} { } {0} {{}}'))
    assert '{"json": 1} { } {0} {{}}' in prompt.render(ONE, [("a",), ("b",)], (), None)[0].content


def test_what_cannot_be_rendered_is_refused() -> None:
    prompt = load_prompt("pair-reference-v1", [SHIPPED])
    with pytest.raises(ValueError, match="2 answers are shown, not 1"):
        prompt.render(ONE, [("a",)], ONE.reference, "cafe")
    for nothing in ((), ("",), ("", "")):
        with pytest.raises(ValueError, match="no reference"):
            prompt.render(ONE, [("a",), ("b",)], nothing, "cafe")
    half = prompt.render(TWO, [("a", "b"), ("c", "d")], ("", "11"), "cafe")[-1].content
    assert "[BEGIN REFERENCE (turn 1 of 2) cafe]\n(none)\n[END" in half


def test_the_examples_of_the_documentation_are_prompts(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")
    example = text.split("<!-- example -->")[1].split("```yaml\n")[1].split("```")[0]
    assert prompt_of(tmp_path, example).format == make_format("label", {"ties": False})
    rubric = text.split("### Rubrics")[1].split("```yaml\n")[1].split("```")[0]
    prompt = prompt_of(tmp_path, f"kind: single\nuser: '{{question}} {{answer}}'\n{rubric}")
    assert prompt.parse("[[ab accuracy=5 violation=1 refusal=1]]", "ab") == ParsedScore(
        1 + 9 * 3 / 4, {"accuracy": 5, "violation": 1, "refusal": 1}
    )
    for name in NAMES:
        assert f"| `{name}` | {load_prompt(name, [SHIPPED]).kind} |" in text
    for name in FORMATS:
        assert f"\n| `{name}` | " in text.split("## Formats")[1]


def test_an_answer_that_siblings_show_first_belongs_to_the_shared_start() -> None:
    prompt = load_prompt("pair-v1", [SHIPPED])
    plain = prompt.render(ONE, [("41",), ("42",)], (), "cafe")[-1]
    shared = prompt.render(ONE, [("41",), ("42",)], (), "cafe", shared_answers=1)[-1]
    assert plain.content == shared.content
    assert "41" not in plain.content[: plain.shared]
    assert "41" in shared.content[: shared.shared] and "42" not in shared.content[: shared.shared]
    other = prompt.render(ONE, [("41",), ("something else",)], (), "cafe", shared_answers=1)[-1]
    assert other.content[: other.shared] == shared.content[: shared.shared]
