"""The flags of leaderboard.json in words that an outsider understands, the same in terminal, viewer and report."""

from __future__ import annotations

import re
from collections.abc import Iterable

from arena.reports.verdict import Language

_WORDS = {
    "label": ("writes a verdict itself", "自己写出结论"),
    "rating": ("writes a rating itself", "自己写出评分"),
    "json_verdict": ("writes a verdict itself", "自己写出结论"),
    "fence": ("imitates the judge's prompt", "模仿评审的提示词"),
    "chat_token": ("imitates turns of a conversation", "模仿对话轮次"),
    "override": ("gives orders to the judge", "对评审下指令"),
    "control": ("invisible characters", "不可见字符"),
    "repeated answer": ("repeats one answer", "重复同一回答"),
    "truncated": ("cut off", "被截断"),
}
_FLAG = re.compile(r"(?:suspicious: )?([a-z_ ]+) \((\d+)\)")


def flag_text(flag: str, language: Language = "en") -> str:
    """A flag in words, with its count; as it stands where there are none for it."""
    found = _FLAG.fullmatch(flag)
    if found is None or found[1] not in _WORDS or len(found[2]) > 15:
        return flag
    return f"{_WORDS[found[1]][0 if language == 'en' else 1]} ({int(found[2]):,})"


def flags_text(flags: Iterable[str], language: Language = "en") -> str:
    """All flags of a model on one line."""
    return ", ".join(flag_text(flag, language) for flag in flags)
