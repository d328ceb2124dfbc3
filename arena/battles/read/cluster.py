"""Parts of battle files on a Ray cluster: each node adds up its own, the sums come back."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from arena.errors import InputError, MissingDependency
from arena.ratings.data.battle_sums import QuestionSums

if TYPE_CHECKING:
    from arena.battles.read.stream import Part

T = TypeVar("T")


def on_ray(tasks: Sequence[Sequence[Part]], task: Callable[[Sequence[Part]], T]) -> Iterator[T]:
    """What `task` makes of each share of the parts, in their order. The nodes have this program and see the files.

    Raises what a task raises.
    """
    import ray
    from ray.exceptions import RayTaskError

    remote, sent = ray.remote(num_cpus=1)(_share), ray.put(task)
    running = [remote.remote(sent, list(parts)) for parts in tasks]
    while running:
        try:
            yield ray.get(running.pop(0))
        except RayTaskError as error:
            raise (error.cause if isinstance(error.cause, Exception) else error) from None


def _share(task: Callable[[Sequence[Part]], T], parts: Sequence[Part]) -> T:
    found = task(parts)
    if isinstance(found, QuestionSums):
        found.trimmed()
    return found


def connected(address: str) -> int:
    """Connect to a cluster; returns how many CPUs it has. Raises InputError or MissingDependency."""
    try:
        import ray
    except ImportError:
        raise MissingDependency("--ray needs Ray: pip install 'llm-arena[cluster]'") from None
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():  # knock before Ray does: it tries for minutes
            socket.create_connection((host, int(port)), timeout=5).close()
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(
            f"--ray: no Ray cluster answers at {address!r} (start one with `ray start --head`): {why}"
        ) from None
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def disconnect() -> None:
    """Let go of the cluster."""
    import ray

    ray.shutdown()
