"""What finding the reasons of losses costs, beside what scikit-learn takes to vectorise the same explanations.

    python measurements/reasons.py [--battles 200000] [--rounds 3] [--words 80]

Planted explanations (five reasons beside as many losses that follow none), about `--words` words each. Both in this
process in turn, CPU seconds, the smallest of the rounds: `TfidfVectorizer().fit_transform` of the texts, and all that
leads from decided battles to reasons. Goal: at most twice. Prints recall and precision of the planted reasons too.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kit.planted_reasons import Lost, planted  # noqa: E402

from arena.reasons.find import find_reasons, members_of  # noqa: E402
from arena.reasons.losses import losses_of  # noqa: E402

GOAL = 2.0
PAIRS = 28
FILLER = """
it covers the main points with examples and keeps a steady pace so that a reader can follow each paragraph without
effort while the structure stays visible from the introduction to the closing remark
""".split()  # noqa: SIM905


def longer(lost: Lost, words: int, rng: random.Random) -> Lost:
    """The same with more words that say nothing."""
    missing = max(0, words - len(lost.explanation.split()))
    return lost._replace(explanation=f"{' '.join(rng.choices(FILLER, k=missing))}. {lost.explanation}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--battles", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words", type=int, default=80)
    options = parser.parse_args()
    rng = random.Random(1)
    lost = [longer(one, options.words, rng) for one in planted(options.battles // PAIRS + 1)][: options.battles]
    texts = [one.explanation for one in lost]
    best = {"scikit-learn": float("inf"), "reasons": float("inf")}
    for _ in range(options.rounds):
        losses = losses_of(one.row() for one in lost)
        started = time.process_time()
        TfidfVectorizer().fit_transform(texts)
        between = time.process_time()
        found = find_reasons(losses, level=0.95, seed=0)
        ended = time.process_time()
        best["scikit-learn"] = min(best["scikit-learn"], between - started)
        best["reasons"] = min(best["reasons"], ended - between)
    ratio = best["reasons"] / best["scikit-learn"]
    print(f"{len(texts):,} battles, {sum(map(len, texts)) / len(texts):.0f} characters each")
    print(f"  scikit-learn {best['scikit-learn']:6.2f} CPU s   reasons {best['reasons']:6.2f} CPU s   "
          f"ratio {ratio:.2f} (goal {GOAL:g})")  # fmt: skip
    planted_of = {(one.question_id, *sorted((one.winner, one.loser)), 0): one.reason for one in lost}
    sizes = Counter(planted_of.values())
    for words, battles in members_of(losses, 0).items():
        name, hits = Counter(planted_of[battle] for battle in battles).most_common(1)[0]
        print(f"  {name or 'nothing planted':20} recall {hits / sizes[name]:.3f} precision {hits / len(battles):.3f}  "
              f"{', '.join(words[:4])}")  # fmt: skip
    print(f"  reasons found: {len(found.reasons)}, planted: {len(sizes) - 1}")


if __name__ == "__main__":
    main()
