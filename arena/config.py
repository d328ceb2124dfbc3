"""The configuration: one strict model per section, read once at the edge.

Unknown keys are errors. Defaults stand here and nowhere else. `arena.loading` reads the YAML file into a `Config`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from arena.types import Sampling

Mode = Literal["single", "pairwise_baseline", "pairwise"]
OrderRule = Literal["both", "random", "fixed", "recorded"]
Metric = Literal["bradley_terry", "elo", "win_rate", "score"]


class Strict(BaseModel):
    """Base of every section: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class GenerationConfig(Strict):
    """How text is sampled. None leaves the default of the endpoint or engine."""

    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, gt=0)
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = Field(None, ge=1)
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """Every request gets a seed of its own, derived from this one and the question. Local engines take 0 for None."""
    n: int = Field(1, ge=1)
    """Answers per question; answer i of one model meets answer i of the other."""
    reasoning_effort: str | None = None

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop_string_may_stand_alone(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def sampling(self, seed: int | None = None) -> Sampling:
        """These parameters as they go into a request, with the request's own seed."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            max_tokens=self.max_tokens,
            stop=self.stop,
            seed=seed,
            reasoning_effort=self.reasoning_effort,
        )


class Price(Strict):
    """USD per million tokens. An absent price is unknown, never 0."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    cache_write: float | None = Field(None, ge=0)


class BackendConfig(Strict):
    """What every candidate and judge has."""

    enable: bool = True
    """false asks nothing; what is stored stays on the board."""
    generation_config: GenerationConfig = GenerationConfig()
    system: str | None = None
    """System prompt of a candidate for questions that bring none of their own."""


class ApiConfig(BackendConfig):
    """An endpoint on the network (or on this machine, behind a URL)."""

    model: str | None = None
    """The model's name at the endpoint; default: its name on the board."""
    base_url: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    stream: bool = False
    """true measures the time to the first token."""
    concurrency: int = Field(16, ge=1, le=4096)
    price: Price | None = None
    timeout_s: float = Field(600.0, gt=0)
    max_retry_after_s: float = Field(300.0, gt=0)
    """A longer Retry-After is cut to this."""
    connect_patience_s: float = Field(30.0, ge=0)
    """Nothing but refused connections for this long from the start ends the run (exit 2)."""
    silence_patience_s: float = Field(600.0, ge=0)
    """No success for this long later on ends the run (exit 3)."""


class OpenAIConfig(ApiConfig):
    """Any OpenAI-compatible endpoint."""

    backend: Literal["openai"]
    api_key_env: str | None = "OPENAI_API_KEY"
    """Name of the environment variable with the key; null: no key needed (a local server)."""


class AnthropicConfig(ApiConfig):
    """The Anthropic messages API."""

    backend: Literal["anthropic"]
    api_key_env: str | None = "ANTHROPIC_API_KEY"


class LocalConfig(BackendConfig):
    """A model that runs in a process of ours."""

    model: str
    """A hub id or a folder."""
    revision: str | None = None
    precision: str = "auto"
    """auto, float32, float16 or bfloat16."""
    adapter: str | None = None
    """A LoRA folder or hub id."""
    quantization: str | None = None
    chat_template: str | None = None
    """Template text, or a file, for a base model that has none."""
    concurrency: int = Field(256, ge=1)
    """Requests handed to the engine at once; the engine batches them itself."""
    gpu_hour_price: float | None = Field(None, ge=0)
    price: Price | None = None
    engine: dict[str, JsonValue] = Field(default_factory=dict)
    """Passed to the engine as it is, but for `replicas` and `ray_address`, which are ours."""


class VllmConfig(LocalConfig):
    """vLLM in a process of its own, or on a Ray cluster."""

    backend: Literal["vllm"]


class TransformersConfig(LocalConfig):
    """transformers in a process of its own: slower than vLLM, runs anywhere."""

    backend: Literal["transformers"]


class RecordedConfig(BackendConfig):
    """Answers that exist already, in a file. As a judge: only what is in the ledger, nothing is asked."""

    backend: Literal["recorded"]
    file: Path | None = None


class ReferenceConfig(BackendConfig):
    """The rule-based judge that compares with reference answers: no key, no network."""

    backend: Literal["reference"]
    concurrency: int = Field(8, ge=1)


class SimulatedConfig(BackendConfig):
    """Invented answers and verdicts, for rehearsals. Everything it touches is marked `simulated`."""

    backend: Literal["simulated"]
    latency_s: float = Field(0.0, ge=0)
    concurrency: int = Field(16, ge=1)


class JudgeFields(Strict):
    """What a judge has beyond its backend."""

    samples: int = Field(1, ge=1)
    """Replies per request; more than one averages the judge's own noise."""


class OpenAIJudge(OpenAIConfig, JudgeFields):
    """An OpenAI-compatible judge."""


class AnthropicJudge(AnthropicConfig, JudgeFields):
    """An Anthropic judge."""


class VllmJudge(VllmConfig, JudgeFields):
    """A local judge on vLLM."""


class TransformersJudge(TransformersConfig, JudgeFields):
    """A local judge on transformers."""


class RecordedJudge(RecordedConfig, JudgeFields):
    """A judge whose replies are all in the ledger already."""


class ReferenceJudge(ReferenceConfig, JudgeFields):
    """The rule-based judge."""


class SimulatedJudge(SimulatedConfig, JudgeFields):
    """The rehearsal's judge."""


CandidateConfig = Annotated[
    OpenAIConfig | AnthropicConfig | VllmConfig | TransformersConfig | RecordedConfig | SimulatedConfig,
    Field(discriminator="backend"),
]
JudgeConfig = Annotated[
    OpenAIJudge | AnthropicJudge | VllmJudge | TransformersJudge | RecordedJudge | ReferenceJudge | SimulatedJudge,
    Field(discriminator="backend"),
]


class PanelConfig(Strict):
    """How several judges become one verdict."""

    quorum: int = Field(1, ge=1)
    """Verdicts a battle needs before the panel's mean counts."""


class SentinelConfig(Strict):
    """A contestant that gives one constant answer, to see whether a judge can be gamed. It is never rated."""

    enable: bool = True
    threshold: float = Field(0.1, ge=0, le=1)
    """Share of its battles a constant answer may win (in single mode: share of the scale it may reach)."""
    questions: int = Field(50, ge=1)
    """How many questions it answers; which ones follows from the board's seed."""


class ReviewsConfig(Strict):
    """Who judges what, and how."""

    enable: bool = True
    mode: Mode = "pairwise_baseline"
    baseline: str | None = None
    judges: dict[str, JudgeConfig] | Literal["peers"] = Field(default_factory=dict)
    panel: PanelConfig = PanelConfig()
    prompt: str | dict[str, str] | None = None
    """One prompt (name or path), or one per category with `default`; null: the shipped prompt of the mode."""
    reference_file: Path | None = None
    order: OrderRule = "both"
    strong_weight: float = Field(1.0, gt=0)
    answer_failures: Literal["exclude", "loss"] = "exclude"
    max_unparsed: float = Field(0.02, ge=0, le=1)
    max_failed: float = Field(0.02, ge=0, le=1)
    null_sentinel: SentinelConfig = SentinelConfig(enable=False)
    """true, false or its settings."""

    @field_validator("null_sentinel", mode="before")
    @classmethod
    def _sentinel_may_be_a_switch(cls, value: object) -> object:
        return {"enable": value} if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _baseline_mode_names_a_baseline(self) -> ReviewsConfig:
        if self.mode == "pairwise_baseline" and self.baseline is None:
            raise ValueError("mode pairwise_baseline needs `baseline: NAME`, one of the names under answers_gen")
        return self

    @model_validator(mode="after")
    def _panel_is_a_reserved_name(self) -> ReviewsConfig:
        if isinstance(self.judges, dict) and "panel" in self.judges:
            raise ValueError("the judge name `panel` is reserved for the rows that average several judges")
        return self


class EloConfig(Strict):
    """Online Elo: step size and number of seeded orders averaged over."""

    k: float = Field(4.0, gt=0, allow_inf_nan=False)
    orders: int = Field(100, ge=1, le=10_000)


class IntervalConfig(Strict):
    """Which interval stands beside a rating."""

    method: Literal["sandwich", "bootstrap", "independent", "none"] = "sandwich"
    cluster: Literal["question_id"] = "question_id"
    level: float = Field(0.95, gt=0, lt=1)
    simultaneous: bool = False


class RatingConfig(Strict):
    """What the board shows, and in which order it ranks."""

    enable: bool = True
    metrics: tuple[Metric, ...] | None = Field(None, min_length=1)
    """The first ranks the board. Default: bradley_terry, elo, win_rate; in single mode score."""
    elo: EloConfig = EloConfig()
    anchor: dict[str, float] | None = None
    """{model: rating}; default: the baseline at 1000 in baseline mode, else mean 1000 of each connected component."""
    interval: IntervalConfig = IntervalConfig()
    style_control: tuple[str, ...] = ()

    @field_validator("anchor", mode="before")
    @classmethod
    def _anchor_may_be_written_like_the_option(cls, value: object) -> object:
        if isinstance(value, str):
            name, _, number = value.rpartition("=")
            return {name: number} if name else {value: 1000.0}
        return value

    @field_validator("anchor")
    @classmethod
    def _one_anchor(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value is not None and len(value) != 1:
            raise ValueError("one model and its rating, as in {gpt-4.1: 1000}")
        return value


class Config(Strict):
    """A whole board: questions, candidates, judges, ratings."""

    question_file: Path
    category_file: Path | None = None
    output_dir: Path
    seed: int = Field(0, ge=0)
    """Orders, shuffles, resampling; never generation."""
    answers_gen: dict[str, CandidateConfig] = Field(min_length=1)
    reviews_gen: ReviewsConfig = ReviewsConfig(enable=False, mode="pairwise")
    rating_gen: RatingConfig = RatingConfig()

    @field_validator("answers_gen")
    @classmethod
    def _names_are_not_empty(cls, value: dict[str, object]) -> dict[str, object]:
        for name in value:
            if not name.strip() or name == "panel":
                raise ValueError(f"a model cannot be called {name!r}")
        return value

    @model_validator(mode="after")
    def _baseline_is_a_candidate(self) -> Config:
        baseline = self.reviews_gen.baseline
        if self.reviews_gen.enable and baseline is not None and baseline not in self.answers_gen:
            raise ValueError(
                f"reviews_gen.baseline: {baseline!r} is no candidate (have: {', '.join(sorted(self.answers_gen))})"
            )
        return self

    @model_validator(mode="after")
    def _ratings_fit_the_board(self) -> Config:
        rating, reviews = self.rating_gen, self.reviews_gen
        for model in rating.anchor or {}:
            if model not in self.answers_gen:
                have = ", ".join(sorted(self.answers_gen))
                raise ValueError(f"rating_gen.anchor: {model!r} is no candidate (have: {have})")
        for metric in rating.metrics or ():
            if (metric == "score") != (reviews.mode == "single"):
                allowed = "score" if reviews.mode == "single" else "bradley_terry, elo, win_rate"
                raise ValueError(f"rating_gen.metrics: found {metric!r}, mode {reviews.mode} has {allowed}")
        return self

    @model_validator(mode="after")
    def _a_quorum_can_be_reached(self) -> Config:
        reviews = self.reviews_gen
        judges = self.answers_gen if reviews.judges == "peers" else reviews.judges
        if reviews.enable and judges and reviews.panel.quorum > len(judges):
            raise ValueError(
                f"reviews_gen.panel.quorum: {reviews.panel.quorum} of {len(judges)} judges is never reached"
            )
        return self

    @model_validator(mode="after")
    def _recorded_candidates_name_their_file(self) -> Config:
        for name, entry in self.answers_gen.items():
            if isinstance(entry, RecordedConfig) and entry.file is None:
                raise ValueError(f"answers_gen.{name}: backend recorded needs `file: PATH`")
        return self

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics shown, the ranking one first."""
        if self.rating_gen.metrics:
            return self.rating_gen.metrics
        return ("score",) if self.reviews_gen.mode == "single" else ("bradley_terry", "elo", "win_rate")
