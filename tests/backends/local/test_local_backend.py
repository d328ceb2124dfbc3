"""Engine processes: answers stream back, deaths are data, nothing outlives its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.paths import ROOT
from kit.running import request
from kit.scripted_child import CHILD

from arena.backends.local.backend import MAX_DEATHS, LocalBackend
from arena.backends.local.process import CHILD as CHILD_OF_RUNS
from arena.backends.local.spec import EngineSpec
from arena.config.base import Price
from arena.errors import EndpointDead
from arena.types import Completion

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def _ask(model: str, *texts: str, starts: Path | None = None) -> tuple[list[Completion], LocalBackend]:
    """Ask everything at once, as a run does."""

    async def run() -> tuple[list[Completion], LocalBackend]:
        engine = {"starts": str(starts)} if starts else {}
        backend = LocalBackend(EngineSpec("transformers", model, engine=engine, name="x"), CHILD)
        try:
            return list(await asyncio.gather(*(backend.complete(request(text)) for text in texts))), backend
        finally:
            await backend.close()

    return asyncio.run(run())


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def _wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_answers_come_back_to_those_who_asked_whatever_their_order() -> None:
    answers, backend = _ask("fine", *(f"word {i}" for i in range(50)))
    assert [a.text for a in answers] == [f"WORD {i}" for i in range(50)]
    assert {a.load for a in answers} == {"offline-batch"}
    assert backend.notes == ["it shouts"]


@pytest.mark.parametrize(
    ("fields", "held_to"),
    [
        ({}, "NONE"),
        ({"schema": {"type": "object"}}, "{'TYPE': 'OBJECT'}"),
        ({"schema": {"type": "object"}, "narrow_schema": {"enum": [1]}}, "{'ENUM': [1]}"),
    ],
)
def test_an_engine_here_is_held_to_the_narrowest_schema(fields: dict[str, object], held_to: str) -> None:
    async def run() -> Completion:
        backend = LocalBackend(EngineSpec("transformers", "fine"), CHILD)
        try:
            return await backend.complete(request("schema", **fields))
        finally:
            await backend.close()

    assert asyncio.run(run()).text.upper() == held_to


def test_one_process_serves_all_requests_and_is_gone_after_close(tmp_path: Path) -> None:
    _ask("fine", *"abcdef", starts=tmp_path / "starts")
    (pid,) = (tmp_path / "starts").read_text().split()
    assert _gone(int(pid))


def test_nothing_is_started_before_the_firstrequest() -> None:
    async def run() -> None:
        await LocalBackend(EngineSpec("transformers", "fine"), ("no-such-program",)).close()

    asyncio.run(run())


def test_an_engine_that_cannot_start_ends_the_candidate_with_its_sentence() -> None:
    with pytest.raises(EndpointDead, match=r"^x: refuses: there is no such model$"):
        _ask("refuses", "a", "b", "c")


def test_an_engine_that_cannot_start_is_started_once(tmp_path: Path) -> None:
    with pytest.raises(EndpointDead):
        _ask("refuses", "a", "b", "c", starts=tmp_path / "starts")
    assert len((tmp_path / "starts").read_text().split()) == 1


def test_out_of_memory_at_the_start_names_the_knobs() -> None:
    with pytest.raises(EndpointDead, match=r"out of memory while loading; turn engine\.batch_size.*quantization"):
        _ask("does-not-fit", "a")


@pytest.mark.slow
def test_an_engine_that_crashes_at_every_start_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(EndpointDead, match=rf"died {MAX_DEATHS} times without an answer: .* SIGSEGV .*log: "):
        _ask("crashes", "a", "b", starts=tmp_path / "starts")
    assert len((tmp_path / "starts").read_text().split()) == MAX_DEATHS


def _logs(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("arena-engine-*.log"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("model", ["crashes", "does-not-fit"])
def test_a_log_that_a_message_names_is_there(model: str, temporary: Path) -> None:
    with pytest.raises(EndpointDead) as caught:
        _ask(model, "a")
    named = Path(str(caught.value).rpartition("(log: ")[2].rstrip(")"))
    assert named in _logs(temporary)
    if model == "does-not-fit":
        assert "RuntimeError: CUDA error: out of memory" in named.read_text()


def test_no_log_stays_that_no_message_names(temporary: Path) -> None:
    _ask("fine", "a")
    with pytest.raises(EndpointDead):
        _ask("refuses", "a")
    assert _logs(temporary) == []


def test_an_engine_ended_while_it_loads_leaves_nothing_behind(temporary: Path) -> None:
    async def run() -> int:
        spec = EngineSpec("transformers", "loads forever", engine={"starts": str(temporary / "starts")})
        backend = LocalBackend(spec, CHILD)
        asked = asyncio.create_task(backend.complete(request("a")))
        while not (temporary / "starts").exists():
            await asyncio.sleep(0.01)
        asked.cancel()
        await backend.close()
        return int((temporary / "starts").read_text())

    assert _gone(asyncio.run(run()))
    assert _logs(temporary) == []


def test_modules_in_the_current_folder_are_not_the_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("queue", "pickle", "torch"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)

    async def run() -> None:
        backend = LocalBackend(EngineSpec("transformers", "./nowhere"), CHILD_OF_RUNS)
        try:
            await backend.complete(request("a"))
        finally:
            await backend.close()

    with pytest.raises(EndpointDead) as caught:
        asyncio.run(run())
    assert "the wrong one" not in Path(str(caught.value).rpartition("(log: ")[2].rstrip(")")).read_text()


@pytest.mark.slow
def test_a_question_that_kills_the_engine_is_an_error_and_the_others_are_answered(tmp_path: Path) -> None:
    async def run() -> list[Completion]:
        backend = LocalBackend(EngineSpec("transformers", "fine", engine={"starts": str(tmp_path / "starts")}), CHILD)
        try:
            return [await backend.complete(request(text)) for text in ("a", "die", "b")]
        finally:
            await backend.close()

    first, poison, last = asyncio.run(run())
    assert (first.text, last.text) == ("A", "B")
    assert poison.status == "error"
    assert poison.error is not None
    assert "died twice on it" in poison.error
    assert "SIGKILL" in poison.error
    assert len((tmp_path / "starts").read_text().split()) == 3


def test_requests_in_flight_when_the_engine_breaks_are_asked_again() -> None:
    answers, _ = _ask("fine", "break", *"abc")  # newest first: abc are answered, or asked again of a new engine
    assert [a.text for a in answers[1:]] == ["A", "B", "C"]
    assert answers[0].status == "error"
    assert "a kernel is missing" in str(answers[0].error)


def test_out_of_memory_while_generating_names_the_knobs() -> None:
    answers, _ = _ask("fine", "break: memory")
    assert "out of memory; turn engine.batch_size" in str(answers[0].error)


def test_what_turns_up_later_becomes_a_note_too() -> None:
    _, backend = _ask("fine", "note one", "note two")
    assert set(backend.notes) == {"it shouts", "note one", "note two"}


def _costs(texts: str, **prices: object) -> list[float | None]:
    ticks = iter(range(0, 36000, 36))

    async def run() -> list[float | None]:
        spec = EngineSpec("transformers", "fine", engine={"tensor_parallel_size": 2})
        backend = LocalBackend(spec, CHILD, clock=lambda: float(next(ticks)), **prices)  # type: ignore[arg-type]
        try:
            return [(await backend.complete(request(text))).cost_usd for text in texts]
        finally:
            await backend.close()

    return asyncio.run(run())


def test_gpu_hours_are_shared_out_over_the_answers() -> None:
    assert _costs("abc", gpu_hour_price=3.0) == pytest.approx([0.06] * 3)  # 36 s on 2 GPUs at 3 USD an hour


def test_without_a_price_the_cost_is_unknown_and_tokens_have_theirs() -> None:
    assert _costs("ab") == [None, None]
    assert _costs("a", price=Price(input=1.0, output=2.0)) == pytest.approx([(7 + 2 * 3) * 1e-6])


PARENT = """
import asyncio, sys
from kit.running import request
from kit.scripted_child import CHILD
from arena.backends.local.backend import LocalBackend
from arena.backends.local.spec import EngineSpec

async def main():
    backend = LocalBackend(EngineSpec("transformers", "fine", engine={"starts": sys.argv[1]}), CHILD)
    await backend.complete(request("a"))
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_engine_dies_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    starts = tmp_path / "starts"
    command = [sys.executable, "-c", PARENT, str(starts)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path})
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"ready\n"
        parent.send_signal(how)
        parent.wait()
    child = int(starts.read_text())
    assert _wait_for(lambda: _gone(child))


def test_ctrl_c_at_the_terminal_does_not_reach_the_engine(tmp_path: Path) -> None:
    async def run() -> int:
        backend = LocalBackend(EngineSpec("transformers", "fine", engine={"starts": str(tmp_path / "starts")}), CHILD)
        try:
            await backend.complete(request("a"))
            return os.getsid(int((tmp_path / "starts").read_text()))
        finally:
            await backend.close()

    assert asyncio.run(run()) != os.getsid(0)


def test_no_file_of_the_parent_stays_open_in_the_engine(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc here")
    lock = tmp_path / "lock"
    handle = os.open(lock, os.O_CREAT | os.O_RDWR)
    os.set_inheritable(handle, True)

    async def run() -> list[str]:
        backend = LocalBackend(EngineSpec("transformers", "fine", engine={"starts": str(tmp_path / "starts")}), CHILD)
        try:
            await backend.complete(request("a"))
            folder = Path(f"/proc/{(tmp_path / 'starts').read_text().strip()}/fd")
            return [str(link.readlink()) for link in folder.iterdir()]
        finally:
            await backend.close()

    try:
        held = asyncio.run(run())
    finally:
        os.close(handle)
    assert held
    assert str(lock) not in held
