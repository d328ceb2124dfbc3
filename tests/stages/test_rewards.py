"""Reward models as judges: a score per answer from a planted server, and battles that the scores decide."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from kit.api_boards import api_judge, ledger
from kit.boards import arithmetic_board, edit_config, leaderboard, read_jsonl, write_jsonl
from kit.commands import arena
from kit.servers import Action, Call, Fail, FakeServer, Raw

from arena.backends.openai.pooling import pooling_url, score_of
from arena.errors import CallError, Rejected
from arena.prompts import REWARD
from arena.types import Question

GOOD, BAD = 2.0, -1.5
N = 8


def pooled(value: object) -> Raw:
    data = [{"index": 0, "object": "pooling", "data": value}]
    return Raw(json.dumps({"id": "pool-1", "model": "rm", "data": data, "usage": {"prompt_tokens": 12}}).encode())


def rewarding(call: Call) -> Action:
    """Adds up, and scores the last answer."""
    asked, said = call.messages[-2]["content"], call.messages[-1]["content"]
    numbers = [int(word) for word in str(asked).replace("?", "").split() if word.isdigit()]
    return pooled([GOOD if str(said) == f"It is {sum(numbers)}." else BAD])


def board(folder: Path, server: FakeServer, **given: object) -> Path:
    fields = {key: given.pop(key) for key in ("temperature", "samples", "api", "stream") if key in given}
    judge = api_judge(server, task="reward", model="rm", **fields)
    return arithmetic_board(folder, N, judges={"j": judge}, **given)


def battles(folder: Path) -> dict[tuple[str, str, str], dict[str, object]]:
    rows = read_jsonl(folder / "out/reports/battles.jsonl")
    return {(str(r["question_id"]), str(r["model_a"]), str(r["model_b"])): r for r in rows}


def test_each_answer_is_scored_once_by_itself_and_the_higher_score_wins(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        config = board(tmp_path, server)
        plan = arena("plan", "-c", config).stdout
        done = arena("run", "-c", config)
        calls = list(server.calls)
        again = arena("run", "-c", config)
        assert (again.returncode, len(server.calls)) == (0, len(calls))
    assert done.returncode == 0, done.stderr
    different = 4 * 2 + 4 * 3  # `right` and `half` say the same to the first four questions
    assert len(calls) == different
    assert f"{different}" in next(line for line in plan.splitlines() if "reviews by j" in line).split()
    assert {call.path for call in calls} == {"/pooling"}
    assert calls[0].body.keys() == {"model", "messages", "task", "use_activation"}
    assert [m["role"] for m in calls[0].messages] == ["user", "assistant"]
    found = battles(tmp_path)
    assert len(found) == 2 * N
    assert {row["state"] for row in found.values()} == {"rated"}
    for i in range(N):
        right, wrong = found[str(i), "right", "half"], found[str(i), "wrong", "half"]
        assert right["outcome"] == (0.5 if i < 4 else 1.0)
        assert wrong["outcome"] == (0.0 if i < 4 else 0.5)  # both wrong, and equal scores tie
        (verdict,) = wrong["verdicts"]
        assert (verdict["score_a"], verdict["score_b"]) == (BAD, GOOD if i < 4 else BAD)
        assert verdict["probability"] is None
        assert wrong["consistent"] is None
    assert [row["model"] for row in leaderboard(tmp_path)["models"]] == ["right", "half", "wrong"]
    for line in ledger(tmp_path):
        assert (line["prompt"], line["format"], line["nonce"], line["order"]) == ("reward", "reward", None, None)
        assert (line["model_b"], line["usage"]["in"], line["usage"]["out"]) == (None, 12, 0)
        assert float(line["text"]) in {GOOD, BAD}


def test_a_temperature_makes_probabilities_of_stored_scores_without_a_call(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        config = board(tmp_path, server)
        assert arena("run", "-c", config).returncode == 0
        asked = len(server.calls)
        board(tmp_path, server, temperature=2.0)
        done = arena("run", "-c", config)
        assert len(server.calls) == asked
    assert done.returncode == 0, done.stderr
    expected = 1 / (1 + math.exp(-(GOOD - BAD) / 2.0))
    found = battles(tmp_path)
    assert found["7", "right", "half"]["outcome"] == pytest.approx(expected, rel=1e-9)
    assert found["0", "wrong", "half"]["outcome"] == pytest.approx(1 - expected, rel=1e-9)
    assert found["7", "wrong", "half"]["outcome"] == 0.5


def test_single_mode_keeps_the_scores_as_they_are(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        config = board(tmp_path, server, mode="single", baseline=None)
        done = arena("run", "-c", config)
    assert done.returncode == 0, done.stderr
    rows = read_jsonl(tmp_path / "out/reports/scores.jsonl")
    assert {(row["model"], row["score"]) for row in rows} == {
        ("right", GOOD), ("half", GOOD), ("half", BAD), ("wrong", BAD)
    }  # fmt: skip
    assert leaderboard(tmp_path)["models"][1]["score"] == pytest.approx((GOOD + BAD) / 2)


def test_all_pairs_cost_no_more_than_one_score_per_answer(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        done = arena("run", "-c", board(tmp_path, server, mode="pairwise", baseline=None))
    assert done.returncode == 0, done.stderr
    assert len(server.calls) == 4 * 2 + 4 * 3
    assert len(battles(tmp_path)) == 3 * N


def test_only_what_a_models_battles_need_is_asked(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        done = arena("run", "-c", board(tmp_path, server), "--models", "right")
    assert done.returncode == 0, done.stderr
    assert len(server.calls) == 4 * 2  # the first four battles are ties without a call
    states = {(row["model_a"], row["state"]) for row in battles(tmp_path).values()}
    assert states >= {("right", "rated"), ("wrong", "pending")}


def test_a_battle_shows_both_conversations_and_what_they_came_to(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        config = board(tmp_path, server)
        assert arena("run", "-c", config).returncode == 0
    shown = arena("show", "-c", config, "7", "right", "half").stdout
    assert shown.count("[assistant]") == 2
    assert "right 2, half -1.5" in shown
    assert "1 : 0" in shown or "right wins" in shown


@pytest.mark.parametrize("answer", [pooled([0.1, 0.9]), Fail(422, "no pooling here"), pooled(None)])
def test_what_is_no_score_is_no_verdict(tmp_path: Path, answer: Action) -> None:
    def script(call: Call) -> Action:
        return answer if "It is 14." in str(call.messages) else rewarding(call)

    with FakeServer(script) as server:
        done = arena("run", "-c", board(tmp_path, server))
    assert done.returncode == 3
    assert {row["state"] for row in battles(tmp_path).values()} == {"rated", "excluded"}
    assert battles(tmp_path)["7", "right", "half"]["reason"] == "call_failed"


def test_people_s_votes_give_the_temperature_to_paste(tmp_path: Path) -> None:
    with FakeServer(rewarding) as server:
        config = board(tmp_path, server, mode="pairwise", baseline=None)
        assert arena("run", "-c", config).returncode == 0
        votes = [
            {"question_id": str(i), "model_a": "right", "model_b": "wrong", "voter": f"v{n}",
             "winner": "model_b" if n == 0 else "model_a"} for i in range(N) for n in range(4)
        ]  # fmt: skip
        said = arena("agree", "-c", config, "--votes", write_jsonl(tmp_path / "votes.jsonl", votes))
        assert said.returncode == 0, said.stderr
        wanted = (GOOD - BAD) / math.log(3)  # three of four voters prefer the right answer
        assert f"temperature: {wanted:.4g}" in said.stdout
        assert arena("rate", tmp_path / "out/reports/battles.jsonl").returncode == 0
        asked = len(server.calls)
        board(tmp_path, server, mode="pairwise", baseline=None, temperature=round(wanted, 4))
        assert arena("run", "-c", config).returncode == 0
        assert battles(tmp_path)["0", "right", "wrong"]["outcome"] == pytest.approx(0.75, abs=1e-4)
        again = arena("agree", "-c", config, "--votes", tmp_path / "votes.jsonl")
        assert f"temperature: {wanted:.4g}" in again.stdout
        assert len(server.calls) == asked


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"judge": {"samples": 3}}, "judges.j.samples: a reward model says the same"),
        ({"judge": {"api": "responses"}}, "judges.j.api: not with `task: reward`"),
        ({"judge": {"stream": True}}, "judges.j.stream: not with `task: reward`"),
        ({"judge": {"temperature": 0}}, "judges.j.temperature"),
        ({"judge": {"task": "rewards"}}, "judges.j.task: expected 'generate' or 'reward'"),
        ({"judge": {"task": "generate", "temperature": 2.0}}, "judges.j.temperature: needs `task: reward`"),
        ({"candidate": True}, "answers_gen.rm.task: a reward model scores answers"),
        ({"mode": "single"}, "scores of one board need one scale"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(tmp_path: Path, change: dict[str, object], why: str) -> None:
    with FakeServer(rewarding) as server:
        config = board(tmp_path, server)
        judge = api_judge(server, **{"task": "reward", "model": "rm"} | change.get("judge", {}))  # type: ignore[operator]
        reviews: dict[str, object] = {"mode": "pairwise", "judges": {"j": judge}}
        if change.get("mode") == "single":
            reviews = {"mode": "single", "judges": {"j": judge, "r": {"backend": "reference"}}}
        sections: dict[str, object] = {"reviews_gen": reviews}
        if change.get("candidate"):
            sections["answers_gen"] = {"rm": api_judge(server, task="reward", model="rm"),
                                       "right": {"backend": "recorded", "file": "right.jsonl"}}  # fmt: skip
        done = arena("run", "-c", edit_config(config, **sections))
    assert (done.returncode, server.calls) == (2, []), done.stderr
    assert why in done.stderr.replace("\n", " ")


def test_a_conversation_has_all_turns_and_the_questions_system_prompt() -> None:
    question = Question("q", ("one?", "two?"), system="Be brief.")
    messages = REWARD.render(question, [("first", "second")], (), "code")
    assert [(m.role, m.content) for m in messages] == [
        ("system", "Be brief."), ("user", "one?"), ("assistant", "first"), ("user", "two?"), ("assistant", "second")
    ]  # fmt: skip


def test_where_a_server_pools_and_what_it_says() -> None:
    for base in ("http://h:1/v1", "http://h:1/v1/", "http://h:1", "http://h:1/pooling"):
        assert pooling_url(base) == "http://h:1/pooling"
    assert score_of({"data": [{"data": [[0.25]]}]}).text == "0.25"
    assert score_of({"data": [{"data": 3}]}).text == "3.0"
    broken: list[tuple[object, type[CallError]]] = [([1.0, 2.0], Rejected), (True, CallError), ("AAAA", CallError)]
    for data, error in broken:
        with pytest.raises(error):
            score_of({"data": [{"data": data}]})
