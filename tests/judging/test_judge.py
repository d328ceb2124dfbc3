"""The walk from stored replies to a verdict, or to the next request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arena.config.shipped import shipped
from arena.judging.frames import Judge
from arena.judging.judge import Ask, Case, Resolved, resolve, steps
from arena.prompts import load_prompt
from arena.types import Answer, Completion, Parsed, Question, Reply, Sampling

PROMPT = load_prompt("pair-v1", [shipped("configs") / "prompts"])
JUDGE = Judge("judge", "gpt", None, Sampling(temperature=0.0, max_tokens=100))
QUESTION = Question("7", ("Which way is up?",))


def answer(model: str, text: str) -> Answer:
    return Answer("7", model, 0, (text,), "ok", f"key {text}")


CASE = Case(JUDGE, PROMPT, QUESTION, ("a", "b"), (answer("a", "Up."), answer("b", "Down.")), "a_first", 0)


class Asked:
    """A ledger in memory that answers each request with the next scripted completion."""

    def __init__(self, *script: Completion) -> None:
        self.script = list(script)
        self.replies: dict[str, Reply] = {}
        self.asked: list[Ask] = []

    def run(self, case: Case, nonce: str = "c0ffee") -> Resolved:
        while isinstance(step := resolve(case, self.replies.get), Ask):
            request = step.request(nonce)
            self.asked.append(step)
            self.replies[step.key] = step.reply(request, self.script.pop(0), created_at="now", version="1")
        return step


def ok(text: str) -> Completion:
    return Completion("ok", (text,))


def test_a_reply_with_a_verdict_needs_one_call() -> None:
    asked = Asked(ok("A explains it.\n\n[[c0ffee A]]"))
    resolved = asked.run(CASE)
    assert (resolved.status, resolved.parsed, resolved.explanation) == ("ok", Parsed("first"), "A explains it.")
    assert [step.kind for step in asked.asked] == ["first"]


def test_an_unparsed_reply_gets_one_repair_call_that_sees_it() -> None:
    asked = Asked(ok("I like the first one."), ok("[[c0ffee A]]"))
    resolved = asked.run(CASE)
    assert (resolved.status, resolved.parsed) == ("ok", Parsed("first"))
    assert resolved.explanation == "I like the first one."
    messages = asked.asked[1].request("other").messages
    assert messages[-2].content == "I like the first one."
    assert "c0ffee" in messages[-1].content  # the nonce of the line it repairs, not today's


def test_the_code_is_fixed_beside_the_schema_that_all_questions_share() -> None:
    formal = replace(CASE, prompt=load_prompt("pair-json-v1", [shipped("configs") / "prompts"]))
    asked = Asked(ok("Hm."), ok('{"code": "c0ffee", "verdict": "A"}'))
    assert asked.run(formal).parsed == Parsed("first")
    first, repair = (step.request("c0ffee") for step in asked.asked)
    assert first.schema == formal.prompt.format.schema()
    assert first.narrow_schema == formal.prompt.format.schema("c0ffee")
    assert (repair.schema, repair.narrow_schema) == (formal.prompt.format.repair_schema("c0ffee"), None)


def test_two_unparsed_replies_are_no_verdict() -> None:
    resolved = Asked(ok("Hm."), ok("Hm again.")).run(CASE)
    assert (resolved.status, resolved.parsed, resolved.reason) == ("unparsed", None, "unparsed")


def test_a_truncated_reply_is_asked_once_more_with_twice_the_tokens() -> None:
    asked = Asked(Completion("truncated", ("A is",)), ok("A it is [[c0ffee A]]"))
    assert asked.run(CASE).status == "ok"
    assert [step.sampling.max_tokens for step in asked.asked] == [100, 200]


CUT = Completion("truncated", ("A is",))
WHOLE = Completion("truncated", ("A is right.\n[[c0ffee A]]",))


@pytest.mark.parametrize(
    ("script", "kinds", "label"),
    [
        ((WHOLE,), ["first"], "first"),
        ((CUT, WHOLE), ["first", "longer"], "first"),
        ((CUT, CUT, ok("[[c0ffee B]]")), ["first", "longer", "repair"], "second"),
        ((CUT, CUT, CUT), ["first", "longer", "repair"], None),
        ((Completion("truncated", ("[[c0ffee A]]\nBut on",)), ok("[[c0ffee B]]")), ["first", "longer"], "second"),
        ((Completion("truncated", ("",)), Completion("truncated", ("",)), ok("[[c0ffee B]]")),
         ["first", "longer", "repair"], "second"),
    ],
)  # fmt: skip
def test_a_cut_off_reply_is_read_where_its_verdict_is_whole(
    script: tuple[Completion, ...], kinds: list[str], label: str | None
) -> None:
    asked = Asked(*script)
    resolved = asked.run(CASE)
    assert [step.kind for step in asked.asked] == kinds
    assert resolved.parsed == (Parsed(label) if label else None)  # type: ignore[arg-type]
    assert all(message.content for step in asked.asked for message in step.request("c0ffee").messages)


def test_where_the_label_is_the_whole_reply_twice_the_tokens_bring_nothing() -> None:
    letter = load_prompt("label-only-v1", [shipped("configs") / "prompts"])
    for cut, kinds in (("A", ["first"]), ("The", ["first", "repair"])):
        asked = Asked(Completion("truncated", (cut,)), ok("A"))
        assert asked.run(replace(CASE, prompt=letter)).parsed == Parsed("first")
        assert [step.kind for step in asked.asked] == kinds


LETTER = load_prompt("label-only-v1", [shipped("configs") / "prompts"])
TRIED = replace(CASE, prompt=LETTER, judge=replace(JUDGE, sampling=Sampling(max_tokens=4096), trial_tokens=16))
EARLIER = replace(TRIED, judge=replace(TRIED.judge, trial_tokens=None))
CHATTY = Completion("truncated", ("Well, that is",))


@pytest.mark.parametrize(
    ("script", "limits", "label"),
    [
        ((ok("B"),), [16], "second"),
        ((Completion("truncated", ("B",)),), [16], "second"),
        ((CHATTY, ok("B")), [16, 4096], "second"),
        ((Completion("truncated", ("",)), ok("B")), [16, 4096], "second"),
        ((Completion("empty", ("",)), ok("B")), [16, 4096], "second"),
        ((Completion("bad_request", error="400: the limit was reached"), ok("B")), [16, 4096], "second"),
        ((CHATTY, CHATTY, ok("B")), [16, 4096, 4096], "second"),
        ((ok("Hm."), ok("B")), [16, 4096], "second"),
        ((ok("Hm."), ok("Hm.")), [16, 4096], None),
        ((Completion("error", error="500"),), [16], None),
    ],
)
def test_a_letter_is_tried_with_a_small_limit_that_decides_nothing(
    script: tuple[Completion, ...], limits: list[int], label: str | None
) -> None:
    asked = Asked(*script)
    assert asked.run(TRIED).parsed == (Parsed(label) if label else None)  # type: ignore[arg-type]
    assert [step.sampling.max_tokens for step in asked.asked] == limits


@pytest.mark.parametrize("before", [(ok("A"),), (CHATTY, ok("A")), (ok("Hm."), ok("A"))])
def test_what_was_stored_before_there_was_a_small_limit_counts(before: tuple[Completion, ...]) -> None:
    asked = Asked(*before)
    assert asked.run(EARLIER) == asked.run(TRIED)
    assert len(asked.asked) == len(before)
    assert EARLIER.key in {step.key for step in steps(TRIED, {}.get)}  # as a batch under way would file it


def test_a_letter_that_is_asked_again_counts_in_place_of_what_was_stored() -> None:
    asked = Asked(ok("A"), ok("B"))
    asked.run(EARLIER)
    again = resolve(TRIED, {}.get)
    assert isinstance(again, Ask)
    asked.replies[again.key] = again.reply(again.request("n"), ok("B"), created_at="now, later", version="1")
    assert asked.run(TRIED).parsed == Parsed("second")


def test_only_an_explanation_needs_no_trial() -> None:
    asked = Asked(ok("[[c0ffee A]]"))
    asked.run(replace(TRIED, prompt=PROMPT))
    assert [step.sampling.max_tokens for step in asked.asked] == [4096]


def test_a_stored_longer_reply_comes_before_what_was_cut_off() -> None:
    asked = Asked(CUT, ok("[[c0ffee B]]"))
    asked.run(CASE)
    asked.replies[CASE.key] = replace(asked.replies[CASE.key], text=WHOLE.text)
    assert asked.run(CASE).parsed == Parsed("second")
    longer = asked.asked[1].key
    asked.replies[longer] = replace(asked.replies[longer], status="error")
    assert asked.run(CASE).parsed == Parsed("first")  # a failure is no reply


TAKEN_BACK = "[[c0ffee A]]\nNo: **c0ffee B**"


@pytest.mark.parametrize(
    ("version", "text", "waits"),
    [("0.1.0", TAKEN_BACK, True), ("0.2.0", TAKEN_BACK, False), ("0.1.0", "Hm.", False), ("1.0", TAKEN_BACK, False)],
)
def test_only_a_changed_reading_waits_to_be_repaired(version: str, text: str, waits: bool) -> None:
    asked = Asked(ok(text), ok("[[c0ffee B]]"))
    step = resolve(CASE, asked.replies.get)
    assert isinstance(step, Ask)
    reply = step.reply(step.request("c0ffee"), ok(text), created_at="now", version=version)
    found = resolve(CASE, {CASE.key: reply}.get)
    assert isinstance(found, Resolved) is waits
    due = found.waiting if isinstance(found, Resolved) else found
    assert due is not None
    assert due.kind == "repair"


def test_a_reply_that_an_earlier_version_cut_off_twice_waits_to_be_repaired() -> None:
    asked = Asked(CUT, CUT, ok("[[c0ffee B]]"))
    asked.run(CASE)
    old = {step.key: replace(asked.replies[step.key], arena_version="0.1.0") for step in asked.asked[:2]}
    found = resolve(CASE, old.get)
    assert isinstance(found, Resolved)
    assert found.status == "unparsed"
    assert found.waiting is not None


@pytest.mark.parametrize("status, expected", [("refused", "unparsed"), ("empty", "unparsed"), ("bad_request", "failed"),
                                              ("error", "failed")])  # fmt: skip
def test_a_call_that_failed_is_never_a_verdict_and_not_repaired(status: str, expected: str) -> None:
    asked = Asked(Completion(status, ("[[c0ffee A]]",), error="no"))  # type: ignore[arg-type]
    assert asked.run(CASE).status == expected
    assert len(asked.asked) == 1


def test_a_failed_repair_is_a_failed_call() -> None:
    assert Asked(ok("Hm."), Completion("error", error="500")).run(CASE).status == "failed"


def test_the_salt_changes_nonces_but_no_key() -> None:
    first, second = CASE, replace(CASE)
    one, two = Asked(ok("[[aaa A]]")), Asked(ok("[[bbb A]]"))
    assert one.run(first, "aaa").parsed == two.run(second, "bbb").parsed == Parsed("first")
    assert one.replies.keys() == two.replies.keys()


def test_repairs_have_the_same_key_whatever_the_nonce() -> None:
    one, two = Asked(ok("[[aaa D]]"), ok("[[aaa B]]")), Asked(ok("[[bbb D]]"), ok("[[bbb B]]"))
    assert one.run(CASE, "aaa").parsed == two.run(CASE, "bbb").parsed == Parsed("second")
    assert one.replies.keys() == two.replies.keys()


CHANGES = {
    "answer": replace(CASE, answers=(answer("a", "Up!"), answer("b", "Down."))),
    "order": replace(CASE, order="b_first"),
    "judge": replace(CASE, judge=replace(JUDGE, name="other")),
    "model": replace(CASE, judge=replace(JUDGE, model="gpt-5")),
    "temperature": replace(CASE, judge=replace(JUDGE, sampling=Sampling(temperature=1.0, max_tokens=100))),
    "sample": replace(CASE, sample=1),
    "prompt": replace(CASE, prompt=replace(PROMPT, user=PROMPT.user + " Be brief.")),
    "question": replace(CASE, question=replace(QUESTION, turns=("Which way is down?",))),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_can_change_a_reply_changes_its_key(what: str) -> None:
    assert CHANGES[what].key != CASE.key


def test_samples_with_a_seed_do_not_share_it() -> None:
    seeded = replace(CASE, judge=replace(JUDGE, sampling=Sampling(temperature=1.0, seed=7)))
    sent = []
    for sample in range(3):
        asked = Asked(Completion("truncated", ("cut",)), ok("Hm."), ok("[[c0ffee A]]"))
        asked.run(replace(seeded, sample=sample))
        assert len({step.sampling.seed for step in asked.asked}) == 1
        sent.append(asked.asked[0].request("c0ffee").sampling.seed)
    assert sent == [7, 8, 9]


def test_names_of_models_do_not_enter_the_key() -> None:
    assert replace(CASE, models=("c", "d")).key == CASE.key


def test_two_candidates_with_the_same_answer_share_their_replies() -> None:
    twin = replace(CASE, models=("twin", "b"), answers=(answer("twin", "Up."), answer("b", "Down.")))
    asked = Asked(ok("[[c0ffee A]]"))
    asked.run(CASE)
    assert resolve(twin, asked.replies.get) == resolve(CASE, asked.replies.get)


def test_the_judge_sees_the_answers_in_the_order_of_the_case() -> None:
    first = Ask(CASE, CASE.key, "first", JUDGE.sampling).request("n").messages[-1].content
    second = Ask(CHANGES["order"], "k", "first", JUDGE.sampling).request("n").messages[-1].content
    assert first.index("Up.") < first.index("Down.")
    assert second.index("Down.") < second.index("Up.")
