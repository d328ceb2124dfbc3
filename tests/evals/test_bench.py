"""`arena bench` against planted models: every score comes out as planted, nothing is asked twice."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path

import pytest
import yaml
from kit.boards import read_jsonl
from kit.commands import arena
from kit.downloads import write_downloads
from kit.examinees import always, exam_board, knows, number_of, right_letter, shown_options
from kit.judges import by_model
from kit.processes import finish, signalling, start
from kit.servers import Action, Call, Fail, FakeServer, Say

N = 12
CHOICES = ["mmlu", "ceval", "cmmlu", "arc_easy", "arc_challenge", "hellaswag", "truthful_qa", "race"]


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"), N)


def scores(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    found = json.loads((folder / "out/reports/benchmarks.json").read_text())
    assert isinstance(found["models"], dict)
    return found["models"]


def test_planted_models_get_what_they_were_planted(tmp_path: Path, downloads: Path) -> None:
    planted = {
        "all": knows(4, "The answer is ({})."), "half": knows(2), "chinese": knows(3, "正确答案是{}。因为如此。"),
        "chatty": knows(1, "Let me think about it.\n\nSome say A, some say B.\n\n**Answer:** {}"),
        "mute": always("Hm."),
    }  # fmt: skip
    with FakeServer(by_model(planted)) as server:
        config = exam_board(tmp_path, server, list(planted), CHOICES, downloads)
        done = arena("bench", "-c", config)
    assert done.returncode == 0, done.stderr
    found = scores(tmp_path)
    for task in CHOICES:
        shares = {model: found[model][task]["score"] for model in planted}
        assert shares == {"all": 1.0, "half": 0.5, "chinese": 0.75, "chatty": 0.25, "mute": 0.0}, task
        assert found["mute"][task]["score_readable"] is None
        assert found["mute"][task]["n_unreadable"] == found["mute"][task]["n"]
        assert found["all"][task]["n_unreadable"] == 0
    assert found["half"]["mmlu"]["shots"] == 5
    assert list(found["half"]["mmlu"]["subjects"]) == ["anatomy", "world_religions"]
    differences = json.loads((tmp_path / "out/reports/benchmarks.json").read_text())["differences"]
    (mine,) = [d for d in differences if (d["task"], d["a"], d["b"]) == ("arc_easy", "all", "half")]
    assert mine["diff"] == 0.5 and mine["low"] < 0.5 < mine["high"] and mine["n"] == N


@pytest.mark.slow
def test_a_to_everything_is_chance_although_the_right_option_stands_first(tmp_path: Path) -> None:
    data = write_downloads(tmp_path / "data", 400)
    with FakeServer(always("A")) as server:
        config = exam_board(tmp_path, server, ["first"], ["truthful_qa"], data)
        assert arena("bench", "-c", config).returncode == 0
    assert 0.19 < scores(tmp_path)["first"]["truthful_qa"]["score"] < 0.38  # 3 to 5 options: chance is .26


def test_the_second_time_nobody_is_asked_and_the_bytes_are_the_same(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(knows(2)) as server:
        config = exam_board(tmp_path, server, ["m"], ["mmlu", "race"], downloads)
        assert arena("bench", "-c", config, "--limit", "10").returncode == 0
        some = len(server.calls)
        assert some == 20
        assert arena("bench", "-c", config).returncode == 0
        assert len(server.calls) == 5 * N
        before = [(tmp_path / "out/reports" / name).read_bytes() for name in ("benchmarks.jsonl", "benchmarks.json")]
        config.write_text(config.read_text().replace("concurrency: 4", "concurrency: 1"))
        assert arena("bench", "-c", config).returncode == 0
        assert len(server.calls) == 5 * N
    assert before == [
        (tmp_path / "out/reports" / name).read_bytes() for name in ("benchmarks.jsonl", "benchmarks.json")
    ]
    with FakeServer(knows(2)) as server:
        other = exam_board(tmp_path / "one-by-one", server, ["m"], ["mmlu", "race"], downloads)
        other.write_text(other.read_text().replace("concurrency: 4", "concurrency: 1"))
        assert arena("bench", "-c", other).returncode == 0
    assert (tmp_path / "one-by-one/out/reports/benchmarks.jsonl").read_bytes() == before[0]


def test_other_shots_are_other_requests(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(knows(4)) as server:
        config = exam_board(tmp_path, server, ["m"], {"arc_easy": {}}, downloads)
        assert arena("bench", "-c", config).returncode == 0
        config.write_text(config.read_text().replace("arc_easy: {}", "arc_easy: {shots: 2}"))
        assert arena("bench", "-c", config).returncode == 0
        assert len(server.calls) == 2 * N
        assert len(server.calls[-1].body["messages"]) == 5
    assert scores(tmp_path)["m"]["arc_easy"]["shots"] == 2


def test_failed_calls_count_nowhere_and_too_many_end_with_three(tmp_path: Path, downloads: Path) -> None:
    def script(call: Call) -> Action:
        return Fail(400, "too spicy") if number_of(call) == 0 else Say(right_letter(call))

    with FakeServer(script) as server:
        config = exam_board(tmp_path, server, ["m"], ["arc_easy"], downloads)
        done = arena("bench", "-c", config)
        assert done.returncode == 3
        assert "arc_easy: 1 of 12 documents of m failed (8.3%, benchmarks.max_failed is 2.0%)" in done.stderr
        found = scores(tmp_path)["m"]["arc_easy"]
        assert (found["score"], found["n"], found["n_failed"]) == (1.0, N - 1, 1)
        asked = len(server.calls)
        arena("bench", "-c", config)
        assert len(server.calls) == asked, "what was turned down is asked again with --retry-errors only"
        server.script = lambda call: Say(right_letter(call))
        assert arena("bench", "-c", config, "--retry-errors").returncode == 0
        assert len(server.calls) == asked + 1


def test_a_run_asks_them_after_its_reviews_and_its_limit_is_about_questions(tmp_path: Path, downloads: Path) -> None:
    def script(call: Call) -> Action:
        return Say("hi") if not shown_options(call) else Say(right_letter(call))

    with FakeServer(script) as server:
        config = exam_board(tmp_path, server, ["m", "n"], ["arc_easy"], downloads)
        done = arena("run", "-c", config, "--limit", "1")
        assert done.returncode == 0, done.stderr
        assert len(server.calls) == 2 + 2 * N
        plan = arena("plan", "-c", config)
        assert "arc_easy of m" in plan.stdout
    run = json.loads((tmp_path / "out/run.json").read_text())
    assert run["runs"][0]["benchmarks"]["arc_easy · m"]["done"] == N
    assert run["files"]["benchmarks/arc_easy/m.jsonl"]["lines"] == N


def test_a_rated_board_holds_the_scores_and_how_they_go_with_the_judges(tmp_path: Path, downloads: Path) -> None:
    planted = {"a": knows(4), "b": knows(3), "c": knows(1)}
    with FakeServer(by_model(planted)) as server:
        config = exam_board(tmp_path, server, list(planted), ["arc_easy"], downloads)
        board = yaml.safe_load(config.read_text())
        answers = {"a": "12", "b": "11", "c": "7"}
        (tmp_path / "q.jsonl").write_text("".join(
            json.dumps({"question_id": n, "text": "5 + 7?", "reference": "12"}) + "\n" for n in range(4)
        ))  # fmt: skip
        board["reviews_gen"] = {"mode": "pairwise", "judges": {"rule": {"backend": "reference"}}}
        config.write_text(yaml.safe_dump(board))
        server.script = lambda call: (
            planted[str(call.body["model"])](call) if shown_options(call) else Say(answers[str(call.body["model"])])
        )
        assert arena("run", "-c", config).returncode == 0
        rated = json.loads((tmp_path / "out/reports/leaderboard.json").read_text())
        summary = json.loads((tmp_path / "out/reports/benchmarks.json").read_text())
        found = {row["model"]: row["benchmarks"]["arc_easy"]["score"] for row in rated["models"]}
        assert found == {"a": 1.0, "b": 0.75, "c": 0.25}
        assert summary["models"]["a"]["arc_easy"] == next(
            row["benchmarks"]["arc_easy"] for row in rated["models"] if row["model"] == "a"
        )
        assert summary["correlations"]["arc_easy"]["n"] == 3
        assert summary["correlations"]["arc_easy"]["spearman"] is not None
        before = (tmp_path / "out/reports/leaderboard.json").read_bytes()
        assert arena("bench", "-c", config).returncode == 0
        assert (tmp_path / "out/reports/leaderboard.json").read_bytes() == before
        again = json.loads((tmp_path / "out/reports/benchmarks.json").read_text())
        assert again == summary


def test_the_budget_stops_it_and_what_came_back_counts(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(knows(4)) as server:
        config = exam_board(tmp_path, server, ["m"], ["arc_easy"], downloads)
        text = config.read_text().replace("concurrency: 4", "concurrency: 1\n    price: {input: 1000, output: 10}")
        config.write_text(text)
        done = arena("bench", "-c", config, "--budget-usd", "0.2")
        assert done.returncode == 3
        assert "--budget-usd 0.2 is reached" in done.stderr
        assert 0 < len(server.calls) < N
    found = scores(tmp_path)["m"]["arc_easy"]
    assert found["n"] + found["n_pending"] == N and found["score"] == 1.0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.usefixtures("fork_server")
def test_killed_and_run_again_nothing_is_lost_or_asked_twice(tmp_path: Path, downloads: Path) -> None:
    script = knows(3)
    with FakeServer(script) as server:
        config = exam_board(tmp_path, server, ["m"], ["mmlu"], downloads)
        for at in (5, 11):
            run = start("bench", "-c", config)
            server.script = signalling(script, run, signal.SIGKILL, at=at)
            assert finish(run) == -signal.SIGKILL
            server.script = script
        assert arena("bench", "-c", config).returncode == 0
        repeats = sum(count - 1 for count in server.counts.values())
        assert repeats <= 2 * 4
    lines = read_jsonl(tmp_path / "out/benchmarks/mmlu/m.jsonl")
    assert len({line["key"] for line in lines}) == 3 * N
    assert scores(tmp_path)["m"]["mmlu"]["score"] == 0.75


def test_what_cannot_be_is_said_before_the_first_call(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(always("A")) as server:
        config = exam_board(tmp_path, server, ["m"], {"arc_easy": {"mode": "loglikelihood"}}, downloads)
        done = arena("run", "-c", config)
        assert done.returncode == 2 and "tells no log-likelihoods" in done.stderr
        assert "benchmarks.tasks.arc_easy.mode" in arena("check", "-c", config).stderr
        other = exam_board(tmp_path / "b", server, ["m"], ["truthful_qa_mc2"], downloads)
        assert arena("bench", "-c", other).returncode == 0
        assert scores(tmp_path / "b")["m"]["truthful_qa_mc2"]["score"] is None
        assert "no task 'arc_hard'" in arena("bench", "-c", config, "--tasks", "arc_hard").stderr
        assert server.calls == []


def test_fewer_examples_than_usual_are_said_once(tmp_path: Path, downloads: Path) -> None:
    shutil.copytree(downloads / "mmlu", tmp_path / "data/mmlu", ignore=shutil.ignore_patterns("dev"))
    with FakeServer(always("A")) as server:
        config = exam_board(tmp_path, server, ["a", "b"], ["mmlu"], tmp_path / "data")
        done = arena("plan", "-c", config, "--stage", "benchmarks")
    assert done.stdout.count("mmlu: asked with 0 examples where 5 are usual") == 1, done


def test_the_list_says_what_the_folder_holds(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(always("A")) as server:
        config = exam_board(tmp_path, server, ["m"], ["mmlu"], downloads)
    done = arena("bench", "-c", config, "--list")
    assert done.returncode == 0 and "hellaswag/" in done.stdout and "acc_norm" in done.stdout


def test_a_rehearsal_asks_nobody_and_says_so(tmp_path: Path, downloads: Path) -> None:
    with FakeServer(always("A")) as server:
        config = exam_board(tmp_path, server, ["m", "n"], CHOICES, downloads)
        done = arena("bench", "-c", config, "--dry-run")
        assert done.returncode == 0 and "SIMULATED" in done.stdout and server.calls == []
    assert all(line["simulated"] for line in read_jsonl(tmp_path / "out/dry-run/reports/benchmarks.jsonl"))
