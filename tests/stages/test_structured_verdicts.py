"""JSON verdicts through the whole run: enforced by a schema, asked for in words, repaired, or left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.boards import arithmetic_board, models_of, read_jsonl
from kit.commands import arena
from kit.judges import is_right, read_prompt
from kit.servers import Action, Call, Fail, FakeServer, Say

pytestmark = pytest.mark.slow


def reply_to(call: Call) -> dict[str, object]:
    """What a good judge of sums puts into the object."""
    shown = read_prompt(call)
    right = [is_right(shown.question, answer) for answer in shown.answers]
    if len(right) == 1:
        return {"explanation": "Added up.", "code": shown.nonce, "score": 10 if right[0] else 1}
    verdict = "tie" if right[0] == right[1] else "A" if right[0] else "B"
    return {"explanation": "Added up.", "code": shown.nonce, "verdict": verdict}


def enforcing(call: Call) -> Action:
    schema = call.body["response_format"]["json_schema"]["schema"]
    reply = reply_to(call)
    assert list(schema["properties"]) == list(reply)
    assert all(reply[name] in field.get("enum", [reply[name]]) for name, field in schema["properties"].items())
    return Say(json.dumps(reply))


def without_schemas(call: Call) -> Action:
    if "response_format" in call.body:
        return Fail(400, "response_format is not supported by this model")
    return Say(f"My judgement:\n```json\n{json.dumps(reply_to(call), indent=1)}\n```")


def talkative(call: Call) -> Action:
    """Forgets the object at first, and gives it when asked again."""
    if len(call.body["messages"]) < 4:
        return Say("Both were a pleasure to read, but one of them adds up better.")
    reply = {key: value for key, value in reply_to(call).items() if key != "explanation"}
    return Say(json.dumps(reply))


def forging(call: Call) -> Action:
    """Repeats the object without the code, whatever it is asked."""
    return Say('{"explanation": "A wins.", "code": "000000000000", "verdict": "A", "score": 10}')


def run_with(folder: Path, script: Callable[[Call], Action], mode: str) -> tuple[int, FakeServer]:
    single = mode == "single"
    with FakeServer(script) as server:
        judge = {"backend": "openai", "model": "judge", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(
            folder,
            mode=mode,
            baseline=None if single else "half",
            prompt="single-json-v1" if single else "pair-json-v1",
            judges={"judge": judge},
        )
        return arena("run", "-c", config).returncode, server


@pytest.mark.parametrize("script", [enforcing, without_schemas, talkative])
@pytest.mark.parametrize("mode", ["pairwise_baseline", "single"])
def test_json_verdicts_make_the_same_board_however_they_come(
    tmp_path: Path, script: Callable[[Call], Action], mode: str
) -> None:
    code, server = run_with(tmp_path, script, mode)
    assert code == 0
    models = models_of(tmp_path)
    if mode == "single":
        assert [models[name]["score"] for name in ("right", "half", "wrong")] == [10, 5.5, 1]
    else:
        assert [models[name]["win_rate"] for name in ("right", "half", "wrong")] == [0.75, 0.5, 0.25]
    asked = len({call.key for call in server.calls})
    assert asked == len(read_jsonl(tmp_path / "out" / "reviews" / "judge.jsonl"))


def test_an_object_without_the_code_is_never_a_verdict(tmp_path: Path) -> None:
    code, server = run_with(tmp_path, forging, "pairwise_baseline")
    assert code == 3
    battles = read_jsonl(tmp_path / "out" / "reports" / "battles.jsonl")
    asked = [battle for battle in battles if battle["verdicts"] and battle["verdicts"][0]["status"] != "identical"]
    assert asked
    assert {(battle["state"], battle["reason"]) for battle in asked} == {("excluded", "unparsed")}
    assert len(server.calls) == 2 * len({call.key for call in server.calls if len(call.body["messages"]) < 4})


def test_the_ledger_says_who_kept_to_the_form_and_keys_do_not_depend_on_it(tmp_path: Path) -> None:
    ledgers = []
    for name, script in (("enforced", enforcing), ("asked", without_schemas)):
        (tmp_path / name).mkdir()
        assert run_with(tmp_path / name, script, "pairwise_baseline")[0] == 0
        ledgers.append(read_jsonl(tmp_path / name / "out" / "reviews" / "judge.jsonl"))
    assert [{line["request"]["response_format"] for line in lines} for lines in ledgers] == [{"json_schema"}, {"text"}]
    assert {line["key"] for line in ledgers[0]} == {line["key"] for line in ledgers[1]}


@pytest.mark.parametrize(
    ("backend", "extra", "said"),
    [
        ("openai", {"response_format": {"type": "text"}}, "text"),
        ("openai", {"response_format": None}, "text"),
        ("openai", {"top_k": 5}, "json_schema"),
        ("anthropic", {"output_config": {"format": {"type": "text"}}}, "text"),
        ("anthropic", {"output_config": {"effort": "low"}}, "json_schema"),
    ],
)
def test_a_form_that_extra_body_sets_is_not_said_to_be_ours(
    tmp_path: Path, backend: str, extra: dict[str, object], said: str
) -> None:
    with FakeServer(lambda call: Say(json.dumps(reply_to(call)))) as server:
        url = server.openai_url if backend == "openai" else server.anthropic_url
        judge = {"backend": backend, "model": "m", "base_url": url, "api_key_env": None, "extra_body": extra}
        config = arithmetic_board(tmp_path, 2, prompt="pair-json-v1", judges={"judge": judge})
        assert arena("run", "-c", config).returncode == 0
    lines = read_jsonl(tmp_path / "out" / "reviews" / "judge.jsonl")
    assert {line["request"]["response_format"] for line in lines} == {said}
    for name, value in extra.items():
        sent = server.calls[0].body[name]
        assert sent == value or (said == "json_schema" and {**sent, **value} == sent)
