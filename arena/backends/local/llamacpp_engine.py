"""llama.cpp in this process: its own server, asked without the network, several slots at once, from one GGUF file."""

from __future__ import annotations

import difflib
import json
import math
import os
import queue
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena.backends.local.dialogue import Dialogue, Piece
from arena.backends.local.engine import CannotStart, Finished
from arena.backends.local.failures import explain_adapter, explain_start
from arena.backends.local.likelihoods import Pair, Weighed
from arena.backends.local.llamacpp_tokenizer import LlamaCppTokenizer
from arena.backends.local.memory import peak_memory_bytes
from arena.backends.local.rendering import CannotRender, Prompt, Renderer
from arena.backends.local.spec import EngineSpec
from arena.gguf import SLOT_CONTEXT, SLOTS, GgufHeader, misfit, read_gguf
from arena.types import JSON, Request, Sampling, TokenLogprobs

if TYPE_CHECKING:
    from xllamacpp import CommonParams, Server

POLL_S, FULL_S = 0.02, 1.0
"""How long a step waits for an answer before it takes new requests: where a slot is free, and where none is."""
NEUTRAL = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}
"""What a request leaves open samples from the model itself, as in the other engines; llama.cpp alone cuts the tails."""
SAMPLING = {"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p",
            "repetition_penalty": "repeat_penalty", "presence_penalty": "presence_penalty",
            "frequency_penalty": "frequency_penalty"}  # fmt: skip
"""Our names of sampling parameters and llama.cpp's."""
LABEL_BIAS = 100.0
"""Added to the logits of the tokens that begin a label: no other token has a chance, and among them nothing changes."""


class LlamaCppEngine:
    """One model in llama.cpp's server. Raises CannotStart with a sentence for the user."""

    def __init__(self, spec: EngineSpec) -> None:
        self.spec = spec
        self._path = Path(spec.model).expanduser()
        header = read_gguf(self._path)
        if spec.adapter is not None and (why := misfit(header, read_gguf(Path(spec.adapter).expanduser()))):
            raise CannotStart(explain_adapter(spec, ValueError(why)))
        self._slots, self._context, params = _params(spec, self._path, header)
        key = secrets.token_hex(16)
        params.api_keys = [key]
        self._server = start_llamacpp(spec, params)
        tokenizer = LlamaCppTokenizer(self._server.listening_address, key, header, spec.template_text)
        kwargs = spec.engine.get("chat_template_kwargs")
        self._renderer = Renderer(tokenizer, spec.template_text, kwargs if isinstance(kwargs, dict) else None)
        self._encode = tokenizer.encode
        self._plain = tokenizer.encode("a", add_special_tokens=False)[0]
        self._vocabulary = len(header.tokens)
        self.notes = self._renderer.notes
        self._workers = ThreadPoolExecutor(self._slots)
        self._done: queue.SimpleQueue[Finished | BaseException] = queue.SimpleQueue()
        self._open = 0

    @property
    def busy(self) -> bool:
        """Whether requests are waiting or running."""
        return self._open > 0

    def add(self, number: int, request: Request) -> None:
        """Hand a request, or the texts that are to be weighed, to the next free slot."""
        self._open += 1
        if request.weighs:
            self._workers.submit(self._report, partial(self._weigh, number, request))
            return
        dialogue = Dialogue(number, request, enforced=None if request.schema is None else True)
        self._workers.submit(self._report, partial(self._converse, dialogue))

    def step(self) -> list[Finished]:
        """What finished; waits a moment for the first. Raises what broke the engine."""
        finished: list[Finished] = []
        try:
            finished.append(self._heard(self._done.get(timeout=POLL_S if self._open < self._slots else FULL_S)))
            while True:
                finished.append(self._heard(self._done.get_nowait()))
        except queue.Empty:
            return finished

    def _heard(self, told: Finished | BaseException) -> Finished:
        self._open -= 1
        if isinstance(told, BaseException):
            raise told
        return told

    def _report(self, work: Callable[[], Finished]) -> None:
        try:
            self._done.put(work())
        except BaseException as error:  # noqa: BLE001 - a thread's last words go to the engine's step
            self._done.put(error)

    def _converse(self, dialogue: Dialogue) -> Finished:
        """Ask turn after turn until the dialogue is complete or a turn cannot be asked."""
        while True:
            try:
                prompt = self._renderer.prompt(dialogue.messages, raw=dialogue.request.raw)
                room = self._context - len(prompt.ids)
                if room < 1:
                    raise CannotRender(
                        f"the question has {len(prompt.ids)} tokens, the context holds {self._context} (engine.n_ctx)"
                    )
                piece = self._generate(dialogue.request, dialogue.sampling, prompt, room)
            except (CannotRender, Refused) as error:
                return Finished(dialogue.number, dialogue.failure("bad_request", str(error)))
            if not dialogue.absorb(piece):
                completion = dialogue.completion(self.spec.model, peak_memory_bytes("cpu"))
                return Finished(dialogue.number, completion)

    def _weigh(self, number: int, request: Request) -> Finished:
        """The texts of a request one after another in one slot, whose cache holds the prompt."""
        try:
            weighed = Weighed(number, request, self._renderer, self._context - 1)
            for place, pair in enumerate(weighed.pairs):
                weighed.put(place, self._weight(pair))
        except (CannotRender, Refused) as error:
            return Finished(number, Dialogue(number, request).failure("bad_request", str(error)))
        return Finished(number, weighed.completion(self.spec.model))

    def _weight(self, pair: Pair) -> tuple[float, bool]:
        """The server tells nothing of a prompt's tokens, but of one that it generates what the model itself gave to it:
        so each is generated behind those before it, forced by a bias. Raises Refused."""
        total, greedy = 0.0, True
        for at in range(pair.start, len(pair.ids)):
            token, before = pair.ids[at], list(pair.ids[:at])
            found = self._alternatives(before, token, 1) or self._beside(before, token)
            total += found[token]
            greedy = greedy and found[token] == max(found.values())
        return total, greedy

    def _beside(self, before: list[int], token: int) -> dict[int, float]:
        """Of a token that is part of a character, and is not told of: among the alternatives of one that is."""
        for most in (100, self._vocabulary):
            found = self._alternatives(before, self._plain, most)
            if token in found:
                return found
        raise Refused(f"llama.cpp gave no probability to token {token} of a text that was to be weighed")

    def _alternatives(self, before: list[int], token: int, most: int) -> dict[int, float]:
        """The model's own log-probabilities of this token and of the likeliest ones; empty where it is not told of."""
        forced = {"prompt": before, "n_predict": 1, "stop": [], "temperature": 0.0, "n_probs": most, "stream": False,
                  "logit_bias": [[token, LABEL_BIAS * 100]]}  # fmt: skip
        return self._stream(NEUTRAL | forced).alternatives()

    def _generate(self, request: Request, sampling: Sampling, prompt: Prompt, room: int) -> Piece:
        """One turn. Raises Refused for a request that llama.cpp does not take."""
        given = {theirs: getattr(sampling, ours) for ours, theirs in SAMPLING.items()
                 if getattr(sampling, ours) is not None}  # fmt: skip
        body: dict[str, object] = NEUTRAL | given | {
            "prompt": prompt.ids,
            "seed": sampling.seed,
            "n_predict": min(sampling.max_tokens or room, room),
            "stop": list(sampling.stop),
        }  # fmt: skip
        if request.choices:
            firsts = [self._encode(choice, add_special_tokens=False)[0] for choice in request.choices]
            if len(set(firsts)) == len(firsts):
                return self._choose(request, sampling, prompt, body, firsts)
            body["grammar"] = "root ::= " + " | ".join(json.dumps(choice) for choice in request.choices)
        elif request.schema is not None:
            body["json_schema"] = dict(request.schema)
        if request.top_logprobs:
            body["logprobs"] = request.top_logprobs
        guided = bool(request.choices) or request.schema is not None
        return self._stream(body).piece(len(prompt.ids), opened=prompt.opened and not guided)

    def _choose(
        self, request: Request, sampling: Sampling, prompt: Prompt, body: dict[str, object], firsts: Sequence[int]
    ) -> Piece:
        """One of the labels, by the probabilities of the tokens they begin with, which are all that can come."""
        bias = [[token, LABEL_BIAS] for token in firsts]
        only = {"n_predict": 1, "stop": [], "logit_bias": bias, "n_probs": len(firsts), "post_sampling_probs": True}
        made = self._stream(body | NEUTRAL | only)
        table = made.first_token()
        if not table:
            raise Refused("llama.cpp gave no probability to any of the labels")
        logprobs = [table.get(token, ("", -math.inf))[1] for token in firsts]
        chosen = _draw(logprobs, sampling)
        top = sorted((pair for pair in table.values() if math.isfinite(pair[1])), key=lambda pair: -pair[1])
        own = TokenLogprobs(table[firsts[chosen]][0], logprobs[chosen], tuple(top))
        return Piece(
            text=request.choices[chosen], cut=False, input_tokens=len(prompt.ids), output_tokens=1,
            ttft_s=made.ttft_s, latency_s=made.latency_s, logprobs=(own,) if request.top_logprobs else (),
        )  # fmt: skip

    def _stream(self, body: dict[str, object]) -> _Made:
        made = _Made()
        try:
            self._server.handle_completions({"stream": True} | body, made.take)
        except (ValueError, TypeError) as error:
            raise Refused(f"llama.cpp: {error}") from error
        return made.ended()


class Refused(Exception):
    """llama.cpp does not take this request; the message says why."""


class _Made:
    """What comes back for one prompt, piece by piece."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._texts: list[str] = []
        self._tokens: list[Mapping[str, Any]] = []
        self._finish: str | None = None
        self._usage: Mapping[str, Any] = {}
        self._error: str | None = None
        self.ttft_s: float | None = None
        self.latency_s: float | None = None

    def take(self, chunk: Mapping[str, Any]) -> None:
        """One event of llama.cpp's stream of completions."""
        if error := chunk.get("error"):
            self._error = str(error.get("message", error))
            return
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices", ()):
            self._finish = choice.get("finish_reason") or self._finish
            self._tokens += (choice.get("logprobs") or {}).get("content") or ()
            if text := choice.get("text"):
                self._texts.append(text)
                if self.ttft_s is None:
                    self.ttft_s = time.perf_counter() - self._began

    def ended(self) -> _Made:
        """The whole of it. Raises Refused when llama.cpp turned the request down."""
        self.latency_s = time.perf_counter() - self._began
        if self._error is not None:
            raise Refused(f"llama.cpp: {self._error}")
        return self

    def piece(self, input_tokens: int, *, opened: bool) -> Piece:
        """The turn as a dialogue takes it."""
        return Piece(
            text="".join(self._texts), cut=self._finish == "length", input_tokens=input_tokens,
            output_tokens=int(self._usage.get("completion_tokens", len(self._texts))),
            ttft_s=self.ttft_s, latency_s=self.latency_s, opened=opened,
            logprobs=tuple(_logprobs(token) for token in self._tokens if token.get("token")),
        )  # fmt: skip

    def alternatives(self) -> dict[int, float]:
        """Log-probabilities before any sampling, of the first token and the likeliest in its place, by id."""
        listed = [one for told in self._tokens[:1] for one in (told, *told.get("top_logprobs", ()))]
        return {int(one["id"]): float(one["logprob"]) for one in listed}

    def first_token(self) -> dict[int, tuple[str, float]]:
        """The first token's alternatives by id: text and log-probability after sampling."""
        listed = self._tokens[0].get("top_probs", ()) if self._tokens else ()
        return {int(t["id"]): (str(t["token"]), math.log(t["prob"]) if t["prob"] > 0 else -math.inf) for t in listed}


def _params(spec: EngineSpec, path: Path, header: GgufHeader) -> tuple[int, int, CommonParams]:
    """Slots, tokens per slot, and what the server is started with. Raises CannotStart for an unknown or wrong value.

    `engine.n_threads` is half the processors where it is not given: threads that wait for each other on a busy machine
    are several times slower than one.
    """
    from xllamacpp import CommonParams

    params = CommonParams()
    params.model.path = str(path)
    params.verbosity = 0
    params.kv_unified = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) // 2)
    for name, value in spec.passed_on.items():
        if name == "n_threads":
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _number(spec, name, value)
            continue
        if not hasattr(params, name) or name in _OURS:
            near = difflib.get_close_matches(name, [*_names(params), "n_threads"], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise CannotStart(f"{spec.model}: engine.{name}: llama.cpp has no such parameter here{hint}")
        try:
            setattr(params, name, _member(getattr(params, name), value))
        except (TypeError, ValueError, OverflowError) as error:
            raise CannotStart(f"{spec.model}: engine.{name}: found {value!r}: {error}") from error
    if spec.template_text is not None:
        params.chat_template = spec.template_text
    if spec.adapter is not None:
        params.lora_adapters = [_adapter(spec)]
    slots = int(params.n_parallel) if "n_parallel" in spec.engine else SLOTS
    if slots < 1:
        raise CannotStart(f"{spec.model}: engine.n_parallel: {slots} is no number of slots (1 or more)")
    params.n_parallel = slots
    if "n_ctx" not in spec.engine:
        params.n_ctx = slots * min(header.context_length or SLOT_CONTEXT, SLOT_CONTEXT)
    return slots, int(params.n_ctx) // slots or (header.context_length or SLOT_CONTEXT), params


_OURS = frozenset({"model", "port", "hostnames", "api_keys", "chat_template", "lora_adapters", "cpuparams"})
"""Parameters that the entry's own fields set, or nobody."""


def _member(now: object, value: JSON) -> object:
    """A word such as `q8_0` for `cache_type_k` as llama.cpp's own value. Raises ValueError saying which there are."""
    if not isinstance(now, Enum) or not isinstance(value, str):
        return value
    known = {member.name.lower(): member for member in type(now)}
    found = [member for name, member in known.items() if name.endswith(f"_{value.lower()}")]
    if not found:
        raise ValueError(f"one of {', '.join(name.rpartition('type_')[2] for name in known)}")
    return found[0]


def _names(params: CommonParams) -> list[str]:
    return [name for name in dir(params) if not name.startswith("_") and name not in _OURS]


def _number(spec: EngineSpec, name: str, value: JSON) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise CannotStart(f"{spec.model}: engine.{name}: expected a whole number from 1 on, found {value!r}")
    return value


def _adapter(spec: EngineSpec) -> object:
    from xllamacpp import CommonAdapterLoraInfo

    found = CommonAdapterLoraInfo()
    found.path, found.scale = str(Path(str(spec.adapter)).expanduser()), 1.0
    return found


def params_of(spec: EngineSpec) -> CommonParams:
    """What a server of the entry is started with. Raises CannotStart for an unknown or wrong value."""
    path = Path(spec.model).expanduser()
    header = read_gguf(path)
    if spec.adapter is not None and (why := misfit(header, read_gguf(Path(spec.adapter).expanduser()))):
        raise CannotStart(explain_adapter(spec, ValueError(why)))
    return _params(spec, path, header)[2]


def start_llamacpp(spec: EngineSpec, params: CommonParams) -> Server:
    """llama.cpp's server. Raises CannotStart where it does not start."""
    from xllamacpp import Server

    try:
        return Server(params)
    except (RuntimeError, ValueError, MemoryError, OSError) as error:
        raise CannotStart(explain_start(spec, error)) from error


def _draw(logprobs: Sequence[float], sampling: Sampling) -> int:
    """The number of the label that is said: the likeliest at temperature 0, else drawn by the request's seed."""
    temperature = 1.0 if sampling.temperature is None else sampling.temperature
    if temperature == 0:
        return max(range(len(logprobs)), key=lambda number: logprobs[number])
    most = max(logprobs)
    weights = [math.exp((logprob - most) / temperature) for logprob in logprobs]
    return random.Random(sampling.seed).choices(range(len(weights)), weights)[0]


def _logprobs(token: Mapping[str, Any]) -> TokenLogprobs:
    """llama.cpp's log-probabilities (of the model itself: before temperature and grammar), most likely first."""
    top = [(str(t["token"]), float(t["logprob"])) for t in token.get("top_logprobs", ())]
    return TokenLogprobs(str(token["token"]), float(token["logprob"]), tuple(p for p in top if math.isfinite(p[1])))
