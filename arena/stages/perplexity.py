"""Perplexity: local engines are asked how likely they find given texts. No text is generated; endpoints cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arena.asking.ask import Asking, Job, ask_all, opened
from arena.asking.control import Control, now
from arena.asking.progress import Progress
from arena.backends import Opening, open_backend
from arena.board.candidates import Candidate
from arena.board.open import OpenBoard
from arena.config.loading import naming_config
from arena.config.scores import PerplexityConfig
from arena.errors import InputError
from arena.files import from_json, round_floats, to_json, write_atomically
from arena.keys import derived_seed, digest
from arena.reports.leaderboard import write_leaderboard
from arena.scores.documents import Document, read_documents
from arena.scores.perplexity import Weight, differences, summary
from arena.scores.summary import PERPLEXITY, with_scores
from arena.stages.benchmark_report import board_as_rated
from arena.stages.options import RunOptions
from arena.store.items import Item, ItemStore
from arena.types import JSON, Completion, Message, Request, Usage, Windows

TASK = "~perplexity"
"""Whose documents lie beside those of benchmarks."""
SIMULATED_NATS = 0.6
"""Per byte, of a rehearsal."""


@dataclass(frozen=True, slots=True)
class PerplexityReport:
    """The numbers as they were written, by model."""

    models: Mapping[str, Mapping[str, JSON]]
    problems: tuple[str, ...] = ()
    """Models with documents that failed: exit code 3."""
    folder: Path = Path()
    simulated: bool = False


def wants_perplexity(board: OpenBoard, options: RunOptions) -> bool:
    """Whether an invocation is about it."""
    wanted = options.metrics is None or "perplexity" in options.metrics
    return "scores" in options.stages and board.config.scores.perplexity is not None and wanted


def check_perplexity(board: OpenBoard, options: RunOptions) -> list[str]:
    """What is wrong with its file, and a line about candidates that cannot be asked. Raises InputError."""
    if not wants_perplexity(board, options):
        return []
    with naming_config(board.loaded.path):
        read_documents(_section(board).file)
        able = perplexity_models(board, RunOptions())
        others = [name for name, entry in board.config.answers_gen.items() if entry.enable and name not in able]
        if not able:
            raise InputError(
                "scores.perplexity: no candidate is a local engine (vllm, transformers, llamacpp); endpoints tell no "
                "probabilities of given texts"
            )
    if not others:
        return []
    return [f"no perplexity of {', '.join(others)}: only local engines tell the probabilities of given texts"]


def perplexity_models(board: OpenBoard, options: RunOptions) -> list[str]:
    """The candidates that can be asked: local engines that are enabled."""
    return [
        name
        for name, entry in board.config.answers_gen.items()
        if entry.enable and entry.loglikelihoods and (options.models is None or name in options.models)
    ]


def _section(board: OpenBoard) -> PerplexityConfig:
    assert board.config.scores.perplexity is not None
    return board.config.scores.perplexity


@dataclass(frozen=True, slots=True)
class Ask:
    """One document as one model is asked it."""

    document: Document
    request: Request


def asks(board: OpenBoard, candidate: Candidate, options: RunOptions) -> Iterator[Ask]:
    """Every document of the file; with `--limit` the first ones."""
    section = _section(board)
    windows = Windows(section.window, section.stride, section.bos is not False)
    identity = candidate.entry.identity(candidate.name)
    for document in read_documents(section.file)[: options.limit]:
        parts: dict[str, object] = {"perplexity": list(windows), "text": document.text}
        key = digest(parts | identity)[:32]
        yield Ask(document, Request(key, document.doc_id, (Message("user", document.text),), raw=True, windows=windows))


def store_of(board: OpenBoard, name: str, *, writable: bool = False) -> ItemStore:
    """Where a model's documents lie."""
    return ItemStore(board.answer_folder.items_file(TASK, name, board.names), name, writable=writable)


def owed(board: OpenBoard, name: str, options: RunOptions) -> tuple[list[Ask], int]:
    """What a model is still to be asked, and how many documents are stored."""
    todo, done = [], 0
    with closing(store_of(board, name)) as store:
        for ask in asks(board, board.candidates[name], options):
            item = store.get(ask.request.key, ask.document.doc_id, 0)
            if item is None or options.reopens_item(item):
                todo.append(ask)
            else:
                done += 1
    return todo, done


async def perplexity_stage(board: OpenBoard, options: RunOptions, progress: Progress, control: Control) -> None:
    """Ask every local engine for the documents that are missing."""
    jobs = [
        Job(partial(_of_model, board, name, options, progress, control), board.candidates[name].entry.one_at_a_time)
        for name in perplexity_models(board, options)
    ]
    await ask_all(jobs, progress, control)


async def _of_model(board: OpenBoard, name: str, options: RunOptions, progress: Progress, control: Control) -> None:
    todo, done = owed(board, name, options)
    if not todo:
        return
    entry = board.candidates[name].entry
    async with opened(open_backend(Opening(name, "answers_gen", board.config.seed), entry), control) as backend:
        title = f"perplexity · {name}"
        progress.begin("scores", title, len(todo) + done, done)
        asking = Asking(backend, "scores", title, entry.token_price, progress, control, control.rooms.of(entry))
        with closing(store_of(board, name, writable=True)) as store:
            await asking.each(todo, partial(_weigh, board, name, store, asking))


async def _weigh(board: OpenBoard, name: str, store: ItemStore, asking: Asking, ask: Ask) -> None:
    simulated = board.candidates[name].simulated
    completion = _rehearsed(board, name, ask) if simulated else await asking.complete(ask.request)
    failed = completion.status in {"error", "bad_request"}
    item = Item(
        task=TASK, model=name, doc_id=ask.document.doc_id, item=digest(ask.document.text)[:16], key=ask.request.key,
        mode="loglikelihood", status=completion.status, state="failed" if failed else "rated",
        loglikelihoods=completion.loglikelihoods,
        metrics={} if failed else {"tokens": float(completion.weighed_tokens or 0), "bytes": float(ask.document.size)},
        error=completion.error, usage=completion.usage, latency_s=completion.latency_s, cost_usd=completion.cost_usd,
        model_returned=completion.model_returned, created_at=now(), simulated=simulated,
    )  # fmt: skip

    def add() -> None:
        store.add(item)
        asking.stored(completion, item.cost_usd)

    await asking.keep(ask.request, completion, add)


def _rehearsed(board: OpenBoard, name: str, ask: Ask) -> Completion:
    """Invented: around `SIMULATED_NATS` per byte, a model and document having their own."""
    own = 0.5 + derived_seed(board.config.seed, f"{name}/{ask.document.doc_id}", 0) / 2**31
    tokens = max(1, ask.document.size // 4)
    value = (-SIMULATED_NATS * own * ask.document.size, False)
    return Completion("ok", ("",), usage=Usage(tokens, 0), loglikelihoods=(value,), weighed_tokens=tokens)


def weights_of(board: OpenBoard, name: str) -> tuple[list[Weight], list[Item]]:
    """What is stored of a model as today's config asks it, and what failed."""
    found, failed = [], []
    with closing(store_of(board, name)) as store:
        for ask in asks(board, board.candidates[name], RunOptions()):
            item = store.get(ask.request.key, ask.document.doc_id, 0)
            if item is not None and item.state == "failed":
                failed.append(item)
            elif item is not None and item.metrics.get("tokens"):
                nats = -sum(value for value, _ in item.loglikelihoods)
                found.append(Weight(ask.document.doc_id, nats, round(item.metrics["tokens"]), ask.document.size))
    return found, failed


def write_perplexity(board: OpenBoard, *, rated_later: bool) -> PerplexityReport:
    """Write reports/perplexity.json, and the numbers into leaderboard.json unless that is `rated_later`."""
    section, level = _section(board), board.config.rating_gen.interval.level
    folder = board.review_folder.reports
    weights: dict[str, Sequence[Weight]] = {}
    problems = []
    for name in perplexity_models(board, RunOptions()):
        own, failed = weights_of(board, name)
        if own:
            weights[name] = own
        if failed:
            why = failed[0].error or failed[0].status
            problems.append(f"perplexity: {len(failed):,} documents of {name} failed; mostly: {why}"[:300])
    models = {name: summary(own, level) for name, own in weights.items()}
    document: dict[str, JSON] = {
        "level": level, "window": section.window, "stride": section.stride, "bos": section.bos,
        "models": {name: dict(own) for name, own in models.items()},
        "differences": differences(weights, level),
        "documents": {
            name: {w.doc_id: {"bits_per_byte": w.bits_per_byte, "tokens": w.tokens, "bytes": w.size} for w in own}
            for name, own in weights.items()
        },
    }  # fmt: skip
    document |= {"simulated": True} if any(board.candidates[name].simulated for name in weights) else {}
    path = folder / PERPLEXITY
    write_atomically(path, to_json(round_floats(document), indent=True) + b"\n")
    if not rated_later and (before := board_as_rated(folder)) is not None:
        write_leaderboard(folder, with_scores(folder, dict(before.stored), level))
    stored = from_json(path.read_bytes())
    assert isinstance(stored, dict) and isinstance(stored["models"], dict)
    written = {name: dict(own) for name, own in stored["models"].items() if isinstance(own, dict)}
    return PerplexityReport(written, tuple(problems), folder, "simulated" in document)
