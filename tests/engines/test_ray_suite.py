"""A real Ray cluster of two nodes on this host: answers from both, one node killed in the middle, an absent cluster."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kit.running import (
    GREEDY,
    Running,
    all_candidates,
    arena,
    command,
    env,
    questions,
    request,
    stored,
    write_board,
)

from arena.battles.read import stream
from arena.battles.read.wanted import Wanted
from arena.battles.summed import rate_summed
from arena.errors import EndpointDead
from arena.ratings import RatingOptions

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default")]
RAY = {"RAY_AUTH_MODE": "disabled", "HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class Cluster:
    """A head and a worker node, one CPU each; every node is a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._folder = folder
        common = ["--num-cpus=1", "--block", "--disable-usage-stats", "--object-store-memory=100000000"]
        head = ["--head", "--node-ip-address=127.0.0.1", f"--port={self.port}", "--include-dashboard=false"]
        self.head = self._start([*head, f"--temp-dir={folder}", *common])
        _wait_until(self._answers)
        self.worker = self._start([f"--address={self.address}", "--node-ip-address=127.0.0.1", *common])

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        ray = Path(os.sys.executable).with_name("ray")  # type: ignore[attr-defined]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [ray, "start", *arguments], env=env(RAY), stdout=log, stderr=log, start_new_session=True
            )

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def lose_the_worker(self) -> None:
        """The second node is gone, with everything on it."""
        _kill_tree(self.worker.pid)
        self.worker.wait()

    def stop(self) -> None:
        """End both nodes."""
        for node in (self.worker, self.head):
            if node.poll() is None:
                _kill_tree(node.pid)
                node.wait()


def _kill_tree(pid: int) -> None:
    """kill -9 a process and everything below it."""
    below = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    os.kill(pid, 9)
    for child in below.stdout.split():
        try:
            _kill_tree(int(child))
        except ProcessLookupError:
            continue


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for name, value in RAY.items():
        monkeypatch.setenv(name, value)
    folder = Path("/tmp") / f"ray-{os.getpid()}-{time.monotonic_ns() % 100000}"  # sockets need a short path
    folder.mkdir()
    running = Cluster(folder)
    yield running
    running.stop()


def test_two_nodes_answer_what_one_engine_answers_and_a_lost_node_costs_a_retry(
    cluster: Cluster, tiny: Path, tmp_path: Path
) -> None:
    engine = {"replicas": 2, "ray_address": cluster.address, "batch_size": 4}
    entry = all_candidates("transformers", tiny)["tiny-100"] | {"engine": engine, "concurrency": 16}
    config = write_board(tmp_path, {"tiny-100": entry}, reviews_gen={"enable": False, "mode": "pairwise"})
    board = tmp_path / "board"
    run = subprocess.Popen(command("run", "-c", config), env=env(RAY), stderr=subprocess.PIPE, text=True)
    try:
        _wait_until(lambda: len(stored(board, "tiny-100")) >= 40 or run.poll() is not None)
        assert run.poll() is None
        cluster.lose_the_worker()
        _, said = run.communicate()
    finally:
        run.kill()
    assert run.returncode == 0, said
    lines = stored(board, "tiny-100")
    assert len(lines) == len({line["question_id"] for line in lines}) == 198
    assert {line["status"] for line in lines} == {"ok"}
    alone = Running("transformers", tiny / "tiny-100")
    try:
        expected = alone.texts(*(request(q["turns"][0], GREEDY) for q in questions()))
    finally:
        alone.close()
    answers = {str(line["question_id"]): line["turns"] for line in lines}
    assert [answers[str(q["question_id"])] for q in questions()] == [[text] for text in expected]


def test_replicas_without_a_cluster_run_on_this_machine(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in RAY.items():
        monkeypatch.setenv(name, value)
    pytest.importorskip("vllm")
    small = {"max_model_len": 512, "kv_cache_memory_bytes": 64 << 20, "gpu_memory_utilization": 0.1}
    running = Running("vllm", tiny / "tiny-500", engine={"replicas": 2} | small)
    try:
        asked = questions()[:60]
        texts = running.texts(*(request(q["turns"][0]) for q in asked))
        assert sum([text] == q["reference"] for text, q in zip(texts, asked, strict=True)) > 55
    finally:
        running.close()


def test_a_ray_address_that_does_not_answer_says_so(tiny: Path, tmp_path: Path) -> None:
    engine = {"ray_address": f"127.0.0.1:{_free_port()}"}
    entry = all_candidates("transformers", tiny)["tiny-100"] | {"engine": engine}
    config = write_board(tmp_path, {"tiny-100": entry}, reviews_gen={"enable": False, "mode": "pairwise"})
    done = arena("run", "-c", config, environment=RAY)
    assert done.returncode == 2, done.stderr
    assert "no Ray cluster answers at '127.0.0.1:" in done.stderr


def test_a_replica_that_cannot_start_says_why(cluster: Cluster, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "no-such-architecture"}')
    broken = Running("transformers", tmp_path, engine={"ray_address": cluster.address})
    try:
        with pytest.raises(EndpointDead, match=rf"^{tmp_path}: transformers cannot start: ValueError: "):
            broken.ask(request("repeat ab"))
    finally:
        broken.close()
    running = Running("transformers", tiny / "tiny-100", engine={"ray_address": cluster.address, "device": "tpu"})
    try:
        with pytest.raises(EndpointDead, match=r"engine\.device: 'tpu' is not on this machine"):
            running.ask(request("repeat ab"))
    finally:
        running.close()


def test_battles_are_added_up_on_two_nodes_to_the_same_numbers(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 20, 20_000)
    b = (a + rng.integers(1, 20, 20_000)) % 20
    winner = np.array(["model_a", "model_b", "tie"])[rng.integers(0, 3, 20_000)]
    question = rng.integers(0, 100, 20_000)
    columns = {
        "model_a": a.tolist(),
        "model_b": b.tolist(),
        "question_id": question.tolist(),
        "winner": winner.tolist(),
    }
    monkeypatch.setattr(stream, "_AT_ONCE", 3_000)
    pq.write_table(pa.table(columns), tmp_path / "b.parquet", row_group_size=1_000)
    options, files = RatingOptions(slices=(), baseline="3"), [tmp_path / "b.parquet"]
    here = rate_summed(files, options, Wanted())
    there = rate_summed(files, options, Wanted(), cluster.address)
    assert here is not None and there is not None
    assert (here.sums.cells == there.sums.cells).all()
    for mine, theirs in zip(here.board.models, there.board.models, strict=True):
        assert mine.model == theirs.model and mine.rank == theirs.rank
        for name, value in mine.numbers.items():
            assert theirs.numbers[name] == (None if value is None else pytest.approx(value, rel=1e-12)), name
    done = arena("rate", tmp_path / "b.parquet", "--ray", cluster.address, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_battles"] == 20_000


def test_an_absent_cluster_is_said_at_once(tmp_path: Path) -> None:
    pq.write_table(pa.table({"model_a": ["x"], "model_b": ["y"], "winner": ["tie"]}), tmp_path / "b.parquet")
    done = arena("rate", tmp_path / "b.parquet", "--ray", f"127.0.0.1:{_free_port()}")
    assert done.returncode == 2 and "no Ray cluster answers at" in done.stderr
