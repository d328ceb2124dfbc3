"""Single mode: from what judges said about one answer to its score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from arena.judging.combine import answer_failure, shared_reason
from arena.judging.judge import Resolved
from arena.terms import PANEL
from arena.types import Answer, ParsedScore, Question, Reply, Score


@dataclass(frozen=True, slots=True)
class Examination:
    """One answer that one judge scores."""

    question: Question
    model: str
    answer: Answer | None
    judge: str
    sample: int

    def score(self, state: str, **facts: object) -> Score:
        """The score's row with what is known before any reply."""
        base = Score(
            self.question.question_id, self.question.category, self.question.language, self.model, self.judge,
            self.sample, "pending", answer_key=self.answer.key if self.answer else None,
        )  # fmt: skip
        return replace(base, state=state, **facts)  # type: ignore[arg-type]

    def imported_score(self, replies: Sequence[Reply]) -> Score:
        """The row of scores that another tool had parsed: their mean; unparsed when any of them was."""
        found = []
        for reply in replies:
            stored = reply.request.get("imported")
            value = stored.get("score") if isinstance(stored, dict) else None
            if reply.status in {"error", "bad_request"}:
                return self.score("excluded", reason="call_failed", key=reply.key, explanation=reply.text or None)
            if not isinstance(value, int | float):
                return self.score("excluded", reason="unparsed", key=reply.key, explanation=reply.text or None)
            found.append(float(value))
        last = replies[-1]
        return self.score("rated", score=fmean(found), explanation=last.text or None, key=last.key)


def failed_examination(examination: Examination, answer_failures: str, scale: tuple[float, float]) -> Score:
    """The row of an answer that cannot be judged: excluded, or the scale's minimum where failures count as losses."""
    reason = answer_failure(examination.answer)
    if answer_failures == "loss" and reason != "answer_missing":
        return examination.score("rated", score=scale[0], reason=reason)
    return examination.score("excluded", reason=reason)


def score_of(examination: Examination, resolved: Sequence[Resolved | None]) -> Score:
    """One row from the replies of all the judge's samples: their mean. None is a reply not asked for yet."""
    failure = next((r for r in resolved if r is not None and not isinstance(r.parsed, ParsedScore)), None)
    if failure is not None:
        return examination.score("excluded", reason=failure.reason, explanation=failure.explanation, key=failure.key)
    parsed = [r.parsed for r in resolved if r is not None and isinstance(r.parsed, ParsedScore)]
    if not parsed or len(parsed) < len(resolved):
        return examination.score("pending")
    criteria = {name: fmean(p.criteria[name] for p in parsed) for name in parsed[0].criteria}
    first = resolved[0]
    assert first is not None
    return examination.score(
        "rated", score=fmean(p.score for p in parsed), criteria=criteria, explanation=first.explanation, key=first.key
    )


def panel_score(rows: Sequence[Score], quorum: int, silent: Collection[str] = ()) -> Score:
    """The panel's row over the judges' rows of one answer: the mean of those rated, when there are enough.

    `silent` judges are waited for by nobody. `spread` keeps how far apart the judges are.
    """
    base = replace(rows[0], judge=PANEL, score=None, criteria={}, explanation=None, reason=None, key=None)
    rated = [row for row in rows if row.state == "rated" and row.score is not None]
    waiting = sum(row.state == "pending" and row.judge not in silent for row in rows)
    if waiting and len(rated) + waiting >= quorum:
        return replace(base, state="pending")
    if len(rated) < max(1, quorum):
        return replace(base, state="excluded", reason=shared_reason(rows))
    shared_criteria = set.intersection(*(set(row.criteria) for row in rated))
    criteria = {name: fmean(row.criteria[name] for row in rated) for name in sorted(shared_criteria)}
    given = [row.score for row in rated if row.score is not None]
    return replace(base, state="rated", score=fmean(given), criteria=criteria, spread=max(given) - min(given))
