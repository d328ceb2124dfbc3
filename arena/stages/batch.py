"""Judges asked through batch endpoints: submit, wait, collect; killed at any step, nothing is paid twice.

    intent (synced) ──▶ submit ──▶ batch id (synced) ──▶ wait ──▶ results ──▶ ledger ──▶ collected (synced)

What a batch leaves open, and the requests that its replies call for (a repair, a longer limit), are the next batch.
Live calls and batches share keys: either can finish what the other began.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import arena
from arena.asking.ask import Asking
from arena.asking.budget import call_bound_usd
from arena.asking.control import Control, now
from arena.asking.progress import Progress
from arena.backends.batch import (
    BatchClient,
    BatchItem,
    BatchRefused,
    BatchResult,
    BatchState,
    Lesson,
    SubmissionUnknown,
)
from arena.config.base import Price
from arena.errors import EndpointDead, RunStopped
from arena.judging.judge import Ask, Case, steps
from arena.money import cost_usd
from arena.nonce import make_nonce
from arena.stages.options import BatchMode
from arena.store.batch_log import BatchLog, OpenBatch
from arena.store.ledger import Ledger
from arena.types import Completion, Request

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LISTED_AFTER_S = 10.0
"""A batch that was created is in the provider's list after this long at the latest."""
CLOCK_SLACK_S = 3600.0
"""How far the clock that dates a provider's batches may be behind the one that dates its answers."""
KEPT_S = 7 * 86400.0
"""Providers keep results for about a month; a batch younger than this has not lost them for good."""
TRIES = 3


@dataclass
class BatchDesk:
    """One judge that is asked in batches."""

    judge: str
    every_case: Callable[[], Iterator[Case]]
    """All cases of the judge, those with a verdict included."""
    due: Sequence[Case]
    """Those that this invocation may ask."""
    next_ask: Callable[[Case], Ask | None]
    """What a case has to be asked next in this invocation."""
    ledger: Ledger
    client: BatchClient
    log: BatchLog
    salt: bytes
    price: Price | None
    share: float
    """What a call in a batch costs, relative to a live one."""
    asking: Asking
    """The judge itself, asked live."""
    progress: Progress
    control: Control
    asked: set[str]
    """Keys stored in this invocation."""
    counted: set[str] = field(default_factory=set)
    """Cases of which a reply was stored in this invocation."""
    begun: set[str] = field(default_factory=set)
    """Submissions of this invocation, by uuid."""

    @property
    def stopped(self) -> bool:
        """Whether somebody asked the run to stop."""
        return self.control.interruption.asked


async def batch_review(desk: BatchDesk, mode: BatchMode) -> None:
    """Ask one judge in batches until nothing is due (`wait`), or only hand over or only fetch.

    Raises EndpointDead when the endpoint takes no batches, RunStopped when batches come back empty.
    """
    try:
        await _ask_in_batches(desk, mode)
    finally:  # a batch that stays open will be billed; what a collected one cost is known by its replies
        desk.control.spending.possible |= any(batch.uuid in desk.begun for batch in desk.log.open_of(desk.judge))


async def _ask_in_batches(desk: BatchDesk, mode: BatchMode) -> None:
    desk.client.recall(_lessons(desk))
    tries = 0
    while True:
        await _find_lost(desk)
        stored = await _collect_all(desk, wait=mode == "wait")
        requests = _due(desk)
        if mode == "wait" and not requests and desk.log.open_of(desk.judge) and not desk.stopped:
            continue
        if mode == "collect" or desk.stopped or not requests or tries == TRIES:
            break
        tries = 1 if stored else tries + 1
        await _submit_all(desk, requests)
        if mode == "submit":
            break
    if mode == "wait" and requests and tries == TRIES and not desk.stopped:
        raise RunStopped(f"judge {desk.judge}: {TRIES} batches came back without a usable result; run again, or live")
    _report(desk)


def _due(desk: BatchDesk) -> dict[str, Ask]:
    """The next request of every case that may be asked, by key, those in open batches left out."""
    under = desk.log.keys_of(desk.judge)
    found: dict[str, Ask] = {}
    for case in desk.due:
        step = desk.next_ask(case)
        if step is not None and under.isdisjoint((step.key, case.key)):
            found.setdefault(step.key, step)
    return found


async def _submit_all(desk: BatchDesk, requests: Mapping[str, Ask]) -> None:
    """Hand everything over, in as many batches as the provider's limits make it."""
    for chunk in _chunks(desk, requests):
        most = desk.share * sum(call_bound_usd(item.request, desk.price) for item in chunk)
        desk.control.budget.commit(most)
        nonces = {item.custom_id: _nonce(desk, requests[item.custom_id]) for item in chunk}
        intent = desk.log.intend(desk.judge, nonces, await desk.client.clock())
        desk.begun.add(intent.uuid)
        try:
            batch_id = await desk.client.submit(chunk, intent.uuid)
        except SubmissionUnknown as error:
            desk.progress.note(f"judge {desk.judge}: {error}; looking whether the batch was created")
        except BatchRefused as error:
            desk.log.void(intent, str(error))
            if not _learn(desk, str(error), chunk[0].request):
                raise EndpointDead(f"judge {desk.judge}: the batch was refused: {error}") from None
        except EndpointDead as error:
            desk.log.void(intent, str(error))
            raise
        else:
            desk.log.submitted(intent, batch_id)
            desk.progress.note(f"judge {desk.judge}: batch {batch_id} holds {len(chunk)} requests")


def _chunks(desk: BatchDesk, requests: Mapping[str, Ask]) -> Iterator[list[BatchItem]]:
    chunk: list[BatchItem] = []
    size = 0
    for key, ask in requests.items():
        item = BatchItem(key, ask.request(_nonce(desk, ask)))
        more = desk.client.size(item)
        if chunk and (len(chunk) >= desk.client.most_requests or size + more > desk.client.most_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += more
    if chunk:
        yield chunk


async def _find_lost(desk: BatchDesk) -> None:
    """Find out what became of submissions that were cut off between asking and hearing the batch's id.

    How long ago that was no clock of ours can tell, it may have been set since: what is not listed yet is waited for.
    """
    for batch in desk.log.open_of(desk.judge):
        if batch.batch_id is not None:
            continue
        found = await _look_for(desk, batch)
        if found is None:
            await _pause(desk, LISTED_AFTER_S)
            if desk.stopped:
                return
            found = await _look_for(desk, batch)
        if found is None:
            desk.log.void(batch, "never created")
        else:
            desk.log.submitted(batch, found)
            desk.progress.note(f"judge {desk.judge}: batch {found} had been created all the same")


async def _look_for(desk: BatchDesk, batch: OpenBatch) -> str | None:
    since = None if batch.since is None else batch.since - CLOCK_SLACK_S
    listed = await desk.client.recent(batch.uuid, len(batch.nonces), since)
    return next((b for b in listed if b not in batch.mistaken and not desk.log.is_claimed(b)), None)


async def _collect_all(desk: BatchDesk, *, wait: bool) -> int:
    """Store the results of every batch that has ended, waiting for the others if wanted. Returns how many."""
    stored, pause = 0, FIRST_WAIT_S
    while True:
        waiting = []
        for batch in desk.log.open_of(desk.judge):
            if batch.batch_id is None:
                continue
            state = await _state(desk, batch.batch_id)
            if not state.ended:
                waiting.append(f"{batch.batch_id}: {state.done} of {state.total or len(batch.nonces)}")
            elif state.refused is not None:
                _turned_down(desk, batch, state.refused)
            else:
                stored += await _collect(desk, batch)
        if not waiting or not wait or desk.stopped:
            return stored
        desk.progress.waiting("reviews", desk.judge, pause, "; ".join(waiting))
        await _pause(desk, pause)
        pause = min(1.5 * pause, LONGEST_WAIT_S)


async def _pause(desk: BatchDesk, seconds: float) -> None:
    """Wait, unless somebody asks the run to stop."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not desk.stopped:
        await asyncio.sleep(min(0.2, seconds))


async def _state(desk: BatchDesk, batch_id: str) -> BatchState:
    """How far a batch is. Raises EndpointDead when the endpoint does not know it."""
    try:
        return await desk.client.state(batch_id)
    except BatchRefused as error:
        raise EndpointDead(
            f"judge {desk.judge}: the endpoint does not know batch {batch_id} (another key or account?): {error}; "
            f"to give it up, take its lines out of {desk.log.path}"
        ) from None


def _turned_down(desk: BatchDesk, batch: OpenBatch, why: str) -> None:
    desk.log.void(batch, why)
    if not _learn(desk, why, None, batch):
        raise EndpointDead(f"judge {desk.judge}: batch {batch.batch_id} was turned down: {why}")


async def _collect(desk: BatchDesk, batch: OpenBatch) -> int:
    """Store one ended batch's results; what it lacks is due again."""
    assert batch.batch_id is not None
    try:
        results = [r for r in await desk.client.results(batch.batch_id) if r.custom_id in batch.nonces]
    except BatchRefused as error:
        if time.time() - batch.created < KEPT_S:
            raise EndpointDead(f"judge {desk.judge}: the results of {batch.batch_id} are not there: {error}") from None
        desk.log.void(batch, str(error))
        desk.progress.note(f"judge {desk.judge}: the results of {batch.batch_id} are gone and due again: {error}")
        return 0
    if not results and (await _state(desk, batch.batch_id)).done:
        desk.log.mistaken(batch)
        await _find_lost(desk)
        return 0
    asks = {ask.key: ask for case in desk.every_case() for ask in steps(case, desk.ledger.get)}
    before = len(desk.asked)
    try:
        await _keep(desk, batch, results, asks)
    except EndpointDead:
        desk.log.collected(batch, len(desk.asked) - before)
        raise
    stored = len(desk.asked) - before
    strange = sum(result.custom_id not in asks for result in results)
    if strange:
        desk.progress.note(f"judge {desk.judge}: {strange} results are for requests that today's config does not make")
    desk.log.collected(batch, stored)
    if failed := next((r.complaint for r in results if r.completion is None and r.complaint), None):
        desk.progress.note(
            f"judge {desk.judge}: batch {batch.batch_id} left requests open, the first because: {failed}"
        )
    return stored


async def _keep(desk: BatchDesk, batch: OpenBatch, results: Sequence[BatchResult], asks: Mapping[str, Ask]) -> None:
    """Store what came back. Where all of it was turned down, that may concern everybody: then nothing is stored.

    Raises EndpointDead when a minimal request is turned down alike.
    """
    let_in = any(r.completion is not None and r.completion.status != "bad_request" for r in results)
    for result in results:
        ask = asks.get(result.custom_id)
        nonce = batch.nonces[result.custom_id]
        request = ask.request(nonce) if ask else None
        if result.complaint and _learn(desk, result.complaint, request, batch):
            continue
        if result.completion is None or ask is None or request is None:
            continue
        store = partial(_store, desk, ask, nonce, result.completion)
        if let_in:
            store()
        else:
            await desk.asking.keep(request, result.completion, store)
    await desk.asking.settle()


def _store(desk: BatchDesk, ask: Ask, nonce: str, completion: Completion) -> None:
    """Add one reply to the ledger, unless a run that was killed while collecting has done so."""
    desk.asked.add(ask.place)
    known = desk.ledger.get(ask.place)
    if known is not None and known.via == "batch" and known.request_id == completion.request_id is not None:
        return
    full = cost_usd(completion.usage, desk.price) if completion.turns else 0.0 if desk.price else None
    cost = completion.cost_usd if completion.cost_usd is not None else None if full is None else full * desk.share
    request = ask.request(nonce)
    enforced = None if request.schema is None else desk.client.enforces
    priced = replace(completion, cost_usd=cost, load="offline-batch", enforced=enforced)
    reply = ask.reply(request, priced, created_at=now(), version=arena.__version__)
    desk.ledger.add(replace(reply, via="batch"))
    desk.progress.advance("reviews", desk.judge, priced, cost, again=ask.case.key in desk.counted)
    desk.counted.add(ask.case.key)


def _learn(desk: BatchDesk, complaint: str, request: Request | None, batch: OpenBatch | None = None) -> bool:
    """Whether what was complained about, in a batch or at its creation, is asked for differently from now on."""
    lessons = _lessons(desk)
    form = desk.client.learn(complaint, request, lessons if batch is None else lessons[: batch.learnt])
    if form:
        desk.log.learnt(desk.judge, complaint, form)
    return form is not None


def _lessons(desk: BatchDesk) -> list[Lesson]:
    return [Lesson(*lesson) for lesson in desk.log.lessons(desk.judge)]


def _nonce(desk: BatchDesk, ask: Ask) -> str:
    return make_nonce(desk.salt, ask.case.question.question_id)


def _report(desk: BatchDesk) -> None:
    """Say what is still out there."""
    for batch in desk.log.open_of(desk.judge):
        where = f"batch {batch.batch_id}" if batch.batch_id else "a batch"
        desk.progress.note(
            f"judge {desk.judge}: {len(batch.nonces)} requests are under way in {where}; "
            "fetch them with --batch=collect, or wait for them with --batch"
        )
