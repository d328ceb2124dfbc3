"""How firm the order of a board is, in words: the same for the terminal, the page and the viewer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arena.ratings.results import Neighbours, Stability
from arena.reports.board import Report
from arena.reports.verdict import Language, short_name

IN_A_LINE = 5
"""Terminal and Markdown say so many pairs of neighbours; the page and the viewer have them all."""
SHOWN = 8
"""Tables name so many of the questions that decide."""
Show = Callable[[str], str]

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("How firm is the order?", "名次有多稳？"),
    "note": (
        "Who is ahead may hang on a few questions. For every two neighbours: the fewest found without which the one "
        "behind is in front. The board was rated again without them.",
        "领先可能只取决于少数问题。对每两个相邻模型：找到的最少问题数，去掉这些问题并重新评分后，靠后者反而领先。",
    ),
    "places": ("Places", "名次"),
    "ahead": ("Ahead", "领先"),
    "behind": ("Behind", "落后"),
    "decide": ("Decided by at most", "至多由多少决定"),
    "which": ("Which", "哪些"),
    "questions": ("{k} of {of} questions", "{of} 个问题中的 {k} 个"),
    "battles": ("{k} of {of} battles", "{of} 场对战中的 {k} 场"),
    "none": ("no small set found (up to {most})", "未找到小的集合（至多 {most}）"),
    "level": ("level", "持平"),
    "pair": ("place {a} and {b}", "第 {a} 与第 {b} 名"),
    "lead": (
        "At most {share} decide between place 1 and 2: without them {behind} would be ahead of {ahead}.",
        "第 1 与第 2 名之间至多由 {share}决定：去掉它们，{behind} 将领先于 {ahead}。",
    ),
    "lead_one": (
        "One of {of} {unit} decides between place 1 and 2: without it {behind} would be ahead of {ahead}.",
        "第 1 与第 2 名之间由 {share}决定：去掉它，{behind} 将领先于 {ahead}。",
    ),
    "lead_none": (
        "No small set of {unit} was found that decides between place 1 and 2 (up to {most} of {of}).",
        "未找到能决定第 1 与第 2 名的小集合（{of} 中至多 {most}）。",
    ),
    "lead_level": ("Place 1 and 2 are level.", "第 1 与第 2 名持平。"),
    "next": ("The next places: {pairs}.", "其后：{pairs}。"),
    "next_pair": ("{what} between {a} and {b}", "第 {a} 与第 {b} 名之间 {what}"),
    "same": (
        "{leader} leads whichever one {parts} is left out.",
        "无论去掉哪一个{parts}，{leader} 仍然领先。",
    ),
    "changes": ("Without {part} {leader} leads.", "去掉{part}，{leader} 领先。"),
    "unknown": ("Without {part} the leader can no longer be compared.", "去掉{part}，领先者无法再比较。"),
    "category": ("category", "类别"),
    "judge": ("judge", "评审"),
    "or": (" or ", "或"),
    "unit_questions": ("questions", "问题"),
    "unit_battles": ("battles", "对战"),
}  # fmt: skip
HEADS = ("places", "ahead", "behind", "decide", "which")


def firmness(report: Report, language: Language = "en", shown: Show = str, *, neighbours: bool = True) -> list[str]:
    """What a reader should know of the order, a sentence each; none where nothing is known.

    `shown` writes names, on one line already, as the medium wants them; `neighbours` behind the first two are listed.
    """
    found = report.stability
    if found is None or not found.places:
        return []
    told = _Told(found, language, shown)
    first, *others = found.places
    pairs = [told.word("next_pair", a=str(p.place), b=str(p.place + 1), what=told.amount(p)) for p in others]
    pairs = pairs if neighbours else []
    more = ["…"] if len(pairs) > IN_A_LINE else []
    listed = ("; " if language == "en" else "；").join([*pairs[:IN_A_LINE], *more])
    return [told.lead(first), *([told.word("next", pairs=listed)] if pairs else []), *told.parts()]


def word(name: str, language: Language = "en", /, **parts: str) -> str:
    """One of the words of this section."""
    return _WORDS[name][0 if language == "en" else 1].format(**parts)


def rows(report: Report, language: Language = "en") -> list[tuple[str, str, str, str, str]]:
    """Under `HEADS`, one row per two neighbours; names as they are."""
    found = report.stability
    if found is None:
        return []
    told = _Told(found, language, str)
    return [
        (told.word("pair", a=str(p.place), b=str(p.place + 1)), p.better, p.worse, told.of_all(p),
         ", ".join([*p.questions[:SHOWN], *(["…"] if len(p.questions) > SHOWN else [])]))
        for p in found.places
    ]  # fmt: skip


class _Told:
    """The words about one board."""

    def __init__(self, found: Stability, language: Language, shown: Show) -> None:
        self._found, self._language = found, language
        self._shown: Show = lambda name: shown(short_name(name))

    def word(self, name: str, **parts: str) -> str:
        return word(name, self._language, **parts)

    def amount(self, pair: Neighbours) -> str:
        """`14`, or why there is no number."""
        if pair.k is None:
            return self.word("none", most=f"{self._found.of // 4:,}")
        return self.word("level") if pair.k == 0 else f"{pair.k:,}"

    def of_all(self, pair: Neighbours) -> str:
        """`14 of 60 questions`, or why there is no number."""
        if not pair.k:
            return self.amount(pair)
        return self.word(self._found.unit, k=f"{pair.k:,}", of=f"{self._found.of:,}")

    def lead(self, pair: Neighbours) -> str:
        """The sentence about the first two places."""
        if pair.k == 0:
            return self.word("lead_level")
        if pair.k is None:
            unit, of = self.word(f"unit_{self._found.unit}"), self._found.of
            return self.word("lead_none", unit=unit, most=f"{of // 4:,}", of=f"{of:,}")
        if pair.k == 1:
            about = {
                "unit": self.word(f"unit_{self._found.unit}"),
                "of": f"{self._found.of:,}",
                "share": self.of_all(pair),
            }
            return self.word("lead_one", ahead=self._shown(pair.better), behind=self._shown(pair.worse), **about)
        names = {"ahead": self._shown(pair.better), "behind": self._shown(pair.worse)}
        return self.word("lead", share=self.of_all(pair), **names)

    def parts(self) -> list[str]:
        """Whether the leader stands without a category or a judge."""
        leader = self._found.places[0].better
        known = {"category": self._found.without_category, "judge": self._found.without_judge}
        said = []
        for kind, parts in known.items():
            for name, then in parts.items():
                if then == leader:
                    continue
                part = f"{self.word(kind)} {self._shown(name)}"
                said.append(self.word("unknown", part=part) if then is None
                            else self.word("changes", part=part, leader=self._shown(then)))  # fmt: skip
        held = [self.word(kind) for kind, parts in known.items() if parts and set(parts.values()) == {leader}]
        if held:
            said.append(self.word("same", leader=self._shown(leader), parts=self.word("or").join(held)))
        return said
