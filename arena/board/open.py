"""A board, opened: its config, questions, prompts, candidates and judges, and the folders they live in."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from arena.board.candidates import Candidate
from arena.board.peers import peer_judges
from arena.board.weights import check_weights
from arena.config.kinds import KINDS, CandidateConfig, JudgeConfig
from arena.config.loading import LoadedConfig, naming_config
from arena.config.schema import Config
from arena.config.shipped import shipped
from arena.errors import ConfigError, DataError
from arena.judging.frames import Frames
from arena.judging.kinship import kinship_warnings, peer_warnings
from arena.judging.order import seeded_order
from arena.judging.seen import SeenAnswers
from arena.judging.style import FEATURES
from arena.prompts import Prompt, load_prompt
from arena.questions import category_warnings, group_of, load_categories, load_questions, with_references
from arena.ratings.methods import wrong_method
from arena.store.counts import Count
from arena.store.folder import BoardFolder
from arena.store.ledger import Ledger
from arena.store.recordings import Recording, load_recording
from arena.tables import blank_warnings
from arena.types import Answer, Question

DryRun = Literal["all", "judge"]
STYLES = (*FEATURES, "arena")
"""What a board can control for; the preset alpaca_eval needs a difficulty per question, which only files bring."""
LISTED = 20
"""Names an error message lists at most."""
REHEARSAL = KINDS["simulated"]
DEFAULT_PROMPTS = {"single": "single-v1", "pairwise": "pair-v1", "pairwise_baseline": "pair-v1"}


class AnswersRead(NamedTuple):
    """Today's answers as they were read, and of which files, questions and candidates."""

    state: tuple[object, ...]
    questions: list[Question]
    candidates: dict[str, Candidate]
    found: dict[str, dict[tuple[str, int], Answer]]
    warnings: list[str]


@dataclass
class OpenBoard:
    """Everything a stage needs to know about a board."""

    loaded: LoadedConfig
    questions: list[Question]
    groups: dict[str, tuple[str, ...]]
    candidates: dict[str, Candidate]
    judges: dict[str, JudgeConfig]
    prompts: dict[str, Prompt]
    """Per category, with `default`."""
    answer_folder: BoardFolder
    review_folder: BoardFolder
    warnings: list[str] = field(default_factory=list)
    ledgers: dict[str, Ledger] = field(default_factory=dict, repr=False)
    """Those that were opened before: a line is read once."""
    answers: AnswersRead | None = field(default=None, repr=False)
    frames: Frames = field(default_factory=Frames, repr=False)
    counted: dict[Path, Count] = field(default_factory=dict, repr=False)
    """Files whose lines were counted."""
    seen: SeenAnswers = field(default_factory=SeenAnswers, repr=False)
    schedule: object = field(default=None, repr=False)
    """What was read of schedule.jsonl before (`arena.board.drawn`)."""

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.loaded.config

    @property
    def simulated(self) -> bool:
        """Whether any candidate or judge is simulated."""
        judged = any(judge.simulated for judge in self.judges.values())
        return judged or any(candidate.simulated for candidate in self.candidates.values())

    @property
    def folders(self) -> tuple[BoardFolder, ...]:
        """Where its answers and its ledgers lie: one folder, or two in a rehearsal with real answers."""
        return tuple(dict.fromkeys((self.answer_folder, self.review_folder)))

    @property
    def names(self) -> list[str]:
        """All candidates, for file names."""
        return list(self.candidates)

    def prompt_for(self, question: Question) -> Prompt:
        """The prompt of a question's category, or the default one."""
        return self.prompts.get(question.category, self.prompts["default"])

    def group_of(self, category: str) -> str:
        """The group a category is shown under."""
        return group_of(category, self.groups)


def in_asking_order(board: OpenBoard) -> OpenBoard:
    """The board as it is asked: in a seeded order where somebody looks at its runs while they grow."""
    if not board.config.gate.peek:
        return board
    return replace(board, questions=list(seeded_order(board.questions, board.config.seed).questions))


def open_board(loaded: LoadedConfig, dry_run: DryRun | None = None) -> OpenBoard:
    """Read everything a config refers to. Raises ConfigError or DataError with one line that says what is wrong."""
    config = loaded.config
    questions = with_references(load_questions(config.question_file), config.reviews_gen.reference_file)
    folder = BoardFolder(config.output_dir)
    entries = {name: _rehearsed(entry) if dry_run == "all" else entry for name, entry in config.answers_gen.items()}
    with naming_config(loaded.path):
        board = OpenBoard(
            loaded,
            questions,
            load_categories(config.category_file),
            {name: Candidate(name, entry, _recording(name, entry, questions)) for name, entry in entries.items()},
            _judges(config, dry_run),
            _prompts(loaded),
            folder.dry_run if dry_run == "all" else folder,
            folder.dry_run if dry_run else folder,
        )
    _check_metrics(loaded)
    shown = {board.group_of(question.category) for question in questions}
    check_weights(config, questions, shown, str(loaded.path))
    _warn(board)
    return board


def _check_metrics(loaded: LoadedConfig) -> None:
    """Refuse a metric that is no rating method, or none of the board's mode."""
    mode = loaded.config.reviews_gen.mode
    for metric in loaded.config.metrics:
        wrong = wrong_method(metric, scores=mode == "single", allowed=f"mode {mode} has")
        if wrong is not None:
            raise ConfigError(f"{loaded.path}: rating_gen.metrics: {wrong}")


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint for a name that does not exist."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    listed = ", ".join(sorted(known)[:LISTED]) + (f" and {len(known) - LISTED} more" if len(known) > LISTED else "")
    return f"; did you mean {close[0]}? (have: {listed})" if close else f" (have: {listed})"


def _rehearsed(entry: CandidateConfig) -> CandidateConfig:
    fields = {"enable": entry.enable, "generation_config": entry.generation_config}
    return REHEARSAL.config.model_validate({"backend": "simulated"} | fields)


def _recording(name: str, entry: CandidateConfig, questions: Sequence[Question]) -> Recording | None:
    if entry.recording is None:
        return None
    if not entry.recording.is_file():
        raise DataError(f"answers_gen.{name}.file: {entry.recording}: no such file")
    return load_recording(entry.recording, questions)


def _judges(config: Config, dry_run: DryRun | None) -> dict[str, JudgeConfig]:
    configured = config.reviews_gen.judges
    if configured == "peers":
        configured = peer_judges(config)
    if not dry_run:
        return dict(configured)

    def rehearsed(**fields: object) -> JudgeConfig:
        return REHEARSAL.judge_model.model_validate({"backend": "simulated"} | fields)

    return {name: rehearsed(enable=judge.enable, samples=judge.samples) for name, judge in configured.items()} or {
        "simulated": rehearsed()
    }


def _prompts(loaded: LoadedConfig) -> dict[str, Prompt]:
    reviews = loaded.config.reviews_gen
    chosen = reviews.prompt if reviews.prompt is not None else DEFAULT_PROMPTS[reviews.mode]
    by_category = (
        {"default": chosen} if isinstance(chosen, str) else {"default": DEFAULT_PROMPTS[reviews.mode]} | chosen
    )
    search = [loaded.path.resolve().parent, loaded.path.resolve().parent / "prompts", shipped("configs") / "prompts"]
    prompts = {}
    for category, name in by_category.items():
        try:
            prompt = load_prompt(name, search)
        except ConfigError as error:
            raise ConfigError(f"{loaded.path}: reviews_gen.prompt: {error}") from None
        kind = "single" if reviews.mode == "single" else "pairwise"
        if prompt.kind != kind:
            raise ConfigError(
                f"{loaded.path}: reviews_gen.prompt: {name} is a {prompt.kind} prompt, mode is {reviews.mode}"
            )
        prompts[category] = prompt
    scales = {prompt.name: prompt.format.bounds for prompt in prompts.values()}
    if len(set(scales.values())) > 1:
        listed = ", ".join(f"{name}: {bounds}" for name, bounds in sorted(scales.items()))
        raise ConfigError(f"{loaded.path}: reviews_gen.prompt: scores of one board need one scale, found {listed}")
    return prompts


def _warn(board: OpenBoard) -> None:
    config = board.config
    categories = {question.category for question in board.questions}
    for category in board.prompts:
        if category != "default" and category not in categories:
            board.warnings.append(f"reviews_gen.prompt.{category}: no question has this category")
    board.warnings += category_warnings(board.groups, categories)
    named = {
        "question_id": [question.question_id for question in board.questions],
        "category": [*categories, *(member for members in board.groups.values() for member in members)],
        "language": [question.language for question in board.questions if question.language],
        "answers_gen": list(board.candidates),
    }
    board.warnings += [text for column, names in named.items() for text in blank_warnings(column, names)]
    for candidate in board.candidates.values():
        board.warnings += _recording_warnings(candidate, board.questions)
    if not board.simulated:
        board.warnings += _kinship(board)
    for feature in config.rating_gen.style_control:
        if feature not in STYLES:
            raise ConfigError(
                f"{board.loaded.path}: rating_gen.style_control: no feature {feature!r}{nearest(feature, STYLES)}"
            )
    rewards = [name for name, judge in board.judges.items() if judge.rewards]
    if config.reviews_gen.mode == "single" and rewards and len(board.judges) > 1:
        raise ConfigError(
            f"{board.loaded.path}: reviews_gen.judges: scores of one board need one scale, and reward models have each"
            f" their own: {rewards[0]} is the only judge of mode single, or the mode is one of pairs"
        )
    if config.reviews_gen.enable and not board.judges:
        raise ConfigError(f"{board.loaded.path}: reviews_gen.judges: no judge is named")
    uses_references = any(judge.needs_reference for judge in board.judges.values())
    if uses_references and not any(question.reference for question in board.questions):
        raise DataError(f"{config.question_file}: the reference judge needs questions with a reference, none has one")


def _recording_warnings(candidate: Candidate, questions: Sequence[Question]) -> list[str]:
    """Signs that a recording belongs to other questions. That it has more answers than are asked for is none."""
    if candidate.recording is None:
        return []
    place, recorded = f"answers_gen.{candidate.name}.file", candidate.recording
    turns = {question.question_id: len(question.turns) for question in questions}
    answered = {question_id for question_id, _ in recorded}
    lacking, strange = len(turns.keys() - answered), len(answered - turns.keys())
    warnings = []
    if lacking and strange:
        warnings.append(f"{place}: no answer to {lacking} of {len(turns)} questions, but answers to {strange} others")
    odd = sum(answer.status == "ok" and len(answer.turns) != turns.get(question_id, len(answer.turns))
              for (question_id, _), answer in recorded.items())  # fmt: skip
    if odd:
        warnings.append(f"{place}: {odd} answers have more or fewer turns than their question")
    return warnings


def _kinship(board: OpenBoard) -> list[str]:
    readers = {n: j for n, j in board.judges.items() if not j.needs_reference}
    if board.config.reviews_gen.judges == "peers":
        return peer_warnings({name: judge.origin(name) for name, judge in readers.items()})
    return kinship_warnings(
        {name: judge.origin(name) for name, judge in readers.items()},
        {name: candidate.entry.origin(name) for name, candidate in board.candidates.items()},
    )
