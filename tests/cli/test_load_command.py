"""`arena load` as people call it, against servers that behave and servers that do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kit.boards import read_jsonl
from kit.certificates import self_signed
from kit.commands import arena
from kit.servers import Action, Call, Cut, Fail, FakeServer, Raw, Say
from kit.terminals import at_a_terminal

pytestmark = pytest.mark.slow


def load(tmp_path: Path, server: FakeServer, *options: str, api: str = "chat") -> Any:
    url = server.anthropic_url if api == "anthropic" else server.openai_url
    return arena("load", "--url", url, "--model", "m", "--api", api, *options, cwd=tmp_path)


def levels(tmp_path: Path) -> list[dict[str, Any]]:
    runs = json.loads((tmp_path / "load" / "load.json").read_text(encoding="utf-8"))["runs"]
    return list(runs[-1]["models"]["m"]["levels"])


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic"])
def test_levels_are_sent_stored_and_summed_up(tmp_path: Path, api: str) -> None:
    with FakeServer(lambda _: Say("hello there", reasoning="hm" if api == "chat" else None)) as server:
        done = load(tmp_path, server, "--concurrency", "1,3", "--requests", "12", "--json", api=api)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["complete"] is True
    first, second = shown["models"]["m"]["levels"]
    assert [first["succeeded"], second["succeeded"]] == [12, 12]
    assert first["ttft_s"]["p50"]["value"] > 0
    assert first["output_tokens"] is not None
    assert first["packages_per_request"] == (4 if api == "chat" else first["packages_per_request"])
    lines = read_jsonl(tmp_path / "load" / f"m-{shown['run']}.jsonl")
    assert len(lines) == 2 * 12 + 1 + 3
    assert levels(tmp_path) == shown["models"]["m"]["levels"]


def test_the_plan_alone_sends_nothing(tmp_path: Path) -> None:
    with FakeServer(lambda _: Say()) as server:
        done = load(tmp_path, server, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "1 at once, 4 at once, 16 at once, 64 at once" in done.stdout
    assert not server.calls
    assert not (tmp_path / "load").exists()


def test_another_machine_is_not_asked_without_a_yes(tmp_path: Path) -> None:
    done = arena("load", "--url", "http://192.0.2.1/v1", "--model", "m", cwd=tmp_path)
    assert done.returncode == 2
    assert "--yes" in done.stderr.splitlines()[-1]


def fails_often(call: Call) -> Action:
    return Fail(500, "out of memory") if call.number % 3 == 0 else Say()


BAD = {
    "errors": (fails_often, 0, "server error"),
    "always": (lambda _: Fail(500, "out of memory"), 3, "the first 10 requests failed"),
    "page": (lambda _: Raw(b"<html>hello</html>", "text/html"), 3, "web page"),
    "cut": (lambda _: Cut(), 3, "broken"),
    "whole": (
        lambda _: Raw(b'{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'),
        0,
        "came whole",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_endpoint_gets_a_clear_answer(tmp_path: Path, kind: str) -> None:
    script, code, words = BAD[kind]
    with FakeServer(script) as server:
        done = load(tmp_path, server, "--concurrency", "1", "--requests", "12")
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if kind == "errors":
        assert levels(tmp_path)[0]["failed"]["server error"] > 0
        assert len(server.calls) == 12 + 1 + 1  # the warm-up, and the first one that finds the form: no retry
    if kind == "whole":
        assert levels(tmp_path)[0]["ttft_s"]["p50"]["value"] is None


def test_a_level_without_a_success_is_no_success(tmp_path: Path) -> None:
    with FakeServer(lambda _: Fail(500)) as server:
        done = load(tmp_path, server, "--concurrency", "2", "--requests", "6")
    assert done.returncode == 3 and "m, 2 at once: not one request succeeded" in done.stderr


def test_nobody_there_ends_it_before_anything_is_measured(tmp_path: Path) -> None:
    done = arena("load", "--url", "http://127.0.0.1:9/v1", "--model", "m", cwd=tmp_path)
    assert done.returncode == 2
    assert "nobody answers" in done.stderr


def test_an_unfinished_level_is_repeated_whole(tmp_path: Path) -> None:
    script: list[Action] = [Say(), Say(), *[Fail(500)] * 10]
    with FakeServer(lambda call: script.pop(0) if script else Say()) as server:
        done = load(tmp_path, server, "--concurrency", "1", "--requests", "12")
        assert done.returncode == 3, done.stderr
        run = json.loads((tmp_path / "load" / "load.json").read_text(encoding="utf-8"))["runs"][0]["run"]
        other = load(tmp_path, server, "--concurrency", "1", "--requests", "13", "--resume", run)
        assert other.returncode == 2
        again = load(tmp_path, server, "--concurrency", "1", "--requests", "12", "--resume", run)
        assert again.returncode == 0, again.stderr
        sent = len(server.calls)
        load(tmp_path, server, "--concurrency", "1", "--requests", "12", "--resume", run)
        assert len(server.calls) == sent
    level = levels(tmp_path)[0]
    assert (level["attempt"], level["succeeded"], level["complete"]) == (1, 12, True)


def test_two_runs_are_compared_and_shown_in_markdown(tmp_path: Path) -> None:
    with FakeServer(lambda _: Say()) as server:
        assert load(tmp_path, server, "--rate", "200", "--requests", "20").returncode == 0
        done = load(tmp_path, server, "--rate", "200", "--requests", "20", "--markdown",
                    "--against", "load/load.json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| model | level |")
    assert "TTFT p50, ms" in done.stdout


def test_what_cannot_be_compared_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with FakeServer(lambda _: Say()) as server:
        assert load(tmp_path, server, "--concurrency", "2", "--requests", "20").returncode == 0
        sent = len(server.calls)
        done = load(tmp_path, server, "--concurrency", "3", "--requests", "20", "--against", "load/load.json")
        assert len(server.calls) == sent
    assert done.returncode == 2
    assert "(m: 2 at once)" in done.stderr and "(m: 3 at once)" in done.stderr


def test_a_narrow_terminal_shows_every_figure_whole(tmp_path: Path) -> None:
    with FakeServer(lambda _: Say("hello there")) as server:
        command = ["load", "--url", server.openai_url, "--model", "m", "--concurrency", "12", "--requests", "60",
                   "--yes", "--out", tmp_path / "load"]  # fmt: skip
        assert arena(*command).returncode == 0
        seen = at_a_terminal(*command, "--against", tmp_path / "load" / "load.json", width=80)
    assert seen.returncode == 0
    assert server.openai_url in seen.undrawn and "12 at once   60/60" in seen.undrawn
    assert "per token p50, ms" in seen.undrawn and "…" not in seen.undrawn


def test_a_budget_needs_a_price_and_names_it(tmp_path: Path) -> None:
    done = arena("load", "--url", "http://127.0.0.1:9/v1", "--model", "m", "--budget-usd", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "price" in done.stderr


def test_a_budget_ends_it_and_keeps_what_came_back(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question_id": 1, "text": "What?"}\n', encoding="utf-8")
    with FakeServer(lambda _: Say()) as server:
        entry = (
            f"{{backend: openai, base_url: '{server.openai_url}', api_key_env: null, price: {{input: 1, output: 100}}}}"
        )
        (tmp_path / "c.yaml").write_text(
            f"question_file: q.jsonl\noutput_dir: out\nanswers_gen: {{m: {entry}}}\n"
            "load_test: {concurrency: [2], requests: 50, max_tokens: 100, slo: {latency_s: 5, share: 0.5}}\n",
            encoding="utf-8",
        )
        done = arena("load", "-c", "c.yaml", "--budget-usd", "0.02", "--yes", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "--budget-usd 0.02 is reached" in done.stderr
    found = json.loads((tmp_path / "out" / "load" / "load.json").read_text(encoding="utf-8"))["runs"][0]
    assert found["complete"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--find-limit"], "`find_limit` needs an SLO"),
        (["--find-limit", "--slo", "share=0.9"], "`find_limit` needs an SLO"),
        (["--find-limit", "--slo", "ttft_s=1", "--concurrency", "4"], "does not go with --concurrency"),
        (["--slo", "ttft=1"], "no 'ttft' (have: ttft_s, tpot_s, latency_s, share)"),
        (["--slo", "ttft_s=soon"], "expected TIME=SECONDS"),
        (["--slo", "share=2"], "slo.share"),
    ],
)
def test_a_search_that_cannot_be_is_refused(tmp_path: Path, options: list[str], words: str) -> None:
    done = arena("load", "--url", "http://127.0.0.1:9/v1", "--model", "m", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_a_search_shows_its_plan_and_ends_in_a_bracket_or_says_why_not(tmp_path: Path) -> None:
    options = ("--find-limit", "--slo", "latency_s=5,share=0.5", "--rate", "1000", "--requests", "20")
    with FakeServer(lambda _: Say()) as server:
        plan = load(tmp_path, server, *options, "--dry-run")
        assert "a search from 1,000/s Poisson on, at most 24 levels" in plan.stdout, plan.stdout
        done = load(tmp_path, server, *options)
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / "load" / "load.json").read_text(encoding="utf-8"))["runs"][0]
    assert run["complete"] is True
    assert run["models"]["m"]["limit"]["levels"] == len(run["models"]["m"]["levels"]) == 24
    assert "none was seen to miss it; not shown either way" in " ".join(done.stdout.split())


def test_runs_of_a_level_have_moments_and_prompts_of_their_own(tmp_path: Path) -> None:
    with FakeServer(lambda _: Say()) as server:
        done = load(tmp_path, server, "--rate", "300", "--requests", "25", "--repeat", "6", "--json")
        prompts = {json.dumps(call.body["messages"]) for call in server.calls}
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    level = shown["models"]["m"]["levels"][0]
    assert (level["expected"], level["succeeded"]) == (150, 150)
    assert level["latency_s"]["p50"]["low"] is not None
    lines = read_jsonl(tmp_path / "load" / f"m-{shown['run']}.jsonl")
    assert {line["repeat"] for line in lines} == set(range(6))
    assert len(prompts) == 6 * 25 + 6 + 1


def test_a_load_test_goes_through_the_proxy_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(lambda _: Say("hello there")) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        done = arena("load", "--url", "http://far.invalid/v1", "--model", "m", "--concurrency", "2", "--requests", "12",
                     "--yes", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert levels(tmp_path)[0]["succeeded"] == 12


def test_a_load_test_trusts_the_certificates_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, cert = self_signed(tmp_path)
    with FakeServer(lambda _: Say("hello there"), tls=context) as server:
        command = ("load", "--url", f"https://127.0.0.1:{server.port}/v1", "--model", "m", "--concurrency", "2",
                   "--requests", "12")  # fmt: skip
        refused = arena(*command, cwd=tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        done = arena(*command, cwd=tmp_path)
    assert refused.returncode == 2
    assert "certificate verify failed" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert levels(tmp_path)[0]["succeeded"] == 12
