"""What judges compare for probes, and what they said. A comparison is of two answers of one model, in both orders."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import fmean
from typing import NamedTuple, Protocol

from arena.asking.control import Control
from arena.asking.progress import Progress
from arena.board.candidates import judge_of
from arena.board.matches import Ledgers, Match, bench_of, match_of
from arena.board.open import OpenBoard
from arena.board.verdicts import open_ledgers, stored
from arena.config.schema import ScheduleConfig, SentinelConfig
from arena.config.shipped import shipped
from arena.judging.combine import Contest, verdict_of
from arena.judging.frames import Frames
from arena.judging.seen import SeenAnswers
from arena.judging.slots import value_of
from arena.probes.probe import Variant
from arena.probes.sameness import by_rule
from arena.prompts import Prompt, load_prompt
from arena.stages.options import RunOptions
from arena.stages.probe_answers import UNDISTURBED, OpenProbe
from arena.stages.review import OpenJudges, Todo, plan_reviews
from arena.store.ledger import Ledger
from arena.types import Answer, Question, Reason, Verdict

USUAL_PROMPT = "pair-v1"
"""What judges are asked with where the board's own prompt scores single answers, or knows no tie."""


COPIES = "/copies"
"""Behind a pair's id: one answer under both names."""
Place = tuple[str, str, str]
"""(folder, model, question_id)."""


class Answers(Protocol):
    """Where a candidate's answers are found."""

    def get(self, folder: str, question: Question, sample: int = 0) -> Answer | None:
        """An answer in one folder; None where there is none."""


class Comparison(NamedTuple):
    """Two answers of one model that a judge is shown."""

    folder: str
    question: Question
    model: str
    a: Answer
    b: Answer

    @property
    def place(self) -> Place:
        """Where what is heard about it is found."""
        return self.folder, self.model, self.question.question_id


@dataclass(frozen=True, slots=True)
class JudgedFolder:
    """Comparisons of one folder before every judge, and where the replies lie."""

    name: str
    board: OpenBoard
    ledgers: dict[str, Ledger]
    matches: list[Match]


class Heard(NamedTuple):
    """What the judges said about one comparison."""

    verdicts: tuple[Verdict, ...]
    """In model_a's frame, a being the first answer."""
    reason: Reason | None
    """Why there are none."""
    pending: bool

    @property
    def tie_share(self) -> float:
        """Of the verdicts, how many are ties or find the answers identical."""
        return fmean(verdict.label == "tie" for verdict in self.verdicts)

    @property
    def preference(self) -> float:
        """Points of the first answer − points of the second, in [−1, 1]."""
        return fmean(2 * value - 1 for verdict in self.verdicts if (value := value_of(verdict)) is not None)


def comparisons(probes: Sequence[OpenProbe], answers: Mapping[str, Answers]) -> list[Comparison]:
    """Everything that only judges can compare, of the answers that exist; each once."""
    found: dict[Place, Comparison] = {}
    for opened in probes:
        for model, own in answers.items():
            for one in _disturbed(opened, model, own) if opened.probe.disturbs else _blind(opened, model, own):
                found.setdefault(one.place, one)
    return list(found.values())


def _disturbed(opened: OpenProbe, model: str, own: Answers) -> Iterator[Comparison]:
    """The undisturbed answer beside the disturbed one, and beside its repeat."""
    plain = {question.question_id: question for question in opened.questions}
    for variant in opened.variants if opened.probe.needs_judge else ():
        question = plain[variant.of]
        base = own.get(UNDISTURBED, question)
        others = (
            (opened.name, own.get(opened.name, variant.question)),
            (UNDISTURBED, own.get(UNDISTURBED, question, 1)),
        )
        for folder, other in others:
            if base is None or other is None or "error" in (base.status, other.status):
                continue
            if by_rule(question, base, other) is None:
                yield Comparison(folder, question, model, base, other)


def _blind(opened: OpenProbe, model: str, own: Answers) -> Iterator[Comparison]:
    """The answers about two people, without their names; and one of them under both names."""
    for variant, a, b in held_against(opened, model, own):
        hide = opened.probe.hide
        if hide is None or a is None or b is None or "error" in (a.status, b.status):
            continue
        if (blind := hide(variant, a, b)) is not None:
            yield Comparison(opened.name, blind.question, model, *blind.answers)
            named = replace(blind.question, question_id=f"{blind.question.question_id}{COPIES}")
            yield Comparison(opened.name, named, model, *blind.copies)


def held_against(opened: OpenProbe, model: str, own: Answers) -> Iterator[tuple[Variant, Answer | None, Answer | None]]:
    """Every variant that is held against another one, with the answers to both."""
    asked = {variant.question.question_id: variant for variant in opened.asked(model)}
    for variant in asked.values():
        if variant.beside is not None:
            other = asked[variant.beside].question
            yield variant, own.get(opened.name, variant.question), own.get(opened.name, other)


def judges_there(board: OpenBoard) -> list[str]:
    """The judges that can compare: enabled, and no reward model, whose scores never tie."""
    if not board.config.reviews_gen.enable:
        return []
    return [name for name, entry in board.judges.items() if entry.enable and not entry.rewards and not entry.replays]


def judged_folders(
    board: OpenBoard, compared: Sequence[Comparison], stack: ExitStack, *, writable: bool = False
) -> list[JudgedFolder]:
    """The folders in which judges have something to compare; none without judges."""
    if not judges_there(board):
        return []
    by_folder: defaultdict[str, list[Comparison]] = defaultdict(list)
    for one in compared:
        by_folder[one.folder].append(one)
    found = []
    for folder, own in by_folder.items():
        judging = _judging(board, folder, list({one.question.question_id: one.question for one in own}.values()))
        ledgers = open_ledgers(judging, stack, writable=writable)
        found.append(JudgedFolder(folder, judging, ledgers, list(_matches(judging, ledgers, own))))
    return found


def _judging(board: OpenBoard, folder: str, questions: list[Question]) -> OpenBoard:
    """The board as judges of a probe see it: pairs in both orders, everything stored in the probe's folder."""
    reviews = board.config.reviews_gen.model_copy(update={
        "mode": "pairwise", "baselines": (), "order": "both", "schedule": ScheduleConfig(),
        "null_sentinel": SentinelConfig(enable=False),
    })  # fmt: skip
    config = board.config.model_copy(update={"reviews_gen": reviews})
    return replace(
        board, loaded=replace(board.loaded, config=config), questions=questions,
        judges={name: board.judges[name] for name in judges_there(board)},
        prompts={category: _with_ties(prompt) for category, prompt in board.prompts.items()},
        review_folder=board.review_folder.probe(folder), ledgers={}, answers=None, frames=Frames(), counted={},
        seen=SeenAnswers(), schedule=None,
    )  # fmt: skip


def _with_ties(prompt: Prompt) -> Prompt:
    """A prompt that compares and knows ties."""
    if prompt.kind == "pairwise" and getattr(prompt.format, "ties", True):
        return prompt
    return load_prompt(USUAL_PROMPT, [shipped("configs") / "prompts"])


def _matches(board: OpenBoard, ledgers: Ledgers, compared: Sequence[Comparison]) -> Iterator[Match]:
    judges = {name: judge_of(name, entry) for name, entry in board.judges.items()}
    for one in compared:
        for name, judge in judges.items():
            contest = Contest(one.question, one.model, one.model, one.a, one.b, name, 0)
            match = match_of(board, contest, bench_of(board, judge, one.question, ledgers[name]))
            if match is not None:
                yield match


def heard(folders: Sequence[JudgedFolder]) -> dict[Place, Heard]:
    """What judges said about every comparison, all judges together."""
    found: defaultdict[Place, list[Heard]] = defaultdict(list)
    for folder in folders:
        for match in folder.matches:
            place = folder.name, match.contest.model_a, match.contest.question.question_id
            found[place].append(_heard(match, folder.ledgers[match.judge]))
    return {place: _together(own) for place, own in found.items()}


def _heard(match: Match, ledger: Ledger) -> Heard:
    if match.decided is not None:
        return Heard(match.decided.verdicts, match.decided.reason, pending=False)
    verdicts = tuple(
        verdict_of(stored(case, ledger), case.order or "a_first", 0, case.sample, case.key) for case in match.cases
    )
    failure = next((v.reason for v in verdicts if v.status in {"failed", "unparsed"}), None)
    if failure is not None:
        return Heard((), failure, pending=False)
    waiting = any(verdict.status == "missing" for verdict in verdicts)
    return Heard(() if waiting else verdicts, None, pending=waiting)


def _together(own: Sequence[Heard]) -> Heard:
    """All judges' verdicts, as far as there are any; what is missing decides only where there are none."""
    verdicts = tuple(verdict for one in own for verdict in one.verdicts)
    reason = next((one.reason for one in own if one.reason is not None), None)
    return Heard(verdicts, None if verdicts else reason, pending=not verdicts and any(one.pending for one in own))


def plan_folder(folder: JudgedFolder, options: RunOptions) -> dict[str, Todo]:
    """What every judge still owes in one folder."""
    within = replace(options, models=None, limit=None)
    return plan_reviews(folder.board, {}, folder.ledgers, within, folder.matches)


async def review_probes(
    board: OpenBoard, compared: Sequence[Comparison], options: RunOptions, progress: Progress, control: Control
) -> None:
    """Have the judges compare what no rule can. Each judge is opened once."""
    with ExitStack() as stack:
        folders = judged_folders(board, compared, stack, writable=True)
        if not folders:
            return
        owed = [plan_folder(folder, options) for folder in folders]
        expected = Counter[str]()
        for todo in owed:
            expected.update({name: len(own.cases) + own.done for name, own in todo.items()})
        before = Counter[str]()
        first = folders[0]
        async with OpenJudges(first.board, {}, first.ledgers, options, progress, control) as judges:
            for folder, todo in zip(folders, owed, strict=True):
                for name, own in todo.items():
                    size = len(own.cases) + own.done
                    own.done += before[name]
                    before[name] += size
                await judges.ask(todo, expected, at=(folder.board, folder.ledgers))
