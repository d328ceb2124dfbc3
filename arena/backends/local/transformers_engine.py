"""transformers in this process: left-padded batches, in which every row is what it would have been alone."""

from __future__ import annotations

import gc
import warnings
from bisect import insort
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from arena.backends.local.decoding import Decoding, Row
from arena.backends.local.dialogue import Dialogue, Piece
from arena.backends.local.engine import CannotStart, Finished
from arena.backends.local.failures import explain_adapter, is_out_of_memory, memory_knobs
from arena.backends.local.guidance import Guide, OneOf, Schemas
from arena.backends.local.likelihoods import Weighed
from arena.backends.local.memory import peak_memory_bytes
from arena.backends.local.rendering import CannotRender, Prompt, Renderer
from arena.backends.local.scales import Balance, Scales
from arena.backends.local.spec import EngineSpec
from arena.types import Request, Sampling

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import BitsAndBytesConfig, PreTrainedModel, PreTrainedTokenizerBase

BATCH_SIZE = 16
_WHERE = ("trust_remote_code", "subfolder", "cache_dir", "local_files_only", "token", "code_revision")
"""Arguments of `from_pretrained` that say where files are and what they may do: for the tokenizer as for the model."""


class _Turn(NamedTuple):
    dialogue: Dialogue
    prompt: Prompt

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in line: the longest prompt comes first, of equal ones the one asked first."""
        return len(self.prompt.ids), -self.dialogue.number


class TransformersEngine:
    """A causal language model of transformers, with an adapter of peft. Raises CannotStart with a sentence."""

    def __init__(self, spec: EngineSpec) -> None:
        from transformers import GenerationConfig

        self.spec = spec
        self.device = device_of(spec)
        place = str(Path(spec.model).expanduser()) if Path(spec.model).expanduser().exists() else spec.model
        self._tokenizer = load_tokenizer(spec, place)
        self._model = load_model(spec, place, self.device)
        self._defaults = self._model.generation_config
        self._model.generation_config = GenerationConfig(
            do_sample=False, pad_token_id=self._pad_id(), eos_token_id=sorted(self._eos_ids())
        )
        self._context = context_of(self._model, self._tokenizer)
        kwargs = spec.engine.get("chat_template_kwargs")
        self._renderer = Renderer(self._tokenizer, spec.template_text, kwargs if isinstance(kwargs, dict) else None)
        self.notes = self._renderer.notes
        self._schemas = Schemas(self._tokenizer, sorted(self._eos_ids()), _vocabulary(self._model), self.notes)
        size = spec.engine.get("batch_size", BATCH_SIZE)
        self._batch_size = self._rows = size if isinstance(size, int) else BATCH_SIZE
        self._waiting: dict[tuple[object, ...], list[_Turn]] = {}
        """By what the turns of one batch must share, each list with the longest prompt last."""
        self._scales = Scales()
        self._balance = Balance(self._model, self._pad_id())
        self._room: int | None = None
        """Tokens that all rows of a batch may take together; known once memory ran out."""
        self._finished: list[Finished] = []

    @property
    def busy(self) -> bool:
        """Whether requests are waiting."""
        return bool(self._waiting or self._finished or self._scales)

    def add(self, number: int, request: Request) -> None:
        """Put the first turn of a request in line, or the texts that are to be weighed."""
        if request.weighs:
            self._weigh(number, request)
            return
        held = None if request.schema is None else self._schemas.guide(request.schema) is not None
        self._queue(Dialogue(number, request, enforced=held))

    def step(self) -> list[Finished]:
        """Generate one batch: turns that share their sampling parameters, of similar length."""
        if self._scales:
            self._weigh_some()
        elif self._waiting:
            batch = self._next_batch()
            pieces = self._generated(batch)
            if pieces is None:
                self._shrink(batch)
            else:
                for turn, piece in zip(batch, pieces, strict=True):
                    self._take(turn, piece)
        finished, self._finished = self._finished, []
        return finished

    def _weigh(self, number: int, request: Request) -> None:
        try:
            self._scales.add(Weighed(number, request, self._renderer, self._context))
        except CannotRender as error:
            self._finished.append(Finished(number, Dialogue(number, request).failure("bad_request", str(error))))

    def _weigh_some(self) -> None:
        """One batch of texts; half as many rows from then on where memory runs out."""
        batch = self._scales.next_batch(self._rows, sharing=self._balance.sharing)
        rows = min(self._rows, sum(map(len, batch.values())))
        try:
            found = list(self._balance.weigh(batch, rows))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or rows == 1:
                raise
            found = None
        if found is None:
            _free(self.device)
            self._rows = rows // 2
            self._scales.put_back(batch)
            return
        for waiting, value in found:
            weighed = waiting.weighed
            if weighed.put(waiting.place, value):
                self._finished.append(Finished(weighed.number, weighed.completion(self.spec.model)))

    def _queue(self, dialogue: Dialogue) -> None:
        try:
            prompt = self._renderer.prompt(dialogue.messages, raw=dialogue.request.raw)
        except CannotRender as error:
            self._finished.append(Finished(dialogue.number, dialogue.failure("bad_request", str(error))))
            return
        if len(prompt.ids) >= self._context:
            why = f"the question has {len(prompt.ids)} tokens, the context holds {self._context}"
            self._finished.append(Finished(dialogue.number, dialogue.failure("bad_request", why)))
            return
        self._wait(_Turn(dialogue, prompt))

    def _wait(self, turn: _Turn) -> None:
        alike = self._waiting.setdefault(_manner(turn.dialogue.request.sampling), [])
        insort(alike, turn, key=lambda turn: turn.place)

    def _next_batch(self) -> list[_Turn]:
        """Of the turns that sample like the one that has waited longest, a batch with the longest prompts."""
        manner, alike = next(iter(self._waiting.items()))
        rows = self._batch_size
        if self._room is not None:
            rows = max(1, min(rows, self._room // self._width(alike[-1:])))
        batch = alike[-rows:]
        del alike[-rows:]
        if not alike:
            del self._waiting[manner]
        return batch

    def _width(self, batch: Sequence[_Turn]) -> int:
        """Tokens that each row of a batch may come to take."""
        return max(len(turn.prompt.ids) for turn in batch) + max(self._limit(turn) for turn in batch)

    def _limit(self, turn: _Turn) -> int:
        room = self._context - len(turn.prompt.ids)
        asked = turn.dialogue.request.sampling.max_tokens or getattr(self._defaults, "max_new_tokens", None) or room
        return min(asked, room)

    def _generated(self, batch: Sequence[_Turn]) -> list[Piece] | None:
        """The answers of a batch; None when memory runs out (and what it held is free once this has returned)."""
        try:
            return self._generate(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _generate(self, batch: Sequence[_Turn]) -> list[Piece]:
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        rows = [self._row(turn) for turn in batch]
        decoding = Decoding(rows, self._tokenizer, self._eos_ids(), batch[0].dialogue.sampling, self._fallback)
        ids, mask = self._padded([turn.prompt.ids for turn in batch])
        with torch.inference_mode():
            self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(row.limit for row in rows),
                logits_processor=LogitsProcessorList([decoding]),
                stopping_criteria=StoppingCriteriaList([decoding.stopped]),
            )
        return [_piece(turn, row, decoding) for turn, row in zip(batch, rows, strict=True)]

    def _row(self, turn: _Turn) -> Row:
        request, sampling = turn.dialogue.request, turn.dialogue.sampling
        assert sampling.seed is not None
        return Row(
            prompt=turn.prompt.ids,
            limit=self._limit(turn),
            seed=sampling.seed,
            stop=sampling.stop,
            top_logprobs=request.top_logprobs,
            guide=self._guide(request),
            thinking=turn.prompt.opened,
        )

    def _guide(self, request: Request) -> Guide | None:
        if request.choices:
            choices = [self._tokenizer.encode(choice, add_special_tokens=False) for choice in request.choices]
            return OneOf(choices, min(self._eos_ids(), default=0))
        return None if request.schema is None else self._schemas.guide(request.schema)

    def _padded(self, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        width = max(len(ids) for ids in prompts)
        padded = [[self._pad_id()] * (width - len(ids)) + list(ids) for ids in prompts]
        mask = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        device = self._model.device
        return torch.tensor(padded, device=device), torch.tensor(mask, device=device)

    def _take(self, turn: _Turn, piece: Piece) -> None:
        dialogue = turn.dialogue
        if dialogue.absorb(piece):
            self._queue(dialogue)
            return
        completion = dialogue.completion(self.spec.model, peak_memory_bytes(self.device))
        self._finished.append(Finished(dialogue.number, completion))

    def _shrink(self, batch: list[_Turn]) -> None:
        """After an out-of-memory: halve what a batch may hold, or give up on a question that does not fit alone."""
        _free(self.device)
        if len(batch) == 1:
            dialogue = batch[0].dialogue
            why = f"out of memory on this question alone; {memory_knobs('transformers')}"
            self._finished.append(Finished(dialogue.number, dialogue.failure("error", why)))
            return
        if self._room is None:
            self.notes.append("out of memory: going on with smaller batches (engine.batch_size)")
        self._room = len(batch) * self._width(batch) // 2
        for turn in batch:
            self._wait(turn)

    def _fallback(self, name: str) -> float | None:
        """A sampling parameter that the request leaves open: that of the model's own generation_config.json.

        As with vLLM it counts whether or not `do_sample` stands beside it.
        """
        value = getattr(self._defaults, name, None)
        return float(value) if value is not None else None

    def _pad_id(self) -> int:
        for token_id in (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id):
            if token_id is not None:
                return int(token_id)
        return 0

    def _eos_ids(self) -> set[int]:
        stated = self._defaults.eos_token_id
        ids = stated if isinstance(stated, list) else [stated]
        return {int(i) for i in [*ids, self._tokenizer.eos_token_id] if i is not None}


def _manner(s: Sampling) -> tuple[object, ...]:
    """What the turns of one batch must share: everything but their seeds, limits, stops and choices."""
    return (
        s.temperature, s.top_p, s.top_k, s.min_p, s.repetition_penalty, s.presence_penalty, s.frequency_penalty,
    )  # fmt: skip


def _piece(turn: _Turn, row: Row, decoding: Decoding) -> Piece:
    return Piece(
        text=decoding.text(row),
        cut=row.cut,
        input_tokens=len(turn.prompt.ids),
        output_tokens=len(row.made),
        ttft_s=round(decoding.first_token_s, 6),
        latency_s=round(row.seconds, 6),
        logprobs=tuple(row.logprobs),
        opened=turn.prompt.opened,
    )


def _vocabulary(model: PreTrainedModel | PeftModel) -> int:
    return int(model.config.get_text_config().vocab_size)


def context_of(model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Tokens that fit."""
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length)


def device_of(spec: EngineSpec) -> str:
    """The device asked for, or the best there is. Raises CannotStart for one that is not here."""
    import torch

    asked = spec.engine.get("device")
    have = ["cpu"]
    if torch.backends.mps.is_available():
        have.insert(0, "mps")
    if torch.cuda.is_available():
        have.insert(0, "cuda")
    if asked is None:
        return have[0]
    if str(asked).partition(":")[0] not in have:
        raise CannotStart(f"{spec.model}: engine.device: {asked!r} is not on this machine (have: {', '.join(have)})")
    return str(asked)


def load_tokenizer(spec: EngineSpec, place: str) -> PreTrainedTokenizerBase:
    """The tokenizer that lies with the weights."""
    from transformers import AutoTokenizer

    found = {key: value for key, value in spec.passed_on.items() if key in _WHERE}
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(place, revision=spec.revision, **found)
    return tokenizer


def load_model(spec: EngineSpec, place: str, device: str) -> PreTrainedModel | PeftModel:
    """The weights with their adapter: a language model, or a reward model. Raises CannotStart."""
    import torch

    arguments: dict[str, Any] = {"revision": spec.revision, "dtype": _dtype(spec), **spec.passed_on}
    if spec.quantization is not None:
        arguments["quantization_config"] = _quantization(spec)
    if device.startswith("cuda"):
        arguments.setdefault("device_map", {"": device})
    try:
        model = _pretrained(spec, place, arguments)
    except TypeError as error:
        unknown = [key for key in spec.passed_on if f"unexpected keyword argument '{key}'" in str(error)]
        if not unknown:
            raise
        raise CannotStart(
            f"{spec.model}: engine.{unknown[0]}: transformers' from_pretrained takes no such argument"
        ) from error
    if "device_map" not in arguments:
        model = model.to(torch.device(device))
    if spec.adapter is not None:
        model = _with_adapter(spec, model)
    return model.eval()


def _pretrained(spec: EngineSpec, place: str, arguments: Mapping[str, Any]) -> PreTrainedModel:
    """Raises CannotStart for a language model in a reward model's place: its head would be a draw."""
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    model: PreTrainedModel
    if not spec.reward:
        model = AutoModelForCausalLM.from_pretrained(place, **arguments)
        return model
    model, told = AutoModelForSequenceClassification.from_pretrained(place, output_loading_info=True, **arguments)
    if missing := sorted(told["missing_keys"]):
        raise CannotStart(f"{spec.model}: no reward model: its weights hold no {missing[0]}")
    return model


def _dtype(spec: EngineSpec) -> torch.dtype | str:
    import torch

    if spec.precision == "auto":
        return "auto"
    known: torch.dtype = getattr(torch, spec.precision)
    return known


def _quantization(spec: EngineSpec) -> BitsAndBytesConfig:
    from transformers import BitsAndBytesConfig

    match spec.quantization:
        case "bitsandbytes" | "bnb-4bit":
            return BitsAndBytesConfig(load_in_4bit=True)
        case "bnb-8bit":
            return BitsAndBytesConfig(load_in_8bit=True)
    raise CannotStart(
        f"{spec.model}: quantization: transformers quantizes with bnb-4bit or bnb-8bit, not {spec.quantization!r}"
        " (a model that is saved quantized needs no entry)"
    )


def _with_adapter(spec: EngineSpec, model: PreTrainedModel) -> PeftModel:
    from peft import PeftModel

    assert spec.adapter is not None
    folder = Path(spec.adapter).expanduser()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*missing adapter keys")  # they would stay as they are: without effect
            return PeftModel.from_pretrained(model, str(folder) if folder.is_dir() else spec.adapter)
    except (RuntimeError, ValueError, KeyError, TypeError, OSError, UserWarning) as error:
        raise CannotStart(explain_adapter(spec, error)) from error


def _free(device: str) -> None:
    gc.collect()
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
