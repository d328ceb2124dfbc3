"""arena: an LLM-as-judge arena with an Elo leaderboard."""

__version__ = "0.2.0"

_LAZY = {"run": "arena.api", "rate": "arena.api", "Board": "arena.api", "run_task": "arena.stages.run_task"}
"""What `import arena` gives, and where it lives: nothing of it is loaded before it is used."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "errors":  # what is raised can be caught without another import
        return import_module("arena.errors")
    if name not in _LAZY:
        raise AttributeError(f"module 'arena' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, "errors"})
