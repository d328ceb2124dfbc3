"""Disturbed questions: who breaks, who does not, what is stored where, and what is never asked twice."""

from __future__ import annotations

import itertools
import json
import signal
import sys
from pathlib import Path
from random import Random

import pytest
from kit.boards import edit_config, read_jsonl, write_jsonl
from kit.commands import arena
from kit.downloads import arc, mmlu
from kit.examinees import right_letter
from kit.probed import SUMS, TOPICS, brittle, probe_board, same_theme, served, steady
from kit.processes import finish, signalling, start
from kit.servers import Action, Call, Fail, FakeServer, Say

MODELS = {"steady": steady, "brittle": brittle, "judge": same_theme}
DISTURBANCES = "typo,case,prefix"


def scores_of(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads((folder / "out/reports/probes.json").read_text())["models"]


@pytest.mark.slow
def test_the_one_that_breaks_is_told_from_the_one_that_does_not(tmp_path: Path) -> None:
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady", "brittle"], [*SUMS, *TOPICS])
        done = arena("probe", "-c", config, "--probes", DISTURBANCES, "--yes")
        assert done.returncode == 0, done.stderr
        asked = len(server.calls)
        again = arena("probe", "-c", config, "--probes", DISTURBANCES, "--yes")
        assert again.returncode == 0 and len(server.calls) == asked  # nothing is asked twice
    scores = scores_of(tmp_path)
    assert list(scores["brittle"]) == DISTURBANCES.split(",")
    for name in DISTURBANCES.split(","):
        safe, broken = scores["steady"][name], scores["brittle"][name]
        assert safe["value"] == safe["control"] == 1.0 and safe["effect_low"] <= 0 <= safe["effect_high"]
        assert broken["control"] == 1.0 and broken["value"] == 0.0 and broken["effect_high"] < -0.5
        assert broken["by"].keys() == {"number", "judge"} and broken["n"] + broken["n_unchanged"] == 24
    assert not (tmp_path / "out/answers").exists() and not (tmp_path / "out/reviews").exists()
    folders = {path.name for path in (tmp_path / "out/probes").iterdir()}
    assert folders == {*DISTURBANCES.split(","), "undisturbed"}
    assert "−100.0 [−100.0" in done.stdout and "*" in done.stdout


def test_a_plan_says_what_would_be_asked_and_asks_nobody(tmp_path: Path) -> None:
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], [*SUMS, *TOPICS])
        planned = arena("plan", "-c", config, "--probes", "typo,suffix", "--limit", "20")
        assert planned.returncode == 0 and not server.calls
        assert arena("probe", "-c", config, "--probes", "typo,suffix", "--limit", "20").returncode == 0
        asked, judged = (sum(call.body["model"] == model for call in server.calls) for model in ("steady", "judge"))
    rows = {line.split("  ")[0].strip(): line.split() for line in planned.stdout.splitlines() if line.strip()}
    assert rows["probes of steady"][3] == str(asked) == "80"
    assert rows["reviews by judge"][3] == str(judged) == "24"


def test_a_check_reads_what_the_section_names(tmp_path: Path) -> None:
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], SUMS, probes={"paraphrase_file": "words.jsonl"})
        missing = arena("check", "-c", config)
        write_jsonl(tmp_path / "words.jsonl", [{"question_id": "sum-1", "text": "Add 1 to 32."}])
        there = arena("check", "-c", config)
    assert missing.returncode == 2 and "probes.paraphrase_file" in missing.stderr
    assert there.returncode == 0 and "paraphrase_file" in there.stdout


def test_the_boards_own_answers_are_the_undisturbed_ones(tmp_path: Path) -> None:
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], SUMS, judged=False)
        assert arena("run", "-c", config).returncode == 0
        before = (tmp_path / "out/answers/steady.jsonl").read_bytes()
        assert arena("probe", "-c", config, "--probes", "typo").returncode == 0
        assert len(server.calls) == 3 * len(SUMS)  # the board's, the repeat, the disturbed
    assert (tmp_path / "out/answers/steady.jsonl").read_bytes() == before
    repeats = read_jsonl(tmp_path / "out/probes/undisturbed/answers/steady.jsonl")
    assert [row["sample"] for row in repeats] == [1] * len(SUMS)


def test_what_failed_on_the_board_is_asked_once_more_and_then_stands(tmp_path: Path) -> None:
    broken = lambda call: Fail(400) if call.prompt == SUMS[0]["text"] else steady(call)  # noqa: E731
    with FakeServer(served({"steady": broken})) as server:
        config = probe_board(tmp_path, server, ["steady"], SUMS, judged=False)
        arena("run", "-c", config)
        server.script = served(MODELS)
        assert arena("probe", "-c", config, "--probes", "typo", "--retry-errors").returncode == 0
        asked = len(server.calls)
        assert arena("probe", "-c", config, "--probes", "typo", "--retry-errors").returncode == 0
        assert len(server.calls) == asked
    score = scores_of(tmp_path)["steady"]["typo"]
    assert (score["n"], score["n_failed"]) == (16, 0)


def test_a_model_that_differs_from_itself_is_not_blamed_on_the_disturbance(tmp_path: Path) -> None:
    tossed = itertools.count()
    coin = {"coin": lambda call: Say(f"It is {Random(next(tossed)).randint(0, 1)}")}
    with FakeServer(served(coin)) as server:
        config = probe_board(tmp_path, server, ["coin"], SUMS, judged=False)
        assert arena("probe", "-c", config, "--probes", "typo").returncode == 0
    score = scores_of(tmp_path)["coin"]["typo"]
    assert 0.1 < score["value"] < 0.9 and score["effect_low"] < 0 < score["effect_high"]


def test_a_limit_asks_less_and_reports_what_is_stored(tmp_path: Path) -> None:
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], SUMS, judged=False)
        for limit, asked in (("3", 9), ("5", 15), ("2", 15)):
            assert arena("probe", "-c", config, "--probes", "typo", "--limit", limit).returncode == 0
            assert len(server.calls) == asked
    score = scores_of(tmp_path)["steady"]["typo"]
    assert (score["n"], score["n_pending"]) == (5, 11)


@pytest.mark.slow
@pytest.mark.usefixtures("fork_server")
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_and_run_again_nothing_is_lost_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    def same(call: Call) -> Action:
        return Say(f"It is {len(call.prompt)}") if call.body["model"] == "fixed" else same_theme(call)

    command = ["--probes", "typo,suffix", "--yes"]
    with FakeServer(same) as server:
        whole = probe_board(tmp_path / "a", server, ["fixed"], [*SUMS, *TOPICS])
        assert arena("probe", "-c", whole, *command).returncode == 0
        asked = len(server.calls)
    with FakeServer(same) as server:
        config = probe_board(tmp_path / "b", server, ["fixed"], [*SUMS, *TOPICS])
        for at in (9, 30, 40):
            run = start("probe", "-c", config, *command)
            server.script = signalling(same, run, signal.SIGKILL, at=at)
            assert finish(run) == -signal.SIGKILL
            server.script = same
        assert arena("probe", "-c", config, *command).returncode == 0
        assert asked <= len(server.calls) <= asked + 3 * 4
    for name in ("probes.jsonl", "probes.json"):
        assert (tmp_path / "b/out/reports" / name).read_bytes() == (tmp_path / "a/out/reports" / name).read_bytes()


def test_a_budget_stops_it_and_a_rehearsal_says_so(tmp_path: Path) -> None:
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], SUMS, judged=False)
        entry = {"backend": "openai", "base_url": server.openai_url, "api_key_env": None,
                 "price": {"input": 1.0, "output": 1000.0}}  # fmt: skip
        edit_config(config, answers_gen={"steady": entry | {"generation_config": {"max_tokens": 100}}})
        stopped = arena("probe", "-c", config, "--probes", "typo", "--budget-usd", "0.15", "--yes")
        assert stopped.returncode == 3 and "budget" in stopped.stderr
        asked = len(server.calls)
        rehearsed = arena("probe", "-c", config, "--probes", "typo", "--dry-run")
        assert rehearsed.returncode == 0 and len(server.calls) == asked > 0
    assert "SIMULATED" in rehearsed.stdout
    assert all(row["simulated"] for row in read_jsonl(tmp_path / "out/dry-run/reports/probes.jsonl"))


def test_other_words_come_from_a_file(tmp_path: Path) -> None:
    lines = [{"question_id": f"sum-{i}", "text": f"Add {i} to {i + 31}."} for i in range(12)]
    write_jsonl(tmp_path / "words.jsonl", lines)
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["brittle"], SUMS, probes={"paraphrase_file": "words.jsonl"})
        done = arena("probe", "-c", config, "--probes", "paraphrase_file")
    assert done.returncode == 0, done.stderr
    assert "changes nothing in 4 of 16 questions" in done.stderr
    score = scores_of(tmp_path)["brittle"]["paraphrase_file"]
    assert (score["n"], score["n_unchanged"], score["value"]) == (12, 4, 0.0)


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("--probes", "tipo"), {}, "--probes: no probe 'tipo'; did you mean typo?"),
        (("--probes", "paraphrase_file"), {}, "probes.paraphrase_file: missing"),
        (("--probes", "paraphrase_file"), {"paraphrase_file": "none.jsonl"}, "none.jsonl: names no question"),
        (("--probes", "paraphrase_file"), {"paraphrase_file": "odd.jsonl"}, "odd.jsonl:1: text must be a text"),
        (("--probes", "typo", "--models", "steddy"), {}, "no candidate 'steddy'; did you mean steady?"),
        (("--probes", "typo"), {}, "typo: no judge under reviews_gen.judges compares answers"),
        (("--probes", "typo"), {"needle": {"depths": [2]}}, "probes.needle.depths"),
        ((), {}, "needs -c CFG and --probes A,B"),
    ],
)
def test_bad_input_gets_one_line(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, object], said: str
) -> None:
    write_jsonl(tmp_path / "none.jsonl", [{"question_id": "topic-77", "text": "Hm?"}])
    write_jsonl(tmp_path / "odd.jsonl", [{"question_id": "topic-1", "text": 7}])
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], TOPICS, judged=False, probes=settings)
        done = arena("probe", "-c", config, *arguments)
        assert not server.calls
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_probe_that_changes_nothing_is_named(tmp_path: Path) -> None:
    questions = [{"question_id": 1, "text": "1 + 1 = 2 ?", "reference": "2"}]
    with FakeServer(served(MODELS)) as server:
        config = probe_board(tmp_path, server, ["steady"], questions, judged=False)
        alone = arena("probe", "-c", config, "--probes", "typo,case")
        assert not server.calls
        beside = arena("probe", "-c", config, "--probes", "typo,suffix")
    assert alone.returncode == 2 and "typo, case changes nothing in any of the 1 questions" in alone.stderr
    assert beside.returncode == 0 and "typo changes nothing in any of the 1 questions: it is left out" in beside.stderr


def test_the_leaderboard_has_them_beside_other_scores(tmp_path: Path) -> None:
    def probes_of(model: str) -> dict[str, object]:
        board = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
        return next(row for row in board["models"] if row["model"] == model)["scores"]

    with FakeServer(served(MODELS)) as server:
        models = ["steady", "brittle"]
        config = probe_board(tmp_path, server, models, SUMS[:4], scores={"metrics": ["accuracy"]})
        assert arena("run", "-c", config, "--yes").returncode == 0
        assert arena("probe", "-c", config, "--probes", "typo", "--yes").returncode == 0
        assert probes_of("brittle").keys() == {"metrics", "probes"}
        assert arena("score", "-c", config).returncode == 0
        assert arena("run", "-c", config, "--stage", "ratings").returncode == 0
    found = probes_of("brittle")
    assert found.keys() == {"metrics", "probes"} and found["probes"]["typo"]["value"] == 0.0
    assert "parts" not in found["probes"]["typo"]
    assert arena("report", "-c", config).returncode == 0
    page = (tmp_path / "out/reports/leaderboard.html").read_text()
    assert '<section id="probes">' in page and "<b>−100.0</b>" in page


def test_the_same_option_counts_whatever_its_letter(tmp_path: Path) -> None:
    def loves_a(call: Call) -> Action:
        return Say("The answer is A.")

    def knows(call: Call) -> Action:
        return Say(f"I take {right_letter(call)}.")

    arc(tmp_path / "data/arc_easy", "ARC-Easy", 12)
    mmlu(tmp_path / "data/mmlu", 4)
    tasks = {"data_dir": "data", "tasks": {"mmlu": {}, "arc_easy": {}}}
    with FakeServer(served({"knows": knows, "loves": loves_a, "mute": lambda call: Say("Hm.")})) as server:
        models = ["knows", "loves", "mute"]
        config = probe_board(tmp_path, server, models, TOPICS, judged=False, benchmarks=tasks)
        done = arena("probe", "-c", config, "--probes", "option_order", "--limit", "20")
        assert done.returncode == 0, done.stderr
        assert len(server.calls) == 3 * 3 * 20
        edit_config(config, benchmarks={"data_dir": "data", "tasks": {"gsm8k": {}}})
        none = arena("probe", "-c", config, "--probes", "option_order")
    scores = {model: own["option_order"] for model, own in scores_of(tmp_path).items()}
    assert (scores["knows"]["value"], scores["knows"]["control"], scores["knows"]["n"]) == (1.0, 1.0, 20)
    assert (scores["loves"]["value"], scores["loves"]["control"]) == (0.0, 1.0) and scores["loves"][
        "effect_high"
    ] < -0.5
    assert (scores["mute"]["n"], scores["mute"]["n_undecided"]) == (0, 20)
    assert set(scores["knows"]["parts"]["category"]) == {"mmlu", "arc_easy"}
    assert none.returncode == 2
