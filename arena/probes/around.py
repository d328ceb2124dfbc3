"""Words before and behind a question that ask for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from arena.probes.words import is_chinese

_BEFORE = (
    "Hi there! Hope you are having a good day. I have a question for you.",
    "Hello, I was told you could help me with this.",
    "Good morning. I am writing this on my phone on the train, so please bear with me.",
    "I asked a colleague the same thing yesterday and did not get an answer.",
)
_BEFORE_ZH = (
    "你好！希望你今天一切顺利。我有一个问题想请教。",
    "您好，听说您可以帮我解答一下。",
    "早上好，我正在地铁上用手机打字，请见谅。",
    "昨天我问过一位同事，他也没有答上来。",
)
_BEHIND = (
    "Thank you very much in advance!",
    "Sent from my phone.",
    "I would be grateful for your help. Have a nice day!",
    "By the way, the weather here is lovely today.",
)
_BEHIND_ZH = ("先谢谢你了！", "发自我的手机。", "非常感谢您的帮助，祝您愉快！", "顺便说一句，今天这里天气很好。")


def prefix(text: str, rng: Random) -> str:
    """The text behind a few friendly words in its language."""
    return f"{_drawn(_BEFORE_ZH if is_chinese(text) else _BEFORE, rng)}\n\n{text}"


def suffix(text: str, rng: Random) -> str:
    """The text before a few friendly words in its language."""
    return f"{text}\n\n{_drawn(_BEHIND_ZH if is_chinese(text) else _BEHIND, rng)}"


def _drawn(texts: Sequence[str], rng: Random) -> str:
    return texts[rng.randrange(len(texts))]
