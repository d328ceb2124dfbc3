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
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from arena.backends.local.dialogue import Dialogue, Piece
from arena.backends.local.engine import CannotStart, Finished
from arena.backends.local.failures import explain_adapter, explain_start, one_line
from arena.backends.local.memory import peak_memory_bytes
from arena.backends.local.rendering import CannotRender, Prompt, Renderer
from arena.backends.local.spec import EngineSpec
from arena.gguf import GgufHeader, misfit, read_gguf
from arena.types import JSON, Request, Sampling, TokenLogprobs

if TYPE_CHECKING:
    from xllamacpp import CommonParams, Server

SLOTS = 4
"""Answers under way at once, where `engine.n_parallel` does not say."""
CONTEXT = 4096
"""Tokens per slot, where `engine.n_ctx` (of all slots together) does not say and the model has as many."""
POLL_S = 0.02
"""How long a step waits for an answer before new requests are taken."""
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
        self._server = _start(spec, params)
        tokenizer = _Tokenizer(self._server.listening_address, key, header, spec.template_text)
        kwargs = spec.engine.get("chat_template_kwargs")
        self._renderer = Renderer(tokenizer, spec.template_text, kwargs if isinstance(kwargs, dict) else None)
        self._encode = tokenizer.encode
        self.notes = self._renderer.notes
        self._workers = ThreadPoolExecutor(self._slots)
        self._done: queue.SimpleQueue[Finished | BaseException] = queue.SimpleQueue()
        self._open = 0

    @property
    def busy(self) -> bool:
        """Whether requests are waiting or running."""
        return self._open > 0

    def add(self, number: int, request: Request) -> None:
        """Hand a request to the next free slot."""
        self._open += 1
        self._workers.submit(self._answer, Dialogue(number, request, enforced=None if request.schema is None else True))

    def step(self) -> list[Finished]:
        """What finished; waits a moment for the first. Raises what broke the engine."""
        finished: list[Finished] = []
        try:
            finished.append(self._heard(self._done.get(timeout=POLL_S)))
            while True:
                finished.append(self._heard(self._done.get_nowait()))
        except queue.Empty:
            return finished

    def _heard(self, told: Finished | BaseException) -> Finished:
        self._open -= 1
        if isinstance(told, BaseException):
            raise told
        return told

    def _answer(self, dialogue: Dialogue) -> None:
        try:
            self._done.put(self._converse(dialogue))
        except BaseException as error:  # noqa: BLE001 - a thread's last words go to the engine's step
            self._done.put(error)

    def _converse(self, dialogue: Dialogue) -> Finished:
        """Ask turn after turn until the dialogue is complete or a turn cannot be asked."""
        while True:
            try:
                prompt = self._renderer.render(dialogue.messages)
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
            self._server.handle_completions(body | {"stream": True}, made.take)
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

    def first_token(self) -> dict[int, tuple[str, float]]:
        """The first token's alternatives by id: text and log-probability after sampling."""
        listed = self._tokens[0].get("top_probs", ()) if self._tokens else ()
        return {int(t["id"]): (str(t["token"]), math.log(t["prob"]) if t["prob"] > 0 else -math.inf) for t in listed}


class _Tokenizer:
    """llama.cpp's tokenizer and template engine, as a renderer uses them: over the server's own loopback address."""

    def __init__(self, address: str, key: str, header: GgufHeader, template: str | None) -> None:
        self._address, self._key = address, key
        self.chat_template: str | dict[str, str] | None = template or header.chat_template
        specials = enumerate(header.special_tokens)
        self.added_tokens_decoder = {number: SimpleNamespace(content=s, special=True) for number, s in specials}

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool, **kwargs: object
    ) -> str:
        """The conversation as one text; the template is the one the server was started with. Raises ValueError."""
        given = {name: value for name, value in kwargs.items() if name != "chat_template"}
        return str(self._ask("/apply-template", {"messages": conversation, "chat_template_kwargs": given})["prompt"])

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Token ids; special tokens in the text are recognised."""
        found = self._ask("/tokenize", {"content": text, "add_special": add_special_tokens, "parse_special": True})
        return [int(token) for token in found["tokens"]]

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        """Text."""
        return str(self._ask("/detokenize", {"tokens": list(token_ids)})["content"])

    def _ask(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        request = urllib.request.Request(f"{self._address}{path}", json.dumps(body).encode(), headers)  # noqa: S310 - our own server
        try:
            with _DIRECT.open(request) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            raise ValueError(one_line(error.read().decode("utf-8", "replace"))) from None


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Calls to this machine take no proxy."""


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
            setattr(params, name, value)
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
        params.n_ctx = slots * min(header.context_length or CONTEXT, CONTEXT)
    return slots, int(params.n_ctx) // slots or (header.context_length or CONTEXT), params


_OURS = frozenset({"model", "port", "hostnames", "api_keys", "chat_template", "lora_adapters", "cpuparams"})
"""Parameters that the entry's own fields set, or nobody."""


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


def _start(spec: EngineSpec, params: CommonParams) -> Server:
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
