"""Candidates that are no endpoint, made one for a load test: their engine's own server, up while they are measured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from arena.backends import Opening, check_backend
from arena.backends.local.server import SERVER
from arena.errors import InputError
from arena.load.targets import Target


def check_engine(target: Target) -> None:
    """Find what would keep a target's engine from starting. Starts nothing. Raises InputError."""
    from arena.backends.local.spec import spec_of

    assert target.local is not None
    check_backend(Opening(target.name, target.role), target.local)
    if spec_of(target.name, target.local).on_ray:
        raise InputError(f"{target.role}.{target.name}.engine: a load test starts one engine; not with replicas or Ray")


@asynccontextmanager
async def serving(
    target: Target, note: Callable[[str], None], command: Sequence[str] = SERVER
) -> AsyncIterator[Target]:
    """The target at its address while the block runs; an endpoint is there already.

    Raises InputError where the engine cannot start.
    """
    if target.local is None:
        yield target
        return
    from arena.backends.local.process import EngineDied, EngineProcess, EngineRefused
    from arena.backends.local.spec import spec_of

    note(f"{target.name}: starting {target.url}")
    process = EngineProcess(spec_of(target.name, target.local), note, command)
    try:
        try:
            await process.ready()
        except (EngineRefused, EngineDied) as error:
            raise InputError(f"{target.role}.{target.name}: its server does not start: {error}") from None
        bearer = {"Authorization": f"Bearer {process.key}"}
        entry = target.entry.model_copy(update={"base_url": process.address, "headers": bearer})
        yield replace(target, entry=entry)
    finally:
        await process.close()
