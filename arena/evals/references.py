"""general_qa: free answers against references of one's own, by ROUGE and BLEU."""

from __future__ import annotations

from dataclasses import dataclass

from arena.config.benchmarks import AskingMode
from arena.evals.documents import Document
from arena.evals.ways import Asked, Reading, Said
from arena.metrics import metric_named
from arena.types import Message

METRICS = ("rouge_l", "rouge_1", "rouge_2", "bleu")
"""The first is the headline."""


@dataclass(frozen=True)
class ReferencesWay:
    """Asking questions whose answers are compared with a reference."""

    language: str | None = None
    max_tokens: int = 2048

    mode: AskingMode = "generate"
    metric: str = METRICS[0]
    shots: int = 0
    chat_template: bool | None = None

    def ask(self, document: Document) -> Asked:
        """The question itself. Raises MissingDependency where the package of a metric is not installed."""
        row = document.row
        metric_named(METRICS[0]).score("a", ["a"], self.language)
        return Asked((Message("user", str(row["query"])),), gold=str(row["response"]), max_tokens=self.max_tokens,
                     rehearsal=(str(row["response"]), "no idea"))  # fmt: skip

    def read(self, document: Document, asked: Asked, said: Said) -> Reading:
        """Closeness by every metric. Nothing said is nothing to read."""
        if not said.text.strip():
            return Reading(None, 0.0, dict.fromkeys(METRICS, 0.0))
        reference = [str(document.row["response"])]
        found = {name: metric_named(name).score(said.text, reference, self.language) for name in METRICS}
        return Reading(said.text.strip(), found[METRICS[0]], found)
