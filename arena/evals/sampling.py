"""`limit`: a seeded sample in proportion over subjects; the sample for a smaller limit lies inside that of a larger."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from arena.evals.documents import Document


def sampled(documents: Sequence[Document], limit: int | None, seed: int) -> list[Document]:
    """`limit` of the documents, in their order; all of them where there are not more.

    Every subject's documents are put into a seeded order and spread evenly over (0, 1); the first N of all are taken.
    Files are sorted, so the first N of a file would be no sample.
    """
    if limit is None or limit >= len(documents):
        return list(documents)
    by_subject: defaultdict[str, list[Document]] = defaultdict(list)
    for document in documents:
        by_subject[document.subject].append(document)
    places: list[tuple[float, bytes, Document]] = []
    for own in by_subject.values():
        ordered = sorted(own, key=lambda document: _drawn(seed, document))
        places += [((n + 0.5) / len(own), _drawn(seed, document), document) for n, document in enumerate(ordered)]
    places.sort(key=lambda place: place[:2])
    chosen = {document.doc_id for _, _, document in places[:limit]}
    return [document for document in documents if document.doc_id in chosen]


def _drawn(seed: int, document: Document) -> bytes:
    return hashlib.sha256(f"{seed}\x1f{document.subject}\x1f{document.item}\x1f{document.index}".encode()).digest()
