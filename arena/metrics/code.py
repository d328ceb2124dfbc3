"""The Python in a text: whether it parses, passes its tests in a sandbox, and what bandit finds in it."""

from __future__ import annotations

import ast
import contextlib
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from arena.metrics.number import NoNumber, Number, Tools
from arena.sandbox import Limits, Sandbox, SandboxKind, open_sandbox

BLOCK = re.compile(r"```[ \t]*(?:(?:python|py)[ \t]*)?\r?\n(?P<code>.*?)(?:```|\Z)", re.S | re.I)
SEVERITIES = ("high", "medium", "low")
LIMITS = Limits()


def program_in(said: str) -> str:
    """The blocks of Python in a text, one after another; a text without a block is a program itself."""
    blocks = [match["code"] for match in BLOCK.finditer(said)]
    return "\n".join(blocks) if blocks else said


def code_parses(said: str, references: Sequence[str] = (), language: str = "en") -> float:
    """1 where it is a program of Python."""
    return float(_tree(program_in(said)) is not None)


def code_tests(said: str, references: Sequence[str], language: str, tools: Tools) -> float:
    """1 where the program, with the tests of its question behind it, runs to its end in a sandbox. Raises InputError
    where there is no sandbox."""
    program = program_in(said)
    if _tree(program) is None:
        return 0.0
    return float(_sandbox(tools.sandbox).run(f"{program}\n\n{references[0]}\n", LIMITS).passed)


def bandit(said: str, references: Sequence[str] = (), language: str = "en") -> Number:
    """How many findings bandit has, by severity; `# nosec` hides none.

    Raises NoNumber for a program that does not parse or that bandit gives up on, and ModuleNotFoundError where bandit
    is not installed.
    """
    program = program_in(said)
    if _tree(program) is None:
        raise NoNumber("not_applicable")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        from bandit.core.config import BanditConfig
        from bandit.core.manager import BanditManager

        file = Path(folder) / "answer.py"
        file.write_text(program, encoding="utf-8", errors="replace")
        manager = BanditManager(BanditConfig(), "file", ignore_nosec=True)  # no answer has the last word on itself
        manager.discover_files([str(file)])
        manager.run_tests()
        if manager.get_skipped():
            raise NoNumber("not_applicable")
        found = [str(issue.severity).lower() for issue in manager.get_issue_list()]
    criteria = {severity: float(found.count(severity)) for severity in SEVERITIES}
    return Number(sum(criteria.values()), criteria)


def _tree(program: str) -> ast.AST | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python will not have for ever
        try:
            return ast.parse(program)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@cache
def _sandbox(kind: SandboxKind) -> Sandbox:
    return open_sandbox(kind)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what bandit and its loader of plug-ins say on their logs is about the answer."""
    logs = [logging.getLogger("bandit"), logging.getLogger("stevedore.extension")]
    before = [log.disabled for log in logs]
    for log in logs:
        log.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, was in zip(logs, before, strict=True):
            log.disabled = was
