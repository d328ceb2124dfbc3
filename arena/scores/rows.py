"""What every answer of a board comes to by every metric: one row per model, question, sample and metric."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from arena.board.answers import Answers
from arena.files import round_floats, to_json
from arena.keys import digest
from arena.metrics import Metric, metric_named
from arena.metrics.number import NO_TOOLS, NoNumber, Number, Tools
from arena.metrics.tokens import language_of
from arena.reports.metrics import MetricRow
from arena.types import JSON, Answer, Question

Place = tuple[str, str, str, int]
"""Metric, model, question and sample."""


@dataclass(frozen=True)
class Measure:
    """One metric as a board has it."""

    name: str
    setting: JSON = None
    """What a text is compared with where its question does not say."""
    tools: Tools = NO_TOOLS

    @cached_property
    def metric(self) -> Metric:
        """Its row of METRICS. Raises ConfigError where there is none."""
        return metric_named(self.name, "scores.metrics")

    def signed(self, question: Question) -> str:
        """By what way of comparing it comes to its number."""
        signature = self.metric.signed(language_in(question))
        if self.metric.tools != "encoder" or self.tools.encoder is None:
            return signature
        layer = "" if self.tools.layer is None or self.name != "bertscore" else f", layer {self.tools.layer}"
        return f"{signature}, {named_encoder(self.tools.encoder)}{layer}"

    def expected(self, question: Question) -> tuple[tuple[str, ...] | None, ...]:
        """For every turn of a question what its answer is compared with; None for a turn that has nothing. What a
        question says itself of its answers it says of the last one."""
        turns = len(question.turns)
        match self.metric.against:
            case "":
                return ((),) * turns
            case "question":
                return tuple((question.language or "", text) for text in question.turns)
            case "reference":
                found = (*question.reference, *[""] * (turns - len(question.reference)))
                return tuple((text,) if text.strip() else None for text in found)
            case name:
                value = question.metadata.get(name, self.setting)
                return (*[None] * (turns - 1), None if value is None else (text_of(value),))

    def number(self, question: Question, answer: Answer) -> Number:
        """The mean over the turns that have something to be compared with; a turn that is missing says nothing.

        Raises NoNumber where the metric says nothing of one of them.
        """
        language = language_in(question)
        said = (*answer.turns, *[""] * (len(question.turns) - len(answer.turns)))
        found = [
            self.metric.number(text, references, language, self.tools)
            for text, references in zip(said, self.expected(question), strict=False)
            if references is not None
        ]
        names = dict.fromkeys(name for one in found for name in one.criteria)
        criteria = {name: sum(one.criteria.get(name, 0.0) for one in found) / len(found) for name in names}
        return Number(sum(one.value for one in found) / len(found), criteria)


def language_in(question: Question) -> str:
    """How texts about a question are cut: as it says, else as its references are written, else it itself."""
    return question.language or language_of(*([text for text in question.reference if text] or question.turns))


@cache
def named_encoder(folder: Path) -> str:
    """A folder's name, and a hash that tells its model from others: of its settings, and of its weights' sizes."""
    files = sorted(path for path in folder.glob("*") if path.is_file())
    told = [path.read_text("utf-8", "replace") if path.suffix == ".json" else path.stat().st_size for path in files]
    return f"{folder.name} {digest([[path.name for path in files], told])[:12]}"


def text_of(value: JSON) -> str:
    """What a question or the config says of a metric, as the text that it is compared by."""
    return value if isinstance(value, str) else to_json(value).decode()


@dataclass(frozen=True)
class Wanted:
    """Which part of a board is looked at anew; the rest stays as it was."""

    models: Collection[str]
    questions: Collection[str]
    metrics: Collection[str]

    def holds(self, row: MetricRow) -> bool:
        """Whether a row is part of it."""
        return row.metric in self.metrics and row.model in self.models and row.question_id in self.questions


@dataclass(frozen=True)
class Sheet:
    """A board's questions and answers, and the rows that are known of them."""

    questions: Sequence[Question]
    answers: Answers
    samples: Mapping[str, int]
    known: Mapping[Place, MetricRow] = field(default_factory=dict)

    def rows(self, measures: Sequence[Measure], wanted: Wanted) -> Iterator[MetricRow]:
        """Every row by metric, model and question. One whose key is today's is taken as it is known; what is neither
        known nor wanted is pending."""
        for row, measure, question, answer in self.bare(measures):
            if answer is None or row.state != "pending":
                yield row
                continue
            known = self.known.get(place_of(row))
            if known is not None and known.key == row.key:
                yield known
            elif wanted.holds(row):
                yield _rated(row, measure, question, answer)
            else:
                yield replace(row, key=None)

    def bare(self, measures: Sequence[Measure]) -> Iterator[tuple[MetricRow, Measure, Question, Answer | None]]:
        """Every row before it is rated: pending, or excluded where there is nothing to rate."""
        for measure in measures:
            for question in self.questions:
                signature = measure.signed(question)
                expected = measure.expected(question)
                told = digest([measure.name, signature, language_in(question), to_json(expected).decode()])
                for model, own in self.answers.items():
                    for sample in range(self.samples[model]):
                        answer = own.get((question.question_id, sample))
                        row = MetricRow(
                            question_id=question.question_id, category=question.category, language=question.language,
                            model=model, sample=sample, state="pending", metric=measure.name, signature=signature,
                        )  # fmt: skip
                        if all(part is None for part in expected):
                            row = replace(row, state="excluded", reason="no_reference")
                        elif answer is not None and answer.status == "error":
                            row = replace(row, state="excluded", reason="answer_error", explanation=answer.error)
                        elif answer is not None:
                            row = replace(row, key=digest([told, *answer.turns])[:32])
                        yield row, measure, question, answer


def place_of(row: MetricRow) -> Place:
    """What no two rows of a board share."""
    return row.metric, row.model, row.question_id, row.sample


def _rated(row: MetricRow, measure: Measure, question: Question, answer: Answer) -> MetricRow:
    empty = not any(text.strip() for text in answer.turns)
    try:
        number = measure.number(question, answer)
    except NoNumber as none:
        return replace(row, state="excluded", reason=none.reason)
    score = float(str(round_floats(number.value)))
    return replace(row, state="rated", score=score, criteria=number.criteria, reason="answer_empty" if empty else None)
