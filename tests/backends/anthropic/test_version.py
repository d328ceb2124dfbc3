"""The API's version that gave up sampling parameters: nothing is spent on finding that out."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.api_boards import KEY, board_on, ledger
from kit.api_calls import ask, complete
from kit.commands import arena
from kit.judges import sum_judge
from kit.servers import Action, Call, Fail, FakeServer, Say

from arena.backends.anthropic.version import SAMPLING, not_taken, sampling_notes, spelled_alike
from arena.config.kinds import KINDS
from arena.redact import forget_secrets
from arena.types import Sampling

OLD = {"Anthropic-Version": "2023-06-01"}


def strict(call: Call) -> Action:
    """The API as it is: the version that the client asks for decides."""
    told = call.headers["anthropic-version"]
    if told >= "2026-10-21" and (named := SAMPLING & call.body.keys()):
        return Fail(400, f"{min(named)}: Extra inputs are not permitted")
    return Say("fine")


@pytest.mark.parametrize(("headers", "sent"), [({}, frozenset()), (OLD, SAMPLING)])
def test_the_version_that_is_sent_decides_what_else_is(headers: dict[str, str], sent: frozenset[str]) -> None:
    with FakeServer(strict) as server:
        asked = ask(sampling=Sampling(temperature=0.0, top_p=0.9, top_k=5, max_tokens=8))
        assert complete(server, "anthropic", asked, headers=headers).status == "ok"
    (call,) = server.calls
    assert SAMPLING & call.body.keys() == sent


def test_what_the_entry_says_of_the_body_itself_is_sent_whatever_the_version() -> None:
    with FakeServer(lambda call: Say()) as server:
        complete(server, "anthropic", ask(sampling=Sampling(temperature=0.0)), extra_body={"temperature": 1.0})
    assert server.calls[0].body["temperature"] == 1.0


def test_versions_are_dates() -> None:
    assert not_taken("2026-10-21") == not_taken("2027-01-01") == SAMPLING
    assert not_taken("2026-10-20") == not_taken("2023-06-01") == not_taken("") == frozenset()
    assert spelled_alike({"ANTHROPIC-VERSION": "x", "X-Own": "y"}) == {"anthropic-version": "x", "X-Own": "y"}


def notes(*, judge: bool = True, **fields: object) -> list[str]:
    kind = KINDS["anthropic"]
    entry = (kind.judge_model if judge else kind.config).model_validate({"backend": "anthropic", **fields})
    return sampling_notes(entry, "reviews_gen.judges.j", judge=judge)  # type: ignore[arg-type]


def test_what_a_plan_says_of_it() -> None:
    (said,) = notes()
    assert "verdicts vary from call to call; `samples: 3`" in said
    assert "samples: 3" not in notes(samples=5)[0]
    settings = {"generation_config": {"temperature": 0.0, "top_p": 0.9}}
    written, varies = notes(**settings)
    assert "temperature and top_p not sent" in written
    assert "vary from call to call" in varies
    assert notes(headers=OLD) == notes(judge=False) == notes(extra_body={"temperature": 0}) == []
    assert len(notes(judge=False, **settings)) == 1


def test_a_run_wastes_no_call_on_it_and_says_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)

    def script(call: Call) -> Action:
        found = strict(call)
        return found if isinstance(found, Fail) else sum_judge(call)

    with FakeServer(script) as server:
        config = board_on(server, tmp_path, "anthropic", 4)
        plan = arena("plan", "-c", config)
        assert "verdicts vary from call to call" in plan.stdout.replace("\n", " ")
        done = arena("run", "-c", config)
    forget_secrets()
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("vary from call to call") == 1
    assert {line["status"] for line in ledger(tmp_path)} == {"ok"}
    assert len(server.calls) == len(ledger(tmp_path))
    assert all(line["request"]["params"]["temperature"] == 0.0 for line in ledger(tmp_path))  # keys stay what they were
