"""The table of backends: both halves of every row, and every field's way into keys."""

from __future__ import annotations

import importlib
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from arena.backends import BACKENDS
from arena.board.candidates import Candidate, judge_of
from arena.config.base import GenerationConfig
from arena.config.kinds import CANDIDATES, JUDGES, KINDS, ApiConfig, BackendConfig, CandidateConfig, JudgeConfig
from arena.config.kinds.entry import Identifies, InRequests, NotInKeys, keying_of
from arena.config.kinds.local import RENDERING
from arena.config.strict import describe
from arena.keys import sampling_params
from arena.types import Question, Sampling

MODELS = [*CANDIDATES, *JUDGES]
OTHER: dict[str, object] = {
    "model": "another", "revision": "v2", "precision": "float16", "adapter": "org/lora", "quantization": "fp8",
    "chat_template": "{{ messages }}", "extra_body": {"seed": 1}, "engine": {RENDERING[0]: {"thinking": False}},
    "enable": False, "system": "Be brief.", "samples": 3, "base_url": "http://127.0.0.1:1/v1", "headers": {"a": "b"},
    "stream": True, "concurrency": 3, "price": {"input": 1, "output": 2}, "timeout_s": 1.5, "max_retry_after_s": 1.5,
    "connect_patience_s": 1.5, "silence_patience_s": 1.5, "max_reply_bytes": 999, "extra_query": {"v": 1},
    "api_key_env": "ANOTHER", "gpu_hour_price": 1.5,
    "api": "responses", "background": True, "reasoning_summary": "auto", "task": "reward", "temperature": 2.0,
    "file": "elsewhere.jsonl", "latency_s": 0.25, "generation_config": {"temperature": 0.5},
}  # fmt: skip
"""Another value of every field but the kind itself. A new field needs one too."""


def entry(model: type[BackendConfig], /, **changes: object) -> Any:
    given = {"backend": _word(model)} | ({"model": "org/model"} if model.model_fields.get("model") else {})
    return model.model_validate(given | changes)


def _word(model: type[BackendConfig]) -> str:
    return str(model.model_fields["backend"].annotation.__args__[0])  # type: ignore[union-attr]


def test_every_row_has_both_halves() -> None:
    assert list(KINDS) == list(BACKENDS)
    for word, kind in KINDS.items():
        assert _word(kind.config) == word
        assert kind.config is BACKENDS[word].config
        assert kind.candidate or kind.judge


def test_no_row_imports_an_sdk_before_it_is_opened() -> None:
    import subprocess
    import sys

    heavy = "openai anthropic torch transformers vllm httpx2"
    code = f"import sys, arena.backends; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_field_enters_keys_as_it_is_declared(model: type[BackendConfig]) -> None:
    for name, info in model.model_fields.items():
        if name == "backend":
            continue
        changed = entry(model, **{name: OTHER[name]})
        assert getattr(changed, name) != getattr(entry(model), name), name
        differs = changed.identity("m") != entry(model).identity("m")
        assert differs == (keying_of(model.__name__, name, info) == "identity"), name


@pytest.mark.parametrize("model", JUDGES, ids=lambda m: m.__name__)
def test_a_judge_is_another_exactly_by_the_fields_that_identify(model: type[BackendConfig]) -> None:
    for name, info in model.model_fields.items():
        if name == "backend":
            continue
        changed = judge_of("j", entry(model, **{name: OTHER[name]}))
        same = changed == judge_of("j", entry(model))
        way = keying_of(model.__name__, name, info)
        assert same == (way == "none" or name in ("system", "file")), name


@pytest.mark.parametrize("model", [m for m in CANDIDATES if _word(m) != "recorded"], ids=lambda m: m.__name__)
def test_a_candidate_is_asked_anew_exactly_for_the_fields_that_enter_keys(model: type[BackendConfig]) -> None:
    question = Question("q", ("Why?",), "general")

    def key(**changes: object) -> str:
        request = Candidate("m", entry(model, **changes)).request(question, 0)
        assert request is not None
        return request.key

    for name, info in model.model_fields.items():
        if name != "backend":
            assert (key(**{name: OTHER[name]}) != key()) == (keying_of("", name, info) != "none"), name


def test_every_sampling_parameter_of_the_config_reaches_the_request() -> None:
    assert set(GenerationConfig.model_fields) - {"n"} == {field.name for field in fields(Sampling)}
    given = {"temperature": 1, "top_p": 0.5, "top_k": 3, "min_p": 0.1, "repetition_penalty": 2, "presence_penalty": 1,
             "frequency_penalty": 1, "max_tokens": 5, "stop": ["x"], "seed": 4, "reasoning_effort": "low"}  # fmt: skip
    assert sampling_params(GenerationConfig.model_validate(given).sampling(seed=4)).keys() == given.keys()


def test_a_field_of_which_nobody_said_whether_it_enters_keys_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Forgetful\.voice: declare it"):

        class Forgetful(BackendConfig):
            backend: Identifies[Literal["forgetful"]]
            voice: str = "low"

    with pytest.raises(TypeError, match=r"Undecided\.voice: declare it"):

        class Undecided(BackendConfig):
            backend: Identifies[Literal["undecided"]]
            voice: Identifies[NotInKeys[str]] = "low"


def test_a_new_kind_has_its_identity_from_its_fields() -> None:
    class Spoken(ApiConfig):
        backend: Identifies[Literal["spoken"]]
        voice: Identifies[str] = "low"
        louder: NotInKeys[bool] = Field(False)
        pause: InRequests[float] = 0.0

    spoken = Spoken(backend="spoken", voice="high")
    known = {"backend": "spoken", "voice": "high", "model": "m", "extra_body": {}}
    assert spoken.identity("m") == known
    assert (spoken.paid, spoken.asks_anybody, spoken.judge_kind) == (True, True, None)


def test_only_kinds_that_no_weights_stand_behind_are_part_of_a_judges_key() -> None:
    found = {_word(judge): entry(judge).judge_kind for judge in JUDGES}
    named = {word: kind for word, kind in found.items() if kind}
    assert named == {"reference": "reference", "simulated": "simulated"}


@pytest.mark.parametrize(
    ("role", "word", "told"),
    [
        (JudgeConfig, "opnai", "x.backend: no backend 'opnai'; did you mean openai?"),
        (JudgeConfig, "vlm", "x.backend: no backend 'vlm'; did you mean vllm?"),
        (CandidateConfig, "simulate", "x.backend: no backend 'simulate'; did you mean simulated?"),
        (CandidateConfig, "zzz", "x.backend: no backend 'zzz' (known: "),
    ],
)
def test_an_unknown_word_is_told_with_the_nearest_of_the_table(role: Any, word: str, told: str) -> None:
    from pydantic import create_model

    model = create_model("Whole", x=(role, ...))
    with pytest.raises(ValidationError) as error:
        model.model_validate({"x": {"backend": word}})
    line = describe(error.value, model)
    assert line.startswith(told)
    allowed = [word for word, kind in KINDS.items() if (kind.judge if role is JudgeConfig else kind.candidate)]
    assert line.endswith(f"(known: {', '.join(allowed)})")


def test_samples_are_a_judges_alone() -> None:
    judge: TypeAdapter[Any] = TypeAdapter(JudgeConfig)
    assert judge.validate_python({"backend": "simulated", "samples": 2}).samples == 2
    with pytest.raises(ValidationError):
        TypeAdapter(CandidateConfig).validate_python({"backend": "simulated", "samples": 2})


def test_nobody_asks_which_class_an_entry_is() -> None:
    root = Path(importlib.import_module("arena").__file__ or "").parent
    rooms = [path for room in ("stages", "board", "cli", "asking", "importers") for path in (root / room).rglob("*.py")]
    names = {kind.config.__name__ for kind in KINDS.values()} | {"ApiConfig", "LocalConfig"}
    found = [(path.name, name) for path in rooms for name in names if name in path.read_text(encoding="utf-8")]
    assert found == []
