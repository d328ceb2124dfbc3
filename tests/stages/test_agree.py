"""`arena agree`: votes of any origin against a board's judges."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from kit.boards import arithmetic_board, read_jsonl, write_jsonl
from kit.commands import arena
from kit.judges import by_model, is_right, read_prompt, sum_judge
from kit.servers import Action, Call, FakeServer, Say
from sklearn.metrics import cohen_kappa_score

from arena.errors import DataError
from arena.store.votes import read_votes


def voted(question: int, a: str, b: str, winner: str, voter: str = "ann", **more: object) -> dict[str, object]:
    return {"question_id": question, "model_a": a, "model_b": b, "winner": winner, "voter": voter} | more


def truth(question: int, a: str, b: str, voter: str = "ann", **more: object) -> dict[str, object]:
    """What somebody who can add up says on the arithmetic board."""
    right = {"right": True, "half": question < 6, "wrong": False}
    winner = "tie" if right[a] == right[b] else "model_a" if right[a] else "model_b"
    return voted(question, a, b, winner, voter, **more)


def report(config: Path, *options: str) -> dict[str, object]:
    done = arena("agree", "-c", config, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    config = arithmetic_board(tmp_path)
    assert arena("run", "-c", config).returncode == 0
    return config


def test_a_perfect_judge_agrees_with_everybody(judged: Path) -> None:
    votes = [truth(q, *pair, voter) for q in range(12) for pair in (("right", "half"), ("half", "wrong"))
             for voter in ("ann", "bob")]  # fmt: skip
    write_jsonl(judged.parent / "out/votes.jsonl", votes)
    found = report(judged)
    [judge] = found["judges"]
    assert (found["n_votes"], found["n_voters"]) == (48, 2)
    assert found["people"]["agree_raw"]["value"] == 1.0
    assert judge["majority"]["raw"]["value"] == judge["single_vote"]["value"] == 1.0
    assert judge["majority"]["kappa"]["value"] == pytest.approx(1.0)
    assert judge["majority"]["n_battles"] == 24
    assert judge["consistency"]["value"] == 1.0
    assert judge["first_slot"]["value"] == 0.5
    assert set(judge["categories"]) == set()
    shown = arena("agree", "-c", judged)
    assert shown.returncode == 0
    assert "people among themselves: 100.0%" in shown.stdout
    assert "judge reference" in shown.stdout


def test_votes_count_whichever_way_round_the_pair_is_written(judged: Path) -> None:
    straight = [truth(q, "right", "half") for q in range(12)]
    turned = [truth(q, "half", "right") for q in range(12)]
    answers = []
    for votes in (straight, turned):
        write_jsonl(judged.parent / "votes.jsonl", votes)
        answers.append(report(judged, "--votes", str(judged.parent / "votes.jsonl")))
    assert answers[0] == answers[1]


def test_skips_replaced_votes_and_changed_answers_are_left_out_and_counted(judged: Path) -> None:
    battle = next(b for b in read_jsonl(judged.parent / "out/reports/battles.jsonl") if b["question_id"] == "7")
    keys = {"answer_key_a": battle["answer_key_a"], "answer_key_b": battle["answer_key_b"]}
    pair = battle["model_a"], battle["model_b"]
    stale = {"answer_key_a": "other", "answer_key_b": battle["answer_key_b"]}
    votes = [
        truth(7, *pair, "ann", **keys), truth(7, *pair, "bob", **stale), voted(8, "right", "half", "skip"),
        voted(9, "right", "half", "model_b"), truth(9, "right", "half"), truth(99, "right", "half"),
    ]  # fmt: skip
    write_jsonl(judged.parent / "out/votes.jsonl", votes)
    found = report(judged)
    assert found["left_out"] == {
        "on answers that have changed": 1, "on battles that are not on the board": 1, "replaced by a later vote": 1,
        "skipped by the voter": 1,
    }  # fmt: skip
    assert found["judges"][0]["majority"]["n_battles"] == 2


@pytest.mark.slow
def test_a_judge_that_loves_length_and_the_first_slot_is_found_out(tmp_path: Path) -> None:
    def longest(call: Call) -> Action:
        shown = read_prompt(call)
        lengths = [len(text) for text in shown.answers]
        return Say(f"[[{shown.nonce} {'A' if lengths[0] >= lengths[1] else 'B'}]]")

    with FakeServer(by_model({"fair": sum_judge, "vain": longest})) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, judges={"fair": entry, "vain": entry})
        rows = read_jsonl(tmp_path / "wrong.jsonl")
        write_jsonl(tmp_path / "wrong.jsonl", [r | {"answer": f"{r['answer']} Most surely!"} for r in rows])
        assert arena("run", "-c", config).returncode == 0
    pairs = [("right", "half"), ("half", "wrong")]
    write_jsonl(tmp_path / "out/votes.jsonl", [truth(q, *pair) for q in range(12) for pair in pairs])
    judges = {judge["judge"]: judge for judge in report(config)["judges"]}
    assert set(judges) == {"fair", "vain", "panel"}
    assert judges["fair"]["length_bias"]["value"] == 0.0
    assert judges["vain"]["length_bias"]["low"] > 0.2
    assert judges["vain"]["longer_judge"]["value"] == 1.0
    assert judges["fair"]["majority"]["raw"]["value"] == 1.0
    assert judges["vain"]["majority"]["raw"]["value"] < 0.5
    [other] = report(config, "--with", "fair", "--judge", "vain")["judges"]
    assert other["majority"]["raw"]["value"] == judges["vain"]["majority"]["raw"]["value"]
    assert {judge["judge"] for judge in report(config, "--with", "fair")["judges"]} == {"vain", "panel"}
    assert "no verdicts by that judge" in arena("agree", "-c", config, "--with", "nobody").stderr
    only = report(config, "--judge", "vain")["judges"]
    assert [judge["judge"] for judge in only] == ["vain"]


def test_scores_of_single_mode_are_compared_in_pairs(tmp_path: Path) -> None:
    def score(call: Call) -> Action:
        shown = read_prompt(call)
        return Say(f"[[{shown.nonce} {9 if is_right(shown.question, shown.answers[0]) else 3}]]")

    with FakeServer(score) as server:
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None}
        config = arithmetic_board(tmp_path, mode="single", baseline=None, judges={"j": entry})
        assert arena("run", "-c", config).returncode == 0
    votes = [truth(q, "right", "half") for q in range(12)]
    votes[7] = voted(7, "right", "half", "half")
    write_jsonl(tmp_path / "out/votes.jsonl", votes)
    [judge] = report(config)["judges"]
    assert judge["majority"]["raw"]["value"] == pytest.approx(11 / 12)
    assert judge["temperature"]["beta"] > 0


def test_what_a_stated_width_costs(judged: Path) -> None:
    votes = [truth(q, "right", "half") for q in range(12)]
    for vote in votes[:3]:
        vote["winner"] = "model_b"
    write_jsonl(judged.parent / "out/votes.jsonl", votes)
    coarse, fine = (report(judged, "--width", w)["judges"][0]["more_questions"] for w in ("0.3", "0.02"))
    assert coarse == 0
    assert fine > 500


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"model_a": "a", "model_b": "b", "winner": "nobody"}, "winner: found 'nobody'"),
        ({"model_a": "a", "model_b": "b", "human_pref": "7"}, "allowed: a number in [0, 1]"),
        ({"model_a": "a", "model_b": "b", "human_pref": "x"}, "expected a number"),
        ({"model_a": "a", "winner": "tie"}, "no model_b"),
        ({"model_a": "a", "model_b": "b"}, "needs winner, outcome or human_pref"),
    ],
)
def test_a_line_that_is_no_vote_is_named(tmp_path: Path, line: dict[str, object], message: str) -> None:
    path = write_jsonl(tmp_path / "v.jsonl", [line])
    with pytest.raises(DataError, match=r"v\.jsonl:1: ") as caught:
        read_votes(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(("coding", "expected"), [("human_pref", [1.0, 0.0, 0.5]), ("outcome", [0.0, 1.0, 0.5])])
def test_both_codings_of_a_csv(tmp_path: Path, coding: str, expected: Sequence[float]) -> None:
    rows = "".join(f"q{i},x,y,{value}\n" for i, value in enumerate(("0.0", "1.0", "0.5")))
    (tmp_path / "v.csv").write_text(f"row_id,model_a,model_b,{coding}\n{rows}")
    votes = read_votes(tmp_path / "v.csv").votes
    assert [vote.outcome for vote in votes] == expected
    assert [vote.question_id for vote in votes] == ["q0", "q1", "q2"]


def test_nothing_to_compare_is_said_in_one_line(judged: Path) -> None:
    said = arena("agree", "-c", judged).stderr  # the ways on are named
    assert "nobody has voted yet" in said and "arena view -c" in said and "--votes" in said and "--with" in said
    write_jsonl(judged.parent / "v.jsonl", [truth(99, "right", "half")])
    done = arena("agree", "-c", judged, "--votes", judged.parent / "v.jsonl")
    assert done.returncode == 2
    assert "none of 1 votes is on a battle that a judge has decided" in done.stderr
    assert "--with reference: no other judge of the board" in arena("agree", "-c", judged, "--with", "reference").stderr
    assert "no judge's verdicts" in arena("agree", "--votes", judged.parent / "v.jsonl").stderr


@pytest.mark.shared
def test_softelo_judge_against_its_people(shared_dir: Path) -> None:
    path = shared_dir / "data/softelo/sample_annotations.csv"
    done = arena("agree", "--votes", path, "--json")
    assert done.returncode == 0, done.stderr
    [judge] = json.loads(done.stdout)["judges"]
    with path.open() as handle:
        rows = list(csv.DictReader(handle))
    flips = [row["model_a"] > row["model_b"] for row in rows]  # κ counts in the frame of the model first by name
    human, machine = (
        [1 - float(row[name]) if flip else float(row[name]) for row, flip in zip(rows, flips, strict=True)]
        for name in ("human_pref", "judge_pref")
    )
    same = np.array(human) == np.array(machine)
    decisive = (np.array(human) != 0.5) & (np.array(machine) != 0.5)
    assert judge["majority"]["raw"]["value"] == pytest.approx(same.mean())
    assert judge["majority"]["decisive"]["value"] == pytest.approx(same[decisive].mean())
    assert judge["majority"]["kappa"]["value"] == pytest.approx(
        cohen_kappa_score([str(v) for v in human], [str(v) for v in machine])
    )
    assert judge["majority"]["spearman"]["value"] > 0.9
    assert judge["temperature"]["low"] > 0
    assert judge["temperature"]["log_loss"] < 0.6 < judge["temperature"]["log_loss_coin"]
    assert judge["languages"]["en"]["n"] == 524
