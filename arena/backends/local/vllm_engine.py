"""vLLM in this process, driven step by step so that every answer leaves the moment it is finished."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections import deque
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from arena.backends.local.adapters import misfit, stranger
from arena.backends.local.dialogue import Dialogue, Piece
from arena.backends.local.engine import CannotStart, Finished
from arena.backends.local.failures import explain_adapter, explain_start, is_out_of_memory
from arena.backends.local.likelihoods import Weighed
from arena.backends.local.memory import peak_memory_bytes
from arena.backends.local.rendering import CannotRender, Prompt, Renderer
from arena.backends.local.spec import EngineSpec, lora_rank
from arena.types import JSON, Request, Sampling, TokenLogprobs

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams
    from vllm.lora.request import LoRARequest
    from vllm.outputs import CompletionOutput
    from vllm.reasoning import ReasoningParser
    from vllm.v1.engine.llm_engine import LLMEngine

    from arena.backends.local.rendering import Tokenizer

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The LoRA ranks vLLM can be set up for."""


class _Turn(NamedTuple):
    dialogue: Dialogue
    prompt: Prompt


class VllmEngine:
    """One vLLM engine. Raises CannotStart with a sentence for the user."""

    def __init__(self, spec: EngineSpec) -> None:
        self.spec = spec
        self.device = device_of(spec)
        self._lora = _lora_request(spec)
        self._llm = load_llm(spec, self.device, self._lora)
        self._engine = self._llm.llm_engine
        _put_on(self._engine, self._lora, spec)
        tokenizer = self._llm.get_tokenizer()
        kwargs = spec.engine.get("chat_template_kwargs")
        self._renderer = Renderer(tokenizer, spec.template_text, kwargs if isinstance(kwargs, dict) else None)
        self.notes = self._renderer.notes
        if self._lora is not None and (layer := stranger(_base_folder(spec), Path(self._lora.lora_path))):
            self.notes.append(f"the adapter seems to change nothing: the base has no layer {layer}")
        self._defaults: dict[str, Any] = dict(self._engine.model_config.get_diff_sampling_param())
        self._parser = _reasoning_parser(spec, tokenizer)
        self._refusals = _refusals()
        self._turns: dict[str, _Turn] = {}
        self._weighing: dict[str, tuple[Weighed, int]] = {}
        self._line: deque[tuple[Weighed, int]] = deque()
        self._finished: list[Finished] = []

    @property
    def busy(self) -> bool:
        """Whether requests are waiting or running."""
        return bool(self._turns or self._finished or self._weighing or self._line)

    def add(self, number: int, request: Request) -> None:
        """Hand the first turn of a request to the engine, or the texts that are to be weighed."""
        if request.weighs:
            self._weigh(number, request)
            return
        self._ask(Dialogue(number, request, enforced=None if request.schema is None else True))

    def step(self) -> list[Finished]:
        """One step of the engine; follow-up turns are handed in as soon as the turn before is answered."""
        if self._turns or self._weighing:
            for output in self._engine.step():
                if output.finished and output.request_id in self._weighing:
                    self._take_weight(output)
                elif output.finished:
                    self._take(output)
            self._weigh_next()
        finished, self._finished = self._finished, []
        return finished

    def _weigh(self, number: int, request: Request) -> None:
        """Every text is a prompt whose tokens' log-probabilities are wanted; the one token behind it is not."""
        try:
            weighed = Weighed(number, request, self._renderer, self._engine.model_config.max_model_len - 1)
        except CannotRender as error:
            self._finished.append(Finished(number, Dialogue(number, request).failure("bad_request", str(error))))
            return
        self._line += [(weighed, place) for place in range(len(weighed.pairs))]
        self._weigh_next()

    def _weigh_next(self) -> None:
        """All that wait; with an adapter one alone: vLLM applies it to a prompt's logits as if the prompt's tokens were
        the batch's requests, which fits where there is one."""
        from vllm import SamplingParams

        params = SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=1, detokenize=False)
        while self._line and (self._lora is None or not (self._weighing or self._turns)):
            weighed, place = self._line.popleft()
            label = f"{weighed.number}~{place}"
            ids = list(weighed.pairs[place].ids)
            self._engine.add_request(label, {"prompt_token_ids": ids}, params, lora_request=self._lora)
            self._weighing[label] = weighed, place

    def _take_weight(self, output: RequestOutput) -> None:
        weighed, place = self._weighing.pop(output.request_id)
        pair = weighed.pairs[place]
        entries = [(output.prompt_logprobs or [])[at][pair.ids[at]] for at in range(pair.start, len(pair.ids))]
        value = sum(float(entry.logprob) for entry in entries), all(entry.rank == 1 for entry in entries)
        if weighed.put(place, value):
            self._finished.append(Finished(weighed.number, weighed.completion(self.spec.model)))

    def _ask(self, dialogue: Dialogue) -> None:
        try:
            prompt = self._renderer.prompt(dialogue.messages, raw=dialogue.request.raw)
        except CannotRender as error:
            self._finished.append(Finished(dialogue.number, dialogue.failure("bad_request", str(error))))
            return
        context = self._engine.model_config.max_model_len
        if len(prompt.ids) >= context:
            why = f"the question has {len(prompt.ids)} tokens, the context holds {context} (engine.max_model_len)"
            self._finished.append(Finished(dialogue.number, dialogue.failure("bad_request", why)))
            return
        label = f"{dialogue.number}-{len(dialogue.pieces)}"
        try:
            params = self._params(dialogue.request, dialogue.sampling, context - len(prompt.ids))
            self._engine.add_request(label, {"prompt_token_ids": prompt.ids}, params, lora_request=self._lora)
        except self._refusals as error:
            self._finished.append(Finished(dialogue.number, dialogue.failure("bad_request", f"vLLM: {error}")))
            return
        self._turns[label] = _Turn(dialogue, prompt)

    def _take(self, output: RequestOutput) -> None:
        dialogue, prompt = self._turns.pop(output.request_id)
        if dialogue.absorb(self._piece(output, prompt, dialogue.request)):
            self._ask(dialogue)
            return
        completion = dialogue.completion(self.spec.model, peak_memory_bytes(self.device))
        self._finished.append(Finished(dialogue.number, completion))

    def _piece(self, output: RequestOutput, prompt: Prompt, request: Request) -> Piece:
        made = output.outputs[0]
        stats = output.metrics
        guided = bool(request.choices) or request.schema is not None  # then there is no room for reasoning
        text, reasoning, opened = made.text, None, prompt.opened and not guided
        if self._parser is not None:
            reasoning, content = self._parser.extract_reasoning(text, request=None)
            text, reasoning, opened = content or "", reasoning or "", False
        return Piece(
            text=text,
            cut=made.finish_reason == "length",
            input_tokens=len(prompt.ids),
            output_tokens=len(made.token_ids),
            ttft_s=_seconds(stats.scheduled_ts, stats.first_token_ts) if stats else None,
            latency_s=_seconds(stats.scheduled_ts, stats.last_token_ts) if stats else None,
            logprobs=_logprobs(made) if request.top_logprobs else (),
            reasoning=reasoning,
            opened=opened,
        )

    def _params(self, request: Request, sampling: Sampling, room: int) -> SamplingParams:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        given = {
            name: getattr(sampling, name)
            for name in (
                "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty",
            )
            if getattr(sampling, name) is not None
        }  # fmt: skip
        guided = None
        if request.choices:
            guided = StructuredOutputsParams(choice=list(request.choices))
        elif request.schema is not None:
            guided = StructuredOutputsParams(json=dict(request.schema))
        limit = sampling.max_tokens or self._defaults.get("max_tokens") or room
        return SamplingParams(
            **(self._defaults | given | {"max_tokens": min(limit, room)}),
            seed=sampling.seed,
            stop=list(sampling.stop) or None,
            logprobs=request.top_logprobs or None,
            structured_outputs=guided,
            skip_special_tokens=self._parser is None,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )


def device_of(spec: EngineSpec) -> str:
    """What vLLM runs on here. Raises CannotStart where it finds nothing."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        return "cpu"
    if current_platform.is_cuda_alike():
        return "cuda"
    if not current_platform.device_type:
        raise CannotStart(
            f"{spec.model}: vLLM finds no GPU on this machine; use backend: transformers,"
            " or backend: openai with a vLLM server elsewhere"
        )
    return str(current_platform.device_type)


def _lora_request(spec: EngineSpec) -> LoRARequest | None:
    if spec.adapter is None:
        return None
    from vllm.lora.request import LoRARequest

    return LoRARequest("adapter", 1, str(_adapter_folder(spec)))


def _adapter_folder(spec: EngineSpec) -> Path:
    assert spec.adapter is not None
    if Path(spec.adapter).expanduser().is_dir():
        return Path(spec.adapter).expanduser()
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(spec.adapter))
    except (OSError, ValueError) as error:
        raise CannotStart(explain_adapter(spec, error)) from error


def load_llm(spec: EngineSpec, device: str, lora: LoRARequest | None) -> LLM:
    """The engine with its weights. Raises CannotStart for an argument that it does not know."""
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")  # the engine in this process, which is its own
    from vllm import LLM

    arguments: dict[str, Any] = {
        "model": str(Path(spec.model).expanduser()) if Path(spec.model).expanduser().exists() else spec.model,
        "revision": spec.revision,
        "tokenizer_revision": spec.revision,
        "dtype": spec.precision,
        "quantization": spec.quantization,
        "disable_log_stats": False,
    }
    if spec.reward:
        arguments["runner"] = "pooling"
    if device == "cpu":
        arguments |= {"enforce_eager": True}
        if not {"gpu_memory_utilization", "kv_cache_memory_bytes"} & spec.passed_on.keys():
            arguments["kv_cache_memory_bytes"] = 1 << 30
    if lora is not None:
        rank = lora_rank(Path(lora.lora_path))
        arguments |= {"enable_lora": True, "max_lora_rank": next((r for r in _RANKS if r >= rank), _RANKS[-1])}
    _check_arguments(spec, spec.passed_on)
    return LLM(**(arguments | spec.passed_on))


def _check_arguments(spec: EngineSpec, given: dict[str, JSON]) -> None:
    from vllm.engine.arg_utils import EngineArgs

    known = {f.name for f in dataclasses.fields(EngineArgs)}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise CannotStart(f"{spec.model}: engine.{name}: vLLM has no such engine argument{hint}")


def _put_on(engine: LLMEngine, lora: LoRARequest | None, spec: EngineSpec) -> None:
    """Load the adapter now, so that one that does not fit is found before the first question."""
    if lora is None:
        return
    problem = misfit(_base_folder(spec), Path(lora.lora_path))
    if problem is not None:
        raise CannotStart(explain_adapter(spec, ValueError(problem)))
    try:
        engine.add_lora(lora)
    except (ValueError, RuntimeError, KeyError, AssertionError, OSError) as error:
        if is_out_of_memory(error):
            raise CannotStart(explain_start(spec, error)) from error
        raise CannotStart(explain_adapter(spec, error)) from error


def _base_folder(spec: EngineSpec) -> Path:
    """Where the base's files are: its folder, or what the hub's cache holds of it by now."""
    if Path(spec.model).expanduser().is_dir():
        return Path(spec.model).expanduser()
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(spec.model, revision=spec.revision, local_files_only=True))


def _refusals() -> tuple[type[Exception], ...]:
    """vLLM's words for a request it does not take: a parameter out of range, a schema it cannot guide by."""
    from vllm.exceptions import VLLMClientError

    return (ValueError, VLLMClientError)


def _reasoning_parser(spec: EngineSpec, tokenizer: Tokenizer) -> ReasoningParser | None:
    name = spec.engine.get("reasoning_parser")
    if not name:
        return None
    from vllm.reasoning import ReasoningParserManager

    try:
        return ReasoningParserManager.get_reasoning_parser(str(name))(tokenizer)
    except (KeyError, RuntimeError, ValueError) as error:
        raise CannotStart(f"{spec.model}: engine.reasoning_parser: {error}") from error


def _seconds(start: float, end: float) -> float | None:
    return round(end - start, 6) if start and end else None


def _logprobs(made: CompletionOutput) -> tuple[TokenLogprobs, ...]:
    """vLLM's log-probabilities (before temperature, among the tokens that guidance allows), most likely first."""
    found = []
    for token_id, table in zip(made.token_ids, made.logprobs or (), strict=False):
        entries = ((e.decoded_token or "", float(e.logprob)) for e in table.values())
        top = sorted((pair for pair in entries if isfinite(pair[1])), key=lambda pair: -pair[1])
        own = table[token_id]
        found.append(TokenLogprobs(own.decoded_token or "", float(own.logprob), tuple(top)))
    return tuple(found)
