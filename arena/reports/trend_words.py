"""What a trend says, in both languages: for the terminal, the page and the viewer."""

from __future__ import annotations

from collections.abc import Mapping

from arena.reports.board import Ends
from arena.reports.drift import Drift
from arena.reports.trend import Trend, TrendPoint
from arena.reports.verdict import Language, short_name

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Over time", "随时间变化"),
    "note": (
        "One line per model; bars are {level} intervals. A line goes on only where judges, prompts, questions in "
        "common and the answers of the model that holds the scale are the same; elsewhere a new one begins.",
        "每个模型一条线，竖线为 {level} 置信区间。只有评审、提示、共同问题以及固定标尺的模型的回答都相同时，线才延续；"
        "否则另起一条线。",
    ),
    "model": ("Model", "模型"),
    "rating": ("Rating", "评分"),
    "score": ("Score", "得分"),
    "begins": ("A new line begins at {board}: {why}.", "从 {board} 起另起一条线：{why}。"),
    "goes_on": ("All boards share one scale.", "所有排行榜使用同一标尺。"),
    "common": ("{board} has {n} of its {all} questions in common with the board before.",
               "{board} 的 {all} 个问题中有 {n} 个与前一个排行榜相同。"),
    "drift": (
        "Judge {judge} at {board}: {share} of {n} verdicts on the same answers changed{ends}{shift}.",
        "评审 {judge} 在 {board}：对相同回答的 {n} 个结论中有 {share} 改变{ends}{shift}。",
    ),
    "shift": ("; scores are {shift} on average", "；得分平均变化 {shift}"),
    "simulated": ("One of these boards is a rehearsal: its numbers are invented.", "其中一个是演练：其数字均为虚构。"),
    "new_line": ("new line", "新的线"),
}  # fmt: skip


def word(name: str, language: Language = "en", /, **parts: str) -> str:
    """One of the words of a trend."""
    return WORDS[name][0 if language == "en" else 1].format(**parts)


def sentences(found: Trend, language: Language = "en") -> list[str]:
    """What a reader must know of the lines, a sentence each; names as they are."""
    told = []
    for board in found.boards:
        if board.begins:
            told.append(word("begins", language, board=short_name(board.name), why="; ".join(board.begins)))
        elif board.common is not None and board.common < (board.report.n_questions or 0):
            numbers = {"n": f"{board.common:,}", "all": f"{board.report.n_questions:,}"}
            told.append(word("common", language, board=short_name(board.name), **numbers))
        told += [_drifted(one, board.name, language) for one in board.drift]
    if not any(board.begins for board in found.boards):
        told.insert(0, word("goes_on", language))
    return told


def _drifted(one: Drift, board: str, language: Language) -> str:
    low, high, shift = one.changed.low, one.changed.high, one.shift.value
    ends = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    moved = "" if shift is None else word("shift", language, shift=f"{shift:+.2f}".replace("-", "−") + _ends(one.shift))
    share = f"{100 * (one.changed.value or 0.0):.1f}%"
    return word("drift", language, judge=short_name(one.judge), board=short_name(board), share=share,
                n=f"{one.verdicts:,}", ends=ends, shift=moved)  # fmt: skip


def _ends(ends: Ends) -> str:
    return "" if ends.low is None or ends.high is None else f" [{ends.low:.2f}, {ends.high:.2f}]".replace("-", "−")


def number(point: TrendPoint | None, found: Trend) -> str:
    """`1045 [1012, 1077]`; what stands for a number without an end, and a dash where a board has no such model."""
    if point is None:
        return "–"
    digits = 2 if found.measure == "score" else 0
    value, low, high = point.number.value, point.number.low, point.number.high
    open_end = {"high": "won all", "low": "lost all"}.get(point.unbounded or "", "–")
    shown = open_end if value is None else f"{value:.{digits}f}"
    if low is None and high is None:
        return shown
    return f"{shown} [{'−∞' if low is None else f'{low:.{digits}f}'}, {'+∞' if high is None else f'{high:.{digits}f}'}]"
