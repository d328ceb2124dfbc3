"""humaneval: the program in a reply, run with the tests of its problem in a sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from arena.config.benchmarks import AskingMode
from arena.evals.documents import Document
from arena.evals.ways import Asked, Reading, Said
from arena.metrics.code import BLOCK
from arena.sandbox import Limits, Sandbox, SandboxKind, open_sandbox
from arena.store.items import Item
from arena.types import Message

METRIC = "pass@1"
PROMPT = "Complete this Python function. Reply with the whole function in one code block.\n\n```python\n{prompt}```"
LIMITS = Limits()


@dataclass(frozen=True)
class ProgramsWay:
    """Asking for programs: pass@1 is the share of them that pass."""

    sandbox: SandboxKind = "bwrap"
    max_tokens: int = 2048

    mode: AskingMode = "generate"
    metric: str = METRIC
    shots: int = 0
    chat_template: bool | None = None
    _verdicts: dict[str, bool] = field(default_factory=dict, repr=False)

    @cached_property
    def opened(self) -> Sandbox:
        """Found out once. Raises InputError where there is none."""
        return open_sandbox(self.sandbox)

    def ask(self, document: Document) -> Asked:
        """The function's head in a chat. Raises InputError where no sandbox is to be had: nothing is asked then."""
        assert self.opened
        row = document.row
        right = f"```python\n{row['prompt']}{row['canonical_solution']}\n```"
        return Asked((Message("user", PROMPT.format(prompt=row["prompt"])),), gold=str(row["entry_point"]),
                     max_tokens=self.max_tokens, rehearsal=(right, "```python\nraise SystemExit\n```"))  # fmt: skip

    def read(self, document: Document, asked: Asked, said: Said) -> Reading:
        """Whether the program passes its tests; unreadable where there is none in the reply."""
        program = program_of(said.text, str(document.row["entry_point"]), str(document.row["prompt"]))
        if program is None:
            return Reading(None, 0.0, {self.metric: 0.0})
        tested = f"{program}\n\n{document.row['test']}\n\ncheck({document.row['entry_point']})\n"
        if tested not in self._verdicts:
            self._verdicts[tested] = self.opened.run(tested, LIMITS).passed
        score = float(self._verdicts[tested])
        return Reading(program, score, {self.metric: score})

    def known(self, item: Item) -> Reading | None:
        """A program that was run is not run again to write a report."""
        if item.parsed is None or item.score is None or item.version != VERSION:
            return None
        return Reading(item.parsed, item.score, dict(item.metrics))


VERSION = "1"
"""Of how programs are found and run: programs of another are run again."""


def program_of(reply: str, entry_point: str, prompt: str) -> str | None:
    """The program: the last code block that defines the function; a block that is only its body goes behind the head;
    or the whole reply where it has no block but the function."""
    blocks = [match["code"] for match in BLOCK.finditer(reply)]
    head = re.compile(rf"^\s*(?:async\s+)?def\s+{re.escape(entry_point)}\b", re.M)
    whole = [block for block in blocks if head.search(block)]
    if whole:
        return f"{_imports(prompt)}{whole[-1].rstrip()}"
    if blocks:
        return f"{prompt}{blocks[-1].rstrip()}" if blocks[-1].startswith((" ", "\t")) else None
    return f"{_imports(prompt)}{reply.strip()}" if head.search(reply) else None


def _imports(prompt: str) -> str:
    """What the head needs before the function, for a reply that repeats the function alone."""
    before = prompt.partition("\ndef ")[0] if not prompt.startswith("def ") else ""
    return f"{before.strip()}\n\n" if before.strip() else ""
