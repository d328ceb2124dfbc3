"""Which models are kin: judges are known to prefer their own answers and those of their family."""

from __future__ import annotations

import re
from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "GPT": ("gpt", "chatgpt", "o1", "o3", "o4", "davinci"),
    "Claude": ("claude",),
    "Gemini": ("gemini", "gemma", "palm"),
    "Llama": ("llama", "vicuna"),
    "Qwen": ("qwen", "qwq", "qvq"),
    "Mistral": ("mistral", "mixtral", "ministral", "codestral", "magistral", "pixtral"),
    "DeepSeek": ("deepseek",),
    "Phi": ("phi",),
    "Command": ("command", "aya", "c4ai"),
    "Grok": ("grok",),
    "GLM": ("glm", "chatglm"),
    "Kimi": ("kimi", "moonshot"),
    "Yi": ("yi",),
    "OLMo": ("olmo", "tulu"),
    "MiniMax": ("minimax",),
    "Nova": ("nova",),
}
"""Words at the start of a part of a model's name, by family."""
_NEAREST = 3
"""Of a path on this machine so many parts say what it holds; those above are somebody's folders."""
_PART = re.compile(r"[^a-z0-9.]+")


def family_of(model: str) -> str | None:
    """The family of a model by its name or hub id, the last part of the id first; None when it is none we know."""
    pieces = model.lower().split("/")
    for piece in reversed(pieces[-_NEAREST:] if model.startswith("/") else pieces):
        for part in _PART.split(piece):
            for family, words in FAMILIES.items():
                if any(_begins(part, word) for word in words):
                    return family
    return None


def kinship_warnings(judges: Mapping[str, str], candidates: Mapping[str, str]) -> list[str]:
    """What to say about judges that are candidates themselves, or of a candidate's family.

    Both map names on the board to what the model is called at its source.
    """
    warnings = []
    for judge, source in judges.items():
        own = [name for name, model in candidates.items() if name == judge or model == source]
        if own:
            warnings.append(f"judge {judge} is also a candidate ({', '.join(own)}): it judges its own answers")
        family = family_of(source)
        kin = [name for name, model in candidates.items() if name not in own and family and family_of(model) == family]
        if kin:
            warnings.append(
                f"judge {judge} is of the {family} family, like {', '.join(kin)}: judges tend to prefer their own; "
                "compare with a judge of another family"
            )
    return warnings


def peer_warnings(peers: Mapping[str, str]) -> list[str]:
    """The same where every candidate judges the others: families with several judges vote for each other."""
    families: dict[str, list[str]] = {}
    for name, source in peers.items():
        if family := family_of(source):
            families.setdefault(family, []).append(name)
    return [
        f"peers of the {family} family judge each other ({', '.join(names)}): judges tend to prefer their own"
        for family, names in families.items()
        if len(names) > 1
    ]


def _begins(part: str, word: str) -> bool:
    """Whether a part of a name begins with a word that ends there or goes on with a digit: qwen3 yes, philosophy no."""
    rest = part[len(word) :]
    return part.startswith(word) and (not rest or not rest[0].isalpha())
