"""What a board says in one sentence: the same for the terminal, the page, the viewer and leaderboard.json."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from arena.reports.board import Report, Standing
from arena.reports.schedule import scheduled

if TYPE_CHECKING:
    from arena.types import JSON

Code = Literal["none", "components", "suspicious", "repeats", "all_tied", "few", "even", "tied", "clear"]
Language = Literal["en", "zh"]

SUSPICIOUS_SHARE = 0.05
"""From this share of its answers on, what looks made to sway the judge is said before the lead."""
REPEATED_SHARE = 0.5
"""From this share of its questions on, one and the same answer is said before the lead."""
FEW_QUESTIONS = 20
"""Below this a tie says more about the board than about the models."""
NAMED = 3
"""More models than these are counted, not named."""
LONGEST_NAME = 60

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "none": (
        "There is nothing to rank yet: no two models have been rated.",
        "尚无可排名的结果：还没有任何两个模型得到评分。",
    ),
    "components": (
        "The models fall into {n} groups that never met, so no one ranking covers them all.",
        "这些模型分成 {n} 组，组间从未对战，因此没有统一的排名。",
    ),
    "suspicious": (
        "{leader} is ahead by the verdicts, but {n} of its {all} answers look made to sway the judge; read them first.",
        "按评审结论 {leader} 领先，但它的 {all} 个回答中有 {n} 个疑似为影响评审而写；请先阅读这些回答。",
    ),
    "repeats": (
        "{leader} is ahead, but gives one and the same answer to {n} of {all} questions; read them first.",
        "{leader} 领先，但它对 {all} 个问题中的 {n} 个给出了同一个回答；请先阅读这些回答。",
    ),
    "suspicious_level": (
        "Nobody leads alone, and {n} of the {all} answers of {leader} look made to sway the judge; read them first.",
        "没有模型单独领先，而 {leader} 的 {all} 个回答中有 {n} 个疑似为影响评审而写；请先阅读这些回答。",
    ),
    "repeats_level": (
        "Nobody leads alone, and {leader} gives one and the same answer to {n} of {all} questions; read them first.",
        "没有模型单独领先，而 {leader} 对 {all} 个问题中的 {n} 个给出了同一个回答；请先阅读这些回答。",
    ),
    "all_tied": (
        "Every battle is a tie: nothing tells the models apart.",
        "所有对战均为平局：没有任何结果能区分这些模型。",
    ),
    "few": (
        "{leader} is ahead, but {n} questions cannot settle the order.",
        "{leader} 暂时领先，但 {n} 个问题不足以决定名次。",
    ),
    "few_one": (
        "{leader} is ahead, but one question cannot settle the order.",
        "{leader} 暂时领先，但一个问题不足以决定名次。",
    ),
    "few_rows": (
        "{leader} is ahead, but {n} battles cannot settle the order.",
        "{leader} 暂时领先，但 {n} 场对战不足以决定名次。",
    ),
    "few_one_rows": (
        "{leader} is ahead, but one battle cannot settle the order.",
        "{leader} 暂时领先，但一场对战不足以决定名次。",
    ),
    "few_level_rows": (
        "{leader} shares the first place; too few battles to settle the order: {n}.",
        "{leader} 并列第一；对战太少，不足以决定名次：{n} 场。",
    ),
    "few_level": (
        "{leader} shares the first place; too few questions to settle the order: {n}.",
        "{leader} 并列第一；问题太少，不足以决定名次：{n} 个。",
    ),
    "even": ("{leader} and {tied} are exactly level.", "{leader} 与 {tied} 完全打平。"),
    "tied": (
        "{leader} leads, but {tied} {is} statistically tied with it: decide on cost and speed.",
        "{leader} 领先，但 {tied} 与其在统计上打平：请结合成本与速度决定。",
    ),
    "tied_many": (
        "{leader} leads, but {n} other models are statistically tied with it: this board needs more questions before "
        "it can tell them apart.",
        "{leader} 领先，但另有 {n} 个模型与其在统计上打平：需要更多问题才能区分它们。",
    ),
    "tied_level": (
        "{leader} shares the first place, and {tied} {is} statistically tied with it: decide on cost and speed.",
        "{leader} 并列第一，{tied} 与其在统计上打平：请结合成本与速度决定。",
    ),
    "tied_level_many": (
        "{leader} shares the first place, and {n} other models are statistically tied with it: this board needs more "
        "questions before it can tell them apart.",
        "{leader} 并列第一，另有 {n} 个模型与其在统计上打平：需要更多问题才能区分它们。",
    ),
    "tied_calls": (
        "{leader} leads, but {n} other models are statistically tied with it: more judge calls should tell them apart.",
        "{leader} 领先，但另有 {n} 个模型与其在统计上打平：增加评审调用应能区分它们。",
    ),
    "tied_level_calls": (
        "{leader} shares the first place, and {n} other models are statistically tied with it: more judge calls should "
        "tell them apart.",
        "{leader} 并列第一，另有 {n} 个模型与其在统计上打平：增加评审调用应能区分它们。",
    ),
    "tied_some_calls": (
        "{leader} leads, but {n} other models are statistically tied with it: more judge calls should tell about "
        "{calls} of them apart, the others need more questions.",
        "{leader} 领先，但另有 {n} 个模型与其在统计上打平：增加评审调用应能区分其中约 {calls} 个，其余需要更多问题。",
    ),
    "tied_level_some_calls": (
        "{leader} shares the first place, and {n} other models are statistically tied with it: more judge calls should "
        "tell about {calls} of them apart, the others need more questions.",
        "{leader} 并列第一，另有 {n} 个模型与其在统计上打平：增加评审调用应能区分其中约 {calls} 个，其余需要更多问题。",
    ),
    "clear": ("{leader} leads, and the data settles it.", "{leader} 领先，数据足以支持这一结论。"),
    "clear_no_intervals": (
        "{leader} leads; without intervals nothing says whether by chance.",
        "{leader} 领先；没有置信区间，无法判断是否出于偶然。",
    ),
}
"""By code, some with variants: English and Chinese."""
_ASIDE: Mapping[str, tuple[str, str]] = {
    "flagged_one": (
        " One model is set aside: most of its answers look made to sway the judge.",
        "有 1 个模型被搁置：其多数回答疑似为影响评审而写。",
    ),
    "flagged": (
        " {aside} models are set aside: most of their answers look made to sway the judge.",
        "有 {aside} 个模型被搁置：其多数回答疑似为影响评审而写。",
    ),
    "asked_one": (" One model is set aside, as asked.", "按要求搁置了 1 个模型。"),
    "asked": (" {aside} models are set aside, as asked.", "按要求搁置了 {aside} 个模型。"),
}
"""What follows the sentence where models are set aside."""
_HOLE = re.compile(r"\{(\w+)\}")
_COUNTED = re.compile(r"(?:suspicious: .*|repeated answer) \((\d{1,15})\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the board says, and of whom."""

    code: Code
    models: tuple[str, ...] = ()
    """Those that the sentence names, the leader first."""
    sentence: str = ""
    """Its key where the code alone does not tell it."""
    counts: Mapping[str, int] = field(default_factory=dict)
    aside: str | None = None
    """The key of what follows the sentence: that models are set aside, and why."""

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.told()

    def told(self, language: Language = "en", shown: Callable[[str], str] = str) -> str:
        """The sentence; `shown` writes a name, on one line already, as the medium wants it (bold, escaped)."""
        place = 0 if language == "en" else 1
        names = [shown(short_name(model)) for model in self.models]
        parts = {name: f"{count:,}" for name, count in self.counts.items()}
        parts |= {"leader": names[0] if names else "", "tied": _listed(names[1:], language)}
        parts["is"] = "is" if len(names) == 2 else "are"
        told = _SENTENCES[self.sentence or self.code][place] + (_ASIDE[self.aside][place] if self.aside else "")
        return _HOLE.sub(lambda hole: parts[hole[1]], told)

    def to_json(self) -> dict[str, JSON]:
        """`verdict` of leaderboard.json."""
        return {"code": self.code, "text": self.text, "models": list(self.models)}


def verdict_of(report: Report) -> Verdict:
    """The first that fits, in the order of `Code`.

    Only answers that look made to sway the judge accuse a model; nothing is said to be settled about a leader that
    gives everybody the same answer. Of models that share the first place any can be the reason for a warning. Models
    that are set aside are counted behind the sentence.
    """
    found, aside = _of_the_ranked(report), report.aside
    if not aside:
        return found
    mostly = all(2 * suspicious(row) > _answers(row) for row in aside)
    why = f"{'flagged' if mostly else 'asked'}{'_one' if len(aside) == 1 else ''}"
    return replace(found, counts={**found.counts, "aside": len(aside)}, aside=why)


def _of_the_ranked(report: Report) -> Verdict:
    rows = ranked(report)
    if len(rows) < 2 or not report.n_battles:
        return Verdict("none")
    if (groups := len({row.component for row in rows})) > 1:
        return Verdict("components", counts={"n": groups})
    first = [row for row in rows if row.rank == rows[0].rank]
    level = "_level" if len(first) > 1 else ""
    for row in first:
        if (found := _part(suspicious(row), _answers(row), SUSPICIOUS_SHARE)) is not None:
            return Verdict("suspicious", (row.model,), f"suspicious{level}", found)
    for row in first:
        if (found := _part(repeated(row), _questions(row), REPEATED_SHARE, at_least=2)) is not None:
            return Verdict("repeats", (row.model,), f"repeats{level}", found)
    if all(row.wins == row.losses == 0 for row in rows):
        return Verdict("all_tied")
    return _by_rank(report, rows, level=len(first) > 1)


def _by_rank(report: Report, rows: Sequence[Standing], *, level: bool) -> Verdict:
    """What the ranks say; `level`: whether several share the first."""
    leader, tied = rows[0].model, [row.model for row in tied_with_leader(rows)]
    rests_on = report.n_questions or report.n_battles or 0
    if tied and rests_on < FEW_QUESTIONS:
        sentence = "few_level" if level else "few_one" if rests_on == 1 else "few"
        unit = "" if report.n_questions else "_rows"  # a file may not say which questions its battles are on
        return Verdict("few", (leader,), f"{sentence}{unit}", {"n": rests_on})
    if level and len(rows) == 2:
        return Verdict("even", (leader, *tied))
    if tied:
        sentence = "tied_level" if level else "tied"
        if len(tied) <= NAMED:
            return Verdict("tied", (leader, *tied), sentence)
        about = scheduled(report)
        calls = 0 if about is None else min(round(about.ties_for_calls), len(tied))
        helps = "many" if not calls else "calls" if calls == len(tied) else "some_calls"
        return Verdict("tied", (leader,), f"{sentence}_{helps}", {"n": len(tied), "calls": calls})
    known = any(row.rank_low is not None for row in rows)
    return Verdict("clear", (leader,), "" if known else "clear_no_intervals")


def ranked(report: Report) -> list[Standing]:
    """Ranked models, best first."""
    rows = [(row.rank, row.model, row) for row in report.models if row.rank is not None]
    return [row for _, _, row in sorted(rows, key=lambda item: item[:2])]


def tied_with_leader(rows: Sequence[Standing]) -> list[Standing]:
    """The models after the first that could be the first: ranked so, or by the ranks the data still allows."""
    return [row for row in rows[1:] if row.rank_low == 1 or row.rank == rows[0].rank]


def suspicious(row: Standing) -> int:
    """How many of a model's answers look made to sway the judge; on older boards those of the most frequent sign."""
    return max(row.answers.suspicious or 0, _flagged(row, "suspicious"))


def repeated(row: Standing) -> int:
    """To how many questions a model gave its most frequent answer; on older boards 0 where that is nothing unusual."""
    return max(row.answers.repeated or 0, _flagged(row, "repeated"))


def short_name(model: str) -> str:
    """A model's name on one line, cut where it would push the sentence off the screen."""
    line = " ".join(model.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def _flagged(row: Standing, sign: Literal["suspicious", "repeated"]) -> int:
    """The highest count among a model's flags of a kind."""
    found = (_COUNTED.fullmatch(flag) for flag in row.flags if flag.startswith(sign))
    return max((int(match[1]) for match in found if match), default=0)


def _answers(row: Standing) -> int:
    return row.answers.n or row.n_questions or 0


def _questions(row: Standing) -> int:
    return row.answers.questions or row.n_questions or 0


def _part(count: int, of_all: int, share: float, at_least: int = 1) -> dict[str, int] | None:
    """The counts of a sentence, where the count is that share of all; None below."""
    enough = count >= at_least and count >= share * of_all - 1e-9
    return {"n": count, "all": max(of_all, count)} if enough else None


def _listed(names: Sequence[str], language: Language) -> str:
    if language == "zh":
        return "、".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
