"""Reward models in this process: conversations in, one score each, by vLLM or by transformers."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from arena.backends.local.dialogue import Dialogue
from arena.backends.local.engine import CannotStart, Finished
from arena.backends.local.memory import peak_memory_bytes
from arena.backends.local.rendering import CannotRender, Renderer
from arena.backends.local.spec import EngineSpec
from arena.types import Completion, Request, Usage

if TYPE_CHECKING:
    from arena.backends.local.rendering import Tokenizer

BATCH_SIZE = 16
"""Conversations scored together, where `engine.batch_size` does not say."""


class Scorer(Protocol):
    """What scores token ids."""

    tokenizer: Tokenizer
    context: int
    device: str

    def score(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """One number for each row of token ids, before any activation."""


class _Waiting(NamedTuple):
    number: int
    ids: list[int]


class RewardEngine:
    """A sequence-classification model with one label. Raises CannotStart with a sentence for the user."""

    def __init__(self, spec: EngineSpec) -> None:
        self.spec = spec
        self._scorer: Scorer = VllmScorer(spec) if spec.kind == "vllm" else TransformersScorer(spec)
        kwargs = spec.engine.get("chat_template_kwargs")
        self._renderer = Renderer(
            self._scorer.tokenizer, spec.template_text, kwargs if isinstance(kwargs, dict) else None, ended=True
        )
        self.notes = self._renderer.notes
        size = spec.engine.get("batch_size", BATCH_SIZE)
        self._batch_size = size if isinstance(size, int) else BATCH_SIZE
        self._waiting: list[_Waiting] = []
        self._finished: list[Finished] = []

    @property
    def busy(self) -> bool:
        """Whether conversations are waiting."""
        return bool(self._waiting or self._finished)

    def add(self, number: int, request: Request) -> None:
        """Put a conversation in line."""
        try:
            ids = self._renderer.render(request.messages).ids
        except CannotRender as error:
            self._refuse(number, request, str(error))
            return
        if len(ids) > self._scorer.context:
            why = f"the conversation has {len(ids)} tokens, the context holds {self._scorer.context}"
            self._refuse(number, request, why)
            return
        self._waiting.append(_Waiting(number, ids))

    def step(self) -> list[Finished]:
        """Score one batch of conversations of similar length."""
        if self._waiting:
            self._waiting.sort(key=lambda row: len(row.ids))
            batch = self._waiting[-self._batch_size :]
            del self._waiting[-self._batch_size :]
            began = time.perf_counter()
            scores = self._scorer.score([row.ids for row in batch])
            seconds = round(time.perf_counter() - began, 6)
            for row, score in zip(batch, scores, strict=True):
                self._finished.append(Finished(row.number, self._completion(len(row.ids), score, seconds)))
        finished, self._finished = self._finished, []
        return finished

    def _completion(self, tokens: int, score: float, seconds: float) -> Completion:
        known = math.isfinite(score)
        return Completion(
            "ok" if known else "error", (repr(score),) if known else (),
            error=None if known else f"its score is {score}",
            finish_reason="stop", usage=Usage(tokens, 0), latency_s=seconds, load="offline-batch",
            model_returned=self.spec.model, peak_memory_bytes=peak_memory_bytes(self._scorer.device),
        )  # fmt: skip

    def _refuse(self, number: int, request: Request, why: str) -> None:
        self._finished.append(Finished(number, Dialogue(number, request).failure("bad_request", why)))


class TransformersScorer:
    """`AutoModelForSequenceClassification`, padded on the right with a token that stands in no row."""

    def __init__(self, spec: EngineSpec) -> None:
        from arena.backends.local.transformers_engine import context_of, device_of, load_model, load_tokenizer

        self.device = device_of(spec)
        place = str(Path(spec.model).expanduser()) if Path(spec.model).expanduser().exists() else spec.model
        self.tokenizer = load_tokenizer(spec, place)
        self._model = load_model(spec, place, self.device)
        one_label(spec, int(self._model.config.num_labels))
        self.context = context_of(self._model, self.tokenizer)

    def score(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """The logits: the model reads the last token that is no padding."""
        import torch

        used = {token for row in rows for token in row}
        padding = next(token for token in range(len(used) + 1) if token not in used)
        self._model.config.get_text_config().pad_token_id = self._model.config.pad_token_id = padding
        width, device = max(map(len, rows)), self._model.device
        ids = torch.tensor([[*row, *[padding] * (width - len(row))] for row in rows], device=device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask).logits
        return [float(value) for value in logits.float().reshape(-1).tolist()]


class VllmScorer:
    """`LLM.encode(pooling_task="classify")` without its activation."""

    def __init__(self, spec: EngineSpec) -> None:
        from arena.backends.local.vllm_engine import device_of, load_llm

        self.device = device_of(spec)
        self._llm = load_llm(spec, self.device, None)
        if "classify" not in (can := self._llm.llm_engine.get_supported_tasks()):
            raise CannotStart(f"{spec.model}: no reward model: vLLM can only {', '.join(sorted(can))} with it")
        self.tokenizer = self._llm.get_tokenizer()
        config = self._llm.llm_engine.model_config
        self.context = int(config.max_model_len)
        one_label(spec, int(config.hf_config.num_labels))

    def score(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """The logits."""
        from vllm import PoolingParams

        found = self._llm.encode(
            [{"prompt_token_ids": list(row)} for row in rows], pooling_params=PoolingParams(use_activation=False),
            pooling_task="classify", use_tqdm=False,
        )  # fmt: skip
        return [float(one.outputs.data.float().reshape(-1)[0]) for one in found]


def one_label(spec: EngineSpec, labels: int) -> None:
    """Raise CannotStart for a classifier of several classes, whose numbers are no scores."""
    if labels != 1:
        raise CannotStart(f"{spec.model}: no reward model: it tells {labels} classes apart, a score is one number")
