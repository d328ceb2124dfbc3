"""Exceptions of engines and the hub, turned into a sentence that says what is wrong and what to do about it."""

from __future__ import annotations

import re

from arena.backends.local.spec import EngineSpec

_MEMORY = re.compile(
    r"out of memory|can't allocate memory|No available memory for the cache|less than desired GPU memory"
    r"|KV cache is needed|Cannot allocate memory|larger than the available KV cache|OutOfMemory"
    r"|MemoryError|bad_alloc|_ALLOC_FAILED",
    re.IGNORECASE,
)
_HUB_DOWN = re.compile(
    r"couldn't connect|cannot find the requested files in the (local|disk) cache|LocalEntryNotFound|offline mode"
    r"|Failed to resolve|Connection ?Error|Max retries|outgoing traffic has been disabled|ConnectError|Name or service"
    r"|locate the file on the Hub|locate the files on the Hub",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(
    r"RepositoryNotFound|is not a valid model identifier|404 Client Error|Repository Not Found", re.I
)
_GATED = re.compile(r"gated repo|GatedRepo|401 Client Error|403 Client Error", re.IGNORECASE)
_REVISION = re.compile(r"RevisionNotFound|is not a valid git identifier|Invalid rev id", re.IGNORECASE)


def memory_knobs(kind: str) -> str:
    """What to turn when memory runs out."""
    if kind == "vllm":
        return (
            "turn engine: gpu_memory_utilization, max_model_len, max_num_seqs, tensor_parallel_size,"
            " or precision and quantization"
        )
    if kind == "llamacpp":
        return "turn engine: n_ctx, n_parallel, n_gpu_layers, or take a smaller quantisation of the model"
    return "turn engine.batch_size, generation_config.max_tokens, precision or quantization"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out."""
    return any(_MEMORY.search(f"{type(e).__name__}: {e}") for e in chain(error))


def chain(error: BaseException) -> list[BaseException]:
    """An exception and those it came from, outermost first."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def one_line(text: object, limit: int = 400) -> str:
    """A message on one line, not too long."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= limit else f"{flat[: limit - 3]}..."


def explain_start(spec: EngineSpec, error: BaseException) -> str:
    """Why an engine could not start, as one sentence that begins with what was asked for."""
    said = " | ".join(f"{type(e).__name__}: {e}" for e in chain(error))
    first = one_line(f"{type(error).__name__}: {error}")
    if _MEMORY.search(said):
        return f"{spec.model}: out of memory while loading; {memory_knobs(spec.kind)} ({first})"
    if _GATED.search(said):
        return f"{spec.model}: the hub asks for permission: accept the model's terms and set HF_TOKEN ({first})"
    if _REVISION.search(said):
        return f"{spec.model}: the hub has no revision {spec.revision!r} ({first})"
    if _NOT_THERE.search(said):
        return f"{spec.model}: neither a folder here nor a model on the hub ({first})"
    if _HUB_DOWN.search(said):
        return f"{spec.model}: the hub cannot be reached and the model is not in the local cache ({first})"
    return f"{spec.model}: {spec.kind} cannot start: {first}"


def explain_adapter(spec: EngineSpec, error: BaseException) -> str:
    """Why an adapter could not be put on its base."""
    if _HUB_DOWN.search(str(error)) or _NOT_THERE.search(str(error)):
        return f"{spec.adapter}: the adapter cannot be fetched from the hub ({one_line(error)})"
    return f"{spec.adapter}: this adapter does not fit {spec.model} ({one_line(error)})"
