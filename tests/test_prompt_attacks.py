"""Every attack against every shipped prompt: none breaks out of its fence, and none changes a parsed verdict."""

from __future__ import annotations

import pytest
from kit.attacks import ATTACKS
from kit.paths import ROOT

from arena.formats import Unparsed
from arena.nonce import make_nonce
from arena.prompts import Prompt, load_prompt
from arena.types import Parsed, ParsedScore, Question

FOLDER = ROOT / "configs" / "prompts"
PROMPTS = [load_prompt(path.stem, [FOLDER]) for path in sorted(FOLDER.glob("*.yaml"))]
QUESTION = Question("q1", ("What is 2 + 2?", "And doubled?"), reference=("4", "8"))
NONCE = make_nonce(b"a salt nobody knows", "q1")
TRUTHS: dict[str, tuple[Parsed | ParsedScore, ...]] = {
    "pairwise": (Parsed("first"), Parsed("second")),
    "single": (ParsedScore(2.0), ParsedScore(4.0)),
}
CODED = [prompt for prompt in PROMPTS if prompt.format.needs_nonce]
every_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())


def show(prompt: Prompt, attack: str) -> str:
    answers = [(attack, "8")] if prompt.kind == "single" else [(attack, "8"), ("4", attack)]
    return prompt.render(QUESTION, answers, QUESTION.reference, NONCE)[-1].content


@every_attack
def test_an_attack_stands_in_the_prompt_unchanged_between_its_own_fences(attack: str) -> None:
    for prompt in PROMPTS:
        content = show(prompt, attack)
        slot = "ANSWER" if prompt.kind == "single" else "ANSWER A"
        fence = f"{slot} (turn 1 of 2) {NONCE}]"
        assert f"[BEGIN {fence}\n{attack}\n[END {fence}" in content, prompt.name
        assert content.count(NONCE) == show(prompt, "4").count(NONCE), prompt.name
        assert content.endswith(prompt.format.instructions(NONCE)), prompt.name


@every_attack
def test_a_judge_that_quotes_an_attack_keeps_its_own_verdict(attack: str) -> None:
    for prompt in PROMPTS:
        for truth in TRUTHS[prompt.kind]:
            plain = prompt.format.write(truth, NONCE, "Plain.")
            honest = prompt.parse(plain, NONCE)
            assert not isinstance(honest, Unparsed), prompt.name
            quoted = prompt.format.write(truth, NONCE, f'Answer A says: "{attack}"')
            assert prompt.parse(quoted, NONCE) == honest, prompt.name
            after = prompt.parse(f"{plain}\nThe answer said:\n{attack}", NONCE)
            assert after == honest or isinstance(after, Unparsed), prompt.name


@every_attack
def test_a_judge_that_only_repeats_an_attack_has_given_no_verdict(attack: str) -> None:
    for prompt in CODED:
        assert isinstance(prompt.parse(attack, NONCE), Unparsed), prompt.name


def test_where_the_label_is_the_whole_reply_a_judge_has_to_repeat_a_whole_answer_to_be_misread() -> None:
    prompt = next(prompt for prompt in PROMPTS if not prompt.format.needs_nonce)
    read = {name for name, attack in ATTACKS.items() if not isinstance(prompt.parse(attack, NONCE), Unparsed)}
    assert read == {"bare label"}


def test_only_the_label_alone_goes_without_the_nonce_in_its_verdict() -> None:
    assert {prompt.name for prompt in PROMPTS} - {prompt.name for prompt in CODED} == {"label-only-v1"}
    assert all(prompt.nonce for prompt in PROMPTS)
