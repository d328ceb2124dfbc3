"""What a replica tells the driver; the cluster itself has a suite of its own."""

from __future__ import annotations

from arena.backends.local.engine import Finished
from arena.backends.local.ray_engine import Replica
from arena.types import Completion, Message, Request


class Halving:
    """Answers one request per step, the first step finishing none; notes that memory ran out."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._waiting: list[int] = []

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def add(self, number: int, request: Request) -> None:
        self._waiting.append(number)

    def step(self) -> list[Finished]:
        if not self.notes:
            self.notes.append("out of memory: going on with batches of 1")
            return []
        return [Finished(self._waiting.pop(0), Completion("ok", ("x",)))]


def test_a_replica_works_until_something_is_finished_and_passes_on_what_it_noted() -> None:
    replica = Replica()
    replica._engine = Halving()
    request = Request("k", "q", (Message("user", "hi"),))
    first = replica.work([(1, request), (2, request)])
    assert [done.number for done in first.finished] == [1]
    assert first.notes == ("out of memory: going on with batches of 1",)
    assert [done.number for done in replica.work([]).finished] == [2]
    assert replica.work([]).finished == []
