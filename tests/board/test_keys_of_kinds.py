"""One name, another backend: what a rule or a rehearsal said is never shown as a model's, nor asked for again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from kit.boards import arithmetic_board, edit_config, read_jsonl
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, FakeServer, Say

from arena.board.candidates import judge_of
from arena.config.kinds import KINDS
from arena.keys import ONCE_WITHOUT_KIND, digest, plain_messages, reply_keys, sampling_params
from arena.types import Message

OLD = Path(__file__).resolve().parent.parent / "fixtures" / "boards_0_1_0"
DEAD = {"backend": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None, "connect_patience_s": 0}
RULES = [{"backend": "reference"}, {"backend": "simulated"}]


def judged_by(config: Path, entry: dict[str, object]) -> Path:
    """The same board, every judge of it of another kind under its own name."""
    reviews = yaml.safe_load(config.read_text(encoding="utf-8"))["reviews_gen"]
    judges = {name: entry | ({"samples": old["samples"]} if "samples" in old else {})
              for name, old in reviews["judges"].items()}  # fmt: skip
    return edit_config(config, reviews_gen=reviews | {"judges": judges})


def asked(config: Path, stage: str = "reviews") -> int:
    """How many calls one run makes."""
    done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    run = json.loads((config.parent / "out/run.json").read_text())["runs"][-1]
    return sum(tally["done"] for tally in run[stage].values())


def verdicts(config: Path) -> set[str]:
    rows = read_jsonl(config.parent / "out/reports/battles.jsonl")
    return {str(verdict["explanation"]) for row in rows for verdict in row["verdicts"] if verdict["status"] == "ok"}


def anybody(call: Call) -> Action:
    """A judge that always ties, with and without a nonce."""
    nonce = next(iter(call.prompt.split("[BEGIN QUESTION ")[1:]), " ").split("]")[0]
    return Say(f"Nothing between them.\n\n[[{nonce} C]]")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reference", "reference_pairwise", "simulated", "simulated_pairwise"])
def test_an_old_boards_rule_is_not_the_model_of_its_name_and_counts_again_when_it_comes_back(
    name: str, tmp_path: Path
) -> None:
    config = Path(shutil.copytree(OLD / name, tmp_path / name)) / "config.yaml"
    before = config.read_bytes()
    assert asked(config) == 0
    by_rule = verdicts(config)
    with FakeServer(anybody) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        judged_by(config, entry)
        first = asked(config)
        called = len(server.calls)  # more than replies: one that cannot be read is asked for its label
        assert 0 < first <= called
        assert verdicts(config).isdisjoint(by_rule)
        assert asked(config) == 0
        config.write_bytes(before)
        assert asked(config) == 0
        assert verdicts(config) == by_rule
        judged_by(config, entry)
        assert asked(config) == 0
        assert len(server.calls) == called
    judged_by(config, {"backend": "recorded"})
    assert asked(config) == 0 and verdicts(config).isdisjoint(by_rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["backend"])
def test_a_dead_endpoint_under_a_rules_name_shows_nothing_of_it(rule: dict[str, object], tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 6, judges={"j": rule})
    assert asked(config) > 0
    judged_by(config, DEAD)
    assert arena("run", "-c", config).returncode == 2
    done = arena("run", "-c", config, "--stage", "ratings")
    assert done.returncode == 0, done.stderr
    rows = read_jsonl(config.parent / "out/reports/battles.jsonl")
    states = {verdict["status"] for row in rows for verdict in row["verdicts"]}
    assert states == {"missing", "identical"} and not verdicts(config)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["backend"])
def test_a_models_replies_are_not_the_rules(rule: dict[str, object], tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, 6, judges={"j": entry})
        first = asked(config)
        assert first == len(server.calls) > 0
        judged_by(config, rule)
        assert asked(config) == first
        judged_by(config, entry)
        assert asked(config) == 0
    keys = [str(line["key"]) for line in read_jsonl(tmp_path / "out/reviews/j.jsonl")]
    assert len(set(keys)) == 2 * first


def test_an_endpoint_that_serves_a_model_called_reference_is_asked_once(tmp_path: Path) -> None:
    with FakeServer(sum_judge) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None, "model": "reference"}
        config = arithmetic_board(tmp_path, 6, judges={"j": entry})
        assert asked(config) > 0
        assert {line["model_returned"] for line in read_jsonl(tmp_path / "out/reviews/j.jsonl")} == {"reference"}
        assert asked(config) == 0


def test_the_same_weights_are_one_judge_behind_any_backend_and_a_rule_is_itself() -> None:
    messages = (Message("user", "NONCE"),)

    def key(word: str, **fields: object) -> str:
        judge = judge_of("j", KINDS[word].judge_model.model_validate({"backend": word} | fields))
        return reply_keys(
            judge.name, judge.model, judge.revision, messages, judge.sampling, "label", 0,
            extra=judge.key_extra, kind=judge.kind,
        ).key  # fmt: skip

    weights = {key(word, model="org/m") for word in ("openai", "anthropic", "vllm", "transformers")}
    sampling = {"temperature": 0.0, "max_tokens": 4096}
    parts = {"judge": "j", "model": "org/m", "revision": None, "messages": plain_messages(messages),
             "sampling": sampling, "format": "label", "sample": 0}  # fmt: skip
    assert weights == {digest(parts)[:32]}
    assert key("recorded") == digest(parts | {"model": "j"})[:32]
    for word in ONCE_WITHOUT_KIND:
        assert key(word) == digest(parts | {"model": "j", "written_by": word})[:32]
    assert sampling_params(judge_of("j", KINDS["reference"].judge_model(backend="reference")).sampling) == sampling


@pytest.mark.parametrize(("was", "now"), [("simulated", "openai"), ("openai", "simulated")])
def test_a_disabled_candidate_of_another_kind_keeps_no_answers_of_the_other(was: str, now: str, tmp_path: Path) -> None:
    with FakeServer(lambda call: Say("It is 7.")) as server:
        entries = {"simulated": {"backend": "simulated"},
                   "openai": {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}}  # fmt: skip
        config = arithmetic_board(tmp_path, 4)
        candidates = yaml.safe_load(config.read_text())["answers_gen"]
        edit_config(config, answers_gen=candidates | {"new": entries[was]})
        assert asked(config, "answers") > 0
        edit_config(config, answers_gen=candidates | {"new": entries[was] | {"enable": False}})
        assert asked(config, "answers") == 0
        assert "new" in (tmp_path / "out/reports/leaderboard.csv").read_text()
        edit_config(config, answers_gen=candidates | {"new": entries[now] | {"enable": False}})
        asked(config)
    rows = read_jsonl(tmp_path / "out/reports/battles.jsonl")
    assert not any("new" in (row["model_a"], row["model_b"]) and row["state"] == "rated" for row in rows)


def test_a_simulated_candidate_never_serves_as_the_model_of_its_name(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 4)
    candidates = yaml.safe_load(config.read_text())["answers_gen"]
    edit_config(config, answers_gen=candidates | {"new": {"backend": "simulated"}})
    assert asked(config, "answers") == 4 * 4
    with FakeServer(lambda call: Say("It is 7.")) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        edit_config(config, answers_gen=candidates | {"new": entry})
        assert asked(config, "answers") == len(server.calls) == 4
        assert asked(config, "answers") == 0
    edit_config(config, answers_gen=candidates | {"new": {"backend": "simulated"}})
    assert asked(config, "answers") == 0


def test_a_recording_of_invented_answers_is_not_taken_for_real(tmp_path: Path) -> None:
    config = arithmetic_board(tmp_path, 4)
    candidates = yaml.safe_load(config.read_text())["answers_gen"]
    edit_config(config, answers_gen=candidates | {"new": {"backend": "simulated"}})
    asked(config)
    shutil.copy(tmp_path / "out/answers/new.jsonl", tmp_path / "copied.jsonl")
    edit_config(config, answers_gen=candidates | {"new": {"backend": "recorded", "file": "copied.jsonl"}})
    asked(config)
    assert json.loads((tmp_path / "out/reports/leaderboard.json").read_text())["simulated"] is True
    assert all(line["simulated"] for line in read_jsonl(tmp_path / "out/answers/new.jsonl"))
