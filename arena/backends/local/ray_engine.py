"""Replicas of one engine on a Ray cluster: questions go to whoever has room, a lost node costs a retry of its shard."""

from __future__ import annotations

import math
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from arena.backends.local.engine import CannotStart, Engine, Finished, start_replica
from arena.backends.local.failures import explain_start
from arena.backends.local.spec import EngineSpec
from arena.types import Completion, Request

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle
    from ray.exceptions import RayTaskError

MAX_TRIES = 3
"""A request whose replica is lost this often becomes an error."""
PATIENCE_S = 60.0
"""How long the cluster may be without a node that has room for a single replica."""
_WAIT_S = 0.1
_PACKAGES = str(Path(__file__).resolve().parents[3])


class Asked(NamedTuple):
    """A request, its number, and how often it has been handed out."""

    number: int
    request: Request
    tries: int = 0


class Loaded(NamedTuple):
    """What a replica says once it has tried to load."""

    notes: tuple[str, ...]
    refusal: str | None


class Worked(NamedTuple):
    """What a replica has finished, and all it has had to note so far."""

    finished: list[Finished]
    notes: tuple[str, ...]


class Replica:
    """The actor: one engine in a worker process of the cluster."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def load(self, spec: EngineSpec) -> Loaded:
        """Load the engine, or say why that cannot be."""
        try:
            self._engine = start_replica(spec)
        except CannotStart as error:
            return Loaded((), str(error))
        return Loaded(tuple(self._engine.notes), None)

    def work(self, asked: Sequence[tuple[int, Request]]) -> Worked:
        """Take these requests too, and go on until something is finished."""
        assert self._engine is not None
        for number, request in asked:
            self._engine.add(number, request)
        finished: list[Finished] = []
        while self._engine.busy and not finished:
            finished = self._engine.step()
        return Worked(finished, tuple(self._engine.notes))


@dataclass
class _Member:
    """One replica as the driver sees it."""

    actor: ActorHandle
    pending: ObjectRef
    """Its current call: `load`, then one `work` after another. None of them when idle."""
    loaded: bool = False
    idle: bool = False
    asked: dict[int, Asked] = field(default_factory=dict)


class RayEngine:
    """The driver of all replicas. Raises CannotStart when the cluster does not answer or cannot hold a replica."""

    def __init__(self, spec: EngineSpec) -> None:
        self.spec = spec
        self.notes: list[str] = []
        self._ray = _connect(spec)
        self._gpus = _gpus_per_replica(spec)
        self._check_room()
        self._queue: deque[Asked] = deque()
        self._finished: list[Finished] = []
        self._losses = 0
        self._alone_since: float | None = None
        self._members = [self._recruit() for _ in range(spec.replicas)]
        while not any(member.loaded for member in self._members):
            self._listen()

    @property
    def busy(self) -> bool:
        """Whether requests are waiting or running somewhere."""
        return bool(self._queue or self._finished or any(member.asked for member in self._members))

    def add(self, number: int, request: Request) -> None:
        """Put a request in line."""
        self._queue.append(Asked(number, request))

    def step(self) -> list[Finished]:
        """Hand out what is waiting, and return what came back meanwhile."""
        self._hand_out()
        self._listen()
        finished, self._finished = self._finished, []
        return finished

    def _recruit(self) -> _Member:
        """A new replica, spread over the nodes, loading."""
        actor = (
            self._ray.remote(Replica)
            .options(
                num_cpus=1,
                num_gpus=self._gpus,
                scheduling_strategy="SPREAD",
                runtime_env={"env_vars": {"PYTHONPATH": _PACKAGES, "VLLM_CPU_OMP_THREADS_BIND": "nobind"}},
            )
            .remote()
        )
        return _Member(actor, actor.load.remote(self.spec))

    def _hand_out(self) -> None:
        idle = [member for member in self._members if member.loaded and member.idle]
        for member in idle:
            share = math.ceil(len(self._queue) / self.spec.replicas)
            room = max(0, min(share, self.spec.concurrency - len(member.asked)))
            taken = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
            member.asked |= {asked.number: asked for asked in taken}
            if member.asked:
                member.pending = member.actor.work.remote([(asked.number, asked.request) for asked in taken])
                member.idle = False

    def _listen(self) -> None:
        """Wait a moment for any replica, and take in what it says."""
        from ray.exceptions import RayActorError, RayTaskError

        calls = {member.pending: member for member in self._members if not member.idle}
        if not calls:
            return
        ready, _ = self._ray.wait(list(calls), num_returns=1, timeout=_WAIT_S)
        self._check_hope()
        for call in ready:
            member = calls[call]
            try:
                said = self._ray.get(call)
            except RayActorError as error:
                self._lose(member, error)
                continue
            except RayTaskError as error:
                self._break(member, error)
                continue
            if isinstance(said, Loaded):
                self._welcome(member, said)
            else:
                self._collect(member, said)

    def _welcome(self, member: _Member, said: Loaded) -> None:
        if said.refusal is not None:
            raise CannotStart(said.refusal)
        member.loaded = member.idle = True
        self._note(said.notes)

    def _collect(self, member: _Member, worked: Worked) -> None:
        member.idle = True
        for done in worked.finished:
            member.asked.pop(done.number, None)
            self._finished.append(done)
        self._note(worked.notes)
        self._losses = 0

    def _note(self, notes: Sequence[str]) -> None:
        self.notes += [note for note in notes if note not in self.notes]

    def _break(self, member: _Member, error: RayTaskError) -> None:
        """An engine broke while its replica lives on: one that was loading says why, another makes room."""
        if not member.loaded:
            raise CannotStart(explain_start(self.spec, error.cause)) from error
        self._ray.kill(member.actor)
        self._lose(member, error.cause)

    def _lose(self, member: _Member, error: Exception) -> None:
        """A replica is gone: its requests go back in line, and a new one is recruited in its place."""
        self._losses += 1
        if self._losses > MAX_TRIES * self.spec.replicas:
            raise RuntimeError(f"replicas keep dying: {error}") from error
        self.notes.append(f"a replica was lost ({type(error).__name__}); {len(member.asked)} questions are asked again")
        for asked in reversed(member.asked.values()):
            tried = asked._replace(tries=asked.tries + 1)
            if tried.tries < MAX_TRIES:
                self._queue.appendleft(tried)
                continue
            why = f"the replica working on it died {tried.tries} times: {error}"
            self._finished.append(Finished(tried.number, Completion("error", error=why, load="offline-batch")))
        self._members[self._members.index(member)] = self._recruit()

    def _check_room(self) -> None:
        have = self._ray.cluster_resources()
        gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
        if gpus < self._gpus or cpus < 1:
            raise CannotStart(
                f"{self.spec.model}: a replica needs {self._gpus} GPUs and 1 CPU,"
                f" the Ray cluster has {gpus} GPUs and {cpus} CPUs"
            )
        fit = min(gpus // self._gpus if self._gpus else cpus, cpus)
        if fit < self.spec.replicas:
            self.notes.append(f"the Ray cluster has room for {fit} of {self.spec.replicas} replicas at a time")

    def _check_hope(self) -> None:
        """Give up when no replica is loaded and the cluster has lost the room for one."""
        if any(member.loaded for member in self._members):
            self._alone_since = None
            return
        have = self._ray.cluster_resources()
        if have.get("GPU", 0) >= self._gpus and have.get("CPU", 0) >= 1:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or time.monotonic()
        if time.monotonic() - self._alone_since > PATIENCE_S:
            raise RuntimeError("no node of the Ray cluster has room for a replica any more")


def _connect(spec: EngineSpec) -> Any:  # noqa: ANN401 - the ray module itself
    import ray

    address = spec.ray_address
    _check_address(spec, address)
    try:
        ray.init(address=address, log_to_driver=False, include_dashboard=False if address is None else None)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise CannotStart(_no_answer(spec, str(error))) from error
    return ray


def _check_address(spec: EngineSpec, address: str | None) -> None:
    """Knock before Ray does: it tries for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise CannotStart(_no_answer(spec, str(error))) from error


def _no_answer(spec: EngineSpec, why: str) -> str:
    return (
        f"{spec.model}: engine.ray_address: no Ray cluster answers at {spec.ray_address!r}"
        f" (start one with `ray start --head`): {' '.join(why.split())[:200]}"
    )


def _gpus_per_replica(spec: EngineSpec) -> int:
    """GPUs of one replica: what its parallelism asks for, none where the cluster has none."""
    import ray

    if not ray.cluster_resources().get("GPU", 0) and spec.kind == "transformers":
        return 0
    if not ray.cluster_resources().get("GPU", 0) and _vllm_on_cpu():
        return 0
    return spec.gpus_per_replica


def _vllm_on_cpu() -> bool:
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())
