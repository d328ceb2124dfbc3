"""The section `benchmarks`: tasks with right answers, and where their files lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from arena.config.base import Strict

AskingMode = Literal["letter", "loglikelihood", "generate"]
"""How a document is asked: lettered options and the reply read, log-probabilities of the options, or free text."""


class TaskConfig(Strict):
    """One task, and how it differs from its row in `arena.evals.tasks.TASKS`."""

    subjects: tuple[str, ...] | None = Field(None, min_length=1)
    """Only these, of a task that has several."""
    shots: int | None = Field(None, ge=0)
    """Worked examples before the question; default: the task's own."""
    limit: int | None = Field(None, ge=1)
    """A seeded sample of this size; default: the section's."""
    mode: AskingMode | None = None
    """Default: log-likelihoods where the engine gives them and the task is multiple choice, letters at endpoints."""
    chat_template: bool | Literal["auto"] = "auto"
    """Whether a local engine's prompt goes through the model's chat template; auto: where it has one."""
    questions: Literal["last", "all"] = "last"
    """race: the last question of an article, or all of them, clustered by article."""
    samples: int = Field(1, ge=1, le=10_000)
    """Code tasks: programs per problem; the score is pass@1 over them, and pass@k stands beside it."""
    language: str | None = None
    """Free answers against references: how the metrics cut words (`zh`: characters)."""
    max_tokens: int | None = Field(None, ge=1)
    """Of one reply; default: the task's own."""
    path: Path | None = None
    """A task file of lm-eval (YAML) of one's own."""
    file: Path | None = None
    """Multiple choice in a CSV: question, A, B, C, D, answer (and perhaps subject)."""

    @model_validator(mode="after")
    def _one_source(self) -> TaskConfig:
        if self.path is not None and self.file is not None:
            raise ValueError("either `path` (a task file of lm-eval) or `file` (a CSV), not both")
        return self


class BenchmarksConfig(Strict):
    """Which tasks every candidate is asked, and from which files."""

    data_dir: Path | None = None
    """The folder with a folder for each task, as people download them."""
    hub: bool = False
    """Whether what is not in `data_dir` may be fetched from the Hugging Face hub."""
    limit: int | None = Field(None, ge=1)
    """Documents per task: a seeded sample, the smaller inside the larger, in proportion over subjects."""
    sandbox: Literal["bwrap", "none"] = "bwrap"
    """In what code that a model wrote is run; none: as yourself, with all you may do."""
    order_check: bool = False
    """Whether options are asked in their published order and in four others too: what knows the test by heart falls."""
    max_failed: float = Field(0.02, ge=0, le=1)
    """Share of documents whose calls failed; above it exit code 3."""
    tasks: dict[str, TaskConfig] = Field(default_factory=dict, min_length=1)

    @field_validator("tasks", mode="before")
    @classmethod
    def _a_task_may_stand_alone(cls, value: object) -> object:
        if isinstance(value, list):
            return {str(name): {} for name in value}
        if isinstance(value, dict):
            return {name: {} if settings is None else settings for name, settings in value.items()}
        return value
