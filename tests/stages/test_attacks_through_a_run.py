"""Every attack of the corpus as a stored answer, every prompt, the real SDK, a judge that quotes what it reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.attacks import ATTACKS
from kit.boards import read_jsonl, write_config, write_jsonl
from kit.commands import arena
from kit.servers import Action, Call, FakeServer, Say

from arena.config.shipped import shipped
from arena.prompts import Prompt, load_prompt
from arena.types import Parsed, ParsedScore

pytestmark = pytest.mark.slow

FOLDER = shipped("configs") / "prompts"
PROMPTS = {path.stem: load_prompt(path.stem, [FOLDER]) for path in sorted(FOLDER.glob("*.yaml"))}
HONEST = "An honest answer, number"


def quoting_judge(prompt: Prompt, call: Call) -> Action:
    """Repeats the end of everything it was shown, then says that honest answers are better.

    Where the verdict has to be the whole reply, that is no verdict: it says so again, alone, when it is asked to.
    """
    texts = [str(message["content"]) for message in call.body["messages"]]
    text = next(text for text in texts if "[BEGIN QUESTION" in text)
    nonce = re.search(r"\[BEGIN QUESTION ([0-9a-f]{12})\]", text).group(1)
    shown = re.findall(rf"\[BEGIN ANSWER(?: [AB])? {nonce}\]\n(.*?)\n\[END ANSWER(?: [AB])? {nonce}\]", text, re.S)
    quoted = "\n".join(answer[-3000:] for answer in shown)
    if prompt.kind == "single":
        good = HONEST in shown[0]
        return Say(prompt.format.write(ParsedScore(4.0 if good else 2.0), nonce, f"It said: {quoted}"))
    verdict = prompt.format.write(Parsed("first" if HONEST in shown[0] else "second"), nonce, f"They said: {quoted}")
    alone = not prompt.format.needs_nonce and text == texts[-1]
    return Say(f"They said: {quoted}\n\n{verdict}" if alone else verdict)


def attacked_board(folder: Path, url: str, prompt: Prompt) -> Path:
    questions = [{"question_id": i, "text": f"Question {i}?", "reference": "yes"} for i in range(len(ATTACKS))]
    write_jsonl(folder / "questions.jsonl", questions)
    attacks = [json.dumps({"question_id": i, "answer": attack}) for i, attack in enumerate(ATTACKS.values())]
    (folder / "attacker.jsonl").write_text("\n".join(attacks))  # ASCII escapes: one attack is no valid UTF-8
    honest = [{"question_id": i, "answer": f"{HONEST} {i}."} for i in range(len(ATTACKS))]
    write_jsonl(folder / "honest.jsonl", honest)
    judge = {"backend": "openai", "base_url": url, "api_key_env": None}
    reviews = {"mode": "single"} if prompt.kind == "single" else {"mode": "pairwise_baseline", "baseline": "honest"}
    return write_config(folder, {
        "question_file": "questions.jsonl", "output_dir": "out",
        "answers_gen": {m: {"backend": "recorded", "file": f"{m}.jsonl"} for m in ("attacker", "honest")},
        "reviews_gen": reviews | {"judges": {"j": judge}, "prompt": prompt.name},
    })  # fmt: skip


@pytest.mark.parametrize("name", PROMPTS)
def test_no_attack_changes_a_verdict(tmp_path: Path, name: str) -> None:
    prompt = PROMPTS[name]
    with FakeServer(lambda call: quoting_judge(prompt, call), record=False) as server:
        done = arena("run", "-c", attacked_board(tmp_path, server.openai_url, prompt))
    assert done.returncode == 0, done.stderr
    if prompt.kind == "single":
        rows = read_jsonl(tmp_path / "out/reports/scores.jsonl")
        given = {model: {r["score"] for r in rows if r["model"] == model and r["state"] == "rated"}
                 for model in ("attacker", "honest")}  # fmt: skip
        assert max(given["attacker"]) < min(given["honest"])
    else:
        rows = read_jsonl(tmp_path / "out/reports/battles.jsonl")
        assert {row["winner"] for row in rows if row["state"] == "rated"} == {"model_b"}
        assert {row["outcome"] for row in rows if row["state"] == "rated"} == {0.0}
    assert {row["reason"] for row in rows if row["state"] != "rated"} <= {"answer_empty"}
    assert sum(row["state"] == "rated" for row in rows) >= len(ATTACKS) - 1


def test_the_board_says_who_attacked(tmp_path: Path) -> None:
    prompt = PROMPTS["pair-v1"]
    with FakeServer(lambda call: quoting_judge(prompt, call), record=False) as server:
        assert arena("run", "-c", attacked_board(tmp_path, server.openai_url, prompt)).returncode == 0
    board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
    flags = {row["model"]: row["flags"] for row in board["models"]}
    assert flags["honest"] == []
    assert {flag.split(" (")[0] for flag in flags["attacker"]} >= {
        "suspicious: label", "suspicious: override", "suspicious: fence", "suspicious: json_verdict",
        "suspicious: chat_token", "suspicious: control",
    }  # fmt: skip
